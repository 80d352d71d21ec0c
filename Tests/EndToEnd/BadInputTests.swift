import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What goes wrong on real machines: each is told with what to try next, in bounded time, and nothing is half written.
@Suite(.requires(.namespace, .superuser, .busybox), .timeLimit(.minutes(4)))
struct BadInputTests {
  private static let unattended =
    ["--yes", "--no-verify", "--shells", "bash,zsh,fish"] + small

  /// A pull that fails for good, how it is told, and what may be tried.
  struct Trouble: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var faults = ""
    var model = "qwen3:1.7b"
    var why: String
    var next: String
  }

  @Test(arguments: [
    Trouble(
      testDescription: "an error on the last line of a 200 stream", faults: "/api/pull:error=4",
      why: "a fault that was asked for", next: "try: Run the same command again"),
    Trouble(
      testDescription: "wrong bytes", faults: "/api/pull:mismatch", why: "digest mismatch",
      next: "The download was damaged on its way"),
    Trouble(
      testDescription: "a registry out of reach", model: "registry.example/x/y:1",
      why: "no such host", next: "The server cannot reach the registry"),
    Trouble(
      testDescription: "no such model", model: "nosuch:1b", why: "file does not exist",
      next: "The registry has no such model"),
    Trouble(
      testDescription: "a captive portal", faults: "/api/pull:html", why: "",
      next: "try: "),
  ])
  func aPullThatFails(_ trouble: Trouble) async throws {
    try await Person.alone([.ollama]) { person in
      let before = try person.tree()
      let result = try await person.setup(
        "--yes", "--no-verify", "--model", trouble.model, "--context", "32k",
        with: ["CCL_REHEARSAL_FAULTS": trouble.faults], within: .seconds(60))
      #expect(result.code == 1)
      let told = flowed(result.error)
      #expect(told.contains("✗ The model \(trouble.model) could not be pulled"), "\(told)")
      #expect(told.contains(trouble.why), "\(told)")
      #expect(told.contains(trouble.next), "\(told)")
      // The server that was started stays for the next run; of the rest nothing was begun.
      let left = before.differences(to: try person.tree())
      #expect(left.allSatisfy { $0.contains(".local/state/ccl-setup") }, "\(left)")
      #expect(try await person.setup("uninstall", "--yes").code == 0)
      try person.expectTree(before)
    }
  }

  /// A server that answers, and not as Ollama does, is told with what it answers, by every word.
  @Test(arguments: [
    ("/api/version:html", "the answer begins"), ("/api/version:status=500", "answered 500"),
  ])
  func aServerThatIsNoneIsNamed(faults: String, why: String) async throws {
    try await Person.alone([]) { person in
      let server = try await person.serve(port: 4000)
      let engine = ["--engine", "http://127.0.0.1:4000"]
      try await person.call("ccl-setup", Self.unattended + engine).succeed()
      await server.end()
      person.environment["CCL_REHEARSAL_FAULTS"] = faults
      _ = try await person.serve(port: 4000)
      for words in [
        ["doctor", "--no-prompt"], ["pull", "llama3.2:1b", "--yes"], ["status"],
      ] {
        let result = try await person.call("ccl-setup", words).run()
        #expect(result.code != 0)
        let told = flowed(result.output + result.error)
        #expect(told.contains(why), "\(words): \(told)")
      }
    }
  }

  @Test(arguments: ["/api/pull:cut=3*1", "/api/pull:cut=9*2"])
  func aCutPullGoesOn(faults: String) async throws {
    try await Person.alone([.ollama]) { person in
      let result = try await person.call(
        "ccl-setup", Self.unattended, ["CCL_REHEARSAL_FAULTS": faults]
      ).run()
      #expect(result.code == 0, "\(result.error)")
      #expect(
        flowed(result.output).contains("the server hung up before its answer was whole; going on"))
      #expect(try models(try await person.web("/api/tags")).keys.contains("qwen3:1.7b-32k"))
    }
  }

  @Test func aPortThatAnotherProgramHolds() async throws {
    try await Person.alone([.ollama]) { person in
      let folder = try TemporaryFolder.make("www")
      let other = try person.network.start(
        Part.busyboxPath.string, ["httpd", "-f", "-p", "127.0.0.1:11434", "-h", folder.string],
        log: folder.appending("log"))
      try write("theirs".utf8, to: folder.appending("index.html"))
      try await eventually(within: .seconds(10)) { try? await person.web("/") }
      let result = try await person.call("ccl-setup", Self.unattended).run()
      #expect(result.code == 0, "\(result.output)\n\(result.error)")
      #expect(result.output.contains("its port is taken by"))
      #expect(result.output.contains("OLLAMA_HOST=127.0.0.1:11435"))
      for file in ["claude-settings.json", "claude-local.bash", "claude-local.zsh"] {
        #expect(try person.text(".config/ccl-setup/\(file)").contains("127.0.0.1:11435"))
      }
      #expect(
        try models(try await person.web("/api/tags", port: 11435)).keys.contains("qwen3:1.7b-32k"))
      let again = try await person.call("ccl-setup", Self.unattended).run()
      #expect(again.output.contains("Everything is in place already"))
      #expect(try await person.web("/") == "theirs")
      await other.end()
    }
  }

  @Test func aPortThatAnotherOllamaHoldsIsUsed() async throws {
    try await Person.alone([.ollama]) { person in
      let server = try await person.serve()
      let result = try await person.call("ccl-setup", Self.unattended).run()
      #expect(result.code == 0, "\(result.output)\n\(result.error)")
      #expect(!result.output.contains("start Ollama"))
      #expect(try await person.setup("uninstall", "--yes").code == 0)
      #expect(server.exitCode == nil)
      #expect(try models(try await person.web("/api/tags")).isEmpty)
    }
  }

  @Test func anOllamaThatIsTooOld() async throws {
    try await Person.alone([.ollama]) { person in
      _ = try await person.serve(with: ["CCL_REHEARSAL_VERSION": "0.13.5"])
      let before = try person.home.snapshot()
      let result = try await person.setup("--yes", "--engine", "native")
      #expect(result.code == 1)
      #expect(result.error.contains("✗ This Ollama is too old"), "\(result.error)")
      #expect(result.error.contains("try: "))
      try person.expectHome(before)
    }
  }

  @Test func aHomeThatDoesNotExist() async throws {
    try await Person.alone([.ollama]) { person in
      let missing = person.home["no/such/home"].string
      let before = try person.home.snapshot()
      let result = try await person.call("ccl-setup", Self.unattended, ["HOME": missing]).run()
      #expect(result.code == 1)
      #expect(flowed(result.error).contains(missing), "\(result.error)")
      #expect(result.error.contains("try: "))
      try person.expectHome(before)
    }
  }

  @Test func aHomeThatIsReadOnly() async throws {
    try await Person.alone([.ollama]) { person in
      let before = try person.home.snapshot()
      person.mounts = "mount --bind \"$HOME\" \"$HOME\" && mount -o remount,ro,bind \"$HOME\""
      let result = try await person.call("ccl-setup", Self.unattended).run()
      #expect(result.code == 1)
      #expect(flowed(result.error).contains("the file system is read-only"), "\(result.error)")
      #expect(result.error.contains("try: "))
      try person.expectHome(before)
      // Nothing was started either.
      await #expect(throws: Unsuccessful.self) { try await person.web("/api/version") }
    }
  }

  @Test(arguments: [8, 12, 16, 20])
  func aDiskThatIsFull(kilobytes: Int) async throws {
    try await Person.alone([.ollama]) { person in
      try person.home.put(.folder(), at: "small")
      // The disk is seen only by the process that mounts it: it lists what is left, too.
      let script = """
        mount -t tmpfs -o size=\(kilobytes)k tmpfs "$HOME/small" || exit 99
        ccl-setup "$@"; code=$?
        cd "$HOME/small" && find . -type f | while read -r file; do echo "LEFT $(tail -c1 "$file" | wc -c) $file"; done
        exit $code
        """
      let result = try await person.call(
        "sh", ["-c", script, "sh"] + Self.unattended,
        ["XDG_CONFIG_HOME": "\(person.home["small"])"]
      ).run()
      #expect(result.code == 1, "\(result.output)")
      #expect(flowed(result.error).contains("no space left on the disk"), "\(result.error)")
      #expect(flowed(result.error).contains("free some disk space"))
      // No file is there in part, and none of the names that files have while they are written.
      let left = result.output.split(separator: "\n").filter { $0.hasPrefix("LEFT") }
      #expect(left.allSatisfy { $0.hasPrefix("LEFT 1 ") && !$0.contains(".ccl-") }, "\(left)")
      for file in [".bashrc", ".zshrc"] {
        let shell = file.dropFirst().dropLast(2)
        let hasFunction = left.contains { $0.hasSuffix("/claude-local.\(shell)") }
        let hasBlock = try person.text(file).contains("ccl-setup")
        #expect(hasFunction || !hasBlock)
      }
    }
  }

  /// The setup is killed in the middle of the download: the receipt knows what had begun.
  @Test(arguments: [["uninstall", "--yes"], unattended])
  func aSetupThatWasKilled(next: [String]) async throws {
    try await Person.alone([.ollama]) { person in
      let before = try person.tree()
      let log = try TemporaryFolder.make("killed").appending("log")
      let killed = try RunningProgram(
        person.call(
          "ccl-setup", Self.unattended, ["CCL_REHEARSAL_FAULTS": "/api/pull:stall=9*1"]),
        output: log)
      try await eventually(within: .seconds(30)) {
        try text(of: log).contains("· pull qwen3:1.7b") ? true : nil
      }
      // Another one keeps its hands off meanwhile.
      let second = try await person.call("ccl-setup", Self.unattended).run()
      #expect(second.code == 1)
      #expect(second.error.contains("✗ Another ccl-setup is at work"))
      killed.signal(9)
      #expect(try await killed.exit(within: .seconds(5)) == 137)

      let result = try await person.call("ccl-setup", next).run()
      #expect(result.code == 0, "\(result.output)\n\(result.error)")
      #expect(try await person.setup("uninstall", "--yes").code == 0)
      try person.expectTree(before)
    }
  }

  /// The server went with a restart of the machine: uninstall starts it once more to take its models back.
  @Test func aServerThatIsGone() async throws {
    try await Person.alone([.ollama]) { person in
      let before = try person.tree()
      let storage = ["OLLAMA_MODELS": try TemporaryFolder.make("models").string]
      #expect(try await person.call("ccl-setup", Self.unattended, storage).run().code == 0)
      try await person.endServers()
      let result = try await person.setup("uninstall", "--yes", with: storage)
      #expect(result.code == 0, "\(result.output)\n\(result.error)")
      try person.expectTree(before)
      try await eventually(within: .seconds(10)) {
        (try? await person.web("/api/version")) == nil ? true : nil
      }
      _ = try await person.serve(with: storage)
      #expect(try models(try await person.web("/api/tags")).isEmpty)
    }
  }

  /// Paths that a shell or a terminal could take for something else.
  @Test(
    .requires(.claude(.a), .program("bash"), .program("zsh"), .program("fish")),
    arguments: ["a home", #"a "b" 'c' \d `touch pwned` $(touch pwned)"#, "one\ntwo"])
  func aHomeWithAName(_ name: String) async throws {
    try await Person.alone([.client(.a), .ollama], files: ["outer/inner": "x"]) { person in
      let home = person.home.path.appending("outer").appending(name)
      try FileManager.default.createDirectory(
        atPath: home.string, withIntermediateDirectories: true)
      for file in [".bashrc", ".zshrc"] {
        try write("# mine".utf8, to: home.appending(file))
      }
      let before = try Tree(of: home)
      person.environment["HOME"] = home.string
      let result = try await person.call(
        "ccl-setup", ["--yes", "--shells", "bash,zsh,fish"] + small
      ).run(within: .seconds(200))
      #expect(result.code == 0, "\(result.output)\n\(result.error)")
      for shell in ["bash", "zsh", "fish"] {
        #expect(result.output.contains("✓ claude-local answers in a fresh \(shell)"))
      }
      #expect(try await person.setup("uninstall", "--yes").code == 0)
      let left = before.differences(to: try Tree(of: home)).filter {
        !$0.hasPrefix("+ .claude") && !$0.hasPrefix("+ .local/share") && !$0.hasPrefix("+ .cache")
          && !$0.hasPrefix("+ .config/fish") && !$0.hasPrefix("+ .local (")
          && !$0.hasPrefix("+ .config (")
      }
      #expect(left == [])
      let names = try person.home.snapshot().nodes.keys
      #expect(!names.contains { $0.hasSuffix("pwned") })
    }
  }

  @Test(arguments: [
    ["--model", "$(touch pwned)"], ["--model", "a\nb"], ["--model", "x:cloud"],
    ["--context", "lots"], ["--context", "-5"], ["--shells", "tcsh"], ["--profile", "huge"],
    ["--engine", "$(touch pwned)"], ["--answers", "missing.json"], ["--answers", "bad.json"],
    ["--answers", "unknown.json"], ["--nonsense"],
  ])
  func anAnswerThatIsNone(arguments: [String]) async throws {
    try await Person.alone([.ollama]) { person in
      try person.home.put("{\"model\": ", at: "bad.json")
      try person.home.put("{\"modell\": \"x\"}", at: "unknown.json")
      let before = try person.home.snapshot()
      let result = try await person.call("ccl-setup", ["--yes"] + arguments).run()
      #expect(result.code == 64, "\(result.output)\n\(result.error)")
      #expect(!result.error.isEmpty)
      try person.expectHome(before)
    }
  }

  @Test(arguments: [
    ("statsu", "ccl-setup status"), ("unistall --yes", "ccl-setup uninstall"),
    ("proxy sotp", "ccl-setup proxy stop"), ("frobnicate", nil), ("proxy frobnicate", nil),
  ])
  func aMistypedWord(line: String, meant: String?) async throws {
    try await Person.alone([]) { person in
      let result = try await person.call(
        "ccl-setup", line.split(separator: " ").map(String.init)
      ).run()
      #expect(result.code == 64)
      let told = flowed(result.error)
      #expect(
        meant.map { told.contains("Did you mean: \($0)") } ?? !told.contains("Did you mean"),
        "\(told)")
    }
  }
}

/// Text that was wrapped at the terminal's width, in one line.
func flowed(_ text: String) -> String {
  text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
}
