import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A working setup is broken in one way: the doctor sees it, `fix` says it, repairs it, and it is whole again.
@Suite(
  .requires(
    .namespace, .superuser, .busybox, .claude(.a), .program("bash"), .program("zsh"),
    .program("fish")), .timeLimit(.minutes(4)))
struct FixTests {
  /// One way in which a setup breaks.
  enum Damage: String, Sendable, CaseIterable {
    case serverDown, aliasMissing, derivedModelMissing, contextWrong, modelMissing
    case functionMissing, functionOutdated, blockMissing, blockHalved, blockDoubled, blockEdited
    case blockNotReached, shadowedByAlias, settingsFileMissing, settingsFileEdited,
      fishFunctionMissing

    /// The finding's id.
    var finding: String {
      switch self {
      case .serverDown: "server-down"
      case .aliasMissing: "alias-missing"
      case .derivedModelMissing: "derived-model-missing"
      case .contextWrong: "context-wrong"
      case .modelMissing: "model-missing"
      case .functionMissing: "function-missing:bash"
      case .functionOutdated: "function-outdated:zsh"
      case .blockMissing: "block-missing:zsh"
      case .blockHalved, .blockDoubled, .blockEdited: "block-damaged:bash"
      case .blockNotReached: "block-not-reached:zsh"
      case .shadowedByAlias: "block-not-reached:bash"
      case .settingsFileMissing, .settingsFileEdited: "settings-file"
      case .fishFunctionMissing: "function-missing:fish"
      }
    }

    /// The shell whose `claude-local` is tried afterwards.
    var shell: String {
      finding.split(separator: ":").dropFirst().first.map(String.init) ?? "bash"
    }
  }

  @Test(arguments: Damage.allCases)
  func whatBreaksIsFoundAndRepaired(_ damage: Damage) async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      try await person.setUp()
      try await person.suffer(damage)
      let broken = try person.tree()

      let sick = try await person.document("doctor", "--no-prompt", code: 2)
      #expect(sick.checks.contains { $0.id == damage.finding && $0.outcome == "fail" })
      #expect(
        sick.checks.filter { $0.outcome == "fail" }.map(\.id) == [damage.finding],
        "one damage, one finding")

      let shown = try await person.setup("fix", "--dry-run", "--no-verify")
      #expect(shown.code == 2, "\(shown.output)\n\(shown.error)")
      #expect(shown.output.contains(damage.finding))
      #expect(broken.differences(to: try person.tree()) == [])

      let repaired = try await person.setup("fix", "--yes", "--no-verify")
      #expect(repaired.code == 0, "\(repaired.output)\n\(repaired.error)")
      #expect(repaired.output.contains("✓ Repaired."))

      let whole = try person.tree()
      let again = try await person.setup("fix", "--no-verify")
      #expect(again.code == 0, "\(again.output)\n\(again.error)")
      #expect(again.output.contains("Nothing is broken, nothing was changed."))
      #expect(whole.differences(to: try person.tree()) == [])
      let well = try await person.document("doctor", code: 0)
      #expect(well.checks.allSatisfy { $0.outcome != "fail" })

      let answer = try await person.claudeLocal(in: damage.shell)
      #expect(
        answer.code == 0 && answer.output.contains("pong"), "\(answer.output)\n\(answer.error)")
    }
  }

  /// What `fix` did is taken back too.
  @Test(arguments: [Damage.blockHalved, .functionMissing, .aliasMissing])
  func aRepairedSetupIsTakenBack(_ damage: Damage) async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let before = try person.tree()
      try await person.setUp()
      try await person.suffer(damage)
      #expect(try await person.setup("fix", "--yes", "--no-verify").code == 0)
      let uninstall = try await person.setup("uninstall", "--yes")
      #expect(uninstall.code == 0, "\(uninstall.output)\n\(uninstall.error)")
      #expect(before.differences(to: try person.tree()) == [])
    }
  }

  /// The proof through the real client follows a repair.
  @Test func aRepairIsProved() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      try await person.setUp()
      try await person.suffer(.functionMissing)
      let result = try await person.setup("fix", "--yes")
      #expect(result.code == 0, "\(result.output)\n\(result.error)")
      #expect(result.output.contains("✓ claude-local answers in a fresh bash"))
    }
  }

  /// Another program on the port: the engine goes to the next free one, and what it holds there is never touched.
  @Test func anEngineWhosePortIsTakenMoves() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let before = try person.tree()
      try await person.setUp()
      try await person.suffer(.serverDown)
      let other = try RunningProgram(
        person.network.inside(
          .clean(Part.busyboxPath.string, ["httpd", "-f", "-p", "127.0.0.1:11434", "-h", "/"])),
        output: try TemporaryFolder.make("httpd").appending("log"))
      let sick = try await person.document("doctor", "--no-prompt", code: 2)
      let finding = try #require(sick.checks.first { $0.id == "port-taken" })
      #expect(finding.evidence.contains("busybox"))

      let repaired = try await person.setup("fix", "--yes", "--no-verify")
      #expect(repaired.code == 0, "\(repaired.output)\n\(repaired.error)")
      #expect(
        try person.text(".config/ccl-setup/claude-settings.json").contains("127.0.0.1:11435"))
      _ = try await person.document("doctor", code: 0)
      let answer = try await person.claudeLocal(in: "fish")
      #expect(answer.output.contains("pong"), "\(answer.output)\n\(answer.error)")
      #expect(other.exitCode == nil)

      let uninstall = try await person.setup("uninstall", "--yes")
      #expect(uninstall.code == 0, "\(uninstall.output)\n\(uninstall.error)")
      #expect(before.differences(to: try person.tree()) == [])
    }
  }

  /// An Ollama that we did not start listens at another port now: claude-local follows it, and nothing is started anew.
  @Test func aServerThatMovedIsFollowed() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let before = try person.tree()
      let theirs = try await person.serve()
      try await person.setUp()
      await theirs.end()
      _ = try await person.serve(port: 11500)
      person.environment["OLLAMA_HOST"] = "127.0.0.1:11500"
      let sick = try await person.document("doctor", "--no-prompt", code: 2)
      #expect(sick.checks.filter { $0.outcome == "fail" }.map(\.id) == ["server-moved"])
      let repaired = try await person.setup("fix", "--yes", "--no-verify")
      #expect(repaired.code == 0, "\(repaired.output)\n\(repaired.error)")
      #expect(!repaired.output.contains("ollama serve"))
      #expect(
        try person.text(".config/ccl-setup/claude-settings.json").contains("127.0.0.1:11500"))
      let answer = try await person.claudeLocal(in: "zsh")
      #expect(answer.output.contains("pong"), "\(answer.output)\n\(answer.error)")
      let again = try await person.setup("fix", "--no-verify")
      #expect(again.code == 0, "\(again.output)\n\(again.error)")
      let uninstall = try await person.setup("uninstall", "--yes")
      #expect(uninstall.code == 0, "\(uninstall.output)\n\(uninstall.error)")
      let left = before.differences(to: try person.tree())
      #expect(left.allSatisfy { $0.contains(".ollama") }, "\(left)")
      #expect(try models(try await person.web("/api/tags", port: 11500)).isEmpty)
    }
  }

  /// Another client whose own prompt is longer than the context: where model and memory allow it, a larger one is made.
  @Test(.requires(.claude(.c))) func aClientWithALongerPromptGetsALargerContext() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let made = try await person.setup(
        "--yes", "--no-verify", "--model", "llama3.2:1b", "--context", "32k", "--profile", "full")
      try #require(made.code == 0, "\(made.output)\n\(made.error)")
      try person.forget("claude")
      try person.install(client: .c)
      let found = try await person.setup("fix", "--dry-run")
      #expect(found.code == 2, "\(found.output)\n\(found.error)")
      #expect(found.output.contains("context-too-small"))
      #expect(found.output.contains("llama3.2:1b-64k"))
      let repaired = try await person.setup("fix", "--yes")
      #expect(repaired.code == 0, "\(repaired.output)\n\(repaired.error)")
      let names = try models(try await person.web("/api/tags")).keys
      #expect(names.contains("llama3.2:1b-64k") && !names.contains("llama3.2-1b-32k"))
      let again = try await person.setup("fix")
      #expect(again.code == 0, "\(again.output)\n\(again.error)")
      #expect(again.output.contains("Nothing is broken, nothing was changed."))
    }
  }

  /// An Ollama from before the Messages API in the place of ours: what to do is said, and once it is done all is well.
  @Test func aServerThatIsTooOldIsNamed() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      try await person.setUp()
      try await person.endServers()
      let old = try await person.serve(with: ["CCL_REHEARSAL_VERSION": "0.13.5"])
      let sick = try await person.document("doctor", "--no-prompt", code: 2)
      let finding = try #require(sick.checks.first { $0.id == "server-too-old" })
      #expect(finding.evidence.contains("0.13.5"))
      let told = try await person.setup("fix", "--yes", "--no-verify")
      #expect(told.code == 2, "\(told.output)\n\(told.error)")
      #expect(told.output.contains("server-too-old") && told.output.contains("ccl-setup update"))
      await old.end()
      let repaired = try await person.setup("fix", "--yes", "--no-verify")
      #expect(repaired.code == 0, "\(repaired.output)\n\(repaired.error)")
      let answer = try await person.claudeLocal(in: "bash")
      #expect(answer.output.contains("pong"), "\(answer.output)\n\(answer.error)")
    }
  }

  /// The name of our model means one that can call no tools: to choose another is the person's.
  @Test func aModelWithoutToolsIsNamedAndAnotherOneHelps() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      try await person.setUp()
      for call in [["pull", "codellama:13b"], ["cp", "codellama:13b", "qwen3:1.7b"]] {
        let made = try await person.call("ollama", call).run()
        try #require(made.code == 0, "\(made.output)\n\(made.error)")
      }
      let sick = try await person.document("doctor", "--no-prompt", code: 2)
      #expect(sick.checks.contains { $0.id == "model-without-tools" && $0.outcome == "fail" })
      let told = try await person.setup("fix", "--yes", "--no-verify")
      #expect(told.code == 2, "\(told.output)\n\(told.error)")
      #expect(told.output.contains("Choose another model"))
      let chosen = try await person.setup(
        "--yes", "--no-verify", "--model", "qwen3:8b", "--context", "32k")
      #expect(chosen.code == 0, "\(chosen.output)\n\(chosen.error)")
      let answer = try await person.claudeLocal(in: "bash")
      #expect(answer.output.contains("pong"), "\(answer.output)\n\(answer.error)")
      let again = try await person.setup("fix", "--no-verify")
      #expect(again.code == 0, "\(again.output)\n\(again.error)")
    }
  }

  /// Variables that lead plain `claude` away are told as overcome; nothing is to be repaired.
  @Test func conflictsAreOvercomeAndSecretsHidden() async throws {
    let settings = """
      {"env": {"CLAUDE_CODE_USE_BEDROCK": "1", "ANTHROPIC_AUTH_TOKEN": "\(secret)"}, \
      "apiKeyHelper": "echo \(secret)"}
      """
    var files = Person.files
    files[".claude/settings.json"] = .file(settings)
    files[".zshenv"] = .file("export ANTHROPIC_API_KEY=\(secret)\n")
    try await Person.alone([.client(.a), .ollama], files: files) { person in
      try await person.setUp()
      person.environment["ANTHROPIC_BASE_URL"] = "http://me:\(secret)@127.0.0.1:9/v1"
      person.environment["HTTPS_PROXY"] = "http://127.0.0.1:9"
      let whole = try person.tree()
      let result = try await person.setup("fix")
      #expect(result.code == 0, "\(result.output)\n\(result.error)")
      #expect(result.output.contains("Overcome by claude-local"))
      for name in [
        "CLAUDE_CODE_USE_BEDROCK", "ANTHROPIC_AUTH_TOKEN", "apiKeyHelper", "ANTHROPIC_API_KEY",
        "ANTHROPIC_BASE_URL", "HTTPS_PROXY",
      ] { #expect(result.output.contains(name)) }
      #expect(whole.differences(to: try person.tree()) == [])
      let answer = try await person.claudeLocal(in: "zsh")
      #expect(answer.output.contains("pong"), "\(answer.output)\n\(answer.error)")

      for command in [["fix"], ["doctor"], ["env"], ["env", "--json"], ["doctor", "--json"]] {
        let told = try await person.call("ccl-setup", command).run()
        #expect(!(told.output + told.error).contains(secret), "\(command) shows a secret")
      }
    }
  }

  /// What nobody but the administrator can change is no repair of ours.
  @Test func managedSettingsAreNamedWithWhomToAsk() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      try await person.setUp()
      try person.home.put(
        #"{"env": {"CLAUDE_CODE_USE_VERTEX": "1"}, "forceLoginMethod": "claudeai"}"#,
        at: "managed/managed-settings.json")
      person.mounts =
        "mkdir -p /etc/claude-code && mount --bind \(person.home["managed"]) /etc/claude-code"
      let result = try await person.setup("fix", "--yes", "--no-verify")
      #expect(result.code == 2, "\(result.output)\n\(result.error)")
      #expect(result.output.contains("variable:CLAUDE_CODE_USE_VERTEX"))
      #expect(result.output.contains("variable:forceLoginMethod"))
      #expect(result.output.contains("Ask whoever administers this machine"))
      #expect(!result.output.contains("The plan"))
    }
  }

  @Test func withoutASetupThereIsNothingToRepair() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let before = try person.tree()
      let result = try await person.setup("fix", "--yes")
      #expect(result.code == 2)
      #expect(result.output.contains("not-set-up"))
      #expect(before.differences(to: try person.tree()) == [])
    }
  }
}

/// The table of variables on a home where every layer says something.
@Suite(.requires(.namespace, .superuser), .timeLimit(.minutes(4)))
struct EnvTests {
  private struct Document: Decodable {
    struct Row: Decodable {
      struct Entry: Decodable {
        var layer: String
        var place: String
        var value: String
        var isWinner: Bool
      }
      var name: String
      var isRight: Bool
      var plainWinner: String?
      var entries: [Entry]
    }
    var isSetUp: Bool
    var rows: [Row]
  }

  private static let files: [String: TemporaryHome.Entry] = [
    ".bashrc": "# mine\nexport ANTHROPIC_MODEL=from-bashrc\n",
    ".claude/settings.json": #"{"env": {"ANTHROPIC_MODEL": "from-user"}}"#,
    "work/.claude/settings.json": #"{"env": {"ANTHROPIC_MODEL": "from-project"}}"#,
    "work/.claude/settings.local.json": #"{"env": {"ANTHROPIC_MODEL": "from-local"}}"#,
    "managed/managed-settings.json": #"{"env": {"ANTHROPIC_MODEL": "from-managed"}}"#,
  ]

  private func rows(_ person: Person) async throws -> Document {
    var call = person.call("ccl-setup", ["env", "--json"])
    call.folder = person.home["work"].string
    let result = try await call.run()
    #expect(result.code == 0, "\(result.output)\n\(result.error)")
    return try JSONDecoder().decode(Document.self, from: Data(result.standardOutput))
  }

  /// Every variable and setting that the issue names, in a layer each, and what the client remembers; no secret shows.
  @Test func everythingThatMattersIsInTheTable() async throws {
    let providers = [
      "BEDROCK", "VERTEX", "FOUNDRY", "MANTLE", "ANTHROPIC_AWS", "ANTHROPIC_GOOGLE_CLOUD",
      "GATEWAY",
    ].map { "CLAUDE_CODE_USE_\($0)" }
    let process = [
      "ANTHROPIC_AUTH_TOKEN": secret, "ANTHROPIC_API_KEY": secret,
      "CLAUDE_CODE_OAUTH_TOKEN": secret, "ANTHROPIC_CUSTOM_HEADERS": "x-key: \(secret)",
      "ANTHROPIC_BASE_URL": "http://me:\(secret)@127.0.0.1:9/v1", "ANTHROPIC_BETAS": "some",
      "ANTHROPIC_UNIX_SOCKET": "/nowhere", "NODE_EXTRA_CA_CERTS": "/no/such.pem",
      "HTTP_PROXY": "http://me:\(secret)@proxy:1", "https_proxy": "http://proxy:1",
      "ALL_PROXY": "socks5://proxy:1", "NO_PROXY": "corp.example", "ANTHROPIC_MODEL": "m",
      "ANTHROPIC_DEFAULT_OPUS_MODEL": "m", "ANTHROPIC_DEFAULT_FABLE_MODEL": "m",
    ]
    let settings = """
      {"env": {\(providers.map { "\"\($0)\": \"1\"" }.joined(separator: ", "))}, "model": "opus", \
      "availableModels": ["sonnet"], "apiKeyHelper": "echo \(secret)", \
      "permissions": {"defaultMode": "auto"}}
      """
    let login = #"{"claudeAiOauth": {"accessToken": "\#(secret)"}}"#
    try await Person.alone(
      [.ollama],
      files: [
        ".claude/settings.json": .file(settings), ".claude/.credentials.json": .file(login),
        ".bashrc": "# mine\n", "work/notes.txt": "mine\n",
        ".claude.json": .file(#"{"hasCompletedOnboarding": true}"#),
        "managed/managed-settings.json": .file(#"{"forceLoginMethod": "claudeai"}"#),
      ]
    ) { person in
      try await person.setUp()
      person.environment.merge(process) { $1 }
      person.mounts =
        "mkdir -p /etc/claude-code && mount --bind \(person.home["managed"]) /etc/claude-code"
      let table = try await rows(person)
      let names = Set(table.rows.map(\.name))
      let wanted =
        providers + process.keys + [
          "model", "availableModels", "apiKeyHelper", "permissions.defaultMode",
          "permissions.disableAutoMode", "forceLoginMethod", "stored login", "onboarding", "trust",
        ]
      #expect(names.isSuperset(of: wanted), "\(Set(wanted).subtracting(names))")
      func row(_ name: String) throws -> Document.Row {
        try #require(table.rows.first { $0.name == name })
      }
      #expect(try row("onboarding").entries[0].value == "done")
      #expect(try row("trust").entries[0].value.contains("asks whether it is trusted"))
      #expect(try row("permissions.disableAutoMode").entries[0].value == "disable")
      // Of all of it two things are wrong: a file that is not there, and what no function can overcome.
      #expect(
        table.rows.filter { !$0.isRight }.map(\.name)
          == ["NODE_EXTRA_CA_CERTS", "forceLoginMethod"])
      let shown = try await person.setup("env")
      #expect(!(shown.output + shown.error).contains(secret))
      let words = shown.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      #expect(words.contains("Only whoever administers this machine can change it."))
    }
  }

  @Test func theStrongestLayerWins() async throws {
    try await Person.alone([.ollama], files: Self.files) { person in
      person.environment["ANTHROPIC_MODEL"] = "from-process"
      let plain = try await rows(person)
      #expect(!plain.isSetUp)
      let model = try #require(plain.rows.first { $0.name == "ANTHROPIC_MODEL" })
      #expect(
        model.entries.map(\.value) == [
          "from-local", "from-project", "from-user", "from-process", "from-bashrc",
        ])
      #expect(model.entries.map(\.isWinner) == [true, false, false, false, false])
      #expect(model.entries.last?.place.hasSuffix(".bashrc, line 2") == true)
      #expect(!model.isRight && model.plainWinner == "projectLocal")

      person.environment["ANTHROPIC_MODEL"] = nil
      try await person.setUp()
      let local = try await rows(person)
      #expect(local.isSetUp)
      let ours = try #require(local.rows.first { $0.name == "ANTHROPIC_MODEL" })
      #expect(ours.entries.first?.value == "qwen3:1.7b-32k" && ours.entries[0].isWinner)
      #expect(ours.isRight && ours.plainWinner == "projectLocal")

      person.mounts =
        "mkdir -p /etc/claude-code && mount --bind \(person.home["managed"]) /etc/claude-code"
      let managed = try await rows(person)
      let forced = try #require(managed.rows.first { $0.name == "ANTHROPIC_MODEL" })
      #expect(forced.entries.first?.value == "from-managed" && forced.entries[0].isWinner)
      #expect(!forced.isRight && forced.plainWinner == "managed")
    }
  }
}

private let secret = "sk-ant-api03-DO-NOT-SHOW-0123456789"

/// What `doctor --json` says, as far as these tests ask.
struct DoctorAnswer: Decodable, Sendable {
  struct Section: Decodable, Sendable {
    var outcome: String
    var checks: [Check]
  }
  struct Check: Decodable, Sendable {
    var id: String
    var outcome: String
    var evidence: String
    var remedySteps: [String]?
  }
  var outcome: String
  var sections: [Section]

  var checks: [Check] { sections.flatMap(\.checks) }
}

extension Person {
  /// A working setup with the smallest model, in all three shells.
  fileprivate func setUp() async throws {
    let result = try await setup("--yes", "--no-verify", small[0], small[1], small[2], small[3])
    try #require(result.code == 0, "\(result.output)\n\(result.error)")
  }

  /// `claude-local` in a fresh shell, as it is typed in a new terminal.
  fileprivate func claudeLocal(in shell: String) async throws -> ProgramResult {
    try await call(
      shell, (shell == "fish" ? [] : ["-i"]) + ["-c", "claude-local -p 'Reply with the word pong'"]
    ).run()
  }

  /// Runs a subcommand with `--json`.
  fileprivate func document(_ arguments: String..., code: Int32) async throws -> DoctorAnswer {
    let result = try await call("ccl-setup", arguments + ["--json"]).run()
    #expect(result.code == code, "\(result.output)\n\(result.error)")
    return try JSONDecoder().decode(DoctorAnswer.self, from: Data(result.standardOutput))
  }

  fileprivate func suffer(_ damage: FixTests.Damage) async throws {
    func edit(_ name: String, _ change: (String) -> String) throws {
      let text = try self.text(name)
      let changed = change(text)
      try #require(changed != text, "nothing was damaged")
      try home.put(.file(changed), at: name)
    }
    func remove(_ model: String) async throws {
      try #require(try await run("ollama", "rm", model).code == 0)
    }
    switch damage {
    case .serverDown:
      let found = try await run(
        "sh", "-c",
        "me=$(readlink /proc/self/ns/net); for p in /proc/[0-9]*; do "
          + "[ \"$(readlink $p/ns/net 2>/dev/null)\" = \"$me\" ] && "
          + "tr '\\0' ' ' <$p/cmdline 2>/dev/null | grep -q '^[^ ]*ollama serve' && kill ${p#/proc/}; done; true"
      )
      try #require(found.code == 0)
      try await eventually(within: .seconds(10)) {
        (try? await web("/api/version")) == nil ? true : nil
      }
    case .aliasMissing: try await remove("claude-sonnet-4-6")
    case .derivedModelMissing: try await remove("qwen3:1.7b-32k")
    case .contextWrong:
      _ = try await web(
        "/api/create",
        post:
          #"{"model":"qwen3:1.7b-32k","from":"qwen3:1.7b","parameters":{"num_ctx":4096},"stream":false}"#
      )
    case .modelMissing: try await remove("qwen3:1.7b")
    case .functionMissing: try TemporaryFolder.remove(home[".config/ccl-setup/claude-local.bash"])
    case .functionOutdated:
      try edit(".config/ccl-setup/claude-local.zsh") { "# an earlier version\n" + $0 }
    case .fishFunctionMissing:
      try TemporaryFolder.remove(home[".config/fish/functions/claude-local.fish"])
    case .blockMissing: try home.put(Person.files[".zshrc"]!, at: ".zshrc")
    case .blockHalved:
      try edit(".bashrc") { text in
        text.split(separator: "\n", omittingEmptySubsequences: false)
          .filter { !$0.hasPrefix("# <<< ccl-setup") }.joined(separator: "\n")
      }
    case .blockDoubled:
      try edit(".bashrc") { text in
        text + text.split(separator: "\n").suffix(3).joined(separator: "\n") + "\n"
      }
    case .blockEdited:
      try edit(".bashrc") { text in
        text.split(separator: "\n", omittingEmptySubsequences: false)
          .map { $0.hasPrefix("if [ -n \"${BASH_VERSION-}\"") ? "echo mine" : String($0) }
          .joined(separator: "\n")
      }
    case .blockNotReached: try edit(".zshrc") { "return\n" + $0 }
    case .shadowedByAlias: try edit(".bashrc") { $0 + "alias claude-local='echo mine'\n" }
    case .settingsFileMissing:
      try TemporaryFolder.remove(home[".config/ccl-setup/claude-settings.json"])
    case .settingsFileEdited:
      try edit(".config/ccl-setup/claude-settings.json") { text in
        text.split(separator: "11434").joined(separator: "11999")
      }
    }
  }
}
