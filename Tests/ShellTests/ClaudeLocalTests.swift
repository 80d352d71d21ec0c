import Setup
import Support
import Testing

@Suite(.requires(.program("bash"), .program("zsh"), .program("fish")))
struct ClaudeLocalTests {
  static let hostile = "it's \"a\" $(touch /tmp/never) `x` \\ \n ü €{}*?~ end\\"
  let input = ClientSettings.Input(
    baseURL: "http://127.0.0.1:11434", model: "qwen3:1.7b-64k", contextWindow: 65_536)

  /// What a work machine may export.
  static let foreign = [
    "CLAUDE_CODE_USE_BEDROCK": "1", "CLAUDE_CODE_USE_VERTEX": "1", "ANTHROPIC_UNIX_SOCKET": "/x",
    "ANTHROPIC_BASE_URL": "http://localhost:11434/v1", "ANTHROPIC_API_KEY": "sk-ant-api03-x",
    "ANTHROPIC_CUSTOM_HEADERS": "x: y", "ANTHROPIC_SMALL_FAST_MODEL": "other",
  ]

  @Test(arguments: Shell.allCases)
  func passesTheTableAndTheArguments(shell: Shell) async throws {
    let home = try RecorderHome(ClientSettings(input))
    let (result, call) = try await home.run(
      shell, "claude-local -p 'two words' '' '*' --model sonnet", environment: Self.foreign)
    #expect(result == ProgramResult(code: 0, output: "pong\n"))
    let found = try #require(call)
    #expect(
      found.arguments == [
        "--settings", "\(home.folder)/\(RecorderHome.document)", "-p", "two words", "", "*",
        "--model", "sonnet",
      ])
    for variable in home.settings.variables {
      switch variable.action {
      case .set(let value), .preset(let value): #expect(found.environment[variable.name] == value)
      case .unset: #expect(found.environment[variable.name] == nil, "\(variable.name)")
      case .append(let hosts, _):
        #expect(found.environment[variable.name] == hosts.joined(separator: ","))
      }
    }
  }
}
