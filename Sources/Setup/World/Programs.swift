public import SystemPackage

/// Other programs.
public struct Programs: Sendable {
  /// The full path of a program on the `PATH` of this environment, `nil` when there is none.
  public var find: @Sendable (_ name: String) -> FilePath?
  /// Runs to the end. `output` is called with each line of stdout and stderr as it comes. Past `limit` the program and
  /// its children are killed and `ProgramProblem.tookTooLong` is thrown.
  public var run:
    @Sendable (
      _ invocation: Invocation, _ limit: Duration,
      _ output: (@Sendable (ProgramLine) -> Void)?
    ) async throws(ProgramProblem) -> ProgramResult
  /// Runs to the end like `run`, with an input that is written piece by piece as the program answers. When our task is
  /// cancelled the program is killed at once, where `run` asks it to end.
  public var converse:
    @Sendable (
      _ invocation: Invocation, _ limit: Duration, _ input: AsyncStream<[UInt8]>,
      _ output: @escaping @Sendable (ProgramLine) -> Void
    ) async throws(ProgramProblem) -> ProgramResult
  /// Starts a program that outlives us, output appended to `log`; answers its process id.
  public var startDetached:
    @Sendable (_ invocation: Invocation, _ log: FilePath) async throws(ProgramProblem) -> Int32
  /// Whether a process with this id exists.
  public var isRunning: @Sendable (_ processID: Int32) -> Bool
  /// Asks a process to end (SIGTERM).
  public var end: @Sendable (_ processID: Int32) -> Void

  public init(
    find: @escaping @Sendable (String) -> FilePath?,
    run:
      @escaping @Sendable (Invocation, Duration, (@Sendable (ProgramLine) -> Void)?)
      async throws(ProgramProblem) -> ProgramResult,
    converse:
      @escaping @Sendable (
        Invocation, Duration, AsyncStream<[UInt8]>, @escaping @Sendable (ProgramLine) -> Void
      ) async throws(ProgramProblem) -> ProgramResult,
    startDetached:
      @escaping @Sendable (Invocation, FilePath) async throws(ProgramProblem) -> Int32,
    isRunning: @escaping @Sendable (Int32) -> Bool,
    end: @escaping @Sendable (Int32) -> Void
  ) {
    self.find = find
    self.run = run
    self.converse = converse
    self.startDetached = startDetached
    self.isRunning = isRunning
    self.end = end
  }

  /// Runs to the end without looking at single lines.
  public func run(_ invocation: Invocation, within limit: Duration)
    async throws(ProgramProblem) -> ProgramResult
  {
    try await run(invocation, limit, nil)
  }
}

/// One call of an external program: what `--dry-run` prints is what runs; never a shell string.
public struct Invocation: Sendable, Hashable, Codable {
  /// A name looked up on the `PATH`, or a path.
  public var program: String
  public var arguments: [String]
  /// Variables set for this call on top of the inherited ones.
  public var environment: [String: String]
  /// Variables taken away from the inherited ones; `["*"]` starts from an empty environment.
  public var without: [String]
  public var folder: String?
  /// Bytes given on standard input; none means an empty one.
  public var input: [UInt8]?

  public init(
    _ program: String, _ arguments: [String], environment: [String: String] = [:],
    without: [String] = [], folder: FilePath? = nil, input: [UInt8]? = nil
  ) {
    self.program = program
    self.arguments = arguments
    self.environment = environment
    self.without = without
    self.folder = folder?.string
    self.input = input
  }

  /// The call as a person would type it into a POSIX shell.
  public var commandLine: String {
    var words = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\(shellQuoted($0.value))" }
    if !without.isEmpty, without != ["*"] {
      words = ["env"] + without.sorted().flatMap { ["-u", $0] } + words
    } else if without == ["*"] {
      words = ["env", "-i"] + words
    }
    words.append(shellQuoted(program))
    words += arguments.map(shellQuoted)
    let line = words.joined(separator: " ")
    return folder.map { "cd \(shellQuoted($0)) && \(line)" } ?? line
  }
}

/// One word, quoted for a POSIX shell only where it must be.
public func shellQuoted(_ word: String) -> String {
  let plain = word.utf8.allSatisfy { byte in
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "_-./:=@%+,".utf8.contains(byte)
    }
  }
  if plain && !word.isEmpty { return word }
  return "'"
    + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}

/// One line of a running program's output, without its line end.
public struct ProgramLine: Sendable, Hashable {
  public enum Source: Sendable, Hashable { case standardOutput, standardError }
  public var source: Source
  public var text: String
  public init(source: Source, text: String) {
    self.source = source
    self.text = text
  }
}

/// How a program ended, and what it printed (each stream bounded to 4 MiB).
public struct ProgramResult: Sendable, Hashable {
  /// The exit code; 128 + signal number when a signal ended it.
  public var code: Int32
  public var standardOutput: [UInt8]
  public var standardError: [UInt8]

  public init(code: Int32, standardOutput: [UInt8], standardError: [UInt8]) {
    self.code = code
    self.standardOutput = standardOutput
    self.standardError = standardError
  }

  public init(code: Int32, output: String = "", error: String = "") {
    self.init(code: code, standardOutput: Array(output.utf8), standardError: Array(error.utf8))
  }

  public var succeeded: Bool { code == 0 }
  /// Standard output as text, ends trimmed of white space.
  public var output: String { trimmed(standardOutput) }
  /// Standard error as text, ends trimmed of white space.
  public var error: String { trimmed(standardError) }

  private func trimmed(_ bytes: [UInt8]) -> String {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0d).contains($0) }
    guard let first = bytes.firstIndex(where: { !isSpace($0) }),
      let last = bytes.lastIndex(where: { !isSpace($0) })
    else { return "" }
    return String(decoding: bytes[first...last], as: UTF8.self)
  }
}

/// Why a program did not run to its end.
public enum ProgramProblem: Error, Sendable, Hashable {
  case notFound(String)
  case tookTooLong(String, limit: Duration)
  case failedToStart(String, reason: String)
  /// Our own task was cancelled; the program was ended.
  case cancelled(String)
}
