import Foundation
import Setup
import Support
import SystemPackage
import Testing

@Suite("Line editor: the terminal afterwards", .timeLimit(.minutes(2)))
struct RestoreTests {
  /// Runs the probe in a shell that says the terminal's state before and after; `act` gets the probe's process.
  private func states(
    _ variables: [String: String] = ["SWIFT_BACKTRACE": "enable=no"],
    _ act: (PseudoTerminal, pid_t) async throws -> Void
  ) async throws -> [String] {
    let session = try Session()
    let probe = session.invocation(variables)
    let script = """
      echo "state $(stty -g)."
      sh -c 'echo "process $$."; exec "$0" "$1"' '\(probe.program)' '\(session.history.string)'
      echo "code $?. state $(stty -g)."
      """
    let shell = Invocation.clean("/bin/sh", ["-c", script], environment: probe.environment)
    let terminal = try await PseudoTerminal(shell)
    let start = try await terminal.expect("> ")
    let process = try #require(start.firstMatch(of: /process (\d+)\./)?.1)
    try await act(terminal, try #require(pid_t(process)))
    _ = try await terminal.exit()
    // Bracketed paste is off again.
    let bytes = String(decoding: try await terminal.bytes, as: UTF8.self)
    #expect(bytes.components(separatedBy: "\u{1b}[?2004h").count > 1)
    #expect(
      bytes.components(separatedBy: "\u{1b}[?2004h").count
        == bytes.components(separatedBy: "\u{1b}[?2004l").count)
    return try await terminal.transcript.matches(of: /state ([0-9a-f:]+)\./).map { String($0.1) }
  }

  @Test("After the end of the input")
  func end() async throws {
    let found = try await states { terminal, _ in
      try await terminal.type("a line")
      try await terminal.expect("got [a line]")
      try await terminal.expect("> ")
      try await terminal.press(.tab, .controlC)
      try await terminal.expect("interrupted.")
      try await terminal.expect("> ")
      try await terminal.press(.controlD)
    }
    #expect(found.count == 2)
    #expect(Set(found).count == 1)
  }

  @Test(
    "After a signal in the middle of a line",
    arguments: [
      SIGTERM, SIGHUP, SIGQUIT, SIGABRT, SIGSEGV, SIGTRAP,
    ])
  func signal(number: Int32) async throws {
    let found = try await states { terminal, process in
      try await terminal.send("half")
      try await terminal.expect("half")
      kill(process, number)
      try await terminal.expect("code \(128 + number).")
    }
    #expect(found.count == 2)
    #expect(Set(found).count == 1)
  }

  @Test("After a trap of Swift's own, on another thread")
  func trap() async throws {
    // With Swift's own handler for it, which prints where it happened.
    let found = try await states(["SWIFT_BACKTRACE": "enable=yes,interactive=no"]) { terminal, _ in
      try await terminal.type("trap")
      try await terminal.expect("asked for")
    }
    #expect(found.count == 2)
    #expect(Set(found).count == 1)
  }

  @Test("Stopped with Ctrl-Z in a shell with job control, and continued in the same line")
  func stop() async throws {
    let session = try Session()
    let probe = session.invocation()
    let shell = Invocation.clean(
      "/bin/bash", ["--norc", "--noprofile", "--noediting", "-i"],
      environment: probe.environment.merging(["PS1": "shell% ", "HOME": session.folder.string]) {
        $1
      }
    )
    let terminal = try await PseudoTerminal(shell)
    try await terminal.expect("shell% ")
    let before = try await terminal.settings()
    try await terminal.type("'\(probe.program)' '\(session.history.string)'")
    try await terminal.expect("history'\n> ")
    try await terminal.send("half")
    try await terminal.expect("half")
    try await terminal.press(.controlZ)
    try await terminal.expect("Stopped")
    try await terminal.expect("shell% ")
    #expect(try await terminal.settings() == before)
    try await terminal.type("fg")
    try await terminal.expect("> half")
    try await terminal.type(" and half")
    try await terminal.expect("got [half and half]")
    try await terminal.expect("> ")
    try await terminal.press(.controlD)
    try await terminal.expect("shell% ")
    #expect(try await terminal.settings() == before)
  }

  @Test("Ctrl-Z where no shell could continue the program does nothing")
  func orphan() async throws {
    let terminal = try await Session().start()
    try await terminal.send("ab")
    try await terminal.press(.controlZ)
    try await terminal.expect("> ab")
    try await terminal.type("c")
    try await terminal.expect("got [abc]")
    try await terminal.expect("> ")
  }

  @Test("A cancelled task gets its answer, and the next read is not disturbed")
  func cancel() async throws {
    let terminal = try await Session().start()
    try await terminal.type("cancel")
    try await terminal.expect("cancelled: interrupted")
    try await terminal.type("next")
    try await terminal.expect("got [next]")
    try await terminal.expect("> ")
  }

  @Test("A terminal that goes away ends the input")
  func hangUp() async throws {
    let program: RunningProgram
    do {
      let terminal = try await Session().start()
      program = terminal.program
    }
    // By the signal or by the end of the input, whichever comes first.
    let code = try await program.exit(within: .seconds(10))
    #expect([0, 128 + SIGHUP].contains(code))
  }
}
