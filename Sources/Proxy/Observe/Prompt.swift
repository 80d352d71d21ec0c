internal import CScan
import NIOCore

/// What a Messages request is made of: positions in its body, found in one walk.
struct Prompt {
  var facts = ExchangeSummary.PromptFacts()
  var system: Range<Int>?
  var tools: Range<Int>?
  var messages: Range<Int>?

  /// - Parameter sessionHeader: the client's own name of its session, where it sends one.
  init(_ bytes: UnsafeRawBufferPointer, path: Substring, sessionHeader: String?) {
    let json = JSONCursor(bytes)
    json.members(at: 0) { name, value in
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
    facts.systemBytes = system?.count
    facts.toolsBytes = tools?.count
    facts.messagesBytes = messages?.count
    guard messages != nil else { return }
    let beginning = systemBeginning(json)
    facts.kind = kind(path: path, bytes, system: beginning)
    facts.thread = thread(json, system: beginning)
  }

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
    path: Substring, _ bytes: UnsafeRawBufferPointer, system: Range<Int>
  ) -> String {
    if path.utf8.count > 20, path.hasSuffix("/count_tokens") { return "count" }
    if (tools?.count ?? 0) <= 2, bytes.contains("title", in: system) { return "title" }
    if bytes.contains("agent for Claude Code", in: system)
      || bytes.contains("file search specialist", in: system)
    {
      return "agent"
    }
    return "chat"
  }

  /// A name for the conversation: FNV-1a over what stays the same in it.
  private func thread(_ json: JSONCursor, system: Range<Int>) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ bytes: some Sequence<UInt8>) {
      for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
    add((facts.session ?? "").utf8)
    add((facts.kind ?? "").utf8)
    add(json.bytes[system].prefix(120))
    json.elements(at: messages!.lowerBound) { message in
      guard let content = json.member("content", of: message.lowerBound) else { return false }
      if json.bytes[content.lowerBound] == UInt8(ascii: "\"") {
        add(json.bytes[content].prefix(2048))
      } else {
        var left = 2048
        json.elements(at: content.lowerBound) { block in
          if let text = json.member("text", of: block.lowerBound) {
            let part = json.bytes[text].prefix(left)
            add(part)
            left -= part.count
          }
          return left > 0
        }
      }
      return false
    }
    return String(hash, radix: 16)
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

/// Remembers the last prompt of each conversation, to find the first byte where the next one differs.
struct PromptMemory {
  private struct Entry {
    var id: Int
    var body: ByteBuffer
    var prompt: Prompt
  }

  private var entries: [String: Entry] = [:]
  private var order: [String] = []
  private var bytes = 0

  /// Bytes of bodies that are kept for comparison.
  private static let limit = 6 << 20
  private static let count = 32

  /// Compares with the conversation's last prompt and takes its place.
  mutating func compare(
    id: Int, body: ByteBuffer, _ prompt: Prompt
  ) -> ExchangeSummary.PrefixFacts? {
    guard let thread = prompt.facts.thread, prompt.facts.kind != "count",
      body.readableBytes < Self.limit / 2
    else { return nil }
    let former = entries[thread]
    if let former {
      bytes -= former.body.readableBytes
      order.removeAll { $0 == thread }
    }
    entries[thread] = Entry(id: id, body: body, prompt: prompt)
    order.append(thread)
    bytes += body.readableBytes
    while bytes > Self.limit || order.count > Self.count {
      let oldest = order.removeFirst()
      bytes -= entries.removeValue(forKey: oldest)?.body.readableBytes ?? 0
    }
    guard let former else { return nil }
    return former.body.withUnsafeReadableBytes { old in
      body.withUnsafeReadableBytes { new in
        comparePrompts(former.prompt, old, former.id, prompt, new)
      }
    }
  }
}

/// How far `prompt` begins with the bytes of `former`, in the order in which templates put them to the model.
private func comparePrompts(
  _ former: Prompt, _ old: UnsafeRawBufferPointer, _ id: Int, _ prompt: Prompt,
  _ new: UnsafeRawBufferPointer
) -> ExchangeSummary.PrefixFacts {
  let parts: [(String, Range<Int>?, Range<Int>?)] = [
    ("system", former.system, prompt.system), ("tools", former.tools, prompt.tools),
    // The list's closing bracket is where the next turn's messages begin.
    (
      "messages", former.messages.map { $0.lowerBound..<($0.upperBound - 1) },
      prompt.messages
    ),
  ]
  let total = parts.reduce(0) { $0 + ($1.1?.count ?? 0) }
  var facts = ExchangeSummary.PrefixFacts(previous: id, total: total, kept: 0)
  for (name, before, now) in parts {
    let before = before ?? 0..<0
    let now = now ?? 0..<0
    let same = commonPrefix(old, before, new, now)
    facts.kept += same.old
    if same.old < before.count || (name != "messages" && same.new < now.count) {
      facts.broken = name
      facts.position = now.lowerBound + same.new
      return facts
    }
  }
  return facts
}

/// How many bytes of both are the same, where a `cache_control` mark counts as nothing: it moves from turn to turn and
/// no model ever sees it.
func commonPrefix(
  _ old: UnsafeRawBufferPointer, _ before: Range<Int>, _ new: UnsafeRawBufferPointer,
  _ now: Range<Int>
) -> (old: Int, new: Int) {
  var left = before.lowerBound
  var right = now.lowerBound
  guard let oldStart = old.baseAddress?.assumingMemoryBound(to: UInt8.self),
    let newStart = new.baseAddress?.assumingMemoryBound(to: UInt8.self)
  else { return (0, 0) }
  while left < before.upperBound, right < now.upperBound {
    let limit = min(before.upperBound - left, now.upperBound - right)
    let same = ccl_same(oldStart + left, newStart + right, limit)
    left += same
    right += same
    if left == before.upperBound { break }
    if let end = cacheMark(old, around: left, from: before.lowerBound) {
      right -= left - end.lowerBound
      left = end.upperBound
      if right < now.lowerBound { break }
    } else if right < now.upperBound, let end = cacheMark(new, around: right, from: now.lowerBound)
    {
      left -= right - end.lowerBound
      right = end.upperBound
      if left < before.lowerBound { break }
    } else {
      break
    }
  }
  return (left - before.lowerBound, right - now.lowerBound)
}

/// A `,"cache_control":{…}` that contains the byte at `index`.
private func cacheMark(
  _ bytes: UnsafeRawBufferPointer, around index: Int, from floor: Int
) -> Range<Int>? {
  let mark: StaticString = ",\"cache_control\":{"
  // The other side usually goes on with `}` or `,`, so the difference is within the mark's first bytes.
  for start in stride(from: index, through: max(floor, index - 2), by: -1)
  where bytes.starts(at: start, with: mark) {
    return JSONCursor(bytes).skip(start + mark.utf8CodeUnitCount - 1).map { start..<$0 }
  }
  return nil
}
