#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// The first lines of an HTTP/1 message, found in bytes that stay where they are.
///
/// The proxy forwards bytes, so it looks at a message instead of decoding it: a field is a pair of
/// ranges, and what is passed on is copied from the same bytes.
struct MessageHead {
  struct Field {
    var line: Range<Int>
    var name: Range<Int>
    var value: Range<Int>
  }

  var startLine: Range<Int>
  var fields: [Field]
  /// Bytes up to and including the empty line.
  var length: Int
}

enum HeadScan {
  case incomplete
  case malformed(String)
  case found(MessageHead)
}

/// Longest head that is looked at, in bytes; nginx allows 32 kB, Node 16 kB.
let longestHead = 128 * 1024

/// Finds the head of a message at the start of `bytes`. A line may end in LF alone (RFC 9112, 2.2).
/// - Parameter folds: a line that begins with a blank goes on with the field before, as old servers write it (5.2).
func scanHead(_ bytes: UnsafeRawBufferPointer, folds: Bool = false) -> HeadScan {
  var lineStart = 0
  var startLine: Range<Int>?
  var fields: [MessageHead.Field] = []
  fields.reserveCapacity(24)
  while let newline = bytes.position(of: .newline, from: lineStart) {
    let end = newline > lineStart && bytes[newline - 1] == .return ? newline - 1 : newline
    let line = lineStart..<end
    lineStart = newline + 1
    guard startLine != nil else {
      // Empty lines before a request are to be ignored (RFC 9112, 2.2).
      if !line.isEmpty { startLine = line }
      continue
    }
    if line.isEmpty {
      return .found(MessageHead(startLine: startLine!, fields: fields, length: lineStart))
    }
    if folds, !fields.isEmpty, bytes[line.lowerBound].isBlank {
      let last = fields.indices.last!
      fields[last].line = fields[last].line.lowerBound..<lineStart
      fields[last].value = fields[last].value.lowerBound..<line.upperBound
      continue
    }
    // A blank around a name makes one reader take the line for a field and another not (RFC 9112, 5.1 and 5.2).
    guard let colon = bytes.position(of: .colon, from: line.lowerBound, to: line.upperBound),
      colon > line.lowerBound, !bytes[line.lowerBound].isBlank, !bytes[colon - 1].isBlank
    else { return .malformed("a header line has no name") }
    var value = (colon + 1)..<line.upperBound
    while let first = value.first, bytes[first].isBlank { value = (first + 1)..<value.upperBound }
    while let last = value.last, bytes[last].isBlank { value = value.lowerBound..<last }
    fields.append(
      .init(line: line.lowerBound..<lineStart, name: line.lowerBound..<colon, value: value))
  }
  return bytes.count > longestHead ? .malformed("the head is longer than 128 kB") : .incomplete
}

extension UInt8 {
  static let newline = UInt8(ascii: "\n")
  static let `return` = UInt8(ascii: "\r")
  static let colon = UInt8(ascii: ":")
  static let space = UInt8(ascii: " ")

  var isBlank: Bool { self == .space || self == UInt8(ascii: "\t") }

  /// The lower-case form of an ASCII letter, every other byte as it is.
  var lowercased: UInt8 {
    self >= UInt8(ascii: "A") && self <= UInt8(ascii: "Z") ? self | 0x20 : self
  }
}

extension UnsafeRawBufferPointer {
  func position(of byte: UInt8, from start: Int, to end: Int? = nil) -> Int? {
    let end = end ?? count
    guard start < end, let base = baseAddress,
      let found = memchr(base + start, Int32(byte), end - start)
    else { return nil }
    return UnsafeRawPointer(found) - base
  }

  func position(of text: StaticString, in range: Range<Int>) -> Int? {
    let length = text.utf8CodeUnitCount
    var index = range.lowerBound
    while index + length <= range.upperBound,
      let place = position(of: text.utf8Start[0], from: index, to: range.upperBound)
    {
      if place + length <= range.upperBound, starts(at: place, with: text) { return place }
      index = place + 1
    }
    return nil
  }

  func contains(_ text: StaticString, in range: Range<Int>) -> Bool {
    position(of: text, in: range) != nil
  }

  /// Whether the bytes of `range` are `name`, which is in lower case, in any case.
  func matches(_ range: Range<Int>, _ name: StaticString) -> Bool {
    guard range.count == name.utf8CodeUnitCount else { return false }
    for (offset, index) in range.enumerated() where self[index].lowercased != name.utf8Start[offset]
    { return false }
    return true
  }

  func text(_ range: Range<Int>) -> String {
    String(decoding: UnsafeRawBufferPointer(rebasing: self[range]), as: UTF8.self)
  }

  /// The comma separated words of a header's value, in lower case.
  func words(_ range: Range<Int>) -> [String] {
    text(range).split(separator: ",").map { word in
      var word = word
      while let first = word.first, first == " " || first == "\t" { word.removeFirst() }
      while let last = word.last, last == " " || last == "\t" { word.removeLast() }
      return word.lowercased()
    }
  }
}
