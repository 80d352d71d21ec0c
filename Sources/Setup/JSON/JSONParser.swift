/// Why bytes are not JSON, and where.
public struct JSONProblem: Error, Sendable, Hashable {
  /// Counted from 1.
  public var line: Int
  public var reason: String

  public init(line: Int, reason: String) {
    self.line = line
    self.reason = reason
  }
}

extension JSON {
  /// Reads one value and nothing behind it (RFC 8259; a byte order mark before it is passed over).
  public static func parse(_ bytes: [UInt8]) throws(JSONProblem) -> JSON {
    let mark: [UInt8] = [0xef, 0xbb, 0xbf]
    var parser = JSONParser(bytes: bytes, index: bytes.starts(with: mark) ? 3 : 0)
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    guard parser.index == bytes.count else { throw parser.problem("something follows the value") }
    return value
  }

  public static func parse(_ text: String) throws(JSONProblem) -> JSON {
    try parse(Array(text.utf8))
  }
}

private struct JSONParser {
  let bytes: [UInt8]
  var index: Int

  func problem(_ reason: String) -> JSONProblem {
    let before = bytes[..<min(index, bytes.count)]
    return JSONProblem(line: before.count { $0 == 0x0a } + 1, reason: reason)
  }

  func peek() -> UInt8? { index < bytes.count ? bytes[index] : nil }

  mutating func skipSpace() {
    while let byte = peek(), byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
      index += 1
    }
  }

  mutating func take(_ character: Character) -> Bool {
    guard peek() == character.asciiValue else { return false }
    index += 1
    return true
  }

  mutating func value(depth: Int) throws(JSONProblem) -> JSON {
    guard depth < 512 else { throw problem("nested too deeply") }
    skipSpace()
    switch peek() {
    case nil: throw problem("the text ends where a value is expected")
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  mutating func word(_ word: String, _ value: JSON) throws(JSONProblem) -> JSON {
    guard bytes[index...].starts(with: word.utf8) else { throw unexpected() }
    index += word.utf8.count
    return value
  }

  func unexpected() -> JSONProblem {
    guard let byte = peek() else { return problem("the text ends too early") }
    let shown = byte < 0x80 ? printable(String(Character(UnicodeScalar(byte)))) : "a byte over 0x7f"
    return problem("unexpected \(shown)")
  }

  mutating func object(depth: Int) throws(JSONProblem) -> JSON {
    index += 1
    var members: [JSON.Member] = []
    skipSpace()
    if take("}") { return .object([]) }
    while true {
      skipSpace()
      guard peek() == UInt8(ascii: "\"") else {
        throw peek() == UInt8(ascii: "}") ? problem("a comma before }") : unexpected()
      }
      let key = try string()
      skipSpace()
      guard take(":") else { throw problem("a colon is missing after \"\(printable(key))\"") }
      members.append(JSON.Member(key, try value(depth: depth + 1)))
      skipSpace()
      if take("}") { return .object(members) }
      guard take(",") else {
        throw peek() == nil ? problem("a } is missing") : problem("a comma or } is missing")
      }
    }
  }

  mutating func array(depth: Int) throws(JSONProblem) -> JSON {
    index += 1
    var elements: [JSON] = []
    skipSpace()
    if take("]") { return .array([]) }
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if take("]") { return .array(elements) }
      guard take(",") else { throw problem("a comma or ] is missing") }
    }
  }

  mutating func digits() -> Int {
    let start = index
    while let byte = peek(), (0x30...0x39).contains(byte) { index += 1 }
    return index - start
  }

  mutating func number() throws(JSONProblem) -> JSON {
    let start = index
    _ = take("-")
    let leadingZero = peek() == 0x30
    let whole = digits()
    guard whole > 0 else { throw unexpected() }
    if leadingZero, whole > 1 { throw problem("a number begins with 0") }
    if take("."), digits() == 0 { throw unexpected() }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      if digits() == 0 { throw unexpected() }
    }
    return .number(String(decoding: bytes[start..<index], as: UTF8.self))
  }

  mutating func string() throws(JSONProblem) -> String {
    index += 1
    var out: [UInt8] = []
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: "\""):
        index += 1
        return String(decoding: out, as: UTF8.self)
      case UInt8(ascii: "\\"):
        index += 1
        try escape(into: &out)
      case ..<0x20: throw problem("a string is not closed on its line")
      default:
        out.append(byte)
        index += 1
      }
    }
    throw problem("a string is not closed")
  }

  mutating func escape(into out: inout [UInt8]) throws(JSONProblem) {
    guard let byte = peek() else { throw problem("a string is not closed") }
    index += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
    case UInt8(ascii: "b"): out.append(0x08)
    case UInt8(ascii: "f"): out.append(0x0c)
    case UInt8(ascii: "n"): out.append(0x0a)
    case UInt8(ascii: "r"): out.append(0x0d)
    case UInt8(ascii: "t"): out.append(0x09)
    case UInt8(ascii: "u"):
      var unit = try hexadecimal()
      if (0xd800..<0xdc00).contains(unit), bytes[index...].starts(with: "\\u".utf8) {
        let here = index
        index += 2
        let low = try hexadecimal()
        if (0xdc00..<0xe000).contains(low) {
          unit = 0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00)
        } else {
          index = here
        }
      }
      // A lone surrogate is no character.
      out += Array(String(Character(UnicodeScalar(unit) ?? "\u{fffd}")).utf8)
    default: throw problem("an unknown escape in a string")
    }
  }

  mutating func hexadecimal() throws(JSONProblem) -> UInt32 {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek(), let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
        throw problem("four hexadecimal digits are missing after \\u")
      }
      unit = unit << 4 | UInt32(digit)
      index += 1
    }
    return unit
  }
}
