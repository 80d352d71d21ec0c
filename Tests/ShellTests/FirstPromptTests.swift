import Setup
import Support
import SystemPackage
import Testing

/// How long the first prompt is, counted by a real llama-server.
///
/// The goals are in tokens of the measurement's own tokenizer, which nobody has here; every other one counts other numbers
/// (this model's: 16,200 where that one said 10,811). What two prompts have to each other is the same in all: so the goals
/// are kept as shares of what the settings of `ollama launch claude` send, which was measured beside them.
@Suite(
  .serialized,
  .requires(
    .namespace, .superuser, .busybox, .engine, .claude(.a), .claude(.b), .claude(.c),
    .program("bash")), .timeLimit(.minutes(4)))
struct FirstPromptTests {
  /// In tokens of the measurement.
  struct Goal: Sendable, CustomTestStringConvertible {
    var version: ClaudeVersion
    /// With the settings of `ollama launch claude`: measured.
    var launched: Double
    var full: Double
    var lean: Double
    var testDescription: String { version.number }
  }

  @Test(arguments: [
    Goal(version: .a, launched: 10_499, full: 10_900, lean: 4_900),
    Goal(version: .b, launched: 23_835, full: 23_900, lean: 11_300),
    Goal(version: .c, launched: 19_453, full: 19_500, lean: 8_700),
  ])
  func isAsShortAsTheGoal(_ goal: Goal) async throws {
    let full = try await RealClientTests.Place(goal.version)
    let lean = try await RealClientTests.Place(goal.version) { input, _ in input.profile = .lean }
    let engine = try await LlamaServer(in: full.network)
    func tokens(_ found: TakenAwayTests.Found) async throws -> Double {
      let body = try TemporaryFolder.make("prompt").appending("body.json")
      try write(try #require(found.prompts.first).body, to: body)
      let answer = try await full.network.inside(
        .clean(
          Part.busyboxPath.string,
          [
            "wget", "-q", "-O", "-", "--header", "content-type: application/json",
            "--post-file", body.string, "\(engine.url)/v1/messages/count_tokens",
          ])
      ).succeed()
      return Double(try #require(try JSON.parse(answer)["input_tokens"]?.int))
    }
    let launched = try await tokens(try await launch(full))
    let ours = try await tokens(try await full.run("-p hi"))
    let short = try await tokens(try await lean.run("-p hi"))
    #expect(ours / launched <= goal.full / goal.launched, "\(ours) of \(launched)")
    #expect(short / launched <= goal.lean / goal.launched, "\(short) of \(launched)")
    await engine.stop()
    for place in [full, lean] { try await place.listener.end() }
  }

  /// The client as `ollama launch claude` starts it (0.32.15).
  private func launch(_ place: RealClientTests.Place) async throws -> TakenAwayTests.Found {
    var variables = place.home.environment
    let model = RealClientTests.model
    variables.merge([
      "ANTHROPIC_BASE_URL": place.url, "ANTHROPIC_API_KEY": "", "ANTHROPIC_AUTH_TOKEN": "ollama",
      "CLAUDE_CODE_ATTRIBUTION_HEADER": "0", "ANTHROPIC_DEFAULT_OPUS_MODEL": model,
      "ANTHROPIC_DEFAULT_SONNET_MODEL": model, "ANTHROPIC_DEFAULT_HAIKU_MODEL": model,
      "CLAUDE_CODE_SUBAGENT_MODEL": model,
    ]) { $1 }
    let before = place.listener.requests.count
    let result = try await place.network.run(
      "claude", ["--model", model, "-p", "hi"], environment: variables,
      folder: place.home["work"])
    return (result, place.listener.requests.dropFirst(before).filter { $0.prompt != nil })
  }
}
