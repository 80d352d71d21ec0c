import Setup
import Support
import SystemPackage
import Testing

/// A network with a proxy, what stands on both sides of it, and a browser: one for all the tests of the page, since a
/// browser takes seconds to start.
///
/// What has passed, oldest first: a session of client A with two subagents (from an engine that tells a story), two
/// turns of client B with its attribution header on and a prompt that did not fit (from the stand-in), a request with a
/// wrong base URL, and one for a model that is not there.
struct ProxyPageStage: Sendable {
  let person: Person
  let browser: Browser
  let record: FilePath
  let url = "http://127.0.0.1:4000"

  @TaskLocal static var current: ProxyPageStage?

  fileprivate static func use(_ body: @Sendable () async throws -> Void) async throws {
    try await Person.alone(
      [.ollama],
      files: [
        "work/notes.txt": "The garden has a north bed and a south bed.\n",
        "work/north.txt": "leeks\nleeks\nleeks\n", "work/south.txt": "beans\nbeans\n",
      ]
    ) { person in
      let record = try TemporaryFolder.make("record").appending("record.jsonl")
      let engine = try await StoryEngine(in: person.network)
      let story = try await person.proxy("http://127.0.0.1:\(engine.port)", record: record)
      try await person.ask(.a, "What grows in my garden, and how much of it?")
      await story.end()
      try await engine.end()

      let models = ["OLLAMA_MODELS": person.home["models"].string]
      var server = try await person.serve(
        with: models.merging(["OLLAMA_CONTEXT_LENGTH": "65536"]) { $1 })
      try await person.call("ollama", ["pull", "qwen3:1.7b"]).succeed()
      let proxy = try await person.proxy("http://127.0.0.1:11434", record: record)
      let billed = ["CLAUDE_CODE_ATTRIBUTION_HEADER": "1"]
      try await person.ask(.b, "hello", with: billed)
      try await person.ask(.b, "and again", continues: true, with: billed)
      await server.end()
      server = try await person.serve(with: models)
      try await person.ask(.a, "a prompt that is longer than the context")
      _ = try await person.web(
        "/v1/v1/messages", port: 4000,
        post:
          #"{"model": "qwen3:1.7b", "max_tokens": 9, "messages": [{"role": "user", "content": "</script><img src=/x onerror=alert(1)>"}]}"#
      )
      _ = try? await person.web(
        "/v1/messages", port: 4000,
        post:
          #"{"model": "mistral", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}"#
      )
      let browser = try await Browser(in: person.network)
      let stage = ProxyPageStage(person: person, browser: browser, record: record)
      try await $current.withValue(stage) { try await body() }
      await browser.end()
      await proxy.end()
      await server.end()
    }
  }
}

extension ProxyPageStage {
  /// What has passed, oldest first, without the bodies.
  func exchanges() async throws -> [JSON] {
    let list = try JSON.parse(try await person.web("/_proxy/list", port: 4000))
    return (list["exchanges"]?.elements ?? []).sorted {
      ($0["id"]?.int ?? 0) < ($1["id"]?.int ?? 0)
    }
  }

  /// One exchange with its headers and bodies.
  func exchange(_ id: Int) async throws -> JSON {
    try JSON.parse(try await person.web("/_proxy/exchange/\(id)", port: 4000))
  }

  /// The number of the first exchange that the condition holds for.
  func first(where condition: (JSON) -> Bool) async throws -> Int {
    try #require(try await exchanges().first(where: condition)?["id"]?.int)
  }
}

/// Gives the tests of a suite one stage.
struct ProxyPageStageTrait: SuiteTrait, TestScoping {
  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await ProxyPageStage.use(function)
  }
}

extension Trait where Self == ProxyPageStageTrait {
  static var proxyPageStage: Self { Self() }
}

extension Person {
  /// Starts the proxy and waits until it answers.
  func proxy(
    _ upstream: String, port: Int = 4000, record: FilePath
  ) async throws -> RunningProgram {
    let program = try RunningProgram(
      call(
        "ccl-setup",
        [
          "proxy", "--upstream", upstream, "--listen", "127.0.0.1:\(port)", "--record",
          record.string,
        ]), output: try TemporaryFolder.make("proxy").appending("log"))
    try await eventually(within: .seconds(20)) { try? await web("/_proxy/list", port: port) }
    return program
  }

  /// One prompt of the real client through the proxy, in a configuration folder that each version has for itself.
  func ask(
    _ client: ClaudeVersion, _ prompt: String, continues: Bool = false, options: [String] = [],
    port: Int = 4000,
    with variables: [String: String] = [:]
  ) async throws {
    let settings = [
      "ANTHROPIC_BASE_URL": "http://127.0.0.1:\(port)", "ANTHROPIC_AUTH_TOKEN": "local",
      "ANTHROPIC_MODEL": "qwen3:1.7b", "ANTHROPIC_DEFAULT_HAIKU_MODEL": "qwen3:1.7b",
      "CLAUDE_CODE_ATTRIBUTION_HEADER": "0", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
      "CLAUDE_CODE_MAX_RETRIES": "0", "DISABLE_AUTOUPDATER": "1",
      "CLAUDE_CONFIG_DIR": home["configuration-\(client.rawValue)"].string,
    ]
    var call = call(
      client.path.string, ["-p"] + (continues ? ["--continue"] : []) + options + [prompt],
      settings.merging(variables) { $1 })
    call.folder = home["work"].string
    try await call.succeed(within: .seconds(60))
  }
}
