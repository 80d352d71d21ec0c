/// A place in a bash or zsh text, which moves over its words: quotes, expansions and groups are stepped over as a whole.
struct ShellCursor {
  let bytes: [UInt8]
  var position = 0
  /// Whether a quote, an expansion or a group did not end.
  private(set) var isUnended = false
  /// Whether a backslash has taken away the last line's end.
  var continuesLine = false

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { position >= bytes.count }

  func byte(_ offset: Int = 0) -> UInt8? {
    position + offset < bytes.count ? bytes[position + offset] : nil
  }

  func isAt(_ text: StaticString) -> Bool {
    bytes[position...].starts(
      with: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func skipBlanks() {
    while byte() == 0x20 || byte() == 0x09 { position += 1 }
  }

  mutating func skipToLineEnd() {
    while let next = byte(), next != newline { position += 1 }
  }

  /// One character, escape, quoted string or expansion.
  mutating func skipOne() {
    switch bytes[position] {
    case UInt8(ascii: "\\"):
      // At the end of the file, and of its last line, it joins what would be put there to this one.
      continuesLine = position + 2 >= bytes.count && byte(1) ?? newline == newline
      position += 2
    case UInt8(ascii: "'"): skipQuoted(escapes: false)
    case UInt8(ascii: "\""): skipDoubleQuoted()
    case UInt8(ascii: "`"): skipQuoted(escapes: true)
    case UInt8(ascii: "$"):
      position += 1
      switch byte() {
      case UInt8(ascii: "'"): skipQuoted(escapes: true)
      case UInt8(ascii: "{"):
        position += 1
        skipGroup(UInt8(ascii: "{"), UInt8(ascii: "}"))
      case UInt8(ascii: "("):
        position += 1
        skipGroup(UInt8(ascii: "("), UInt8(ascii: ")"))
      // `$#`, `$$`: not the start of a comment.
      case UInt8(ascii: "#"), UInt8(ascii: "$"): position += 1
      default: break
      }
    default: position += 1
    }
    position = min(position, bytes.count)
  }

  private mutating func skipQuoted(escapes: Bool) {
    let quote = bytes[position]
    position += 1
    while let next = byte(), next != quote {
      position += escapes && next == UInt8(ascii: "\\") ? 2 : 1
    }
    if position >= bytes.count { isUnended = true }
    position += 1
  }

  private mutating func skipDoubleQuoted() {
    position += 1
    while let next = byte(), next != UInt8(ascii: "\"") {
      // A single quote is a plain character here.
      if next == UInt8(ascii: "'") { position += 1 } else { skipOne() }
    }
    if position >= bytes.count { isUnended = true }
    position += 1
  }

  /// Up to and with the closing character that fits; the opening one is behind.
  mutating func skipGroup(_ open: UInt8, _ close: UInt8) {
    var depth = 1
    while let next = byte() {
      if next == open || next == close {
        depth += next == open ? 1 : -1
        position += 1
        if depth == 0 { return }
      } else if next == UInt8(ascii: "#"), open == UInt8(ascii: "("), isAfterBlank {
        skipToLineEnd()
      } else {
        skipOne()
      }
    }
    isUnended = true
  }

  private var isAfterBlank: Bool {
    position > 0 && [0x20, 0x09, newline].contains(bytes[position - 1])
  }
}
