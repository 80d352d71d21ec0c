public import Setup
import Subprocess
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Programs {
  /// The real programs of this environment's `PATH`.
  public static func live(in environment: Setup.Environment) -> Programs {
    Programs(
      find: { programOnPath($0, in: environment) },
      run: { invocation, limit, output throws(ProgramProblem) in
        try await runToTheEnd(invocation, limit: limit, output: output, in: environment)
      },
      converse: { invocation, limit, input, output throws(ProgramProblem) in
        try await runToTheEnd(
          invocation, limit: limit, input: input, output: output, in: environment)
      },
      startDetached: { invocation, log throws(ProgramProblem) in
        try await startAlone(invocation, log: log, in: environment)
      },
      isRunning: { kill($0, 0) == 0 || errno == EPERM },
      end: { kill($0, SIGTERM) })
  }
}

private func programOnPath(_ name: String, in environment: Setup.Environment) -> FilePath? {
  if name.contains("/") {
    return Files.live.isExecutable(FilePath(name)) ? FilePath(name) : nil
  }
  let folders = environment.variables["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
  return folders.split(separator: ":").lazy
    .map { FilePath(String($0)).appending(name) }
    .first { Files.live.isExecutable($0) }
}

/// Bytes of each stream that are kept; what comes after is read and dropped.
private let keptOutput = 4 << 20

private func configuration(
  _ invocation: Invocation, in environment: Setup.Environment
) throws(ProgramProblem) -> Configuration {
  guard let path = programOnPath(invocation.program, in: environment) else {
    throw .notFound(invocation.program)
  }
  var variables = invocation.without == ["*"] ? [:] : environment.variables
  for name in invocation.without { variables[name] = nil }
  variables.merge(invocation.environment) { $1 }
  var options = PlatformOptions()
  // A session of its own: a time limit ends the children too, Ctrl-C reaches us first, and an interactive shell finds
  // no terminal to fight over (in a background group it would stop itself).
  options.createSession = true
  options.teardownSequence = [
    .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .seconds(2))
  ]
  var keyed: [Subprocess.Environment.Key: String] = [:]
  for (name, value) in variables {
    if let key = Subprocess.Environment.Key(rawValue: name) { keyed[key] = value }
  }
  return Configuration(
    executable: .path(path),
    arguments: Arguments(
      executablePathOverride: invocation.program, remainingValues: invocation.arguments),
    environment: .custom(keyed), workingDirectory: invocation.folder.map { FilePath($0) },
    platformOptions: options)
}

/// - Parameter input: what is written piece by piece; `nil` gives the invocation's own input.
private func runToTheEnd(
  _ invocation: Invocation, limit: Duration, input: AsyncStream<[UInt8]>? = nil,
  output: (@Sendable (ProgramLine) -> Void)?, in environment: Setup.Environment
) async throws(ProgramProblem) -> ProgramResult {
  var configuration = try configuration(invocation, in: environment)
  if input != nil { configuration.platformOptions.teardownSequence = [] }
  // Killed programs close their streams: that must not pass for an end of their own.
  let isOverdue = Shared(false)
  do {
    let result = try await run(
      configuration, input: .inputWriter, output: .sequence, error: .sequence
    ) { execution in
      try await withThrowingTaskGroup(of: (ProgramLine.Source, [UInt8])?.self) { group in
        group.addTask {
          // A program that does not read to the end of its input has all that it wants.
          try? await write(
            input, or: invocation.input ?? [], to: execution.standardInputWriter)
          return nil
        }
        group.addTask {
          try await (.standardOutput, kept(execution.standardOutput, .standardOutput, output))
        }
        group.addTask {
          try await (.standardError, kept(execution.standardError, .standardError, output))
        }
        group.addTask {
          try await ContinuousClock().sleep(for: limit)
          isOverdue.update { $0 = true }
          try? execution.send(signal: .kill, toProcessGroup: true)
          throw ProgramProblem.tookTooLong(invocation.program, limit: limit)
        }
        var streams: [ProgramLine.Source: [UInt8]] = [:]
        while streams.count < 2, let next = try await group.next() {
          if let (source, bytes) = next { streams[source] = bytes }
        }
        group.cancelAll()
        return (streams[.standardOutput] ?? [], streams[.standardError] ?? [])
      }
    }
    if isOverdue.value {
      throw ProgramProblem.tookTooLong(invocation.program, limit: limit)
    }
    if Task.isCancelled { throw ProgramProblem.cancelled(invocation.program) }
    let code: Int32 =
      switch result.terminationStatus {
      case .exited(let code): code
      case .signaled(let signal): 128 + signal
      }
    return ProgramResult(
      code: code, standardOutput: result.closureResult.0, standardError: result.closureResult.1)
  } catch let problem as ProgramProblem {
    throw problem
  } catch {
    if Task.isCancelled { throw .cancelled(invocation.program) }
    throw .failedToStart(invocation.program, reason: "\(error)")
  }
}

private func write(
  _ pieces: AsyncStream<[UInt8]>?, or whole: [UInt8], to writer: StandardInputWriter
) async throws {
  if let pieces {
    for await piece in pieces { _ = try await writer.write(piece) }
  } else {
    _ = try await writer.write(whole)
  }
  try await writer.finish()
}

/// Reads a stream to its end, hands over each line, and keeps the beginning.
private func kept(
  _ stream: SubprocessOutputSequence, _ source: ProgramLine.Source,
  _ output: (@Sendable (ProgramLine) -> Void)?
) async throws -> [UInt8] {
  var all: [UInt8] = []
  var line: [UInt8] = []
  for try await buffer in stream {
    let bytes = buffer.withUnsafeBytes { Array($0) }
    if all.count < keptOutput { all += bytes.prefix(keptOutput - all.count) }
    guard let output else { continue }
    for byte in bytes {
      // A progress line ends in a carriage return.
      if byte == 0x0a || byte == 0x0d {
        if !line.isEmpty {
          output(ProgramLine(source: source, text: String(decoding: line, as: UTF8.self)))
        }
        line.removeAll(keepingCapacity: true)
      } else if line.count < 65536 {
        line.append(byte)
      }
    }
  }
  if let output, !line.isEmpty {
    output(ProgramLine(source: source, text: String(decoding: line, as: UTF8.self)))
  }
  return all
}

/// `POSIX_SPAWN_SETSID`, which glibc's header hides from Swift.
#if canImport(Darwin)
  private let sessionOfItsOwn = Int16(0x400)
#else
  private let sessionOfItsOwn = Int16(0x80)
#endif

private func startAlone(
  _ invocation: Invocation, log: FilePath, in environment: Setup.Environment
) async throws(ProgramProblem) -> Int32 {
  guard let path = programOnPath(invocation.program, in: environment) else {
    throw .notFound(invocation.program)
  }
  var variables = environment.variables
  for name in invocation.without { variables[name] = nil }
  variables.merge(invocation.environment) { $1 }
  var actions: posix_spawn_file_actions_t = .init()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
  posix_spawn_file_actions_addopen(
    &actions, 1, log.string, O_WRONLY | O_CREAT | O_APPEND, 0o600)
  posix_spawn_file_actions_adddup2(&actions, 1, 2)
  var attributes: posix_spawnattr_t = .init()
  posix_spawnattr_init(&attributes)
  defer { posix_spawnattr_destroy(&attributes) }
  // A session of its own: it must survive the terminal that the wizard ran in. And signals as a login would give them:
  // the threads of our pool block them, and a program that inherits that cannot be asked to end.
  posix_spawnattr_setflags(
    &attributes,
    sessionOfItsOwn | Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))
  var signals = sigset_t()
  sigemptyset(&signals)
  posix_spawnattr_setsigmask(&attributes, &signals)
  for signal in [SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGCHLD] {
    sigaddset(&signals, signal)
  }
  posix_spawnattr_setsigdefault(&attributes, &signals)
  var arguments = ([path.string] + invocation.arguments).map { strdup($0) } + [nil]
  var values = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
  defer { for text in arguments + values { free(text) } }
  var process: pid_t = 0
  let code = posix_spawn(&process, path.string, &actions, &attributes, &arguments, &values)
  guard code == 0 else {
    throw .failedToStart(invocation.program, reason: String(cString: strerror(code)))
  }
  return process
}
