import NIOCore

/// Reads what is worth knowing off an answer while its bytes come.
struct AnswerReader {
  private(set) var facts = ExchangeSummary.AnswerFacts()
  /// Bytes of the body before the end of the first piece of content's line; nil as long as none has come.
  private(set) var firstContent: Int?
  private var isStream: Bool
  private var line = ByteBuffer()
  private var skipsLine = false
  private var position = 0
  private var stopped = false

  /// Lines longer than this are content, not facts.
  private static let longestLine = 512 * 1024
  /// An answer that is one JSON text is kept up to this length to be read at its end.
  private static let longestText = 512 * 1024

  init(contentType: String?) { isStream = contentType?.hasPrefix("text/event-stream") ?? false }

  mutating func read(_ bytes: UnsafeRawBufferPointer) {
    defer { position += bytes.count }
    guard isStream else {
      if line.readableBytes + bytes.count <= Self.longestText { line.writeBytes(bytes) }
      return
    }
    var start = 0
    while start < bytes.count {
      guard let newline = bytes.position(of: .newline, from: start) else {
        if !skipsLine { line.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[start...])) }
        if line.readableBytes > Self.longestLine {
          skipsLine = true
          line = ByteBuffer()
        }
        return
      }
      let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<newline])
      if skipsLine {
        skipsLine = false
      } else if line.readableBytes > 0 {
        line.writeBytes(piece)
        let whole = line
        line.clear()
        whole.withUnsafeReadableBytes { event($0, at: position + newline) }
      } else {
        event(piece, at: position + newline)
      }
      start = newline + 1
    }
  }

  /// - Returns: what was found, now that nothing more comes.
  mutating func finish(status: Int?) -> ExchangeSummary.AnswerFacts {
    if isStream {
      if facts.error == nil, status == 200, !stopped { facts.unfinished = true }
    } else {
      line.withUnsafeReadableBytes { message($0, at: 0) }
    }
    return facts
  }

  private mutating func event(_ line: UnsafeRawBufferPointer, at place: Int) {
    guard line.starts(at: 0, with: "data:") else { return }
    var start = 5
    if start < line.count, line[start] == .space { start += 1 }
    if line.starts(at: start, with: "{\"type\":\"content_block_delta\"") {
      if firstContent == nil { firstContent = place }
      return
    }
    let json = JSONCursor(line)
    switch json.string(json.member("type", of: start)) {
    case "content_block_delta":
      if firstContent == nil { firstContent = place }
    case "message_start":
      if let inside = json.member("message", of: start) {
        facts.model = json.string(json.member("model", of: inside.lowerBound))
        usage(json, json.member("usage", of: inside.lowerBound))
        facts.announcedTokens = facts.inputTokens
      }
    case "content_block_start":
      if let block = json.member("content_block", of: start) { self.block(json, block) }
    case "message_delta":
      if let delta = json.member("delta", of: start) {
        facts.stop = json.string(json.member("stop_reason", of: delta.lowerBound))
      }
      usage(json, json.member("usage", of: start))
    case "message_stop": stopped = true
    case "error":
      facts.error = errorMessage(json, start)
    default: break
    }
  }

  private mutating func message(_ bytes: UnsafeRawBufferPointer, at start: Int) {
    let json = JSONCursor(bytes)
    json.members(at: start) { name, value in
      switch bytes.text(name) {
      case "model": facts.model = json.string(value)
      case "stop_reason": facts.stop = json.string(value)
      case "usage": usage(json, value)
      case "input_tokens": facts.inputTokens = json.integer(value)
      case "error": facts.error = errorMessage(json, start)
      case "content":
        json.elements(at: value.lowerBound) {
          block(json, $0)
          return true
        }
      default: break
      }
      return true
    }
  }

  private mutating func block(_ json: JSONCursor, _ block: Range<Int>) {
    guard json.string(json.member("type", of: block.lowerBound)) == "tool_use",
      let name = json.string(json.member("name", of: block.lowerBound))
    else { return }
    facts.called = (facts.called ?? []) + [name]
  }

  private mutating func usage(_ json: JSONCursor, _ object: Range<Int>?) {
    guard let object else { return }
    json.members(at: object.lowerBound) { name, value in
      let number = json.integer(value)
      switch json.bytes.text(name) {
      case "input_tokens": facts.inputTokens = number ?? facts.inputTokens
      case "output_tokens": facts.outputTokens = number ?? facts.outputTokens
      case "cache_read_input_tokens": facts.cacheRead = number ?? facts.cacheRead
      case "cache_creation_input_tokens": facts.cacheCreated = number ?? facts.cacheCreated
      default: break
      }
      return true
    }
  }

  private func errorMessage(_ json: JSONCursor, _ start: Int) -> String? {
    guard let error = json.member("error", of: start) else { return nil }
    return json.string(error) ?? json.string(json.member("message", of: error.lowerBound))
  }
}

/// Whether the engine read far less than it was sent.
///
/// Ollama 0.32 cuts a prompt that does not fit to half of the window and says nothing of it, but `message_start` tells
/// what was sent (characters / 4) and `message_delta` what was read.
func wasCut(_ facts: ExchangeSummary.AnswerFacts, promptBytes: Int?) -> Bool {
  guard let input = facts.inputTokens, facts.cacheRead == nil else { return false }
  if let announced = facts.announcedTokens, announced > 512, announced != input {
    return input * 2 < announced
  }
  // No tokenizer needs a token for fewer than two bytes of English or code on average, nor makes more than nine of one.
  guard let promptBytes, input > 0, promptBytes > 8192 else { return false }
  return input * 9 < promptBytes
}
