internal import CScan

/// Looks into JSON without building it: positions of values in bytes that somebody else holds.
///
/// It trusts what it passes over; a text that is not JSON gives nil somewhere, never a crash.
struct JSONCursor {
  let bytes: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// Calls `body` with the range of each member's name (without quotes) and value until it returns false.
  /// - Returns: the position after the object, nil if there is none at `start` or `body` ended it.
  @discardableResult
  func members(
    at start: Int, _ body: (_ name: Range<Int>, _ value: Range<Int>) -> Bool
  ) -> Int? {
    members(at: start, known: { _ in nil }, body: body)
  }

  /// - Parameter known: where the value that begins at a place ends, if that is known without a walk through it.
  @discardableResult
  func members(
    at start: Int, known: (Int) -> Int?,
    body: (_ name: Range<Int>, _ value: Range<Int>) -> Bool
  ) -> Int? {
    var index = blanks(start)
    guard byte(index) == UInt8(ascii: "{") else { return nil }
    index = blanks(index + 1)
    if byte(index) == UInt8(ascii: "}") { return index + 1 }
    while true {
      guard byte(index) == UInt8(ascii: "\""), let nameEnd = skip(index) else { return nil }
      let colon = blanks(nameEnd)
      guard byte(colon) == UInt8(ascii: ":") else { return nil }
      let valueStart = blanks(colon + 1)
      guard byte(valueStart) != nil, let valueEnd = known(valueStart) ?? skip(valueStart) else {
        return nil
      }
      guard body((index + 1)..<(nameEnd - 1), valueStart..<valueEnd) else { return nil }
      index = blanks(valueEnd)
      switch byte(index) {
      case UInt8(ascii: ","): index = blanks(index + 1)
      case UInt8(ascii: "}"): return index + 1
      default: return nil
      }
    }
  }

  /// Calls `body` with the range of each element until it returns false.
  @discardableResult
  func elements(at start: Int, _ body: (Range<Int>) -> Bool) -> Int? {
    var index = blanks(start)
    guard byte(index) == UInt8(ascii: "[") else { return nil }
    index = blanks(index + 1)
    if byte(index) == UInt8(ascii: "]") { return index + 1 }
    while true {
      guard let end = skip(index), body(index..<end) else { return nil }
      index = blanks(end)
      switch byte(index) {
      case UInt8(ascii: ","): index = blanks(index + 1)
      case UInt8(ascii: "]"): return index + 1
      default: return nil
      }
    }
  }

  /// The value of the member `name` of the object at `start`.
  func member(_ name: StaticString, of start: Int) -> Range<Int>? {
    var found: Range<Int>?
    members(at: start) { key, value in
      guard key.count == name.utf8CodeUnitCount, bytes.starts(at: key.lowerBound, with: name)
      else { return true }
      found = value
      return false
    }
    return found
  }

  func integer(_ range: Range<Int>?) -> Int? {
    guard let range else { return nil }
    return Int(bytes.text(range))
  }

  /// A string without its quotes and escapes; nil if the value is no string.
  func string(_ range: Range<Int>?) -> String? {
    guard let range, range.count >= 2, byte(range.lowerBound) == UInt8(ascii: "\"") else {
      return nil
    }
    let inside = (range.lowerBound + 1)..<(range.upperBound - 1)
    let raw = UnsafeRawBufferPointer(rebasing: bytes[inside])
    guard raw.position(of: UInt8(ascii: "\\"), from: 0) != nil else {
      return raw.text(0..<raw.count)
    }
    return unescaped(raw)
  }

  /// The position after the value at `start`.
  func skip(_ start: Int) -> Int? {
    guard let first = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
    let end = ccl_skip_json(first, start, bytes.count)
    return end == 0 ? nil : end
  }

  private func byte(_ index: Int) -> UInt8? { index < bytes.count ? bytes[index] : nil }

  private func blanks(_ start: Int) -> Int {
    var index = start
    while let next = byte(index), next.isBlank || next == .newline || next == .return { index += 1 }
    return index
  }

  private func unescaped(_ raw: UnsafeRawBufferPointer) -> String {
    var units: [UInt16] = []
    var text = ""
    var index = 0
    func flush() {
      guard !units.isEmpty else { return }
      text += String(decoding: units, as: UTF16.self)
      units = []
    }
    while index < raw.count {
      guard raw[index] == UInt8(ascii: "\\"), index + 1 < raw.count else {
        let end = raw.position(of: UInt8(ascii: "\\"), from: index) ?? raw.count
        flush()
        text += raw.text(index..<max(end, index + 1))
        index = max(end, index + 1)
        continue
      }
      switch raw[index + 1] {
      case UInt8(ascii: "n"): units.append(10)
      case UInt8(ascii: "t"): units.append(9)
      case UInt8(ascii: "r"): units.append(13)
      case UInt8(ascii: "b"): units.append(8)
      case UInt8(ascii: "f"): units.append(12)
      case UInt8(ascii: "u") where index + 6 <= raw.count:
        units.append(UInt16(raw.text((index + 2)..<(index + 6)), radix: 16) ?? 0xFFFD)
        index += 4
      default: units.append(UInt16(raw[index + 1]))
      }
      index += 2
    }
    flush()
    return text
  }
}
