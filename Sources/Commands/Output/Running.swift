import ArgumentParser
import Dispatch
import Setup

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs a command's work: a failure is printed here and nowhere else, and becomes the exit code.
func report(
  on console: Console, _ work: @escaping @Sendable () async throws -> Setup.ExitCode
) async throws {
  let code: Setup.ExitCode
  do {
    code = try await work()
  } catch let failure as Failure {
    if console.isJSON { console.document(FailureDocument(failure)) }
    console.fail(failure)
    code = failure.code
  }
  if code != .done { throw ArgumentParser.ExitCode(code.rawValue) }
}

/// What `--json` prints when a command fails.
struct FailureDocument: Encodable {
  struct Problem: Encodable {
    var what: String
    var why: String
    var tryNext: [String]
  }
  var error: Problem

  init(_ failure: Failure) {
    error = Problem(what: failure.what, why: failure.why, tryNext: failure.tryNext)
  }
}

/// Runs work that Ctrl-C cancels: the task is told, takes back what it must, and ends; a second Ctrl-C ends us.
func interruptible<Value: Sendable>(
  _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
  let task = Task { try await work() }
  signal(SIGINT, SIG_IGN)
  let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
  source.setEventHandler {
    if task.isCancelled { exit(Setup.ExitCode.interrupted.rawValue) }
    task.cancel()
  }
  source.resume()
  defer {
    source.cancel()
    signal(SIGINT, SIG_DFL)
  }
  return try await task.value
}
