import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

private let secret = "tok-3e9c41-of-the-team"

/// Engines beyond this machine: real llama.cpp, and an Ollama behind TLS with a token, each with the real client.
@Suite(
  .requires(
    .namespace, .superuser, .busybox, .claude(.a), .program("bash"), .program("zsh"),
    .program("fish")),
  .timeLimit(.minutes(5)))
struct ServerElsewhereTests {
  @Test(.requires(.engine)) func aRealLlamaServer() async throws {
    try await Person.alone([.client(.a)]) { person in
      let engine = try await LlamaServer(in: person.network)
      let before = try person.tree()
      let made = try await person.setup("--yes", "--engine", engine.url)
      #expect(made.code == 0, "\(made.output)\n\(made.error)")
      let told = flowed(made.output)
      #expect(told.contains("llama.cpp"))
      #expect(told.contains("nothing is downloaded, made or renamed there"))
      #expect(told.contains("says 32768"))
      for shell in Shell.allCases {
        #expect(told.contains("✓ claude-local answers in a fresh \(shell.rawValue)"), "\(told)")
      }
      #expect(told.contains("The toy model always gives this one answer."))
      #expect(!told.contains("is not proved"))

      let status = try await person.setup("status")
      #expect(status.code == 0, "\(status.output)\n\(status.error)")
      #expect(flowed(status.output).contains("does not tell what is loaded"))
      let models = flowed(try await person.setup("models").output)
      #expect(models.contains("32k") && models.contains("opus sonnet haiku fable"), "\(models)")
      let doctor = try await person.setup("doctor")
      #expect(doctor.code == 0, "\(doctor.output)\n\(doctor.error)")
      #expect(flowed(doctor.output).contains("served with a context of 32768 tokens"))
      let again = try await person.setup("--yes", "--no-verify")
      #expect(again.code == 0, "\(again.error)")
      #expect(again.output.contains("Everything is in place already"), "\(again.output)")

      // What only Ollama can do is refused with the reason; nothing of it reaches the server.
      for words in [
        ["pull", "qwen3:1.7b"], ["alias", "qwen3:1.7b", "x"], ["context", "qwen3:1.7b", "32k"],
        ["remove", "x"],
      ] {
        let refused = try await person.call("ccl-setup", words).run()
        #expect(refused.code == 1, "\(words)")
        #expect(flowed(refused.error).contains("it serves what it was started with"), "\(words)")
      }
      for word in ["stop", "logs", "shell"] {
        #expect(try await person.setup(word).code == 1, "\(word)")
      }
      #expect(try await person.setup("start").code == 0)
      #expect(try await person.setup("update").code == 0)
      #expect(flowed(try await person.setup("clean", "--yes").output).contains("nothing to delete"))

      // A file of ours that was lost comes back; a server that has gone is told, and is beyond repair here.
      try FileManager.default.removeItem(
        atPath: person.home[".config/ccl-setup/claude-local.bash"].string)
      let fixed = try await person.setup("fix", "--yes")
      #expect(fixed.code == 0, "\(fixed.output)\n\(fixed.error)")
      await engine.stop()
      let gone = try await person.setup("status")
      #expect(gone.code == 2)
      let sick = try await person.setup("doctor")
      #expect(sick.code == 2)
      #expect(flowed(sick.output).contains("server-down") || flowed(sick.output).contains("✗"))

      let uninstall = try await person.setup("uninstall", "--yes")
      #expect(uninstall.code == 0, "\(uninstall.output)\n\(uninstall.error)")
      try person.expectTree(before)
    }
  }

  private func checks(_ person: Person) async throws -> [DoctorAnswer.Check] {
    let told = try await person.setup("doctor", "--no-prompt", "--json")
    return try DoctorAnswer(told).checks
  }

  private func check(_ id: String, _ person: Person) async throws -> DoctorAnswer.Check? {
    try await checks(person).first { $0.id == id }
  }

  /// The server was started anew with less context, then with another model: each is told, in one line, and what is
  /// printed mends it.
  @Test(.requires(.engine)) func aServerThatServesSomethingElse() async throws {
    try await Person.alone([.client(.a)]) { person in
      var engine = try await LlamaServer(in: person.network)
      let made = try await person.setup(
        "--yes", "--no-verify", "--shells", "bash", "--profile", "lean", "--engine", engine.url)
      try #require(made.code == 0, "\(made.output)\n\(made.error)")
      func failing() async throws -> [DoctorAnswer.Check] {
        try await checks(person).filter { $0.outcome == "fail" }
      }
      #expect(try await failing().isEmpty)

      await engine.stop()
      engine = try await LlamaServer(in: person.network, context: 24_576)
      let short = try await failing()
      #expect(short.map(\.id) == ["context-wrong"], "\(short)")
      #expect(short.first?.remedySteps == ["ccl-setup --yes --context 24576"])
      for step in short.first?.remedySteps ?? [] {
        let done = try await person.run("sh", "-c", step)
        #expect(done.code == 0, "\(done.output)\n\(done.error)")
      }
      #expect(try await failing().isEmpty)

      await engine.stop()
      engine = try await LlamaServer(
        in: person.network, context: 24_576, arguments: ["--alias", "another"])
      let gone = try await failing()
      #expect(gone.map(\.id) == ["model-missing"], "\(gone)")
      #expect(gone.first?.remedySteps == ["ccl-setup"])
      let terminal = try await person.wizard()
      for question in [
        "engine [", "model [another", "context [", "profile [", "client-folder [", "shells [",
        "Do it? [",
      ] {
        try await terminal.expect(question, within: .seconds(60))
        try await terminal.expect("▸ ")
        try await terminal.type("")
      }
      #expect(try await terminal.exit(within: .seconds(120)) == 0)
      #expect(try await failing().isEmpty)

      await engine.stop()
      let down = try await failing()
      #expect(down.map(\.id) == ["server-down"], "\(down)")
    }
  }

  /// The wizard asks the server as soon as it is named, and offers its models.
  @Test(.requires(.engine)) func theWizardAsksTheServer() async throws {
    try await Person.alone([.client(.a)]) { person in
      let engine = try await LlamaServer(in: person.network)
      let terminal = try await person.wizard("--no-verify", "--shells", "bash")
      try await terminal.expect("engine [")
      try await terminal.expect("▸ ")
      try await terminal.type("http://127.0.0.1:1")
      try await terminal.expect("A server does not answer")
      try await terminal.expect("▸ ")
      try await terminal.type(engine.url)
      try await terminal.expect("Which model?")
      try await terminal.expect("a context of 32768 tokens")
      try await terminal.expect("▸ ")
      try await terminal.type("qwen3:1.7b")
      try await terminal.expect("does not serve")
      try await terminal.expect("▸ ")
      try await terminal.type("")
      try await terminal.expect("context [32768] ▸ ")
      try await terminal.type("64k")
      try await terminal.expect("cannot hold 64k")
      try await terminal.expect("context [32768] ▸ ")
      try await terminal.type("")
      try await terminal.expect("profile [")
      try await terminal.expect("▸ ")
      try await terminal.type("")
      try await terminal.expect("client-folder [")
      try await terminal.expect("▸ ")
      try await terminal.type("")
      try await terminal.expect("Do it? [yes] ▸ ")
      try await terminal.type("")
      #expect(try await terminal.exit() == 0)
      #expect(try person.text(".config/ccl-setup/claude-settings.json").contains(engine.url))
      await engine.stop()
    }
  }

  enum Behind: String, CaseIterable { case ollama, llamaServer }

  /// TLS with an authority of one's own and a token, in front of either kind of server.
  @Test(
    .requires(.engine, .program("nginx"), .program("openssl")), arguments: Behind.allCases)
  func behindTLSWithAToken(behind: Behind) async throws {
    try await Person.alone([.client(.a)]) { person in
      var engine: LlamaServer?
      let upstream: String
      switch behind {
      case .ollama:
        _ = try await person.serve(port: 4000)
        upstream = "http://127.0.0.1:4000"
      case .llamaServer:
        engine = try await LlamaServer(in: person.network)
        upstream = "http://127.0.0.1:8080"
      }
      let front = try await TLSFront(for: person, upstream: upstream, token: secret)
      try person.home.put(.file(secret + "\n", mode: 0o644), at: "token")
      try person.home.put(.file(try Support.text(of: front.authority)), at: "team-ca.pem")
      let before = try person.tree()
      let choice = behind == .ollama ? small : ["--profile", "lean"]
      func setUp(_ flags: String...) async throws -> ProgramResult {
        try await person.call("ccl-setup", ["--yes", "--engine", front.url] + flags + choice).run()
      }
      // Each missing piece is told, with the flag that gives it.
      let untrusted = try await setUp()
      #expect(untrusted.code == 1)
      #expect(flowed(untrusted.error).contains("The certificate of \(front.url) is not trusted"))
      #expect(flowed(untrusted.error).contains("--ca FILE"))
      let unknown = try await setUp("--ca", "team-ca.pem")
      #expect(unknown.code == 1)
      #expect(flowed(unknown.error).contains("wants a token"), "\(unknown.error)")
      #expect(flowed(unknown.error).contains("--token-file FILE"))
      let open = try await setUp("--ca", "team-ca.pem", "--token-file", "token")
      #expect(open.code == 64)
      #expect(flowed(open.error).contains("chmod 600"))
      try person.expectTree(before)

      #expect(try await person.run("chmod", "600", "token").code == 0)
      let whole = try person.tree()
      let dry = try await setUp("--ca", "team-ca.pem", "--token-file", "token", "--dry-run")
      #expect(dry.code == 0 && !dry.output.contains(secret), "\(dry.error)")
      let made = try await setUp("--ca", "team-ca.pem", "--token-file", "token")
      #expect(made.code == 0, "\(made.output)\n\(made.error)")
      for shell in Shell.allCases {
        #expect(
          made.output.contains("✓ claude-local answers in a fresh \(shell.rawValue)"),
          "\(made.output)")
      }
      // The words of daily use find their way in too.
      for words in [["status"], ["models"], ["doctor"], ["--yes", "--no-verify"], ["fix"]] {
        let result = try await person.call("ccl-setup", words).run()
        #expect(result.code == 0, "\(words): \(result.output)\n\(result.error)")
      }
      let offered = try await person.setup("complete", "--", "ccl-setup", "context", "")
      #expect(!offered.output.isEmpty)
      // What beats it is told.
      try person.home.put(
        .file(#"{"env": {"ANTHROPIC_AUTH_TOKEN": "another"}}"#), at: ".claude/settings.json")
      let beaten = try #require(try await check("token-beaten", person))
      #expect(beaten.outcome == "fail" && beaten.evidence.contains("is sent instead"))
      #expect(beaten.remedySteps?.first?.hasPrefix("Remove ANTHROPIC_AUTH_TOKEN") == true)
      #expect(
        flowed(try await person.setup("--yes", "--dry-run").output).contains("take it out there"))
      try FileManager.default.removeItem(atPath: person.home[".claude/settings.json"].string)
      #expect(try await check("token-beaten", person) == nil)
      // The token is nowhere but in its own file.
      let found = try await person.run("grep", "-rl", "--", secret, ".")
      #expect(found.output == "./token", "\(found.output)")

      let uninstall = try await person.setup("uninstall", "--yes")
      #expect(uninstall.code == 0, "\(uninstall.output)\n\(uninstall.error)")
      try person.expectTree(whole)
      if behind == .ollama {
        // Deleted through the same door.
        #expect(try models(try await person.web("/api/tags", port: 4000)).isEmpty)
      }
      await front.stop()
      await engine?.stop()
    }
  }

  /// A server without the Messages API, and one that is none.
  @Test func whatIsNoServerForClaudeCodeIsRefused() async throws {
    try await Person.alone([]) { person in
      let before = try person.tree()
      let folder = try TemporaryFolder.make("web")
      try FileManager.default.createDirectory(
        atPath: folder.appending("v1").string, withIntermediateDirectories: true)
      try write(
        #"{"object": "list", "data": [{"id": "m"}]}"#.utf8, to: folder.appending("v1/models"))
      let web = try person.network.start(
        Part.busyboxPath.string, ["httpd", "-f", "-p", "127.0.0.1:8000", "-h", folder.string],
        log: folder.appending("log"))
      try await eventually(within: .seconds(10)) {
        try? await person.web("/v1/models", port: 8000)
      }
      let old = try await person.setup("--yes", "--engine", "http://127.0.0.1:8000")
      #expect(old.code == 1)
      #expect(flowed(old.error).contains("has no Anthropic Messages API"), "\(old.error)")
      try FileManager.default.removeItem(atPath: folder.appending("v1/models").string)
      let none = try await person.setup("--yes", "--engine", "http://127.0.0.1:8000")
      #expect(none.code == 1)
      #expect(flowed(none.error).contains("There is no server for Claude Code"), "\(none.error)")
      await web.end()
      try person.expectTree(before)
    }
  }
}
