import NIOCore

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// One request and its answer in a few words: a row of the page's list, a line in the terminal, and the beginning of
/// its line in the record. Times are microseconds since the request began.
public struct ExchangeSummary: Sendable, Codable, Equatable {
  public var id: Int
  /// `2026-11-23T05:00:00.123456Z`.
  public var at: String
  public var client: String
  public var method: String
  public var target: String
  /// Where the request went, if the client's base URL was wrong.
  public var repaired: String?
  public var status: Int?
  /// `complete`, or who hung up; `running` before its end, which only a page that watches is told.
  public var ending: String
  public var remark: String?
  /// Other requests on their way when this one began.
  public var others: Int
  public var requestDone: Int64?
  public var firstByte: Int64?
  public var firstToken: Int64?
  public var end: Int64
  public var requestSize: Int
  public var responseSize: Int

  public var request = PromptFacts()
  public var answer = AnswerFacts()
  public var prefix: PrefixFacts?

  /// What the request asks for.
  public struct PromptFacts: Sendable, Codable, Equatable {
    public var kind: String?
    public var model: String?
    public var session: String?
    /// The same for all requests of one conversation, another for each subagent.
    public var thread: String?
    public var stream: Bool?
    public var maxTokens: Int?
    public var systemBytes: Int?
    public var toolsBytes: Int?
    public var messagesBytes: Int?
  }

  /// What came back.
  public struct AnswerFacts: Sendable, Codable, Equatable {
    public var model: String?
    /// What `message_start` said; an estimate on Ollama.
    public var announcedTokens: Int?
    public var inputTokens: Int?
    public var cacheRead: Int?
    public var cacheCreated: Int?
    public var outputTokens: Int?
    public var stop: String?
    /// Names of the tools called, in order.
    public var called: [String]?
    public var error: String?
    /// The stream ended without `message_stop`.
    public var unfinished: Bool?
    /// The engine read far less than was sent: the prompt did not fit its context.
    public var cut: Bool?
  }

  /// How the prompt continues the one before it in the same conversation.
  public struct PrefixFacts: Sendable, Codable, Equatable {
    public var previous: Int
    /// Bytes of the former prompt, in the order system, tools, messages.
    public var total: Int
    /// How many of them begin this prompt too.
    public var kept: Int
    /// Where the first other byte is: `system`, `tools`, `messages`; nil if all was kept.
    public var broken: String?
    /// Its position in the request's body.
    public var position: Int?
    /// The element that it is in, such as `system[0]` or `tools[3] Read`.
    public var place: String?
    /// The client's attribution header, with the field that it is in, if it is there.
    public var header: String?
  }
}

extension ExchangeSummary {
  /// All tokens of the prompt, the cached ones included.
  public var promptTokens: Int? {
    guard answer.inputTokens != nil || answer.cacheRead != nil else { return nil }
    return (answer.inputTokens ?? 0) + (answer.cacheRead ?? 0) + (answer.cacheCreated ?? 0)
  }

  public var tokensPerSecond: Double? {
    guard let tokens = answer.outputTokens, tokens > 1, let first = firstToken, end > first
    else { return nil }
    return Double(tokens - 1) * 1_000_000 / Double(end - first)
  }

  /// Replaces what looks like a key in what the two sides have named and said, as in their bodies.
  mutating func redact() {
    func clean(_ text: inout String?) { text = text.map { withoutSecrets($0) } }
    method = withoutSecrets(method)
    clean(&remark)
    clean(&request.model)
    clean(&request.session)
    clean(&answer.model)
    clean(&answer.stop)
    clean(&answer.error)
    if prefix != nil { clean(&prefix!.place) }
    answer.called = answer.called?.map { withoutSecrets($0) }
  }

  /// Writes the members of the JSON object that decodes to this value.
  func write(to text: inout JSONText) {
    text.field("id", id)
    text.field("at", at)
    text.field("client", client)
    text.field("method", method)
    text.field("target", target)
    text.field("repaired", repaired)
    text.field("status", status)
    text.field("ending", ending)
    text.field("remark", remark)
    text.field("others", others)
    text.field("requestDone", requestDone)
    text.field("firstByte", firstByte)
    text.field("firstToken", firstToken)
    text.field("end", end)
    text.field("requestSize", requestSize)
    text.field("responseSize", responseSize)
    text.object("request") {
      $0.field("kind", request.kind)
      $0.field("model", request.model)
      $0.field("session", request.session)
      $0.field("thread", request.thread)
      $0.flag("stream", request.stream ?? false)
      $0.field("maxTokens", request.maxTokens)
      $0.field("systemBytes", request.systemBytes)
      $0.field("toolsBytes", request.toolsBytes)
      $0.field("messagesBytes", request.messagesBytes)
    }
    text.object("answer") { text in
      text.field("model", answer.model)
      text.field("announcedTokens", answer.announcedTokens)
      text.field("inputTokens", answer.inputTokens)
      text.field("cacheRead", answer.cacheRead)
      text.field("cacheCreated", answer.cacheCreated)
      text.field("outputTokens", answer.outputTokens)
      text.field("stop", answer.stop)
      if let called = answer.called {
        text.array("called") { for name in called { $0.string(name) } }
      }
      text.field("error", answer.error)
      text.flag("unfinished", answer.unfinished ?? false)
      text.flag("cut", answer.cut ?? false)
    }
    if let prefix {
      text.object("prefix") {
        $0.field("previous", prefix.previous)
        $0.field("total", prefix.total)
        $0.field("kept", prefix.kept)
        $0.field("broken", prefix.broken)
        $0.field("position", prefix.position)
        $0.field("place", prefix.place)
        $0.field("header", prefix.header)
      }
    }
  }
}

extension ExchangeSummary {
  /// Reads what ``write(to:)`` wrote.
  init?(json: ByteBuffer) {
    guard let summary = try? JSONDecoder().decode(Self.self, from: Data(json.readableBytesView))
    else { return nil }
    self = summary
  }
}
