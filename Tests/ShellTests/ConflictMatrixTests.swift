import Setup
import Support
import SystemPackage
import Testing

/// Each of the four real clients against each thing, alone, that sends a client elsewhere: `claude-local` reaches the
/// engine with the right path, credential and model, and no connection to another machine is even tried.
///
/// Alone, so that one that stops mattering, or that the others hid, is seen.
@Suite(
  .requires(
    .namespace, .superuser, .claude(.a), .claude(.b), .claude(.c), .claude(.d), .program("bash")))
struct ConflictMatrixTests {
  struct Conflict: Sendable, CustomTestStringConvertible {
    var name: String
    /// In the process, and (where `isInSettings`) in the `env` of the person's settings file too.
    var environment: [String: String] = [:]
    var isInSettings = true
    /// Members of the person's settings file beside `env`.
    var settings: [String] = []
    var files: [String: TemporaryHome.Entry] = [:]
    var arguments = "-p hi"
    var change: @Sendable (inout ClientSettings.Input) -> Void = { _ in }
    var testDescription: String { name }

    func entries() -> [String: TemporaryHome.Entry] {
      var entries = files
      var members = settings
      if isInSettings, !environment.isEmpty {
        let env = environment.map { "\"\($0)\": \"\($1)\"" }.joined(separator: ", ")
        members.append("\"env\": {\(env)}")
      }
      if !members.isEmpty {
        entries[".claude/settings.json"] = .file("{\(members.joined(separator: ", "))}")
      }
      return entries
    }
  }

  private static let login = """
    {"claudeAiOauth":{"accessToken":"sk-ant-oat01-stored","refreshToken":"r","expiresAt":9999999999999,\
    "scopes":["user:inference"],"subscriptionType":"max"}}
    """

  private static func env(withLists names: [String]) -> String {
    let lists = names.map { "\"\($0)\": \"corp.example\", " }.joined()
    return
      #""env": {\#(lists)"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}"#
  }

  static let conflicts: [Conflict] =
    RealClientTests.hostileEnvironment.sorted { $0.key < $1.key }.map { name, value in
      Conflict(name: name, environment: [name: value])
    } + [
      Conflict(
        name: "a base URL without a scheme", environment: ["ANTHROPIC_BASE_URL": "localhost:9"]),
      Conflict(
        name: "a base URL of a dead port", environment: ["ANTHROPIC_BASE_URL": "http://127.0.0.1:9"]
      ),
      Conflict(
        name: "ANTHROPIC_DEFAULT_*",
        environment: [
          "ANTHROPIC_DEFAULT_SONNET_MODEL": "claude-sonnet-4-6",
          "ANTHROPIC_DEFAULT_OPUS_MODEL": "claude-opus-5-5", "ANTHROPIC_DEFAULT_MODEL": "other",
          "ANTHROPIC_SMALL_FAST_MODEL": "other",
        ], arguments: "--model sonnet -p hi"),
      Conflict(name: "ANTHROPIC_BETAS", environment: ["ANTHROPIC_BETAS": "none-2020-01-01"]),
      Conflict(name: "NODE_EXTRA_CA_CERTS", environment: ["NODE_EXTRA_CA_CERTS": "/no/such.pem"]),
      Conflict(
        name: "every proxy, and a list of exceptions without us",
        environment: RealClientTests.deadProxies, change: { $0.settingsNoProxy = "corp.example" }),
    ]
    + [["NO_PROXY"], ["no_proxy"], ["NO_PROXY", "no_proxy"]].map { lists in
      Conflict(
        name: "proxies of the settings file, with \(lists.joined(separator: " and "))",
        settings: [env(withLists: lists)], change: { $0.settingsNoProxy = "corp.example" })
    }
    + [
      Conflict(name: "apiKeyHelper", settings: [#""apiKeyHelper": "echo helper-key""#]),
      Conflict(name: "model", settings: [#""model": "opus""#]),
      Conflict(
        name: "availableModels", settings: [#""availableModels": ["sonnet"]"#],
        change: { $0.availableModels = ["sonnet"] }),
      Conflict(name: "forceLoginMethod", settings: [#""forceLoginMethod": "claudeai""#]),
      Conflict(name: "auto mode", settings: [#""permissions": {"defaultMode": "auto"}"#]),
      Conflict(
        name: "a stored login", files: [".claude/.credentials.json": .file(login, mode: 0o600)]),
    ]
    + ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"].map {
      Conflict(name: $0, environment: [$0: "http://127.0.0.1:9"], isInSettings: false)
    }

  @Test(arguments: ClaudeVersion.allCases, conflicts)
  func isOvercome(version: ClaudeVersion, conflict: Conflict) async throws {
    var conflict = conflict
    // What these two cannot be talked out of: `RealClientTests.aSocketInTheUsersFileBeatsTwoOldClients`.
    if conflict.name == "ANTHROPIC_UNIX_SOCKET", version == .b || version == .c {
      conflict.isInSettings = false
    }
    let place = try await RealClientTests.Place(
      version, conflict.entries(), watchingAttempts: true
    ) { input, _ in conflict.change(&input) }
    expectLocal(
      try await place.run(conflict.arguments, environment: conflict.environment))
    for request in place.listener.requests {
      #expect(!request.headers.contains { $0.value.contains("sk-ant") })
    }
    // 2.1.81 looks up where its list of withdrawn plugins is, whatever it is told (claude-code.md §7): no other name.
    let attempts = try await place.network.attempts()
    #expect(attempts.count <= (version == .c ? 1 : 0), "\(attempts)")
    try await place.listener.end()
  }

  /// What a project says about proxies is not known beforehand: a `no_proxy` there beats ours for the two newer clients,
  /// which `ccl-setup env` and the doctor say; the day it does not, this test says so.
  @Test(arguments: ClaudeVersion.allCases, [["NO_PROXY"], ["no_proxy"], ["NO_PROXY", "no_proxy"]])
  func aListOfAProjectIsSaid(version: ClaudeVersion, lists: [String]) async throws {
    for file in ["settings.json", "settings.local.json"] {
      let place = try await RealClientTests.Place(
        version, ["work/.claude/\(file)": .file("{\(Self.env(withLists: lists))}")])
      let found = try await place.run()
      if lists.contains("no_proxy"), version == .a || version == .b {
        #expect(found.prompts.isEmpty && found.result.code == 1)
      } else {
        expectLocal(found)
      }
      try await place.listener.end()
    }
  }
}
