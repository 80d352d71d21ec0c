import Setup
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct ClientSettingsTests {
  private let input = ClientSettings.Input(
    baseURL: "http://127.0.0.1:11434", model: "qwen3-coder:30b-64k", contextWindow: 65_536)

  private struct Document: Decodable, Equatable {
    struct Permissions: Decodable, Equatable { var disableAutoMode: String }
    var apiKeyHelper: String
    var availableModels: [String]?
    var permissions: Permissions
    var env: [String: String]
  }

  private func document(_ settings: ClientSettings) throws -> Document {
    try JSONDecoder().decode(Document.self, from: Data(settings.document().utf8))
  }

  @Test func everyVariableIsInTheProcessOnceAndRepeatedInTheDocument() throws {
    let settings = ClientSettings(input)
    let env = try document(settings).env
    #expect(Set(settings.variables.map(\.name)).count == settings.variables.count)
    for variable in settings.variables {
      #expect(!variable.reason.isEmpty && !variable.source.isEmpty)
      switch variable.action {
      case .set(let value): #expect(env[variable.name] == value)
      case .unset: #expect(env[variable.name] == "")
      case .preset, .append, .read: #expect(env[variable.name] == nil)
      }
    }
    #expect(env.count == settings.documentEnvironment.count)
  }

  @Test func allTiersAreTheOneModel() {
    let settings = ClientSettings(input)
    for name in ["MODEL"] + ["OPUS", "SONNET", "HAIKU", "FABLE"].map({ "DEFAULT_\($0)_MODEL" }) {
      #expect(
        settings.variables.first { $0.name == "ANTHROPIC_\(name)" }?.action
          == .set("qwen3-coder:30b-64k"))
    }
  }

  /// The client takes all or nothing of a document: a key that it does not expect is a document without effect.
  @Test func theDocumentHoldsTheTableAndNothingElse() throws {
    var input = input
    input.availableModels = ["sonnet", "qwen3-coder:30b-64k"]
    input.settingsNoProxy = "corp.example"
    let settings = ClientSettings(input)
    let found = try document(settings)
    #expect(found.apiKeyHelper == "")
    #expect(found.permissions.disableAutoMode == "disable")
    #expect(found.availableModels == ["qwen3-coder:30b-64k", "sonnet"])
    #expect(found.env["NO_PROXY"] == "corp.example,127.0.0.1,localhost")
    #expect(found.env["no_proxy"] == found.env["NO_PROXY"])
    #expect(
      settings.settings.map(\.key) == [
        "apiKeyHelper", "permissions.disableAutoMode", "availableModels",
      ])
    #expect(try document(ClientSettings(self.input)).availableModels == nil)
  }

  @Test func hostileValuesStayValuesInTheDocument() throws {
    let hostile = "a\"b\\c\n$(touch x)\u{7}é\u{2028}"
    let settings = ClientSettings(
      .init(
        baseURL: "http://127.0.0.1:1", model: hostile, contextWindow: 32_768,
        configurationFolder: hostile, availableModels: [hostile]))
    let found = try document(settings)
    #expect(found.env["ANTHROPIC_MODEL"] == hostile)
    #expect(found.env["CLAUDE_CONFIG_DIR"] == hostile)
    #expect(found.availableModels == [hostile])
  }

  @Test func optionsAddTheirVariablesOnly() {
    var changed = input
    changed.lateSystemMessage = .avoid
    changed.configurationFolder = "/c"
    changed.profile = .lean
    let added = Set(ClientSettings(changed).variables).subtracting(ClientSettings(input).variables)
    #expect(
      Set(added.map(\.name)) == [
        "CLAUDE_CODE_MODEL_CAPABILITIES", "CLAUDE_CONFIG_DIR",
      ])
    #expect(
      ClientSettings(changed).arguments.map(\.text) == ["--tools=Bash,Edit,Read,Write,Glob,Grep"])
    #expect(ClientSettings(input).arguments.isEmpty)
  }

  /// What the client was measured to need: 26.3k tokens for an output limit of 32,000, 10.4k for 4,096.
  @Test(arguments: [(32_000, 26_300), (4_096, 10_396)])
  func knowsTheSmallestContext(output: Int, context: Int) {
    #expect(ClientSettings.smallestContext(maxOutputTokens: output) == context)
  }

  @Test(arguments: [(16_384, 2_048), (32_768, 4_096), (65_536, 8_192), (262_144, 32_000)])
  func leavesTheClientRoom(context: Int, output: Int) {
    #expect(ClientSettings.outputTokens(inContextOf: context) == output)
    #expect(ClientSettings.smallestContext(maxOutputTokens: output) < context)
  }

  @Test(
    arguments: [
      ("http://127.0.0.1:11434", nil), ("http://localhost:1", nil), ("http://LOCALHOST", nil),
      ("http://10.1.2.3:8000/x", "10.1.2.3"), ("http://172.31.0.1", "172.31.0.1"),
      ("http://172.32.0.1", nil), ("http://192.168.1.2", "192.168.1.2"), ("http://8.8.8.8", nil),
      ("http://gpu-box:11434", "gpu-box"), ("http://gpu.local", "gpu.local"),
      ("https://user:pw@node.home.arpa/", "node.home.arpa"), ("https://models.example.com", nil),
      ("http://[::1]:11434", "::1"), ("http://[fd12::1]:1", "fd12::1"),
      ("http://[2001:db8::1]", nil),
      ("http://100.100.1.1", "100.100.1.1"), ("http://300.1.1.1", nil), ("", nil), ("http://", nil),
    ] as [(String, String?)])
  func anEngineInTheOwnNetworkIsReachedWithoutProxy(url: String, host: String?) {
    #expect(
      ClientSettings.directHosts(baseURL: url)
        == ["127.0.0.1", "localhost"] + (host.map { [$0] } ?? []))
  }
}
