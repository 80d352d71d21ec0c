/// Where the prompt of a later request stops being that of the one before, carried on.
///
/// A server evaluates again whatever comes behind the first byte that differs, so its place says who is to blame.
struct PromptDifference: Sendable, Hashable {
  /// `system[1]`, `tools[3] (Bash)`, `messages[0]`.
  var place: String
  /// The byte within that part, counted from 0.
  var byte: Int
  var before: String
  var after: String
  /// Bytes of the whole earlier prompt that are the same in front of it.
  var sameBytes: Int
  /// Bytes of the earlier prompt from there to its end.
  var lostBytes: Int

  /// `nil` when the later prompt begins with the whole earlier one.
  static func first(between earlier: JSON, and later: JSON) -> PromptDifference? {
    let (old, new) = (parts(of: earlier), parts(of: later))
    let bytes = old.map(\.text.utf8.count)
    var same = 0
    for (index, part) in old.enumerated() {
      // What the later prompt has in addition of a kind shifts all that follows it.
      let other = index < new.count ? new[index] : nil
      guard other?.place == part.place, other?.text == part.text else {
        let before = Array(part.text.utf8)
        let after = other?.place == part.place ? Array((other?.text ?? "").utf8) : []
        let byte = zip(before, after).prefix { $0 == $1 }.count
        return PromptDifference(
          place: part.place, byte: byte, before: excerpt(before, at: byte),
          after: excerpt(after, at: byte), sameBytes: same + byte,
          lostBytes: bytes.reduce(0, +) - same - byte)
      }
      same += bytes[index]
    }
    return nil
  }

  /// Bytes of everything that the model is given to read.
  static func bytes(of prompt: JSON) -> Int {
    parts(of: prompt).reduce(0) { $0 + $1.text.utf8.count }
  }

  private struct Part {
    var place: String
    var text: String
  }

  /// In the order in which chat templates write them; marks for a cache are not part of a prompt.
  private static func parts(of prompt: JSON) -> [Part] {
    var parts = blocks(prompt["system"]).enumerated().map { index, text in
      Part(place: "system[\(index)]", text: text)
    }
    for (index, tool) in (prompt["tools"]?.elements ?? []).enumerated() {
      let name = tool["name"]?.text ?? "?"
      parts.append(
        Part(place: "tools[\(index)] (\(printable(name)))", text: unmarked(tool).compact))
    }
    for (index, message) in (prompt["messages"]?.elements ?? []).enumerated() {
      let role = message["role"]?.text ?? ""
      for (number, text) in blocks(message["content"]).enumerated() {
        parts.append(
          Part(place: "messages[\(index)].content[\(number)] (\(printable(role)))", text: text))
      }
    }
    return parts
  }

  /// A text alone is one block.
  private static func blocks(_ content: JSON?) -> [String] {
    if let text = content?.text { return [text] }
    return (content?.elements ?? []).map { $0["text"]?.text ?? unmarked($0).compact }
  }

  private static func unmarked(_ value: JSON) -> JSON {
    var value = value
    value["cache_control"] = nil
    return value
  }

  private static func excerpt(_ bytes: [UInt8], at byte: Int) -> String {
    printable(String(decoding: bytes[byte...].prefix(40), as: UTF8.self))
  }
}

extension PromptDifference {
  var words: String {
    after.isEmpty
      ? "\(place) is not there any more"
      : "the first byte that differs is byte \(byte) of \(place): “\(before)” became “\(after)”"
  }
}
