internal import CScan
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

  /// Forgets the first `taken` bytes. The rest, and what follows it, begins in memory `phase` bytes behind a place that a
  /// disk can read from.
  mutating func drop(first taken: Int, phase: Int) {
    let comma = needsComma
    let rest = Array(buffer.readableBytesView.dropFirst(taken))
    clear()
    needsComma = comma
    let start = buffer.withVeryUnsafeMutableBytes { memory in
      let start = (phase - Int(bitPattern: memory.baseAddress)) & (DirectRun.block - 1)
      return start + rest.count <= memory.count ? start : 0
    }
    buffer.moveWriterIndex(to: start)
    buffer.moveReaderIndex(to: start)
    buffer.writeBytes(rest)
  }

  /// The beginning of a member that is written by hand: an object whose first member are the headers.
  mutating func begin(_ name: StaticString) {
    raw(",\"")
    raw(name)
    raw("\":{\"headers\":")
    needsComma = false
  }

  /// The end of a line of the record; the next one begins anew.
  mutating func endLine() {
    raw("}\n")
    needsComma = false
  }

  mutating func raw(_ text: StaticString) {
    raw(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }
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

  /// Names are most of a line's pieces, so each is one write.
  mutating func key(_ name: StaticString) {
    let length = name.utf8CodeUnitCount
    let comma = needsComma ? 1 : 0
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length + 4) { target in
      if comma == 1 { target[0] = UInt8(ascii: ",") }
      target[comma] = UInt8(ascii: "\"")
      let name = UnsafeRawBufferPointer(start: name.utf8Start, count: length)
      UnsafeMutableRawBufferPointer(rebasing: target[(comma + 1)...]).copyMemory(from: name)
      target[comma + length + 1] = UInt8(ascii: "\"")
      target[comma + length + 2] = UInt8(ascii: ":")
      return comma + length + 3
    }
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
    if let value = Int(exactly: value), value >= 0 {
      digits(value)
    } else {
      buffer.writeString(String(value))
    }
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

  /// Text as it came from elsewhere; what is not UTF-8 in it is replaced.
  mutating func string(_ bytes: UnsafeRawBufferPointer) {
    separate()
    raw("\"")
    let start = count
    if buffer.writeEscaped(bytes, isLast: true) == nil {
      cut(to: start)
      var text = bytes.text(0..<bytes.count)
      text.withUTF8 { _ = buffer.writeEscaped(UnsafeRawBufferPointer($0), isLast: true) }
    }
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

  /// What was written after the first `length` bytes. A slice would share the memory, and the next write copy all of it.
  func copy(from length: Int) -> ByteBuffer {
    buffer.withUnsafeReadableBytes {
      ByteBuffer(bytes: UnsafeRawBufferPointer(rebasing: $0[length...]))
    }
  }

  private mutating func separate() {
    if needsComma { raw(",") }
    needsComma = false
  }
}

extension ByteBuffer {
  /// Writes bytes as the inside of a JSON string.
  fileprivate mutating func writeEscaped(_ source: UnsafeRawBufferPointer, isLast: Bool) -> Int? {
    guard let start = source.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return 0 }
    var used = 0
    while used < source.count {
      var state: Int32 = 0
      // A byte becomes six at most, so the parts are small.
      let count = min(source.count - used, 8192)
      let isEnd = used + count == source.count
      writeWithUnsafeMutableBytes(minimumWritableBytes: count * 6 + 16) { target in
        let result = ccl_escape(target.baseAddress, start + used, count)
        used += result.used
        state = result.state
        return result.written
      }
      if state == 2 || (state == 1 && isEnd && isLast) { return nil }
      if state == 1, isEnd { break }
    }
    return used
  }
}
