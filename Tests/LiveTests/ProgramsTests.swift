import Live
import Setup
import Support
import Synchronization
import SystemPackage
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite("Live: programs", .timeLimit(.minutes(4)))
struct ProgramsTests {
  private let folder: FilePath
  private let environment: Environment
  private var programs: Programs { .live(in: environment) }

  init() throws {
    folder = try TemporaryFolder.make("programs")
    environment = Environment(
      variables: ["PATH": "\(folder)/bin:/usr/bin:/bin", "A": "a", "B": "b"], home: folder,
      workingFolder: folder,
      account: .init(name: "ada", userID: geteuid(), home: folder, loginShell: nil),
      platform: .linux)
  }

  private func sh(_ script: String, within limit: Duration = .seconds(20)) async throws
    -> ProgramResult
  {
    try await programs.run(Invocation("sh", ["-c", script]), within: limit)
  }

  private func isAlive(_ process: Int32) -> Bool {
    // A dead child of a dead parent waits for init: it counts as gone.
    guard let status = Files.live.text(FilePath("/proc/\(process)/stat")) else { return false }
    return !status.contains(") Z ")
  }

  @Test("Code, output and errors come out", arguments: [0, 1, 77, 255])
  func ends(code: Int32) async throws {
    let result = try await sh("echo out; echo err >&2; exit \(code)")
    #expect(result == ProgramResult(code: code, output: "out\n", error: "err\n"))
    #expect(result.succeeded == (code == 0))
  }

  @Test("A signal is 128 and its number", arguments: [SIGTERM, SIGKILL, SIGSEGV])
  func signalled(number: Int32) async throws {
    let result = try await sh("ulimit -c 0; kill -\(number) $$")
    #expect(result.code == 128 + number)
  }

  @Test("Arguments and input are bytes, not shell words")
  func words() async throws {
    let words = ["", "a b", "$HOME", "it's", "*", "ü", "new\nline", "-n"]
    let result = try await programs.run(
      Invocation("printf", ["%s\\0"] + words), within: .seconds(20))
    #expect(result.standardOutput == words.flatMap { Array($0.utf8) + [0] })
    let bytes = (0...255).map { UInt8($0) }
    let cat = try await programs.run(Invocation("cat", [], input: bytes), within: .seconds(20))
    #expect(cat.standardOutput == bytes)
    #expect(try await sh("cat").standardOutput == [], "without an input there is an empty one")
  }

  @Test("Variables and folder are those of the call")
  func surroundings() async throws {
    func variables(_ call: Invocation) async throws -> Set<Substring> {
      let lines = try await programs.run(call, within: .seconds(20)).output.split(separator: "\n")
      return Set(lines.filter { !$0.hasPrefix("PATH=") })
    }
    let env = "/usr/bin/env"
    #expect(try await variables(Invocation(env, [])) == ["A=a", "B=b"])
    #expect(
      try await variables(Invocation(env, [], environment: ["A": "2", "C": "c"], without: ["B"]))
        == ["A=2", "C=c"])
    #expect(
      try await variables(Invocation(env, [], environment: ["C": "c"], without: ["*"])) == ["C=c"])
    let pwd = try await programs.run(Invocation("pwd", [], folder: folder), within: .seconds(20))
    #expect(pwd.output == folder.string)
  }

  @Test(
    "A missing program is not found; what cannot be executed neither",
    arguments: ["no-such-program", "/no/such", "plain"])
  func missing(name: String) async throws {
    _ = try Files.live.makeFolder(folder.appending("bin"))
    try write("#!/bin/sh\n".utf8, to: folder.appending("bin/plain"), mode: 0o644)
    #expect(programs.find(name) == nil)
    await #expect(throws: ProgramProblem.notFound(name)) {
      try await programs.run(Invocation(name, []), within: .seconds(5))
    }
    await #expect(throws: ProgramProblem.notFound(name)) {
      try await programs.startDetached(Invocation(name, []), folder.appending("log"))
    }
  }

  @Test("A file that is no program at all fails to start, and says so")
  func broken() async throws {
    _ = try Files.live.makeFolder(folder.appending("bin"))
    try write([0x7f, 0x45, 0x4c, 0x46, 0, 0], to: folder.appending("bin/broken"), mode: 0o755)
    let problem = await #expect(throws: ProgramProblem.self) {
      try await programs.run(Invocation("broken", []), within: .seconds(5))
    }
    guard case .failedToStart("broken", _)? = problem else {
      Issue.record("\(String(describing: problem))")
      return
    }
  }

  @Test("The first program on the PATH is taken")
  func path() throws {
    _ = try Files.live.makeFolder(folder.appending("bin"))
    try write("#!/bin/sh\n".utf8, to: folder.appending("bin/sh"), mode: 0o755)
    #expect(programs.find("sh") == folder.appending("bin/sh"))
    #expect(programs.find("/bin/sh") == "/bin/sh")
  }

  @Test(
    "Past its time a program ends with all its children",
    arguments: [
      "sleep 600", "trap '' TERM HUP INT; sleep 600 & wait",
      "(sleep 600 & echo $! >> pids; wait) & echo $! >> pids; wait",
    ])
  func tooLong(script: String) async throws {
    await #expect(throws: ProgramProblem.tookTooLong("sh", limit: .milliseconds(300))) {
      try await programs.run(
        Invocation("sh", ["-c", "echo $$ >> pids; \(script)"], folder: folder),
        within: .milliseconds(300))
    }
    let pids = try text(of: folder.appending("pids")).split(separator: "\n").compactMap {
      Int32($0)
    }
    #expect(!pids.isEmpty)
    try await eventually(within: .seconds(10)) { pids.contains(where: isAlive) ? nil : true }
  }

  @Test("A cancelled call ends its program, and is told as cancelled")
  func cancelled() async throws {
    let (programs, folder) = (programs, folder)
    let call = Task {
      try await programs.run(
        Invocation("sh", ["-c", "echo $$ > pid; sleep 600"], folder: folder), within: .seconds(60))
    }
    let pid = try await eventually(within: .seconds(10)) {
      try? Int32(text(of: folder.appending("pid")).dropLast())
    }
    call.cancel()
    let outcome = await call.result
    #expect(throws: ProgramProblem.cancelled("sh")) { try outcome.get() }
    try await eventually(within: .seconds(10)) { isAlive(pid) ? nil : true }
  }

  @Test("What is printed without end is read, and the beginning kept")
  func bounded() async throws {
    let result = try await sh("head -c 6000000 /dev/zero; head -c 5000000 /dev/zero >&2; echo x")
    #expect(result.standardOutput.count == 4 << 20)
    #expect(result.standardError.count == 4 << 20)
    #expect(result.succeeded)
  }

  @Test("Lines come one by one, progress lines too, each from its stream")
  func lines() async throws {
    let seen = Mutex<[ProgramLine]>([])
    let result = try await programs.run(
      Invocation("sh", ["-c", "printf 'a\\n\\n10%%\\r20%%\\r\\nlast'; echo err >&2"]),
      .seconds(20)
    ) { line in seen.withLock { $0.append(line) } }
    #expect(result.output == "a\n\n10%\r20%\r\nlast")
    let lines = seen.withLock { $0 }
    #expect(
      lines.filter { $0.source == .standardOutput }.map(\.text) == ["a", "10%", "20%", "last"])
    #expect(lines.filter { $0.source == .standardError }.map(\.text) == ["err"])
  }

  @Test("A detached program lives on in a session of its own, writes to its log, and can be ended")
  func detached() async throws {
    let log = folder.appending("log")
    try write("before\n".utf8, to: log)
    let process = try await programs.startDetached(
      Invocation(
        "sh", ["-c", "echo $A $B $$; echo err >&2; exec sleep 600"], environment: ["A": "2"],
        without: ["B"]), log)
    try await eventually(within: .seconds(10)) {
      try text(of: log) == "before\n2 \(process)\nerr\n" ? true : nil
    }
    #expect(programs.isRunning(process))
    #expect(getsid(process) == process)
    #if os(Linux)
      // Neither blocked nor ignored: it can be asked to end.
      let status = try text(of: FilePath("/proc/\(process)/status"))
      for field in ["SigBlk:\t", "SigIgn:\t"] {
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix(field) })
        let signals = try #require(UInt64(line.dropFirst(field.count), radix: 16))
        // The C library has two signals of its own beyond those.
        #expect(signals & 0x7fff_ffff == 0, "\(line)")
      }
    #endif
    programs.end(process)
    // Whoever of this process waits for children first has it.
    try await eventually(within: .seconds(10)) {
      waitpid(process, nil, WNOHANG) == 0 ? nil : true
    }
    #expect(!programs.isRunning(process))
  }
}
