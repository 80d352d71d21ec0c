public import Setup
import Synchronization
public import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A child process in a process group (or session) of its own.
///
/// It outlives neither the tests nor a closed lifeline: see `hangUp`. Waiting never blocks a thread of the test pool.
public final class RunningProgram: Sendable {
  public let pid: Int32
  private let invocation: Invocation
  private let state: Mutex<State>

  private struct State {
    var status: Int32?
    var lifeline: FileDescriptor?
  }

  /// What the child's standard input is.
  public enum Input: Sendable {
    case nothing
    /// A pipe that nobody writes to and that ends when this process does, however that happens.
    case lifeline
    /// The named terminal, which becomes the controlling one of a new session, also for output and errors.
    case terminal(FilePath)
  }

  /// Starts the program; standard output and error are appended to the files named (both to the first, if there is one).
  public init(
    _ invocation: Invocation, input: Input = .nothing, output: FilePath, errors: FilePath? = nil
  ) throws {
    self.invocation = invocation
    var opened: [FileDescriptor] = []
    defer { for descriptor in opened { try? descriptor.close() } }
    func open(_ path: FilePath, _ mode: FileDescriptor.AccessMode) throws -> FileDescriptor {
      let descriptor = try FileDescriptor.open(
        path, mode, options: mode == .readOnly ? .closeOnExec : [.closeOnExec, .create, .append],
        permissions: .ownerReadWrite)
      opened.append(descriptor)
      return descriptor
    }

    if case .terminal(let path) = input {
      pid = try spawn(invocation, .terminal(path))
      state = Mutex(State())
      return
    }
    var source = FilePath("/dev/null")
    if let bytes = invocation.input {
      source = try TemporaryFolder.make("input").appending("bytes")
      try write(bytes, to: source)
    }
    var standardInput = try open(source, .readOnly)
    var lifeline: FileDescriptor?
    if case .lifeline = input {
      let pipe = try FileDescriptor.pipe()
      opened.append(pipe.readEnd)
      // Nobody else may inherit the end that we hold, or it would not end with us.
      for end in [pipe.readEnd, pipe.writeEnd] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
      standardInput = pipe.readEnd
      lifeline = pipe.writeEnd
    }
    let standardOutput = try open(output, .writeOnly)
    do {
      pid = try spawn(
        invocation,
        .descriptors(
          input: standardInput, output: standardOutput,
          errors: try errors.map { try open($0, .writeOnly) } ?? standardOutput))
    } catch {
      try? lifeline?.close()
      throw error
    }
    state = Mutex(State(lifeline: lifeline))
  }

  /// The exit code (128 + signal number when a signal ended it), `nil` while it runs.
  public var exitCode: Int32? {
    state.withLock { state in
      if let status = state.status { return status }
      var status: Int32 = 0
      let ended = waitpid(pid, &status, WNOHANG)
      // ECHILD would mean that somebody else has reaped it: the code is lost then, the program is not running.
      guard ended == pid || (ended == -1 && errno == ECHILD) else { return nil }
      state.status = ended == pid ? exitCodeOf(status) : -1
      return state.status
    }
  }

  /// Waits for the end, at most this long; past it the whole group is killed and `tookTooLong` thrown.
  @discardableResult
  public func exit(within limit: Duration) async throws -> Int32 {
    do {
      return try await eventually(within: limit) { exitCode }
    } catch is TookTooLong {
      signal(SIGKILL)
      throw ProgramProblem.tookTooLong(invocation.commandLine, limit: limit)
    }
  }

  /// Sends a signal to the program and all its children; nothing when it has ended.
  public func signal(_ number: Int32) {
    guard exitCode == nil else { return }
    kill(-pid, number)
  }

  /// Closes the lifeline, which a guarding script takes as the word to clean up and go.
  public func hangUp() {
    state.withLock { state in
      try? state.lifeline?.close()
      state.lifeline = nil
    }
  }

  /// Asks it to end (lifeline, then SIGTERM), and after the limit kills it.
  public func end(within limit: Duration = .seconds(5)) async {
    hangUp()
    signal(SIGTERM)
    if (try? await eventually(within: limit, { exitCode })) == nil { signal(SIGKILL) }
    _ = try? await eventually(within: .seconds(5)) { exitCode }
  }

  /// For the few callers that cannot wait asynchronously.
  func waitBlocking() -> Int32 {
    while true {
      if let exitCode { return exitCode }
      usleep(1000)
    }
  }
}

private func exitCodeOf(_ status: Int32) -> Int32 {
  let signal = status & 0x7f
  return signal == 0 ? (status >> 8) & 0xff : 128 + signal
}

extension Invocation {
  /// A call that inherits no variable at all: what a test runs depends on the test alone.
  public static func clean(
    _ program: String, _ arguments: [String] = [], environment: [String: String] = [:],
    folder: FilePath? = nil, input: [UInt8]? = nil
  ) -> Invocation {
    var variables = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    variables.merge(environment) { $1 }
    return Invocation(
      program, arguments, environment: variables, without: ["*"], folder: folder, input: input)
  }

  /// Runs to the end and answers everything it printed; past `limit` it is killed with its children.
  public func run(within limit: Duration = .seconds(60)) async throws -> ProgramResult {
    let folder = try TemporaryFolder.make("run")
    let output = folder.appending("out")
    let errors = folder.appending("err")
    let program = try RunningProgram(self, output: output, errors: errors)
    let code = try await program.exit(within: limit)
    let result = ProgramResult(
      code: code, standardOutput: try bytes(of: output), standardError: try bytes(of: errors))
    try TemporaryFolder.remove(folder)
    return result
  }

  /// As `run`, for a call that has to succeed; answers its trimmed standard output.
  @discardableResult
  public func succeed(within limit: Duration = .seconds(60)) async throws -> String {
    let result = try await run(within: limit)
    guard result.succeeded else { throw Unsuccessful(call: commandLine, result: result) }
    return result.output
  }

  /// The variables the child gets.
  var variables: [String: String] {
    var variables: [String: String] = [:]
    if without != ["*"] {
      var entry = environ
      while let text = entry.pointee {
        let parts = String(cString: text).split(
          separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
        entry += 1
      }
      for name in without { variables[name] = nil }
    }
    return variables.merging(environment) { $1 }
  }
}

/// A call that had to succeed and did not.
public struct Unsuccessful: Error, CustomStringConvertible {
  public var call: String
  public var result: ProgramResult
  public var description: String {
    "\(call)\nended with \(result.code)\n\(result.output)\n\(result.error)"
  }
}

/// Something did not come about in time.
public struct TookTooLong: Error, CustomStringConvertible {
  public var description: String
}

/// Limits are for an idle machine; a busy one is slow, not broken. It costs time only where a test fails.
private let patience = 5

/// Asks again every few milliseconds until there is an answer; throws `TookTooLong` past the limit.
@discardableResult
public func eventually<Answer>(
  within limit: Duration, isolation: isolated (any Actor)? = #isolation,
  _ answer: () async throws -> Answer?
) async throws -> Answer {
  let end = ContinuousClock.now + limit * patience
  while true {
    if let answer = try await answer() { return answer }
    guard ContinuousClock.now < end else {
      throw TookTooLong(description: "no answer within \(limit)")
    }
    try await Task.sleep(for: .milliseconds(20))
  }
}
