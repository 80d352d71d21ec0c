import SystemPackage

@testable import Setup

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

private func server(_ bytes: [UInt8]) -> OllamaServer {
  OllamaServer(url: "http://127.0.0.1:11434", network: .answering(bytes))
}

/// Figures of a download never go back and never exceed their sum; an end is reached, or a reason is given.
func checkPull(_ bytes: [UInt8]) async throws(BrokenPromise) {
  let highest = Shared<(completed: UInt64, broken: String?)>((0, nil))
  let clock = Clock(now: { Date(timeIntervalSince1970: 0) }, sleep: { _ in })
  do throws(Failure) {
    try await server(bytes).pull("qwen3:1.7b", expected: 1000, clock: clock) { event in
      guard case .progress(let state) = event else { return }
      highest.update { highest in
        if state.completed < highest.completed { highest.broken = "a figure went back" }
        if state.completed > state.total { highest.broken = "more is here than there is" }
        highest.completed = state.completed
      }
    }
  } catch {
    try check(error)
  }
  if let broken = highest.value.broken { throw BrokenPromise(broken) }
}

/// An answer is whole, or it is said why it is not.
func checkAnswer(_ bytes: [UInt8]) async throws(BrokenPromise) {
  let clock = Clock(now: { Date(timeIntervalSince1970: 0) }, sleep: { _ in })
  do throws(Failure) {
    let reading = try await server(bytes).read(
      "qwen3:1.7b", prompt: "hi", clock: clock, within: .seconds(1))
    _ = reading.tokensPerSecond
  } catch {
    try check(error)
  }
}

/// Documents of the engine and the registry.
func checkEngine(_ bytes: [UInt8]) async throws(BrokenPromise) {
  let server = server(bytes)
  func ask<Value: Sendable>(
    _ work: () async throws(Failure) -> Value
  ) async throws(BrokenPromise) -> Value? {
    do throws(Failure) { return try await work() } catch {
      try check(error)
      return nil
    }
  }
  _ = try await ask { () throws(Failure) in try await server.version() }
  _ = try await ask { () throws(Failure) in try await server.loadedModels() }
  let models = try await ask { () throws(Failure) in try await server.models() } ?? []
  for model in models { _ = try? ModelName(model.name) }
  var receipt = Receipt(tool: "t")
  receipt.entries = []
  _ = CleanUp(receipt, url: server.url, models: models).bytes
  let description = try await ask { () throws(Failure) in try await server.describe("m") }
  _ = description??.contextWindow
  _ = try? RegistryManifest(json: Data(bytes))
  _ = try? ModelName(String(decoding: bytes.prefix(300), as: UTF8.self))
}

private func check(_ failure: Failure) throws(BrokenPromise) {
  try promise(!failure.what.isEmpty && !failure.why.isEmpty, "a failure without a reason")
  try promise(isPrintable(failure.what + failure.why), "an escape sequence in a failure")
}
