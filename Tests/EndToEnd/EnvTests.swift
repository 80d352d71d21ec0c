import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

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

  /// Every variable and setting that the issue names, in a layer each, and what the client remembers; no hiddenKey shows.
  @Test func everythingThatMattersIsInTheTable() async throws {
    let providers = [
      "BEDROCK", "VERTEX", "FOUNDRY", "MANTLE", "ANTHROPIC_AWS", "ANTHROPIC_GOOGLE_CLOUD",
      "GATEWAY",
    ].map { "CLAUDE_CODE_USE_\($0)" }
    let process = [
      "ANTHROPIC_AUTH_TOKEN": hiddenKey, "ANTHROPIC_API_KEY": hiddenKey,
      "CLAUDE_CODE_OAUTH_TOKEN": hiddenKey, "ANTHROPIC_CUSTOM_HEADERS": "x-key: \(hiddenKey)",
      "ANTHROPIC_BASE_URL": "http://me:\(hiddenKey)@127.0.0.1:9/v1", "ANTHROPIC_BETAS": "some",
      "ANTHROPIC_UNIX_SOCKET": "/nowhere", "NODE_EXTRA_CA_CERTS": "/no/such.pem",
      "HTTP_PROXY": "http://me:\(hiddenKey)@proxy:1", "https_proxy": "http://proxy:1",
      "ALL_PROXY": "socks5://proxy:1", "NO_PROXY": "corp.example", "ANTHROPIC_MODEL": "m",
      "ANTHROPIC_DEFAULT_OPUS_MODEL": "m", "ANTHROPIC_DEFAULT_FABLE_MODEL": "m",
    ]
    let settings = """
      {"env": {\(providers.map { "\"\($0)\": \"1\"" }.joined(separator: ", "))}, "model": "opus", \
      "availableModels": ["sonnet"], "apiKeyHelper": "echo \(hiddenKey)", \
      "permissions": {"defaultMode": "auto"}}
      """
    let login = #"{"claudeAiOauth": {"accessToken": "\#(hiddenKey)"}}"#
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
      #expect(!(shown.output + shown.error).contains(hiddenKey))
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
