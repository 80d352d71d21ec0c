import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What one streamed request told about a model's speed.
public struct EngineReading: Sendable, Hashable, Codable {
  /// Tokens of the prompt, as the server counted them.
  public var promptTokens: Int
  /// Tokens of the answer.
  public var outputTokens: Int
  /// From the request to the first event: loading and the whole prompt evaluation.
  public var secondsToFirstToken: Double
  /// From the first event to the last.
  public var secondsOfGeneration: Double
  public var text: String

  /// `nil` for answers too short to tell.
  public var tokensPerSecond: Double? {
    secondsOfGeneration > 0.001 && outputTokens > 1
      ? Double(outputTokens - 1) / secondsOfGeneration : nil
  }
}

extension OllamaServer {
  /// Sends one short prompt to `/v1/messages`, streaming, and measures the answer.
  ///
  /// A 200 stream may end without `message_stop` when the runner dies (measured): that is a failure here.
  public func read(
    _ model: String, prompt: String, maxTokens: Int = 64, clock: Clock, within limit: Duration
  ) async throws(Failure) -> EngineReading {
    let state = Shared(AnswerStream())
    let began = clock.now()
    do {
      let request = request(
        "POST", "/v1/messages",
        [
          "model": .string(model), "max_tokens": .number("\(maxTokens)"), "stream": .bool(true),
          "messages": .array([
            ["role": "user", "content": .string(prompt)]
          ]),
        ], limit: limit)
      try await network.stream(request) { head in
        state.update { $0.status = head.status }
      } _: { bytes in
        let now = clock.now().timeIntervalSince(began)
        state.update { $0.receive(bytes, at: now) }
      }
    } catch let problem as NetworkProblem {
      throw failure(problem)
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure("The model did not answer", why: "\(error)", code: .interrupted)
    }
    let end = state.value
    guard end.status == 200 else {
      throw Failure(
        "The model \(printable(model)) did not answer",
        why: "\(url)/v1/messages answered \(end.status): \(printable(end.refusal))",
        tryNext: ["`ccl-setup doctor`"])
    }
    guard end.isWhole else {
      throw Failure(
        "The model \(printable(model)) broke off in mid-answer",
        why: "the stream ended without message_stop: its process died, often for want of memory",
        tryNext: ["`ccl-setup logs`", "Choose a smaller model or context: `ccl-setup`"])
    }
    return EngineReading(
      promptTokens: end.promptTokens, outputTokens: end.outputTokens,
      secondsToFirstToken: end.first ?? 0, secondsOfGeneration: (end.last ?? 0) - (end.first ?? 0),
      text: end.text)
  }
}

/// The assembled events of one answer.
struct AnswerStream: Sendable {
  var status = 0
  var first: Double?
  var last: Double?
  var text = ""
  /// Tokens of the prompt that were evaluated; all of them where the server does not tell what it had already.
  var promptTokens = 0
  /// Tokens of the prompt that the server had already; `nil` where it does not tell (Ollama).
  var cachedTokens: Int?
  var outputTokens = 0
  var isWhole = false
  private var body: [UInt8] = []
  private var lines = LineSplitter()

  var refusal: String {
    struct Refusal: Decodable {
      struct Inner: Decodable { var message: String }
      var error: Inner
    }
    return (try? JSONDecoder().decode(Refusal.self, from: Data(body)).error.message)
      ?? String(String(decoding: body, as: UTF8.self).prefix(200))
  }

  mutating func receive(_ bytes: [UInt8], at moment: Double) {
    if body.count < 4096 { body += bytes.prefix(4096) }
    if first == nil { first = moment }
    last = moment
    for line in lines.split(bytes) where line.starts(with: Array("data:".utf8)) {
      let event: Event
      // A line that is no event of ours is no answer either; `isWhole` stays false when it matters.
      do {
        event = try JSONDecoder.snakeCase.decode(Event.self, from: Data(line.dropFirst(5)))
      } catch {
        continue
      }
      for usage in [event.message?.usage, event.usage].compactMap({ $0 }) {
        promptTokens = usage.inputTokens ?? promptTokens
        cachedTokens = usage.cacheReadInputTokens ?? cachedTokens
      }
      outputTokens = event.usage?.outputTokens ?? outputTokens
      text += event.delta?.text ?? ""
      if event.type == "message_stop" { isWhole = true }
    }
  }

  private struct Event: Decodable {
    struct Usage: Decodable {
      var inputTokens: Int?
      var cacheReadInputTokens: Int?
      var outputTokens: Int?
    }
    struct Message: Decodable { var usage: Usage? }
    struct Delta: Decodable { var text: String? }
    var type: String
    var message: Message?
    var usage: Usage?
    var delta: Delta?
  }
}
