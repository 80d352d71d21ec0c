let newline = UInt8(ascii: "\n")
let carriageReturn = UInt8(ascii: "\r")

/// A file's bytes seen as lines, each with its own end; joined they are the bytes again.
struct FileLines {
  let bytes: [UInt8]
  private let starts: [Int]

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    var starts: [Int] = bytes.isEmpty ? [] : [0]
    for (index, byte) in bytes.enumerated() where byte == newline && index + 1 < bytes.count {
      starts.append(index + 1)
    }
    self.starts = starts
  }

  var indices: Range<Int> { starts.indices }

  subscript(_ index: Int) -> ArraySlice<UInt8> { bytes[start(index)..<start(index + 1)] }

  func bytes(_ lines: PartialRangeUpTo<Int>) -> ArraySlice<UInt8> {
    bytes[..<start(lines.upperBound)]
  }

  func bytes(_ lines: PartialRangeFrom<Int>) -> ArraySlice<UInt8> {
    bytes[start(lines.lowerBound)...]
  }

  private func start(_ index: Int) -> Int { index < starts.count ? starts[index] : bytes.count }

  func replacing(_ index: Int, by line: [UInt8]) -> [UInt8] {
    bytes[..<start(index)] + line + bytes[start(index + 1)...]
  }

  func inserting(_ line: [UInt8], at index: Int) -> [UInt8] {
    bytes[..<start(index)] + line + bytes[start(index)...]
  }

  /// The line's end: LF, CRLF, or nothing.
  func end(of index: Int) -> [UInt8] {
    let line = self[index]
    guard line.last == newline else { return [] }
    return line.dropLast().last == carriageReturn ? [carriageReturn, newline] : [newline]
  }

  /// The line end that most lines have; LF where none has one.
  var dominantEnd: [UInt8] {
    var windows = 0
    var all = 0
    for index in indices {
      let count = end(of: index).count
      all += count > 0 ? 1 : 0
      windows += count == 2 ? 1 : 0
    }
    return windows * 2 > all ? [carriageReturn, newline] : [newline]
  }

  func indentation(of index: Int) -> [UInt8] { Array(self[index].prefix { Self.isBlank($0) }) }

  /// The line without white space at its ends.
  func trimmed(_ index: Int) -> ArraySlice<UInt8> { Self.trimmed(self[index]) }

  static func trimmed<Bytes: BidirectionalCollection<UInt8>>(_ line: Bytes) -> Bytes.SubSequence {
    let start = line.firstIndex { !isBlank($0) && $0 != newline && $0 != carriageReturn }
    guard let start else { return line[line.endIndex...] }
    let last = line.lastIndex { !isBlank($0) && $0 != newline && $0 != carriageReturn }
    return line[start...(last ?? start)]
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  /// Whether the bytes are UTF-16, by their mark or by the zeros of its plain characters.
  var isOfTwoByteCharacters: Bool {
    if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) { return true }
    let start = bytes.prefix(4096)
    let zeros = (0..<2).map { parity in
      start.enumerated().count { $0.offset % 2 == parity && $0.element == 0 }
    }
    return start.count >= 4 && zeros.contains { $0 * 10 > start.count * 4 }
      && zeros.contains { $0 * 10 < start.count }
  }

  /// Whether a compound command of the shell would be left empty without these lines.
  ///
  /// - Parameter others: lines that go as well.
  func isOnlyBodyOfCompound(_ range: Range<Int>, _ shell: Shell, without others: [Int] = []) -> Bool
  {
    func isMeaningful(_ index: Int) -> Bool {
      let text = trimmed(index)
      return !text.isEmpty && text.first != UInt8(ascii: "#") && !others.contains(index)
    }
    guard let above = indices[..<range.lowerBound].last(where: isMeaningful),
      let below = indices[range.upperBound...].first(where: isMeaningful)
    else { return false }
    let opens = ["then", "else", "do", "{", "(", ")"].contains {
      trimmed(above).reversed().starts(with: $0.utf8.reversed())
    }
    let next = trimmed(below)
    let word = next.prefix { !" \t;&|)<>".utf8.contains($0) }
    let closes =
      ["fi", "else", "elif", "done", "}", "esac"].contains { word.elementsEqual($0.utf8) }
      || [")", ";;"].contains { next.starts(with: $0.utf8) }
    // A statement of the file itself has nothing around it, whatever the lines look like.
    return opens && closes
      && !ShellOutline(bytes, shell).starts.contains(start(range.lowerBound))
  }
}
