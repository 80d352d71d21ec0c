import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Tab in the real shells, on a terminal, with the functions that the setup installs.
@Suite(
  .requires(
    .namespace, .superuser, .busybox, .program("bash"), .program("zsh"), .program("fish")),
  .timeLimit(.minutes(4)))
struct CompletionTests {
  /// Somebody with a setup, whose zsh starts its completion system after our block, as `.zshrc` files do.
  private func someone(_ live: (inout Person) async throws -> Void) async throws {
    var files = Person.files
    files[".bashrc"] = "PS1='$ '\nbind 'set enable-bracketed-paste off'\n"
    files[".zshrc"] = "PS1='$ '\nautoload -Uz compinit\nunset zle_bracketed_paste\n"
    files[".config/fish/config.fish"] =
      "set -g fish_greeting\nset -g fish_autosuggestion_enabled 0\nfunction fish_prompt; echo '$ '; end\n"
    try await Person.alone([.ollama], files: files) { person in
      let made = try await person.call("ccl-setup", ["--yes", "--no-verify"] + small).run()
      try #require(made.code == 0, "\(made.error)")
      let rc = try person.text(".zshrc") + "compinit -u -d ~/.zcompdump-test\n"
      try write(rc.utf8, to: person.home[".zshrc"])
      person.environment["TERM"] = "xterm"
      try await live(&person)
    }
  }

  private func open(_ shell: Shell, _ person: Person) async throws -> PseudoTerminal {
    let terminal = try await PseudoTerminal(
      person.call(shell.rawValue, ["-i"]), columns: 160, rows: 50)
    try await terminal.type(
      shell == .fish ? "echo ready-(math 40 + 2)" : "echo ready-$((40 + 2))")
    try await terminal.expect("ready-42")
    return terminal
  }

  /// Types words, presses Tab, and runs what stands there then behind an `echo`: the shell says what it became.
  private func completed(_ typed: String, _ shell: Shell, _ person: Person) async throws -> String {
    let terminal = try await open(shell, person)
    try await terminal.send(typed)
    // The shell reads what follows once Tab has its answer; the line's start then becomes an `echo`.
    try await terminal.press(.tab)
    try await terminal.press(.controlA)
    try await terminal.send("echo '<'")
    try await terminal.send(" ")
    try await terminal.type("")
    try await terminal.expect("\n< ", within: .seconds(30))
    let line = try await terminal.expect("\n", within: .seconds(30))
    try await terminal.type("exit")
    return line.split(separator: "\n").first.map { String($0) }?.trimmed ?? ""
  }

  private static let words = [
    ("ccl-setup unins", "ccl-setup uninstall"),
    ("ccl-setup context qwen3:1.7b-3", "ccl-setup context qwen3:1.7b-32k"),
    ("ccl-setup alias qwen3:1.7b claude-f", "ccl-setup alias qwen3:1.7b claude-fable-5-2"),
    ("ccl-setup profile l", "ccl-setup profile lean"),
    ("ccl-setup start --dry", "ccl-setup start --dry-run"),
    ("ccl-setup --model=gpt-oss:2", "ccl-setup --model=gpt-oss:20b"),
    ("ccl-setup pull devs", "ccl-setup pull devstral:24b"),
    ("claude-local --model qwen3:1.7b-3", "claude-local --model qwen3:1.7b-32k"),
    ("claude-local --pro", "claude-local --proxy"),
    ("claude-local --no-w", "claude-local --no-warm"),
    ("claude-local --proxy --no-w", "claude-local --proxy --no-warm"),
  ]

  @Test(arguments: Shell.allCases) func tabFillsIn(shell: Shell) async throws {
    try await someone { person in
      for (typed, becomes) in Self.words {
        let line = try await completed(typed, shell, person)
        #expect(line == becomes, "\(typed)")
      }
    }
  }

  /// What no registry has is not offered for a download; behind `help` stand the words.
  @Test func whatIsOffered() async throws {
    try await someone { person in
      func offered(_ words: String...) async throws -> [String] {
        try await person.call("ccl-setup", ["complete", "--", "ccl-setup"] + words).run().output
          .split(separator: "\n").map { String($0.prefix { $0 != "\t" }) }
      }
      let models = try await offered("pull", "")
      #expect(models.contains("qwen3:1.7b") && models.contains("devstral:24b"), "\(models)")
      #expect(!models.contains { $0.hasPrefix("claude-") || $0 == "qwen3:1.7b-32k" }, "\(models)")
      #expect(try await offered("help", "unin") == ["uninstall"])
      #expect(try await offered("help", "proxy", "st") == ["stop"])
    }
  }

  /// With nothing to ask, Tab offers what is known without it, at once and without a word.
  @Test(arguments: Shell.allCases) func aServerThatIsDownIsPassedOver(shell: Shell) async throws {
    try await someone { person in
      #expect(try await person.setup("stop").code == 0)
      #expect(
        try await completed("ccl-setup pull devs", shell, person) == "ccl-setup pull devstral:24b")
      let offered = try await person.setup("complete", "--", "ccl-setup", "context", "")
      #expect(offered == ProgramResult(code: 0))
    }
  }

  /// A server that takes the question and never answers: it is Tab that hangs up.
  @Test func aServerThatSaysNothingIsLeft() async throws {
    try await someone { person in
      #expect(try await person.setup("stop").code == 0)
      let folder = try TemporaryFolder.make("silent")
      // What comes in is kept until the other side closes; nothing ever goes out.
      let listen = folder.appending("listen")
      try write(
        "#!/bin/sh\ncat >'\(folder)/asked'\necho >'\(folder)/closed'\n".utf8, to: listen,
        mode: 0o755)
      let listener = try person.network.start(
        Part.busyboxPath.string, ["nc", "-l", "-p", "11434", "-e", listen.string],
        log: folder.appending("log"))
      try await eventually(within: .seconds(20)) {
        let table = try await person.run("cat", "/proc/net/tcp", "/proc/net/tcp6").output
        return table.contains(":2CAA 0") ? true : nil
      }
      let offered = try await person.setup("complete", "--", "ccl-setup", "context", "")
      #expect(offered == ProgramResult(code: 0))
      try await eventually(within: .seconds(20)) {
        try? Support.text(of: folder.appending("closed"))
      }
      #expect(try Support.text(of: folder.appending("asked")).contains("GET /api/tags"))
      await listener.end()
    }
  }

  @Test func theFilesGoWithTheUninstall() async throws {
    try await Person.alone([.ollama]) { person in
      let before = try person.tree()
      let made = try await person.call("ccl-setup", ["--yes", "--no-verify"] + small).run()
      try #require(made.code == 0, "\(made.error)")
      for name in ["ccl-setup", "claude-local"] {
        #expect(
          try person.text(".config/fish/completions/\(name).fish").contains("Written by ccl-setup"))
      }
      #expect(try await person.setup("uninstall", "--yes").code == 0)
      try person.expectTree(before)
    }
  }
}

extension String {
  /// Without white space at both ends.
  fileprivate var trimmed: String {
    String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
  }
}
