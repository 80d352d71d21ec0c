import Setup
import Support
import Testing

private let url = "https://llm.example.internal"

/// What servers say of themselves, as their documentation has it; llama.cpp's own answers are in the end-to-end tests.
@Suite("Engines: a server elsewhere says what it is", .timeLimit(.minutes(4)))
struct ServerFindingsTests {
  private func ask(_ answers: [String: (Int, String)]) async throws(Failure) -> ServerFindings {
    let scripted = ScriptedWorld()
    let questions = [
      "GET /api/version", "GET /v1/models", "POST /v1/messages", "POST /v1/messages/count_tokens",
      "GET /props", "GET /version", "GET /api/v0/models", "GET /metrics", "GET /slots",
    ]
    for question in questions {
      let (status, body) = answers[question] ?? (404, "not found")
      let (method, path) = (question.split(separator: " ")[0], question.split(separator: " ")[1])
      scripted.web("\(method) \(url)\(path)", status: status, body)
    }
    return try await ServerFindings.ask(url, in: scripted.world)
  }

  @Test func ollama() async throws {
    let found = try await ask(["GET /api/version": (200, #"{"version":"0.32.15"}"#)])
    #expect(found == ServerFindings(url: url, product: .ollama, version: "0.32.15", models: []))
  }

  @Test func vLLM() async throws {
    let found = try await ask([
      "GET /v1/models": (
        200,
        #"{"object":"list","data":[{"id":"team-coder","object":"model","max_model_len":131072}]}"#
      ),
      "GET /version": (200, #"{"version":"0.21.0"}"#), "POST /v1/messages": (400, "{}"),
      "GET /metrics": (200, "# HELP vllm:prompt_tokens_total x\nvllm:prompt_tokens_total{} 12.0\n"),
    ])
    #expect(
      found
        == ServerFindings(
          url: url, product: .vLLM, version: "0.21.0",
          models: [.init(name: "team-coder", contextWindow: 131_072)], countsTokens: false,
          record: .metrics))
    #expect(found.title == "vLLM 0.21.0")
  }

  @Test func lmStudio() async throws {
    let found = try await ask([
      "GET /v1/models": (200, #"{"data":[{"id":"openai/gpt-oss-20b"},{"id":"other"}]}"#),
      "GET /api/v0/models": (
        200,
        #"{"data":[{"id":"openai/gpt-oss-20b","max_context_length":131072,"loaded_context_length":32768}]}"#
      ),
      "POST /v1/messages": (400, ""),
    ])
    #expect(found.product == .lmStudio && found.record == nil)
    #expect(
      found.models == [
        .init(name: "openai/gpt-oss-20b", contextWindow: 32_768), .init(name: "other"),
      ])
  }

  @Test func aGateway() async throws {
    let found = try await ask([
      "GET /v1/models": (200, #"{"data":[{"id":"m"}]}"#), "POST /v1/messages": (422, ""),
      "POST /v1/messages/count_tokens": (422, ""),
    ])
    #expect(found.product == .other && found.countsTokens && found.version == nil)
  }

  @Test(
    "What cannot be used says why",
    arguments: [
      (["GET /api/version": (401, "")], "wants a token"),
      (["GET /v1/models": (403, "")], "wants a token"),
      (["GET /v1/models": (200, "<html>")], "There is no server for Claude Code"),
      (["GET /v1/models": (200, #"{"data":[{"id":"m"}]}"#)], "has no Anthropic Messages API"),
    ] as [([String: (Int, String)], String)])
  func refused(answers: [String: (Int, String)], what: String) async {
    let failure = await #expect(throws: Failure.self) { try await ask(answers) }
    #expect(failure?.what.contains(what) == true, "\(String(describing: failure))")
    #expect(failure?.tryNext.isEmpty == false)
  }
}
