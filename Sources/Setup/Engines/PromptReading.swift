#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a server says of a prompt that it answered in one piece.
///
/// In one piece, since only then does Ollama 0.14.3 tell the tokens of the prompt (docs/measurements.md).
struct PromptReading: Sendable {
  /// Tokens of the prompt as it reached the model, in the cache or not.
  var promptTokens: Int
  /// Those of them that were evaluated for this answer; all of them where the server does not tell.
  var evaluatedTokens: Int
  /// From the request to the answer.
  var seconds: Double
  var content: [JSON]

  var text: String { content.compactMap { $0["text"]?.text }.joined() }
  /// The first tool that is asked for, with its arguments.
  var call: (name: String, input: JSON)? {
    content.lazy.compactMap { block in
      guard block["type"]?.text == "tool_use", let name = block["name"]?.text else { return nil }
      return (name, block["input"] ?? [:])
    }.first
  }
}

extension OllamaServer {
  /// Sends one prompt to `/v1/messages`.
  /// - Throws: a `Failure` with the server's own words for a refusal.
  func evaluate(
    _ prompt: String, tools: [JSON] = [], on model: String, maxTokens: Int, clock: Clock,
    within limit: Duration
  ) async throws(Failure) -> PromptReading {
    var body: JSON = [
      "model": .string(model), "max_tokens": .number("\(maxTokens)"),
      "messages": .array([["role": "user", "content": .string(prompt)]]),
    ]
    if !tools.isEmpty { body["tools"] = .array(tools) }
    let began = clock.now()
    let response = try await send("POST", "/v1/messages", body, limit: limit)
    let seconds = clock.now().timeIntervalSince(began)
    guard response.status == 200, let answer = try? JSON.parse(response.body) else {
      let words = (try? JSON.parse(response.body))?["error"]?["message"]?.text
      throw Failure(
        "The model \(printable(model)) refused the prompt",
        why:
          "\(url)/v1/messages answered \(response.status): \(printable(String((words ?? response.text).prefix(300))))"
      )
    }
    let usage = answer["usage"]
    let evaluated = usage?["input_tokens"]?.int ?? 0
    let cached =
      (usage?["cache_read_input_tokens"]?.int ?? 0)
      + (usage?["cache_creation_input_tokens"]?.int ?? 0)
    // Of an empty answer `content` is null (measured).
    return PromptReading(
      promptTokens: evaluated + cached, evaluatedTokens: evaluated, seconds: seconds,
      content: answer["content"]?.elements ?? [])
  }
}
