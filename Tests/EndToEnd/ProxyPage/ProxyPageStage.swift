import Setup
import Support
import SystemPackage
import Testing

/// A network with a proxy, what stands on both sides of it, and a browser: one for all the tests of the page, since a
/// browser takes seconds to start.
struct ProxyPageStage: Sendable {
  let person: Person
  let browser: Browser
  let record: FilePath
  let url = "http://127.0.0.1:4000"

  @TaskLocal static var current: ProxyPageStage?

  fileprivate static func use(_ body: @Sendable () async throws -> Void) async throws {
    try await Person.alone([.ollama]) { person in
      let record = try TemporaryFolder.make("record").appending("record.jsonl")
      let server = try await person.serve()
      _ = try await person.run("ollama", "pull", "qwen3:1.7b")
      let proxy = try await person.proxy("http://127.0.0.1:11434", record: record)
      _ = try await person.web(
        "/v1/messages", port: 4000,
        post: """
          {"model": "qwen3:1.7b", "max_tokens": 100, "stream": true, \
          "messages": [{"role": "user", "content": "answer with exactly: pong"}]}
          """)
      let browser = try await Browser(in: person.network)
      let stage = ProxyPageStage(person: person, browser: browser, record: record)
      try await $current.withValue(stage) { try await body() }
      await browser.end()
      await proxy.end()
      await server.end()
    }
  }
}

/// Gives the tests of a suite one stage.
struct ProxyPageStageTrait: SuiteTrait, TestScoping {
  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await ProxyPageStage.use(function)
  }
}

extension Trait where Self == ProxyPageStageTrait {
  static var proxyPageStage: Self { Self() }
}

extension Person {
  /// Starts the proxy and waits until it answers.
  func proxy(
    _ upstream: String, port: Int = 4000, record: FilePath
  ) async throws -> RunningProgram {
    let program = try RunningProgram(
      call(
        "ccl-setup",
        [
          "proxy", "--upstream", upstream, "--listen", "127.0.0.1:\(port)", "--record",
          record.string,
        ]), output: try TemporaryFolder.make("proxy").appending("log"))
    try await eventually(within: .seconds(20)) { try? await web("/_proxy/list", port: port) }
    return program
  }
}
