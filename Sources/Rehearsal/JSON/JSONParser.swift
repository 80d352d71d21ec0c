/// What Go's `encoding/json` says of bytes that it cannot read: these sentences reach the client.
struct JSONError: Error, Equatable {
  var message: String

  /// An empty body. Handlers turn it into `missing request body`.
  static let end = JSONError(message: "EOF")
  static let unexpectedEnd = JSONError(message: "unexpected EOF")
}

extension JSON {
  /// Reads the first value of the bytes; what stands behind it is not looked at, as with Go's `Decoder`.
  ///
  /// - Throws: ``JSONError`` with Go's sentence.
  static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSON {
    let result = bytes.withUnsafeBufferPointer { buffer -> Result<JSON, JSONError> in
      var parser = Parser(bytes: buffer)
      do throws(JSONError) {
        parser.skipSpace()
        guard parser.index < buffer.count else { throw .end }
        return .success(try parser.value(depth: 0))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// Go goes down to 10,000; a thread's stack here does not.
  private static let deepest = 512

  private struct Parser {
    let bytes: UnsafeBufferPointer<UInt8>
    var index = 0

    mutating func skipSpace() {
      while index < bytes.count, [0x20, 0x0a, 0x0d, 0x09].contains(bytes[index]) { index += 1 }
    }

    /// The byte here, named as Go names it in its errors.
    func complain(_ context: String) -> JSONError {
      guard index < bytes.count else { return .unexpectedEnd }
      let byte = bytes[index]
      let name =
        switch byte {
        case UInt8(ascii: "'"): #"'\''"#
        case UInt8(ascii: "\""): #"'"'"#
        case 0x0a: #"'\n'"#
        case 0x0d: #"'\r'"#
        case 0x09: #"'\t'"#
        case 0x20..<0x7f: "'\(Character(UnicodeScalar(byte)))'"
        case 0x80...: "'\(Character(UnicodeScalar(byte)))'"
        default: "'\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16) + "'"
        }
      return JSONError(message: "invalid character \(name) \(context)")
    }

    mutating func value(depth: Int) throws(JSONError) -> JSON {
      guard depth < JSON.deepest else { throw JSONError(message: "exceeded max depth") }
      skipSpace()
      guard index < bytes.count else { throw .unexpectedEnd }
      switch bytes[index] {
      case UInt8(ascii: "{"): return try object(depth: depth)
      case UInt8(ascii: "["): return try array(depth: depth)
      case UInt8(ascii: "\""): return .string(try string())
      case UInt8(ascii: "t"): return try literal("true", .bool(true))
      case UInt8(ascii: "f"): return try literal("false", .bool(false))
      case UInt8(ascii: "n"): return try literal("null", .null)
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
      default: throw complain("looking for beginning of value")
      }
    }

    mutating func literal(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
      let letters = Array(word.description.utf8)
      for letter in letters {
        guard index < bytes.count, bytes[index] == letter else {
          throw complain("in literal \(word) (expecting '\(Character(UnicodeScalar(letter)))')")
        }
        index += 1
      }
      return value
    }

    mutating func object(depth: Int) throws(JSONError) -> JSON {
      index += 1
      var members: [Member] = []
      skipSpace()
      if index < bytes.count, bytes[index] == UInt8(ascii: "}") {
        index += 1
        return .object([])
      }
      while true {
        skipSpace()
        guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else {
          throw complain("looking for beginning of object key string")
        }
        let key = try string()
        skipSpace()
        guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else {
          throw complain("after object key")
        }
        index += 1
        members.append(Member(key, try value(depth: depth + 1)))
        skipSpace()
        guard index < bytes.count else { throw .unexpectedEnd }
        switch bytes[index] {
        case UInt8(ascii: ","): index += 1
        case UInt8(ascii: "}"):
          index += 1
          return .object(members)
        default: throw complain("after object key:value pair")
        }
      }
    }

    mutating func array(depth: Int) throws(JSONError) -> JSON {
      index += 1
      var elements: [JSON] = []
      skipSpace()
      if index < bytes.count, bytes[index] == UInt8(ascii: "]") {
        index += 1
        return .array([])
      }
      while true {
        elements.append(try value(depth: depth + 1))
        skipSpace()
        guard index < bytes.count else { throw .unexpectedEnd }
        switch bytes[index] {
        case UInt8(ascii: ","): index += 1
        case UInt8(ascii: "]"):
          index += 1
          return .array(elements)
        default: throw complain("after array element")
        }
      }
    }

    mutating func number() throws(JSONError) -> JSON {
      let start = index
      func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
      if bytes[index] == UInt8(ascii: "-") { index += 1 }
      guard index < bytes.count, isDigit(bytes[index]) else {
        throw complain("in numeric literal")
      }
      let leadingZero = bytes[index] == 0x30
      index += 1
      if !leadingZero {
        while index < bytes.count, isDigit(bytes[index]) { index += 1 }
      }
      if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
        index += 1
        guard index < bytes.count, isDigit(bytes[index]) else {
          throw complain("after decimal point in numeric literal")
        }
        while index < bytes.count, isDigit(bytes[index]) { index += 1 }
      }
      if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
        index += 1
        if index < bytes.count, [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(bytes[index]) {
          index += 1
        }
        guard index < bytes.count, isDigit(bytes[index]) else {
          throw complain("in exponent of numeric literal")
        }
        while index < bytes.count, isDigit(bytes[index]) { index += 1 }
      }
      return .number(String(decoding: bytes[start..<index], as: UTF8.self))
    }

    mutating func string() throws(JSONError) -> String {
      index += 1
      let start = index
      while index < bytes.count, bytes[index] >= 0x20, bytes[index] != UInt8(ascii: "\""),
        bytes[index] != UInt8(ascii: "\\")
      {
        index += 1
      }
      guard index < bytes.count else { throw .unexpectedEnd }
      if bytes[index] == UInt8(ascii: "\"") {
        defer { index += 1 }
        return String(decoding: bytes[start..<index], as: UTF8.self)
      }
      var out = Array(bytes[start..<index])
      while index < bytes.count {
        let byte = bytes[index]
        switch byte {
        case UInt8(ascii: "\""):
          index += 1
          return String(decoding: out, as: UTF8.self)
        case UInt8(ascii: "\\"):
          index += 1
          try escape(into: &out)
        case ..<0x20: throw complain("in string literal")
        default:
          out.append(byte)
          index += 1
        }
      }
      throw .unexpectedEnd
    }

    mutating func escape(into out: inout [UInt8]) throws(JSONError) {
      guard index < bytes.count else { throw .unexpectedEnd }
      switch bytes[index] {
      case UInt8(ascii: "b"): out.append(0x08)
      case UInt8(ascii: "f"): out.append(0x0c)
      case UInt8(ascii: "n"): out.append(0x0a)
      case UInt8(ascii: "r"): out.append(0x0d)
      case UInt8(ascii: "t"): out.append(0x09)
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(bytes[index])
      case UInt8(ascii: "u"):
        index += 1
        var unit = try hexadecimal()
        if (0xd800..<0xdc00).contains(unit), index + 1 < bytes.count,
          bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u")
        {
          let here = index
          index += 2
          let low = try hexadecimal()
          if (0xdc00..<0xe000).contains(low) {
            unit = 0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00)
          } else {
            index = here
          }
        }
        let scalar = UnicodeScalar(unit) ?? "\u{fffd}"
        out += Array(String(Character(scalar)).utf8)
        return
      default: throw complain("in string escape code")
      }
      index += 1
    }

    mutating func hexadecimal() throws(JSONError) -> UInt32 {
      var unit: UInt32 = 0
      for _ in 0..<4 {
        guard index < bytes.count, let digit = Character(UnicodeScalar(bytes[index])).hexDigitValue
        else { throw complain("in \\u hexadecimal character escape") }
        unit = unit << 4 | UInt32(digit)
        index += 1
      }
      return unit
    }
  }
}
