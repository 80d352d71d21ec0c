import NIOCore

/// JSON that is written, not built: fields go straight into the bytes of a line.
struct JSONText {
  private(set) var buffer: ByteBuffer
  private var needsComma = false

  init(capacity: Int = 512) { buffer = ByteBufferAllocator().buffer(capacity: capacity) }

  var bytes: ByteBufferView { buffer.readableBytesView }

  /// Forgets what is written but keeps the memory, up to a limit.
  mutating func clear() {
    if buffer.storageCapacity > 4 << 20 {
      buffer = ByteBufferAllocator().buffer(capacity: 64 * 1024)
    } else {
      buffer.clear()
    }
    needsComma = false
  }

  mutating func raw(_ text: StaticString) { buffer.writeStaticString(text) }
  mutating func raw(_ bytes: UnsafeRawBufferPointer) { buffer.writeBytes(bytes) }
  mutating func raw(_ bytes: ByteBuffer) { buffer.writeImmutableBuffer(bytes) }

  mutating func object(_ body: (inout JSONText) -> Void) {
    separate()
    raw("{")
    needsComma = false
    body(&self)
    raw("}")
    needsComma = true
  }

  mutating func object(_ name: StaticString, _ body: (inout JSONText) -> Void) {
    key(name)
    object(body)
  }

  mutating func array(_ name: StaticString, _ body: (inout JSONText) -> Void) {
    key(name)
    array(body)
  }

  mutating func array(_ body: (inout JSONText) -> Void) {
    separate()
    raw("[")
    needsComma = false
    body(&self)
    raw("]")
    needsComma = true
  }

  mutating func key(_ name: StaticString) {
    separate()
    raw("\"")
    raw(name)
    raw("\":")
    needsComma = false
  }

  mutating func field(_ name: StaticString, _ value: String) {
    key(name)
    string(value)
  }

  mutating func field(_ name: StaticString, _ value: String?) {
    if let value { field(name, value) }
  }

  mutating func field(_ name: StaticString, _ value: (some BinaryInteger)?) {
    guard let value else { return }
    key(name)
    number(value)
  }

  mutating func flag(_ name: StaticString, _ value: Bool) {
    guard value else { return }
    key(name)
    raw("true")
    needsComma = true
  }

  mutating func number(_ value: some BinaryInteger) {
    separate()
    buffer.writeString(String(value))
    needsComma = true
  }

  mutating func string(_ value: String) {
    separate()
    raw("\"")
    var value = value
    value.withUTF8 { _ = buffer.writeEscaped(UnsafeRawBufferPointer($0), isLast: true) }
    raw("\"")
    needsComma = true
  }

  /// A value that is JSON already.
  mutating func copied(_ name: StaticString, _ value: UnsafeRawBufferPointer) {
    key(name)
    raw(value)
    needsComma = true
  }

  /// An element that is JSON already.
  mutating func element(_ value: ByteBuffer) {
    separate()
    raw(value)
    needsComma = true
  }

  mutating func decimal(_ name: StaticString, _ value: Double) {
    key(name)
    buffer.writeString(String(value))
    needsComma = true
  }

  /// Writes a part of a string. nil if it is not UTF-8, otherwise the count of bytes used, which leaves out a last
  /// character that is not whole unless it is the last part.
  mutating func escaped(_ bytes: UnsafeRawBufferPointer, isLast: Bool) -> Int? {
    buffer.writeEscaped(bytes, isLast: isLast)
  }

  mutating func base64(_ bytes: UnsafeRawBufferPointer) {
    let alphabet: StaticString =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    let table = alphabet.utf8Start
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: (bytes.count + 2) / 3 * 4) { out in
      var place = 0
      var index = 0
      while index < bytes.count {
        let left = bytes.count - index
        let word =
          UInt32(bytes[index]) << 16 | (left > 1 ? UInt32(bytes[index + 1]) << 8 : 0)
          | (left > 2 ? UInt32(bytes[index + 2]) : 0)
        out[place] = table[Int(word >> 18)]
        out[place + 1] = table[Int(word >> 12 & 63)]
        out[place + 2] = left > 1 ? table[Int(word >> 6 & 63)] : UInt8(ascii: "=")
        out[place + 3] = left > 2 ? table[Int(word & 63)] : UInt8(ascii: "=")
        place += 4
        index += 3
      }
      return place
    }
  }

  /// Cuts off what was written after `length` bytes.
  mutating func cut(to length: Int) {
    buffer.moveWriterIndex(to: buffer.readerIndex + length)
  }

  var count: Int { buffer.readableBytes }

  private mutating func separate() {
    if needsComma { raw(",") }
    needsComma = false
  }
}

extension ByteBuffer {
  /// Writes bytes as the inside of a JSON string, sixteen at a time where nothing is to be escaped.
  fileprivate mutating func writeEscaped(_ source: UnsafeRawBufferPointer, isLast: Bool) -> Int? {
    guard let start = source.baseAddress else { return 0 }
    let quote = SIMD16<UInt8>(repeating: UInt8(ascii: "\""))
    let backslash = SIMD16<UInt8>(repeating: UInt8(ascii: "\\"))
    let firstPrintable = SIMD16<UInt8>(repeating: 0x20)
    let firstWide = SIMD16<UInt8>(repeating: 0x80)
    let count = source.count
    var index = 0
    var isText = true
    while index < count, isText {
      let blockEnd = min(count, index + 8192)
      var stop = false
      // A byte becomes six at most.
      writeWithUnsafeMutableBytes(minimumWritableBytes: (blockEnd - index) * 6 + 16) { target in
        let out = target.baseAddress!
        var place = 0
        while index < blockEnd {
          if index + 16 <= count {
            let bytes = start.loadUnaligned(fromByteOffset: index, as: SIMD16<UInt8>.self)
            out.storeBytes(of: bytes, toByteOffset: place, as: SIMD16<UInt8>.self)
            let special =
              (bytes .== quote) .| (bytes .== backslash) .| (bytes .< firstPrintable)
              .| (bytes .>= firstWide)
            let plain = special.firstSet
            index += plain
            place += plain
            if plain == 16 { continue }
          }
          let byte = start.load(fromByteOffset: index, as: UInt8.self)
          if byte >= 0x80 {
            let length = wideLength(start + index, count - index)
            guard length > 0 else {
              isText = length < 0 && !isLast
              stop = true
              return place
            }
            (out + place).copyMemory(from: start + index, byteCount: length)
            index += length
            place += length
          } else {
            place += writeNarrow(byte, out + place)
            index += 1
          }
        }
        return place
      }
      if stop { break }
    }
    return isText ? index : nil
  }
}

extension SIMDMask where Storage == SIMD16<Int8> {
  /// Index of the first lane that is set, 16 if none is.
  @inline(__always)
  var firstSet: Int {
    let halves = unsafeBitCast(self, to: SIMD2<UInt64>.self)
    if halves.x != 0 { return UInt64(littleEndian: halves.x).trailingZeroBitCount >> 3 }
    return 8 + Swift.min(8, UInt64(littleEndian: halves.y).trailingZeroBitCount >> 3)
  }
}

@inline(__always)
private func writeNarrow(_ byte: UInt8, _ out: UnsafeMutableRawPointer) -> Int {
  func write(_ first: UInt8, _ second: UInt8) {
    out.storeBytes(of: first, as: UInt8.self)
    out.storeBytes(of: second, toByteOffset: 1, as: UInt8.self)
  }
  let escape = UInt8(ascii: "\\")
  switch byte {
  case UInt8(ascii: "\""), escape: write(escape, byte)
  case UInt8(ascii: "\n"): write(escape, UInt8(ascii: "n"))
  case UInt8(ascii: "\r"): write(escape, UInt8(ascii: "r"))
  case UInt8(ascii: "\t"): write(escape, UInt8(ascii: "t"))
  case 0..<0x20:
    write(escape, UInt8(ascii: "u"))
    let hex: StaticString = "0123456789abcdef"
    for (offset, digit) in [0, 0, byte >> 4, byte & 15].enumerated() {
      out.storeBytes(
        of: hex.utf8Start[Int(digit)], toByteOffset: 2 + offset, as: UInt8.self)
    }
    return 6
  default:
    out.storeBytes(of: byte, as: UInt8.self)
    return 1
  }
  return 2
}

/// Bytes of the UTF-8 character at `bytes`; 0 if it is none, -1 if it is cut off.
private func wideLength(_ bytes: UnsafeRawPointer, _ available: Int) -> Int {
  func at(_ index: Int) -> UInt8 { bytes.load(fromByteOffset: index, as: UInt8.self) }
  let lead = at(0)
  let length: Int
  var second: ClosedRange<UInt8> = 0x80...0xBF
  switch lead {
  case 0xC2...0xDF: length = 2
  case 0xE0: (length, second) = (3, 0xA0...0xBF)
  case 0xED: (length, second) = (3, 0x80...0x9F)
  case 0xE1...0xEF: length = 3
  case 0xF0: (length, second) = (4, 0x90...0xBF)
  case 0xF4: (length, second) = (4, 0x80...0x8F)
  case 0xF1...0xF3: length = 4
  default: return 0
  }
  for index in 1..<length {
    guard index < available else { return -1 }
    guard index == 1 ? second.contains(at(1)) : (0x80...0xBF).contains(at(index)) else { return 0 }
  }
  return length
}
