import NIOHTTP1
import Setup
import Support
import SystemPackage
import Testing

/// `claude-local` with the real client, in a network of its own with one listener.
@Suite(.serialized, .requires(.namespace, .superuser, .claude(.a), .program("bash")))
struct RealClientTests {
  static let model = "qwen3-coder:30b-64k"
  static let fableModel = "library/qwen3-coder:30b-64k"

  /// A home with `claude-local`, the client on its PATH, and what a case adds.
  struct Place {
    let network: Namespace
    let listener: RecordingListener
    let url: String
    let home: TemporaryHome

    init(
      _ version: ClaudeVersion = .a, _ entries: [String: TemporaryHome.Entry] = [:],
      without name: String? = nil, setting values: [String: String] = [:],
      answering: RecordingListener.Answering = .pong, watchingAttempts: Bool = false,
      change: (inout ClientSettings.Input, TemporaryHome) -> Void = { _, _ in }
    ) async throws {
      network = try await Namespace(watchingAttempts: watchingAttempts)
      let (socket, port) = try network.listeningSocket()
      listener = try await RecordingListener(socket: socket, answering: answering)
      url = "http://127.0.0.1:\(port)"
      var input = ClientSettings.Input(
        baseURL: url, model: RealClientTests.model, contextWindow: 65_536)
      input.fableModel = RealClientTests.fableModel
      home = try TemporaryHome(entries)
      change(&input, home)
      try home.put(.link(to: version.path.string), at: ".local/bin/claude")
      try home.put(.folder(), at: "work")
      var settings = ClientSettings(input)
      settings.variables.removeAll {
        $0.name == name || ($0.name == "no_proxy" && name == "NO_PROXY")
      }
      for index in settings.variables.indices {
        guard let value = values[settings.variables[index].name] else { continue }
        settings.variables[index].action = .set(value)
      }
      settings.settings.removeAll { $0.key == name }
      var document = try settings.document()
      // These stand in the template itself.
      if let key = name?.split(separator: ".").last,
        ["apiKeyHelper", "disableAutoMode"].contains(key)
      {
        document = document.split(separator: "\n").filter { !$0.contains(key) }
          .joined(separator: "\n")
      }
      try home.put(.file(document), at: RecorderHome.document)
      for shell in Shell.allCases {
        let text = try settings.function(
          for: shell, document: home[RecorderHome.document],
          proxyDocument: home[RecorderHome.proxyDocument], client: nil, home: home.path)
        try home.put(.file(text), at: RecorderHome.functionFile(shell))
      }
    }

    /// Runs `claude-local` with the arguments; answers its result and the prompts that came.
    func run(
      _ arguments: String = "-p hi", in shell: Shell = .bash, environment: [String: String] = [:]
    ) async throws -> (result: ProgramResult, prompts: [RecordingListener.Request]) {
      let before = listener.requests.count
      let source = shell == .fish ? "" : ". \"$HOME/\(RecorderHome.functionFile(shell))\"\n"
      let result = try await network.run(
        shell.rawValue, ["-c", source + "claude-local " + arguments],
        environment: home.environment.merging(environment) { $1 }
          // What fails is to fail at once here.
          .merging(["CLAUDE_CODE_MAX_RETRIES": "0"]) { $1 },
        folder: home["work"], within: .seconds(60))
      return (result, listener.requests.dropFirst(before).filter { $0.prompt != nil })
    }
  }

  @Test(.requires(.program("zsh"), .program("fish")), arguments: Shell.allCases)
  func reachesTheEngine(shell: Shell) async throws {
    let place = try await Place()
    let found = try await place.run(in: shell)
    expectLocal(found)
    let prompt = try #require(found.prompts.first?.prompt)
    #expect(prompt.maxTokens == 8_192)
    // The header that would cost the prompt cache.
    #expect(
      prompt.system?.contains { $0.text?.contains("x-anthropic-billing-header") == true } == false)
    // One request a prompt, and nothing else asked of the engine.
    #expect(place.listener.requests.count == 1)
    // Known to the client as a context of this size: no word about a window of 1m tokens.
    #expect(!found.result.error.contains("1m tokens"))
    try await place.listener.end()
  }

  static let hostileEnvironment = [
    "ANTHROPIC_BASE_URL": "http://localhost:9/v1", "ANTHROPIC_API_KEY": "sk-ant-api03-x",
    "ANTHROPIC_AUTH_TOKEN": "other", "ANTHROPIC_MODEL": "claude-opus-5-5",
    "ANTHROPIC_CUSTOM_HEADERS": "x-hostile: 1", "ANTHROPIC_UNIX_SOCKET": "/nowhere",
    "CLAUDE_CODE_OAUTH_TOKEN": "sk-ant-oat01-x", "CLAUDE_CODE_SUBAGENT_MODEL": "other",
    "CLAUDE_CODE_USE_BEDROCK": "1", "CLAUDE_CODE_USE_VERTEX": "1", "CLAUDE_CODE_USE_FOUNDRY": "1",
    "CLAUDE_CODE_USE_MANTLE": "1", "CLAUDE_CODE_USE_ANTHROPIC_AWS": "1",
    "CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD": "1", "CLAUDE_CODE_USE_GATEWAY": "1",
  ]
  static let deadProxies = [
    "HTTP_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9",
    "ALL_PROXY": "socks5://127.0.0.1:9", "NO_PROXY": "corp.example",
  ]
  static func hostileSettings(for version: ClaudeVersion) -> String {
    // 2.1.142 and 2.1.81 take a socket from the user's file before `--settings` is read: see
    // `aSocketInTheUsersFileBeatsTwoOldClients`.
    let env = hostileEnvironment.filter {
      $0.key != "ANTHROPIC_UNIX_SOCKET" || version == .a || version == .d
    }.map { "\"\($0)\": \"\($1)\"" }.joined(separator: ", ")
    return "{\"env\": {\(env)}, \"apiKeyHelper\": \"echo helper-key\", \"model\": \"opus\"}"
  }

  /// Everything at once that was measured to send the client elsewhere, in the process, in the person's settings file
  /// and in the project's.
  @Test(
    .requires(.claude(.b), .claude(.c), .claude(.d), .program("zsh"), .program("fish")),
    arguments: [
      (ClaudeVersion.a, Shell.bash, nil), (.a, .zsh, ".claude/settings.json"),
      (.a, .fish, ".claude/settings.json"), (.a, .bash, "work/.claude/settings.json"),
      (.a, .bash, "work/.claude/settings.local.json"), (.b, .bash, ".claude/settings.json"),
      (.c, .bash, ".claude/settings.json"), (.d, .bash, ".claude/settings.json"),
    ])
  func overcomesAHostileHome(version: ClaudeVersion, shell: Shell, file: String?) async throws {
    let entries = file.map { [$0: TemporaryHome.Entry.file(Self.hostileSettings(for: version))] }
    let place = try await Place(version, entries ?? [:], watchingAttempts: true)
    expectLocal(
      try await place.run(
        in: shell, environment: Self.hostileEnvironment.merging(Self.deadProxies) { $1 }))
    // Even the one name that 2.1.81 looks up is left to the proxies here.
    #expect(try await place.network.attempts() == [])
    try await place.listener.end()
  }

  /// The one thing that `claude-local` cannot overcome in a user's settings file: the day it can, this test says so.
  @Test(.requires(.claude(.b), .claude(.c)), arguments: [ClaudeVersion.b, .c])
  func aSocketInTheUsersFileBeatsTwoOldClients(version: ClaudeVersion) async throws {
    let settings = #"{"env": {"ANTHROPIC_UNIX_SOCKET": "/nowhere"}}"#
    let place = try await Place(version, [".claude/settings.json": .file(settings)])
    let (result, prompts) = try await place.run()
    #expect(result.output == "API Error: Unable to connect to API (FailedToOpenSocket)")
    #expect(prompts.isEmpty)
    expectLocal(try await place.run("--setting-sources project,local -p hi"))
    try await place.listener.end()
  }

  /// A proxy in the settings file, and no list of exceptions there: the one of the process counts.
  @Test func overcomesAProxyOfTheSettingsFile() async throws {
    let settings =
      #"{"env": {"HTTPS_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}}"#
    let place = try await Place(.a, [".claude/settings.json": .file(settings)])
    expectLocal(try await place.run(environment: ["NO_PROXY": "corp.example"]))
    try await place.listener.end()
  }

  @Test(arguments: [
    ("--model sonnet -p hi", model), ("--model haiku -p hi", model), ("--model opus -p hi", model),
    ("--model fable -p hi", fableModel), ("-p --model qwen3-coder-64k hi", "qwen3-coder-64k"),
    ("--model claude-sonnet-4-6 -p hi", "claude-sonnet-4-6"),
  ])
  func aModelOfThePersonsIsTaken(arguments: String, model: String) async throws {
    let place = try await Place()
    expectLocal(try await place.run(arguments), model: model)
    try await place.listener.end()
  }

  @Test func aRestrictedListOfModelsIsWidened() async throws {
    let file = [
      ".claude/settings.json": TemporaryHome.Entry.file(#"{"availableModels":["sonnet"]}"#)
    ]
    let unaware = try await Place(.a, file)
    // The tiers' variables already keep it on the engine's model, with a complaint.
    let found = try await unaware.run()
    expectLocal(found)
    #expect(found.result.error.contains("restricted by your organization's settings"))
    let aware = try await Place(.a, file) { input, _ in input.availableModels = ["sonnet"] }
    let widened = try await aware.run()
    expectLocal(widened)
    #expect(!widened.result.error.contains("restricted"))
    try await unaware.listener.end()
    try await aware.listener.end()
  }

  /// The figures of the measurements, for a prompt of two letters, in bytes.
  @Test(
    .requires(.claude(.b), .claude(.c)),
    arguments: [
      (ClaudeVersion.a, Profile.full, 50_000), (.a, .lean, 21_500), (.b, .full, 104_000),
      (.b, .lean, 49_000), (.c, .full, 87_000), (.c, .lean, 39_000),
    ])
  func thePromptIsAsSmallAsMeasured(version: ClaudeVersion, profile: Profile, limit: Int)
    async throws
  {
    let place = try await Place(version) { input, _ in input.profile = profile }
    let found = try await place.run()
    expectLocal(found)
    #expect(found.prompts.count == 1)
    #expect(try #require(found.prompts.first).size <= limit)
    if profile == .lean {
      let tools = Set(found.prompts[0].prompt?.tools?.map(\.name) ?? [])
      #expect(tools.isSuperset(of: ["Bash", "Edit", "Read", "Write", "Glob", "Grep"]))
    }
    try await place.listener.end()
  }

  /// Nothing tells the model that it is another one; by its own name for that tier the client does.
  @Test(arguments: [true, false])
  func theModelIsNotTakenForAnotherOne(isSpeltOtherwise: Bool) async throws {
    let place = try await Place { input, _ in
      if !isSpeltOtherwise { input.fableModel = Self.model }
    }
    let found = try await place.run()
    let prompt = try #require(found.prompts.first)
    let says = String(decoding: prompt.body, as: UTF8.self).contains("This iteration of Claude is")
    #expect(says == !isSpeltOtherwise)
    try await place.listener.end()
  }

  @Test(arguments: ClientSettings.LateSystemMessage.allCases)
  func theLateSystemMessageIsAvoidedWhereAsked(choice: ClientSettings.LateSystemMessage)
    async throws
  {
    let place = try await Place { input, _ in
      input.lateSystemMessage = choice
    }
    let found = try await place.run()
    expectLocal(found)
    let roles = found.prompts.first?.prompt?.messages.map(\.role)
    #expect(roles?.contains("system") == (choice == .keep))
    try await place.listener.end()
  }

  @Test func withoutItsDocumentAHostileSettingsFileIsNotRead() async throws {
    let place = try await Place(.a, [".claude/settings.json": .file(Self.hostileSettings(for: .a))])
    try TemporaryFolder.remove(place.home[RecorderHome.document])
    expectLocal(try await place.run())
    try await place.listener.end()
  }

  @Test func anOwnConfigurationFolderLeavesThePersonsAlone() async throws {
    let place = try await Place(.a, [".claude/settings.json": "{}"]) { input, home in
      input.configurationFolder = home["own"].string
    }
    let before = try Tree(of: place.home[".claude"])
    expectLocal(try await place.run())
    #expect(try Tree(of: place.home[".claude"]) == before)
    #expect(try Tree(of: place.home["own"]).nodes[".claude.json"] != nil)
    try await place.listener.end()
  }
}

/// The answer came from our listener: the right path, the right credential and no other, the right model.
func expectLocal(
  _ found: (result: ProgramResult, prompts: [RecordingListener.Request]),
  model: String = RealClientTests.model,
  _ location: SourceLocation = #_sourceLocation
) {
  #expect(found.result.code == 0, "\(found.result.output)", sourceLocation: location)
  #expect(found.result.output == "pong", sourceLocation: location)
  // A document with one value that the client does not know has no effect at all.
  #expect(!found.result.error.contains("did not load"), sourceLocation: location)
  #expect(!found.prompts.isEmpty, sourceLocation: location)
  for prompt in found.prompts {
    #expect(prompt.path == "/v1/messages?beta=true", sourceLocation: location)
    #expect(prompt.headers["Authorization"] == ["Bearer ollama"], sourceLocation: location)
    #expect(prompt.headers["x-api-key"].isEmpty, sourceLocation: location)
    #expect(prompt.headers["x-hostile"].isEmpty, sourceLocation: location)
    #expect(prompt.prompt?.model == model, sourceLocation: location)
  }
}
