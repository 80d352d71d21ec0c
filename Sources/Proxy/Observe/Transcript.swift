import NIOCore

/// What was said in one exchange: the last message of the request and the assembled answer.
public struct Transcript: Sendable, Equatable {
  public enum Part: Sendable, Equatable {
    case asked(String)
    case toolResult(String)
    case thinking(String)
    case said(String)
    case toolCall(name: String, input: String)
  }

  public var parts: [Part] = []

  init(request: ByteBuffer?, response: ByteBuffer?) {
    request?.withUnsafeReadableBytes { readRequest($0) }
    response?.withUnsafeReadableBytes { readResponse($0) }
    parts = parts.map { part in
      switch part {
      case .asked(let text): .asked(withoutSecrets(text))
      case .toolResult(let text): .toolResult(withoutSecrets(text))
      case .thinking(let text): .thinking(withoutSecrets(text))
      case .said(let text): .said(withoutSecrets(text))
      case .toolCall(let name, let input): .toolCall(name: name, input: withoutSecrets(input))
      }
    }
  }

  private mutating func readRequest(_ bytes: UnsafeRawBufferPointer) {
    let json = JSONCursor(bytes)
    var last: Range<Int>?
    guard let messages = json.member("messages", of: 0) else { return }
    json.elements(at: messages.lowerBound) { message in
      if json.string(json.member("role", of: message.lowerBound)) == "user" { last = message }
      return true
    }
    guard let last, let content = json.member("content", of: last.lowerBound) else { return }
    if let text = json.string(content) {
      parts.append(.asked(text))
      return
    }
    json.elements(at: content.lowerBound) { block in
      switch json.string(json.member("type", of: block.lowerBound)) {
      case "text":
        let text = json.string(json.member("text", of: block.lowerBound)) ?? ""
        // What the client puts in by itself is not what the person asked.
        if !text.hasPrefix("<system-reminder>") { parts.append(.asked(text)) }
      case "tool_result":
        parts.append(.toolResult(resultText(json, block)))
      default: break
      }
      return true
    }
  }

  private func resultText(_ json: JSONCursor, _ block: Range<Int>) -> String {
    guard let content = json.member("content", of: block.lowerBound) else { return "" }
    if let text = json.string(content) { return text }
    var texts: [String] = []
    json.elements(at: content.lowerBound) { inner in
      if let text = json.string(json.member("text", of: inner.lowerBound)) { texts.append(text) }
      return true
    }
    return texts.joined(separator: "\n")
  }

  private mutating func readResponse(_ bytes: UnsafeRawBufferPointer) {
    let json = JSONCursor(bytes)
    if let content = json.member("content", of: 0) {
      json.elements(at: content.lowerBound) { block in
        begin(json, block)
        return true
      }
      return
    }
    var start = 0
    while start < bytes.count {
      let end = bytes.position(of: .newline, from: start) ?? bytes.count
      if bytes.starts(at: start, with: "data:") {
        let object = start + 5
        switch json.string(json.member("type", of: object)) {
        case "content_block_start":
          if let block = json.member("content_block", of: object) { begin(json, block) }
        case "content_block_delta":
          if let delta = json.member("delta", of: object) { extend(json, delta) }
        default: break
        }
      }
      start = end + 1
    }
  }

  private mutating func begin(_ json: JSONCursor, _ block: Range<Int>) {
    func text(_ name: StaticString) -> String {
      json.string(json.member(name, of: block.lowerBound)) ?? ""
    }
    switch text("type") {
    case "text": parts.append(.said(text("text")))
    case "thinking": parts.append(.thinking(text("thinking")))
    case "tool_use":
      let input = json.member("input", of: block.lowerBound).map { json.bytes.text($0) } ?? ""
      parts.append(.toolCall(name: text("name"), input: input == "{}" ? "" : input))
    default: break
    }
  }

  private mutating func extend(_ json: JSONCursor, _ delta: Range<Int>) {
    func text(_ name: StaticString) -> String {
      json.string(json.member(name, of: delta.lowerBound)) ?? ""
    }
    switch parts.popLast() {
    case .said(let earlier): parts.append(.said(earlier + text("text")))
    case .thinking(let earlier): parts.append(.thinking(earlier + text("thinking")))
    case .toolCall(let name, let input):
      parts.append(.toolCall(name: name, input: input + text("partial_json")))
    case let other?: parts.append(other)
    case nil: break
    }
  }
}
