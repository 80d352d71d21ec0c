import Setup
import Support
import SystemPackage
import Testing

/// The newest real client on a real engine: what the tests of settings, caching and tools stand on.
@Suite(.requires(.engine, .busybox, .superuser, .namespace, .claude(.a)))
struct EngineTests {
  @Test func theClientShowsTheAnswerAndTheEngineKeepsThePrefix() async throws {
    let network = try await Namespace()
    let engine = try await LlamaServer(in: network)
    let home = try TemporaryHome()
    for prompt in ["hello", "good evening"] {
      let result = try await ask(prompt, engine, network, home)
      #expect(result.output.contains("The toy model always gives this one answer."))
    }
    // The second conversation begins as the first did: most of its tokens are there already.
    let evaluated = try text(of: engine.log).split(separator: "\n")
      .filter { $0.contains("prompt eval time") }
      .compactMap { $0.split(separator: "/").last?.split(separator: " ").first.flatMap { Int($0) } }
    try #require(evaluated.count == 2, "\(evaluated)")
    #expect(evaluated[0] > 500)
    #expect(evaluated[1] < evaluated[0] / 4)
    await engine.stop()
  }

  @Test func aToolIsCalledAndItsResultComesBack() async throws {
    let network = try await Namespace()
    let secret = try TemporaryFolder.make("secret").appending("word.txt")
    try write("the secret word is PLUMBAGO\n".utf8, to: secret)
    let model = ToyModel(
      reply: "The file was read.", call: .init("Read", #"{"file_path": "\#(secret)"}"#))
    let engine = try await LlamaServer(in: network, model)
    let result = try await ask("read it", engine, network, try TemporaryHome())
    #expect(result.output.contains(#"1\tthe secret word is PLUMBAGO"#))
    #expect(result.output.contains("The file was read."))
    await engine.stop()
  }

  @Test func aStrictTemplateRefusesALateSystemMessage() async throws {
    let network = try await Namespace()
    let engine = try await LlamaServer(in: network, ToyModel(isStrict: true))
    let body = """
      {"model":"m","max_tokens":9,"messages":[{"role":"user","content":"a"},\
      {"role":"system","content":"late"},{"role":"user","content":"b"}]}
      """
    let answer = try await network.run(
      Part.busyboxPath.string,
      ["wget", "-S", "-O", "-", "--post-data", body, "\(engine.url)/v1/messages"])
    #expect(!answer.succeeded)
    #expect(answer.error.contains("400"))
    await engine.stop()
  }

  /// The home is the working folder too, which the prompt names near its start.
  private func ask(
    _ prompt: String, _ engine: LlamaServer, _ network: Namespace, _ home: TemporaryHome
  ) async throws -> ProgramResult {
    var variables = home.environment
    variables["ANTHROPIC_BASE_URL"] = engine.url
    variables["ANTHROPIC_AUTH_TOKEN"] = "dummy"
    variables["ANTHROPIC_MODEL"] = "toy"
    variables["CLAUDE_CODE_MAX_RETRIES"] = "0"
    // That header differs in each conversation and stands before everything else.
    variables["CLAUDE_CODE_ATTRIBUTION_HEADER"] = "0"
    return try await network.run(
      ClaudeVersion.a.path.string,
      [
        "-p", prompt, "--bare", "--allowedTools=Read", "--verbose",
        "--output-format", "stream-json",
      ],
      environment: variables, folder: home.path)
  }
}
