import NIOHTTP1
import Setup
import Support
import SystemPackage
import Testing

/// Each setting of `claude-local` taken away alone: the real client then does what the setting is there against.
///
/// What is not here: the variables that are taken away are in `ConflictMatrixTests`, what comes with a terminal in
/// `TakenAwayOnATerminalTests`, limits and retries in `TakenAwayLimitTests`.
@Suite(.requires(.namespace, .superuser, .claude(.a), .claude(.c), .program("bash")))
struct TakenAwayTests {
  typealias Found = (result: ProgramResult, prompts: [RecordingListener.Request])

  struct Case: Sendable, CustomTestStringConvertible {
    var setting: String
    var arguments = "-p hi"
    var environment: [String: String] = [:]
    var version = ClaudeVersion.a
    /// Whether what is found is as it is with the setting.
    var isRight: @Sendable (Found) -> Bool
    var testDescription: String { setting }
  }

  static let model = RealClientTests.model

  static let cases: [Case] =
    [
      Case(setting: "ANTHROPIC_BASE_URL") { !$0.prompts.isEmpty },
      Case(setting: "ANTHROPIC_AUTH_TOKEN") { $0.result.output == "pong" },
      Case(setting: "ANTHROPIC_API_KEY", environment: ["ANTHROPIC_API_KEY": "sk-ant-api03-x"]) {
        $0.prompts.allSatisfy { $0.headers["x-api-key"].isEmpty }
      },
      Case(setting: "ANTHROPIC_MODEL", environment: ["ANTHROPIC_MODEL": "claude-opus-5-5"]) {
        $0.prompts.allSatisfy { $0.prompt?.model == model }
      },
    ]
    + ["OPUS", "SONNET", "HAIKU", "FABLE"].map { tier in
      Case(
        setting: "ANTHROPIC_DEFAULT_\(tier)_MODEL", arguments: "--model \(tier.lowercased()) -p hi"
      ) {
        let wanted = tier == "FABLE" ? RealClientTests.fableModel : model
        return $0.prompts.allSatisfy { $0.prompt?.model == wanted }
      }
    } + [
      Case(setting: "CLAUDE_CODE_MAX_CONTEXT_TOKENS") { !$0.result.error.contains("1m tokens") },
      Case(setting: "CLAUDE_CODE_MAX_OUTPUT_TOKENS") {
        $0.prompts.first?.prompt?.maxTokens == 8_192
      },
      Case(setting: "CLAUDE_CODE_ATTRIBUTION_HEADER") {
        $0.prompts.allSatisfy { prompt in
          prompt.prompt?.system?.contains {
            $0.text?.contains("x-anthropic-billing-header") == true
          }
            == false
        }
      },
      Case(setting: "apiKeyHelper") { $0.prompts.allSatisfy { $0.headers["x-api-key"].isEmpty } },
      Case(setting: "NO_PROXY", environment: RealClientTests.deadProxies) {
        $0.result.output == "pong"
      },
    ]

  /// With the setting all is right, without it not: both are seen, so that a client that stops needing it is seen too.
  @Test(arguments: cases)
  func isMissed(_ one: Case) async throws {
    let files: [String: TemporaryHome.Entry] =
      one.setting == "apiKeyHelper"
      ? [".claude/settings.json": .file(#"{"apiKeyHelper": "echo helper-key"}"#)] : [:]
    for isThere in [true, false] {
      let place = try await RealClientTests.Place(
        one.version, files, without: isThere ? nil : one.setting)
      let found = try await place.run(one.arguments, environment: one.environment)
      #expect(
        one.isRight(found) == isThere,
        "\(one.setting) \(isThere ? "there" : "taken away"): \(found.result.output) \(found.result.error)"
      )
      try await place.listener.end()
    }
  }

  /// Nothing of the client's asks for a name or another machine, and without the setting it does.
  @Test(arguments: [true, false])
  func nothingLeavesTheMachine(isThere: Bool) async throws {
    let place = try await RealClientTests.Place(
      .a, without: isThere ? nil : "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
      watchingAttempts: true)
    let found = try await place.run()
    #expect(found.result.output == "pong", "\(found.result.error)")
    let attempts = try await place.network.attempts()
    #expect(attempts.isEmpty == isThere, "\(attempts)")
    try await place.listener.end()
  }

  /// At a terminal the first start fetches a list of plugins, and without the setting it does.
  @Test(
    .requires(.program("script"), .claude(.b)), arguments: [ClaudeVersion.a, .b], [true, false])
  func noListOfPluginsIsFetched(version: ClaudeVersion, isThere: Bool) async throws {
    let place = try await RealClientTests.Place(
      version,
      [
        ".claude.json":
          #"{"hasCompletedOnboarding": true, "projects": {"/": {"hasTrustDialogAccepted": true}}}"#
      ],
      without: isThere ? nil : "CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL",
      watchingAttempts: true)
    let words = """
      stty cols 100 rows 40; . "$HOME/\(RecorderHome.functionFile(.bash))"; claude-local hi
      """
    var environment = place.home.environment
    environment["TERM"] = "xterm-256color"
    // It goes on until it is ended.
    async let session = place.network.run(
      "timeout", ["12", "script", "-qec", "bash -c '\(words)'", "/dev/null"],
      environment: environment, folder: place.home["work"])
    try await eventually(within: .seconds(60)) {
      place.listener.requests.contains { $0.prompt != nil } ? true : nil
    }
    _ = try await session
    let attempts = try await place.network.attempts()
    #expect(attempts.isEmpty == isThere, "\(attempts)")
    try await place.listener.end()
  }

  /// A collector that a settings file names gets nothing, and without the setting it does.
  @Test(.requires(.claude(.b), .claude(.d)), arguments: ClaudeVersion.allCases, [true, false])
  func noCollectorIsToldOfTheSession(version: ClaudeVersion, isThere: Bool) async throws {
    let place = try await RealClientTests.Place(
      version, without: isThere ? nil : "CLAUDE_CODE_ENABLE_TELEMETRY"
    ) { input, home in
      let collector = """
        {"env": {"CLAUDE_CODE_ENABLE_TELEMETRY": "1", "OTEL_LOGS_EXPORTER": "otlp", \
        "OTEL_METRICS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json", \
        "OTEL_EXPORTER_OTLP_ENDPOINT": "\(input.baseURL)/collector", \
        "OTEL_LOGS_EXPORT_INTERVAL": "500", "OTEL_METRIC_EXPORT_INTERVAL": "500"}}
        """
      try? home.put(.file(collector), at: ".claude/settings.json")
    }
    expectLocal(try await place.run())
    let isTold = place.listener.requests.contains { $0.path.hasPrefix("/collector/") }
    #expect(isTold == !isThere)
    try await place.listener.end()
  }

  /// Every entry of the table is missed by one of the tests named above, or is known to be hygiene.
  @Test func everySettingHasItsTest() {
    // Where each has its own test.
    let elsewhere: Set<String> = [
      // TakenAwayLimitTests
      "API_TIMEOUT_MS", "CLAUDE_CODE_MAX_RETRIES",
      // TakenAwayOnATerminalTests
      "CLAUDE_CODE_DISABLE_TERMINAL_TITLE", "CLAUDE_CODE_ENABLE_PROMPT_SUGGESTION",
      "permissions.disableAutoMode",
      // RealClientTests
      "CLAUDE_CODE_MODEL_CAPABILITIES", "CLAUDE_CONFIG_DIR", "availableModels",
      // LongConversationTests
      "CLAUDE_CODE_BLOCKING_LIMIT_OVERRIDE",
      // Here
      "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
      "CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL", "CLAUDE_CODE_ENABLE_TELEMETRY",
      // Its spelling in lower case goes with NO_PROXY.
      "no_proxy",
    ]
    // No client takes less than 300 s of it, so that no test can wait for it: its row says what was measured.
    let tooLong: Set<String> = ["CLAUDE_STREAM_IDLE_TIMEOUT_MS"]
    let settings = ClientSettings(
      .init(
        baseURL: "http://127.0.0.1:1", model: "m", contextWindow: 65_536,
        lateSystemMessage: .avoid, configurationFolder: "/c",
        availableModels: ["m"]))
    let tested = Set(Self.cases.map(\.setting)).union(elsewhere).union(tooLong)
    for variable in settings.variables where variable.action != .unset {
      #expect(tested.contains(variable.name), "\(variable.name) has no test")
    }
    for setting in settings.settings {
      #expect(tested.contains(setting.key), "\(setting.key) has no test")
    }
  }
}
