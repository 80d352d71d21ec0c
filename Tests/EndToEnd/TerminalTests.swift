import Setup
import Support
import SystemPackage
import Testing

/// The wizard as a person meets it: at a terminal, with its keys.
@Suite(.requires(.namespace, .superuser, .busybox), .timeLimit(.minutes(4)))
struct TerminalTests {
  @Test func theWordsThatWorkEverywhere() async throws {
    try await Person.alone([.ollama]) { person in
      let before = try person.home.snapshot()
      let terminal = try await person.wizard()
      try await terminal.expect("engine [native] ▸ ")
      try await terminal.type("?")
      try await terminal.expect("The engine is the program that runs the model.")
      try await terminal.expect("engine [native] ▸ ")
      try await terminal.type("back")
      try await terminal.expect("This is the first question.")
      try await terminal.expect("engine [native] ▸ ")
      try await terminal.type("nonsense")
      try await terminal.expect("“nonsense” is neither an engine nor an address")
      try await terminal.expect("engine [native] ▸ ")
      try await terminal.type("")
      try await terminal.expect("Which model?")
      try await terminal.expect("▸ ")
      try await terminal.expect("] ▸ ")
      try await terminal.type("?")
      try await terminal.expect("Claude Code needs a model that can call tools.")
      try await terminal.expect("] ▸ ")
      try await terminal.type("back")
      try await terminal.expect("engine [native] ▸ ")
      try await terminal.type("status")
      try await terminal.expect("installed, not running")
      try await terminal.expect("engine [native] ▸ ")
      try await terminal.type("plan")
      try await terminal.expect("ollama serve")
      try await terminal.expect("/.bashrc")
      try await terminal.expect("engine [native] ▸ ")
      for question in ["model", "context", "profile", "shells"] {
        try await terminal.type("skip")
        try await terminal.expect("\(question) [")
        try await terminal.expect("] ▸ ")
      }
      try await terminal.type("skip")
      try await terminal.expect("Do it? [yes] ▸ ")
      try await terminal.type("?")
      try await terminal.expect("Nothing has been changed so far.")
      try await terminal.expect("Do it? [yes] ▸ ")
      try await terminal.type("perhaps")
      try await terminal.expect("Please answer yes or no.")
      try await terminal.expect("Do it? [yes] ▸ ")
      try await terminal.type("quit")
      try await terminal.expect("Nothing was changed.")
      #expect(try await terminal.exit() == 0)
      let left = before.differences(to: try person.home.snapshot())
      #expect(left.allSatisfy { $0.contains(".local/state/ccl-setup") }, "\(left)")
    }
  }

  @Test func tabCompletesAndUpRecallsEarlierRuns() async throws {
    try await Person.alone([.ollama]) { person in
      let first = try await person.wizard("--engine", "native")
      try await first.expect("model [")
      try await first.expect("] ▸ ")
      // What begins alike is listed at the second Tab.
      try await first.send("qwen3:1")
      try await first.press(.tab, .tab)
      try await first.expect("qwen3:14b")
      try await first.send(".")
      try await first.press(.tab)
      try await first.expect("qwen3:1.7b")
      try await first.press(.enter)
      try await first.expect("context [")
      try await first.expect("] ▸ ")
      try await first.press(.controlD)
      try await first.expect("Nothing was changed.")
      #expect(try await first.exit() == 0)

      let second = try await person.wizard("--engine", "native")
      try await second.expect("model [")
      try await second.expect("] ▸ ")
      try await second.press(.up, .enter)
      try await second.expect("How much context?")
      try await second.expect("] ▸ ")
      try await second.send("3")
      try await second.press(.tab)
      try await second.press(.enter)
      try await second.expect("profile [")
      try await second.expect("] ▸ ")
      try await second.type("")
      try await second.expect("shells [")
      try await second.expect("] ▸ ")
      try await second.send("bash,z")
      try await second.press(.tab)
      try await second.expect("bash,zsh")
      try await second.press(.enter)
      try await second.expect("Do it? [yes] ▸ ")
      try await second.type("no")
      #expect(try await second.exit() == 0)
    }
  }

  @Test func controlCGivesAnAnswerUpAndControlDLeaves() async throws {
    try await Person.alone([.ollama]) { person in
      let terminal = try await person.wizard()
      let settings = try await terminal.settings()
      try await terminal.expect("engine [native] ▸ ")
      try await terminal.send("half an ans")
      try await terminal.press(.controlC)
      try await terminal.expect("Cancelled.")
      try await terminal.expect("engine [native] ▸ ")
      try await terminal.press(.controlC)
      try await terminal.expect("Cancelled.")
      try await terminal.expect("engine [native] ▸ ")
      try await terminal.press(.controlD)
      try await terminal.expect("Nothing was changed.")
      #expect(try await terminal.exit() == 0)
      #expect(try await terminal.settings() == settings)
    }
  }

  /// Ctrl-C in the middle of the download: the step is taken back, a second run goes on from what is there.
  @Test func controlCInMidPull() async throws {
    try await Person.alone([.ollama]) { person in
      let before = try person.tree()
      let terminal = try await person.wizard(
        "--engine", "native", "--model", "qwen3:1.7b", "--context", "32k", "--profile", "lean",
        "--shells", "bash", "--no-verify",
        with: ["CCL_REHEARSAL_FAULTS": "/api/pull:stall=12*1"])
      let settings = try await terminal.settings()
      try await terminal.expect("Do it? [yes] ▸ ")
      try await terminal.type("")
      try await terminal.expect(" GB")
      try await terminal.press(.controlC)
      try await terminal.expect("you asked for it", within: .seconds(10))
      try await terminal.expect("Try again? [yes] ▸ ")
      let left = before.differences(to: try person.tree())
      #expect(left.allSatisfy { $0.contains(".local/state/ccl-setup") }, "\(left)")
      try await terminal.type("quit")
      #expect(try await terminal.exit() == 0)
      #expect(try await terminal.settings() == settings)

      let second = try await person.setup(
        "--yes", "--no-verify", "--model", "qwen3:1.7b", "--context", "32k")
      #expect(second.code == 0, "\(second.output)\n\(second.error)")
      #expect(try models(try await person.web("/api/tags")).keys.contains("qwen3:1.7b-32k"))
      #expect(try await person.setup("uninstall", "--yes").code == 0)
      try person.expectTree(before)
    }
  }

  /// Ctrl-C without a person at the questions: nothing is left running in the foreground, and the exit code says why.
  @Test func controlCInAnUnattendedPull() async throws {
    try await Person.alone([.ollama]) { person in
      let terminal = try await person.wizard(
        "--yes", "--no-verify", "--model", "qwen3:1.7b", "--context", "32k",
        with: ["CCL_REHEARSAL_FAULTS": "/api/pull:stall=12*1"])
      try await terminal.expect(" GB, ")
      try await terminal.expect("Setting up")
      try await terminal.expect("pull qwen3:1.7b")
      try await terminal.expect(" MB of 1.4 GB")
      try await terminal.press(.controlC)
      #expect(try await terminal.exit(within: .seconds(10)) == 130)
    }
  }

  @Test(arguments: [40, 200] as [UInt16])
  func anyWidth(columns: UInt16) async throws {
    try await Person.alone([.ollama]) { person in
      let terminal = try await person.wizard(columns: columns)
      try await terminal.expect("engine [native] ▸ ")
      await terminal.resize(columns: 240 - columns, rows: 50)
      // Pasted, with a line end and a letter that takes two columns: one answer, refused as a whole.
      try await terminal.send("\u{1b}[200~größe 漢\nquit\u{1b}[201~")
      try await terminal.press(.enter)
      try await terminal.expect("✗ “größe 漢")
      try await terminal.expect("http://192.168.1.20:11434")
      try await terminal.expect("engine [native] ▸ ")
      let whole = "“größe 漢 quit” is neither an engine nor an address"
      #expect(flowed(try await terminal.transcript).contains(whole))
      try await terminal.type("quit")
      #expect(try await terminal.exit() == 0)
      let lines = try await terminal.transcript.split(separator: "\n")
      let first = lines.prefix { !$0.contains("▸") }
      #expect(first.contains { $0.contains("What is on this machine") })
      // Words are kept whole: a path may be wider than 40 columns.
      #expect(first.allSatisfy { $0.count <= columns || !$0.dropFirst(24).contains(" ") })
    }
  }
}
