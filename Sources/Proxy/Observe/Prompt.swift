import NIOCore

/// What a Messages request is made of: positions in its body, found in one walk.
struct Prompt {
  var facts = ExchangeSummary.PromptFacts()
  var system: Range<Int>?
  var tools: Range<Int>?
  var messages: Range<Int>?
  /// The lists that usually are the same from request to request, in order, with the names that they are known by.
  private(set) var standing: [(part: Range<Int>, id: Int?)] = []

  /// - Parameters:
  ///   - sessionHeader: the client's own name of its session, where it sends one.
  ///   - isAgent: a header says that a subagent asks.
  ///   - lists: those that were met before.
  init(
    _ bytes: UnsafeRawBufferPointer, path: Substring, sessionHeader: String?,
    isAgent: Bool = false, lists: inout StandingLists
  ) {
    let json = JSONCursor(bytes)
    var known: [(start: Int, id: Int)] = []
    json.members(at: 0) { start in
      guard bytes[start] == UInt8(ascii: "["), let list = lists.find(bytes, at: start) else {
        return nil
      }
      known.append((start, list.id))
      return start + list.length
    } body: { name, value in
      switch name.count {
      case 5 where bytes.starts(at: name.lowerBound, with: "model"):
        facts.model = json.string(value)
      case 5 where bytes.starts(at: name.lowerBound, with: "tools"): tools = value
      case 6 where bytes.starts(at: name.lowerBound, with: "system"): system = value
      case 6 where bytes.starts(at: name.lowerBound, with: "stream"):
        facts.stream = bytes[value.lowerBound] == UInt8(ascii: "t")
      case 8 where bytes.starts(at: name.lowerBound, with: "messages"): messages = value
      case 8 where bytes.starts(at: name.lowerBound, with: "metadata"):
        facts.session = json.member("user_id", of: value.lowerBound).map {
          sessionName(bytes, $0)
        }
      case 10 where bytes.starts(at: name.lowerBound, with: "max_tokens"):
        facts.maxTokens = json.integer(value)
      default: break
      }
      return true
    }
    if let sessionHeader { facts.session = sessionHeader }
    standing = [system, tools].compactMap { part in
      guard let part, part.count >= StandingLists.shortest,
        bytes[part.lowerBound] == UInt8(ascii: "[")
      else { return nil }
      return (part, known.first { $0.start == part.lowerBound }?.id)
    }.sorted { $0.part.lowerBound < $1.part.lowerBound }
    facts.systemBytes = system?.count
    facts.toolsBytes = tools?.count
    facts.messagesBytes = messages?.count
    guard messages != nil else { return }
    let beginning = systemBeginning(json)
    facts.kind = kind(path: path, bytes, system: beginning, isAgent: isAgent)
    facts.thread = thread(json, system: beginning)
  }

  /// The name of the list that is this part, if it is known.
  func list(at part: Range<Int>) -> Int? { standing.first { $0.part == part }?.id }

  /// The first bytes of the system prompt, without the block that B and C change at every request.
  private func systemBeginning(_ json: JSONCursor) -> Range<Int> {
    guard let system else { return 0..<0 }
    var text = system
    if json.bytes[system.lowerBound] != UInt8(ascii: "\"") {
      text = 0..<0
      json.elements(at: system.lowerBound) { block in
        guard let value = json.member("text", of: block.lowerBound),
          !json.bytes.starts(at: value.lowerBound, with: "\"x-anthropic-billing-header")
        else { return true }
        text = value
        // The first block may be a single sentence that every kind of request has.
        return value.count < 100
      }
    }
    return text.lowerBound..<min(text.upperBound, text.lowerBound + 400)
  }

  private func kind(
    path: Substring, _ bytes: UnsafeRawBufferPointer, system beginning: Range<Int>, isAgent: Bool
  ) -> String {
    if path.utf8.count > 20, path.hasSuffix("/count_tokens") { return "count" }
    if (tools?.count ?? 0) <= 2, bytes.contains("title", in: beginning) { return "title" }
    return isAgent || isSubagent(bytes, beginning) ? "agent" : "chat"
  }

  /// Whether the prompt is a subagent's, one of a person's own included: the clients of 2025 and 2026 tell all of them the
  /// same about their folder, and only the main conversation that it is interactive; newer ones say it in the first block too.
  private func isSubagent(_ bytes: UnsafeRawBufferPointer, _ beginning: Range<Int>) -> Bool {
    guard let system, !bytes.contains("You are an interactive", in: beginning) else { return false }
    let before = system.lowerBound..<max(system.lowerBound, beginning.lowerBound)
    return bytes.contains("cc_is_subagent=true", in: before)
      || bytes.contains("agent for Claude Code", in: beginning)
      || bytes.contains("specialist for Claude Code", in: beginning)
      || bytes.contains("Agent threads always have their cwd reset", in: system)
  }

  /// A name for the conversation, from what stays the same in it.
  private func thread(_ json: JSONCursor, system: Range<Int>) -> String {
    var name = ThreadName()
    name.add(facts.session ?? "")
    name.add(facts.kind ?? "")
    name.add(json.bytes[system].prefix(120))
    json.elements(at: messages!.lowerBound) { message in
      guard let content = json.member("content", of: message.lowerBound) else { return false }
      if json.bytes[content.lowerBound] == UInt8(ascii: "\"") {
        name.add(json.bytes[content].prefix(2048))
      } else {
        var left = 2048
        json.elements(at: content.lowerBound) { block in
          if let text = json.member("text", of: block.lowerBound) {
            let part = json.bytes[text].prefix(left)
            name.add(part)
            left -= part.count
          }
          return left > 0
        }
      }
      return false
    }
    return String(name.hash, radix: 16)
  }
}

/// FNV-1a, but eight bytes at a time: one after the other they would take longer than the search for the parts.
private struct ThreadName {
  var hash: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(_ text: String) {
    var text = text
    text.withUTF8 { add(UnsafeRawBufferPointer($0)[...]) }
  }

  mutating func add(_ part: Slice<UnsafeRawBufferPointer>) {
    let bytes = UnsafeRawBufferPointer(rebasing: part)
    var index = 0
    while index + 8 <= bytes.count {
      mix(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian)
      index += 8
    }
    for byte in bytes[index...] { mix(UInt64(byte)) }
  }

  private mutating func mix(_ value: UInt64) {
    hash = (hash ^ value) &* 0x100_0000_01b3
    // A multiplication carries upwards only.
    hash ^= hash >> 32
  }
}

/// The session's own id, which newer clients wrap in JSON and older ones append to the user's.
private func sessionName(_ bytes: UnsafeRawBufferPointer, _ user: Range<Int>) -> String {
  for mark in ["session_id", "session_"] as [StaticString] {
    guard let place = bytes.position(of: mark, in: user) else { continue }
    let isOfID = { (byte: UInt8) in
      (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66) || byte == UInt8(ascii: "-")
    }
    var start = place + mark.utf8CodeUnitCount
    while start < user.upperBound, !isOfID(bytes[start]) { start += 1 }
    var end = start
    while end < user.upperBound, isOfID(bytes[end]) { end += 1 }
    return bytes.text(start..<end)
  }
  return JSONCursor(bytes).string(user) ?? ""
}
