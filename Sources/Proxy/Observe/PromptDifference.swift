internal import CScan
import NIOCore

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
      if order.last == thread { order.removeLast() } else { order.removeAll { $0 == thread } }
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
    let isKnown = prompt.list(at: now).map { $0 == former.list(at: before) } ?? false
    let same =
      isKnown ? (old: before.count, new: now.count) : commonPrefix(old, before, new, now)
    facts.kept += same.old
    if same.old < before.count || (name != "messages" && same.new < now.count) {
      let position = now.lowerBound + same.new
      facts.broken = name
      facts.position = position
      (facts.place, facts.header) = whereabouts(of: position, in: name, now, new)
      return facts
    }
  }
  return facts
}

/// The element of the list `name` that the byte at `position` is in, such as `tools[3] Read`, and the attribution header,
/// with its field, if it is that.
private func whereabouts(
  of position: Int, in name: String, _ list: Range<Int>, _ bytes: UnsafeRawBufferPointer
) -> (place: String?, header: String?) {
  let json = JSONCursor(bytes)
  var found: (place: String, header: String?)?
  var index = 0
  json.elements(at: list.lowerBound) { element in
    // What was taken away from the end of a list is missing after its last element.
    guard element.upperBound > position else {
      index += 1
      return true
    }
    let label = json.string(
      json.member("name", of: element.lowerBound) ?? json.member("role", of: element.lowerBound))
    found = ("\(name)[\(index)]" + (label.map { " " + $0 } ?? ""), nil)
    if let text = json.member("text", of: element.lowerBound), text.contains(position) {
      found?.header = headerField(bytes, text, before: position)
    }
    return false
  }
  return (found?.place, found?.header)
}

/// `x-anthropic-billing-header cch`: that header and its field, if the text is it and the byte at `position` is in that.
private func headerField(
  _ bytes: UnsafeRawBufferPointer, _ text: Range<Int>, before position: Int
) -> String? {
  let header = "x-anthropic-billing-header"
  let before = bytes.text(text.lowerBound + 1..<max(position, text.lowerBound + 1))
  guard before.hasPrefix(header) else { return nil }
  let field = before.dropFirst(header.count + 1).split(
    separator: ";", omittingEmptySubsequences: false
  )
  .last?.drop { $0 == " " }
  guard let field, let sign = field.firstIndex(of: "=") else { return header }
  return "\(header) \(field[..<sign])"
}

/// How many bytes of both are the same to a model. A `cache_control` mark, which moves from turn to turn, counts as
/// nothing, and a text alone in its list is the same as the bare text: the client writes the last message in the one way,
/// for its mark, and in the next request in the other.
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
    if let wrapped = loneText(old, at: left), let bare = bareText(new, at: right) {
      if let same = firstDifference(old, wrapped.text, new, bare) {
        left = wrapped.text.lowerBound + same
        right = bare.lowerBound + same
        break
      }
      left = wrapped.end
      right = bare.upperBound + 1
    } else if let wrapped = loneText(new, at: right), let bare = bareText(old, at: left) {
      if let same = firstDifference(old, bare, new, wrapped.text) {
        left = bare.lowerBound + same
        right = wrapped.text.lowerBound + same
        break
      }
      left = bare.upperBound + 1
      right = wrapped.end
    } else if let end = cacheMark(old, around: left, from: before.lowerBound) {
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

/// The text inside a `[{"type":"text","text":"…"}]` that begins at `index`, and where that ends.
private func loneText(
  _ bytes: UnsafeRawBufferPointer, at index: Int
) -> (text: Range<Int>, end: Int)? {
  let opening: StaticString = "[{\"type\":\"text\",\"text\":"
  guard bytes.starts(at: index, with: opening),
    let text = bareText(bytes, at: index + opening.utf8CodeUnitCount)
  else { return nil }
  var end = text.upperBound + 1
  if let mark = cacheMark(bytes, around: end, from: end) { end = mark.upperBound }
  return bytes.starts(at: end, with: "}]") ? (text, end + 2) : nil
}

/// What is between the quotes of the string that begins at `index`.
private func bareText(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Range<Int>? {
  guard index < bytes.count, bytes[index] == UInt8(ascii: "\""),
    let end = JSONCursor(bytes).skip(index)
  else { return nil }
  return index + 1..<end - 1
}

/// How far two texts are the same; nil if they are to their ends.
private func firstDifference(
  _ old: UnsafeRawBufferPointer, _ a: Range<Int>, _ new: UnsafeRawBufferPointer, _ b: Range<Int>
) -> Int? {
  let left = UnsafeRawBufferPointer(rebasing: old[a])
  let right = UnsafeRawBufferPointer(rebasing: new[b])
  let same = zip(left, right).prefix { $0 == $1 }.count
  return same == left.count && same == right.count ? nil : same
}
