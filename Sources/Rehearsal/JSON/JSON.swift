/// A JSON value that keeps its keys in order and its numbers as they were written.
///
/// Ollama's answers are compared byte for byte, so the order of keys is part of the value.
enum JSON: Sendable, Equatable {
  case null
  case bool(Bool)
  /// The number's text, as JSON writes it.
  case number(String)
  case string(String)
  case array([JSON])
  case object([Member])

  struct Member: Sendable, Equatable {
    var key: String
    var value: JSON

    init(_ key: String, _ value: JSON) {
      self.key = key
      self.value = value
    }
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  init(stringLiteral value: String) { self = .string(value) }
  init(integerLiteral value: Int) { self = .number(String(value)) }
  init(booleanLiteral value: Bool) { self = .bool(value) }
  init(arrayLiteral elements: JSON...) { self = .array(elements) }
  init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(elements.map { Member($0.0, $0.1) })
  }
  init(nilLiteral: ()) { self = .null }

  static func int(_ value: Int) -> JSON { .number(String(value)) }
  static func strings(_ values: [String]) -> JSON { .array(values.map(JSON.string)) }
}

extension JSON {
  /// The last member of that name, as Go's decoder takes it.
  subscript(key: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.key == key }?.value
  }

  var text: String? {
    if case .string(let text) = self { text } else { nil }
  }

  var elements: [JSON]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  var members: [Member]? {
    if case .object(let members) = self { members } else { nil }
  }

  var bool: Bool? {
    if case .bool(let bool) = self { bool } else { nil }
  }

  var double: Double? {
    if case .number(let text) = self { Double(text) } else { nil }
  }

  /// The number cut to an integer, as Go turns a float64 into an int.
  var int: Int? {
    guard case .number(let text) = self else { return nil }
    return Int(text) ?? Double(text).flatMap { Int(exactly: $0.rounded(.towardZero)) }
  }

  /// Go's `omitempty`: nothing, zero, false, "", [] and {} are left out.
  var isEmpty: Bool {
    switch self {
    case .null, .bool(false), .number("0"), .string(""), .array([]), .object([]): true
    default: false
    }
  }

  /// The members given, without those whose value `omitempty` leaves out.
  static func omittingEmpty(_ members: [(String, JSON)]) -> JSON {
    .object(members.filter { !$0.1.isEmpty }.map { Member($0.0, $0.1) })
  }

  /// Keys sorted at every level, as Go writes a map.
  var sorted: JSON {
    switch self {
    case .object(let members):
      .object(
        members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
          .map { Member($0.key, $0.value.sorted) })
    case .array(let elements): .array(elements.map(\.sorted))
    default: self
    }
  }
}

extension JSON {
  /// The bytes Go's `encoding/json` writes: no spaces, `<`, `>`, `&`, U+2028 and U+2029 escaped.
  var bytes: [UInt8] {
    var out: [UInt8] = []
    write(to: &out)
    return out
  }

  /// The bytes with the newline that Go's `Encoder` puts behind each value.
  var line: [UInt8] { bytes + [UInt8(ascii: "\n")] }

  var description: String { String(decoding: bytes, as: UTF8.self) }

  /// How many bytes it has as other writers than Go write it, with `<`, `>` and `&` as they are.
  var plainCount: Int {
    var out: [UInt8] = []
    write(to: &out, escapingHTML: false)
    return out.count
  }

  private func write(to out: inout [UInt8], escapingHTML: Bool = true) {
    switch self {
    case .null: out += "null".utf8
    case .bool(let bool): out += (bool ? "true" : "false").utf8
    case .number(let text): out += text.utf8
    case .string(let text): JSON.quote(text, to: &out, escapingHTML)
    case .array(let elements):
      out.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        element.write(to: &out, escapingHTML: escapingHTML)
      }
      out.append(UInt8(ascii: "]"))
    case .object(let members):
      out.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        JSON.quote(member.key, to: &out, escapingHTML)
        out.append(UInt8(ascii: ":"))
        member.value.write(to: &out, escapingHTML: escapingHTML)
      }
      out.append(UInt8(ascii: "}"))
    }
  }

  private static func quote(_ text: String, to out: inout [UInt8], _ escapingHTML: Bool) {
    let hex = Array("0123456789abcdef".utf8)
    let backslash = UInt8(ascii: "\\")
    out.append(UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { bytes in
      var index = 0
      while index < bytes.count {
        let byte = bytes[index]
        switch byte {
        case UInt8(ascii: "\""), backslash: out += [backslash, byte]
        case 0x08: out += [backslash, UInt8(ascii: "b")]
        case 0x0c: out += [backslash, UInt8(ascii: "f")]
        case 0x0a: out += [backslash, UInt8(ascii: "n")]
        case 0x0d: out += [backslash, UInt8(ascii: "r")]
        case 0x09: out += [backslash, UInt8(ascii: "t")]
        case UInt8(ascii: "<") where !escapingHTML, UInt8(ascii: ">") where !escapingHTML,
          UInt8(ascii: "&") where !escapingHTML:
          out.append(byte)
        case ..<0x20, UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"):
          out += [
            backslash, UInt8(ascii: "u"), 0x30, 0x30, hex[Int(byte >> 4)], hex[Int(byte & 15)],
          ]
        case 0xe2
        where index + 2 < bytes.count && bytes[index + 1] == 0x80 && bytes[index + 2] & 0xfe == 0xa8:
          out += [backslash] + Array("u202".utf8) + [hex[Int(bytes[index + 2] & 15)]]
          index += 2
        default: out.append(byte)
        }
        index += 1
      }
    }
    out.append(UInt8(ascii: "\""))
  }
}
