import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The walk-through that people know from the tutorials, command by command with the old words, and each of its
/// troubles, with the real client.
@Suite(
  .requires(
    .namespace, .superuser, .busybox, .claude(.a), .program("bash"), .program("make")),
  .timeLimit(.minutes(5)))
struct WalkThroughTests {
  private static let key =
    "sk-ant-api03-local-dummy-key-for-ollama-" + String(repeating: "0", count: 40)

  /// `make WORD …` in the project's folder.
  private func make(_ person: Person, _ words: String...) async throws -> ProgramResult {
    try await makeCall(person, words).run()
  }

  private func makeCall(_ person: Person, _ words: [String]) -> Invocation {
    person.call(
      "make", ["-s", "-C", Part.packageRoot.string, "CCL_SETUP=ccl-setup"] + words)
  }

  /// Plain `claude` with the variables that the tutorials export.
  private func claude(
    _ person: Person, _ arguments: String..., with variables: [String: String]
  ) async throws -> ProgramResult {
    try await person.call(
      "claude", ["-p", "Reply with the word pong"] + arguments,
      variables.merging(["CLAUDE_CODE_MAX_RETRIES": "0"]) { $1 }
    ).run()
  }

  private func claudeLocal(
    _ person: Person, _ arguments: String, with variables: [String: String] = [:]
  ) async throws -> ProgramResult {
    try await person.call(
      "bash", ["-i", "-c", "claude-local -p 'Reply with the word pong' \(arguments)"],
      variables.merging(["CLAUDE_CODE_MAX_RETRIES": "0"]) { $1 }
    ).run()
  }

  /// Somebody with a setup, in bash.
  private func someone(_ live: (inout Person) async throws -> Void) async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      person.environment["OLLAMA_MODELS"] = try TemporaryFolder.make("models").string
      let made = try await person.call(
        "ccl-setup", ["--yes", "--no-verify", "--shells", "bash"] + small
      ).run()
      try #require(made.code == 0, "\(made.output)\n\(made.error)")
      try await live(&person)
    }
  }

  private var exported: [String: String] {
    [
      "ANTHROPIC_BASE_URL": "http://localhost:11434", "ANTHROPIC_API_KEY": Self.key,
      "CLAUDE_CODE_USE_BEDROCK": "0",
    ]
  }

  @Test func quickstart() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let before = try person.tree()
      // On a fresh machine `make start` asks what it needs.
      let terminal = try await PseudoTerminal(
        makeCall(person, ["start"]), columns: 100, rows: 50)
      try await terminal.expect("Nothing is set up here yet")
      for (question, answer) in [
        ("engine [native] ▸ ", ""), ("model [", "qwen3:1.7b"), ("context [", "32k"),
        ("profile [", ""), ("client-folder [", ""), ("shells [", "bash"), ("Do it? [yes] ▸ ", ""),
      ] {
        try await terminal.expect(question)
        if question.hasSuffix("[") { try await terminal.expect("] ▸ ") }
        try await terminal.type(answer)
      }
      try await terminal.expect("It works.", within: .seconds(60))
      #expect(try await terminal.exit() == 0)

      #expect(try await make(person, "pull", "MODEL=llama3.2:1b").code == 0)
      #expect(try await make(person, "alias", "FROM=llama3.2:1b", "TO=claude-sonnet-4-6").code == 0)
      let listed = try await make(person, "models")
      #expect(listed.output.contains("llama3.2:1b"), "\(listed.error)")
      #expect(try await make(person, "status").code == 0)
      // As the tutorials export it, but for the /v1 that they are wrong about.
      let answer = try await claude(person, "--model", "claude-sonnet-4-6", with: exported)
      #expect(answer.code == 0 && answer.output.contains("pong"), "\(answer.output)\(answer.error)")
      #expect(try person.served().last { $0.isPrompt }?.model == "claude-sonnet-4-6")
      #expect(try await make(person, "stop").code == 0)
      // What is given to make is a value, whatever is in it.
      let hostile = try await make(person, #"pull"#, #"MODEL=a"; touch ~/pwned; ""#)
      #expect(hostile.code != 0 && !person.exists("pwned"), "\(hostile.error)")
      #expect(try await make(person, "start").code == 0)
      #expect(try await make(person, "status").code == 0)
      #expect(try await make(person, "pull").code == 2)
      #expect(try await make(person, "help").output.contains("make alias"))
      let clean = try await make(person, "clean")
      #expect(clean.code == 2 && flowed(clean.error).contains("There is nobody to ask"))
      #expect(try await person.setup("uninstall", "--yes").code == 0)
      try person.expectTree(before)
    }
  }

  @Test func aliasesForThreeTiers() async throws {
    try await someone { person in
      #expect(try await make(person, "pull", "MODEL=llama3.2:1b").code == 0)
      #expect(try await make(person, "context", "MODEL=llama3.2:1b", "SIZE=32k").code == 0)
      let tiers = [
        ("claude-sonnet-4-6", "llama3.2:1b-32k"), ("claude-haiku-3-5-20241022", "llama3.2:1b"),
        ("claude-opus-4-6", "qwen3:1.7b"),
      ]
      for (name, model) in tiers {
        #expect(try await make(person, "alias", "FROM=\(model)", "TO=\(name)").code == 0)
      }
      let held = try models(try await person.web("/api/tags"))
      for (name, model) in tiers {
        #expect(held["\(name):latest"] == held[model], "\(name)")
        let answer = try await claude(person, "--model", name, with: exported)
        #expect(answer.code == 0, "\(answer.output)\(answer.error)")
        #expect(try person.served().last { $0.isPrompt }?.model == name)
      }
      let table = try await person.setup("models", "--json").output
      #expect(["sonnet", "haiku", "opus"].allSatisfy { table.contains("\"\($0)\"") }, "\(table)")
      #expect(try await make(person, "remove", "NAME=claude-opus-4-6").code == 0)
      let now = try models(try await person.web("/api/tags"))
      #expect(now["claude-opus-4-6:latest"] == now["qwen3:1.7b-32k"])
    }
  }

  @Test func extendingTheContext() async throws {
    try await someone { person in
      #expect(try await make(person, "pull", "MODEL=llama3.2:1b").code == 0)
      #expect(try await make(person, "context", "MODEL=llama3.2:1b", "SIZE=64k").code == 0)
      let answer = try await claudeLocal(person, "--model llama3.2:1b-64k")
      #expect(answer.code == 0 && answer.output.contains("pong"), "\(answer.output)\(answer.error)")
      let served = try #require(try person.served().last { $0.isPrompt })
      #expect(served.model == "llama3.2:1b-64k" && served.contextLength == 65536)
      // By hand, with a Modelfile, as models/README.md says.
      let create =
        "printf 'FROM llama3.2:1b\\nPARAMETER num_ctx 16384\\n' | ollama create by-hand -f /dev/stdin"
      #expect(try await person.run("bash", "-c", create).code == 0)
      #expect(try await person.web("/api/show", post: #"{"model": "by-hand"}"#).contains("16384"))
    }
  }

  /// Plain `claude` goes where it always went, `claude-local` never does.
  @Test func switchingBetweenLocalAndCloud() async throws {
    try await someone { person in
      _ = try await person.serve(port: 4321)
      _ = try await person.web("/api/pull", port: 4321, post: #"{"model": "qwen3:1.7b"}"#)
      for name in Tier.opus.anthropicNames {
        _ = try await person.web(
          "/api/copy", port: 4321, post: #"{"source": "qwen3:1.7b", "destination": "\#(name)"}"#)
      }
      let cloud = ["ANTHROPIC_BASE_URL": "http://127.0.0.1:4321", "ANTHROPIC_API_KEY": Self.key]
      let local = try await claudeLocal(person, "--model sonnet", with: cloud)
      #expect(local.code == 0 && local.output.contains("pong"), "\(local.output)\(local.error)")
      #expect(try person.served().last { $0.isPrompt }?.model == "qwen3:1.7b-32k")
      #expect(try await !person.web("/api/ps", port: 4321).contains("expires_at"))
      let plain = try await claude(person, with: cloud)
      #expect(plain.code == 0, "\(plain.output)\(plain.error)")
      #expect(try await person.web("/api/ps", port: 4321).contains("claude-opus-5-5"))
    }
  }

  // MARK: - Troubles

  /// “400 The provided model identifier is invalid”: a base URL with `/v1` looks like a wrong model.
  @Test func aWrongBaseURL() async throws {
    try await someone { person in
      var wrong = exported
      wrong["ANTHROPIC_BASE_URL"] = "http://localhost:11434/v1"
      let plain = try await claude(person, "--model", "claude-sonnet-4-6", with: wrong)
      #expect(plain.code == 1 && plain.output.contains("issue with the selected model"))
      let told = try await person.call("ccl-setup", ["env"], wrong).run()
      #expect(flowed(told.output).contains("/v1"), "\(told.output)")
      let local = try await claudeLocal(person, "--model sonnet", with: wrong)
      #expect(local.code == 0 && local.output.contains("pong"), "\(local.output)\(local.error)")
    }
  }

  /// “403 Invalid API Key”: a second credential, or a cloud provider that is switched on.
  @Test(arguments: [
    ["CLAUDE_CODE_USE_BEDROCK": "1"],
    ["ANTHROPIC_AUTH_TOKEN": "other", "ANTHROPIC_API_KEY": "wrong-format"],
  ])
  func anotherCredential(variables: [String: String]) async throws {
    try await someone { person in
      let told = try await person.call("ccl-setup", ["doctor", "--no-prompt"], variables).run()
      for name in variables.keys { #expect(told.output.contains(name), "\(told.output)") }
      let local = try await claudeLocal(person, "", with: variables)
      #expect(local.code == 0 && local.output.contains("pong"), "\(local.output)\(local.error)")
    }
  }

  /// “Claude Code uses the real API”: with Ollama stopped, claude-local must fail rather than answer from elsewhere.
  @Test func nothingAnswersFromElsewhere() async throws {
    try await someone { person in
      _ = try await person.serve(port: 4321)
      #expect(try await make(person, "stop").code == 0)
      let local = try await claudeLocal(
        person, "--model sonnet",
        with: ["ANTHROPIC_BASE_URL": "http://127.0.0.1:4321", "CLAUDE_CODE_USE_BEDROCK": "1"])
      #expect(local.code == 1 && !local.output.contains("pong"), "\(local.output)")
      #expect(try await !person.web("/api/ps", port: 4321).contains("expires_at"))
      #expect(try await make(person, "start").code == 0)
      #expect(try await claudeLocal(person, "").code == 0)
    }
  }

  /// “Ollama won't start”: the port is taken, so another one is used everywhere.
  @Test func thePortIsTaken() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let web = try person.network.start(
        Part.busyboxPath.string, ["httpd", "-f", "-p", "127.0.0.1:11434", "-h", "/"],
        log: "/dev/null")
      try await eventually(within: .seconds(10)) { try? await person.web("/etc/hostname") }
      let made = try await person.call(
        "ccl-setup", ["--yes", "--shells", "bash"] + small
      ).run()
      #expect(made.code == 0, "\(made.output)\n\(made.error)")
      #expect(flowed(made.output).contains("at http://127.0.0.1:11435"))
      #expect(web.exitCode == nil)
      await web.end()
    }
  }

  /// “Model pull fails”: the reason is the server's, with what to do; what had come is kept.
  @Test func aPullFails() async throws {
    try await someone { person in
      let none = try await make(person, "pull", "MODEL=nosuch:1b")
      #expect(none.code == 2 && flowed(none.error).contains("The registry has no such model"))
      _ = try await person.web("/rehearsal/faults", post: "/api/pull:mismatch*1")
      let damaged = try await make(person, "pull", "MODEL=llama3.2:1b")
      #expect(damaged.code == 2, "\(damaged.output)\(damaged.error)")
      #expect(flowed(damaged.error).contains("run the same command again"), "\(damaged.error)")
      #expect(try await make(person, "pull", "MODEL=llama3.2:1b").code == 0)
    }
  }

  /// “Streaming doesn't work”: what could be newer is said, and what would change.
  @Test func anUpdate() async throws {
    try await someone { person in
      let told = flowed(try await make(person, "update").output)
      #expect(told.contains("0.32.15") && told.contains("Claude Code: 2.1.330"), "\(told)")
    }
  }

  /// “Proxy not showing logs”: whoever is asked through it is shown, also with the tutorials' `/v1`.
  @Test func theProxyShowsTheTraffic() async throws {
    try await someone { person in
      #expect(try await make(person, "start-proxy").code == 0)
      let watching = try await PseudoTerminal(
        makeCall(person, ["logs-proxy"]), columns: 160, rows: 50)
      // Whether it watches already is not said: the client takes its time, which is longer.
      var through = exported
      through["ANTHROPIC_BASE_URL"] = "http://localhost:4000/v1"
      let answer = try await claude(person, "--model", "claude-sonnet-4-6", with: through)
      #expect(answer.code == 0 && answer.output.contains("pong"), "\(answer.output)\(answer.error)")
      try await watching.expect("claude-sonnet-4-6")
      try await watching.press(.controlC)
      _ = try await watching.exit()
      #expect(try await person.setup("proxy", "stop").code == 0)
    }
  }
}

extension Served {
  /// A prompt that was answered, whoever sent it.
  fileprivate var isPrompt: Bool { path == "/v1/messages" && status == 200 }
}
