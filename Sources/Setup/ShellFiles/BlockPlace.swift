/// Where a block goes in a start-up file: at its end, unless it would not be reached, or not read as commands, there.
///
/// A `return`, `exit` or `exec` at the top level ends the file, for every shell or (Debian's `case $- in *i*) ;; *) return;;`)
/// for some, and so does what the shell cannot read: a quote, a here-document or an `if` without its end. The block goes above it,
/// with the comment that belongs to it left where it is. But what stands below the block can take its name again (an alias
/// `claude-local`, say), so a condition is left above where the name is used further down: the shells that a person types into do
/// not return there. A tool that asks to be the last in the file stays so, and a statement that asks how the one above it ended stays
/// right below that.
struct BlockPlace {
  let bytes: [UInt8]
  let outline: ShellOutline

  init(in bytes: [UInt8], for shell: Shell) {
    self.bytes = bytes
    outline = ShellOutline(bytes, shell)
  }

  /// The place as far as the outline tells.
  var offset: Int { offset(before: outline.unended ?? outline.end) }

  /// The place in a file of which a shell reads no more than is before `end`.
  func offset(before end: Int) -> Int {
    let stops = outline.stops.prefix { $0.start < end }
    let always = stops.first { !$0.isConditional }?.start ?? end
    var offset = always
    if let sometimes = stops.first?.start, sometimes < always, !isNamed(sometimes..<always) {
      offset = sometimes
    } else if always == outline.end, let last = lastByWish, !isNamed(last..<always) {
      offset = last
    }
    while offset < bytes.count {
      offset = aboveComments(offset)
      guard let above = statementAskedAbout(at: offset) else { break }
      offset = above
    }
    return offset
  }

  /// The start of the statement whose status (`$?`) the one at the offset asks for.
  private func statementAskedAbout(at offset: Int) -> Int? {
    let statements = outline.starts.filter { start in
      FileLines.trimmed(bytes[start...].prefix { $0 != newline }).first != UInt8(ascii: "#")
    }
    guard let index = statements.firstIndex(where: { $0 >= offset }), index > 0 else { return nil }
    let end = index + 1 < statements.count ? statements[index + 1] : outline.end
    let names = ["$?", "${?", "$status", "PIPESTATUS", "pipestatus"]
    let asks = names.contains { bytes[statements[index]..<end].contains(sequence: Array($0.utf8)) }
    return asks ? statements[index - 1] : nil
  }

  private func isNamed(_ range: Range<Int>) -> Bool {
    bytes[range].contains(sequence: Array("claude-local".utf8))
  }

  /// The comment of a tool that asks for its lines to be the last ones, as sdkman's and Amazon Q's do.
  private var lastByWish: Int? {
    outline.starts.last { start in
      let line = bytes[start...].prefix { $0 != newline }
      guard FileLines.trimmed(line).first == UInt8(ascii: "#") else { return false }
      let words = String(decoding: line, as: UTF8.self).lowercased()
      return Self.wishes.contains { words.firstRange(of: $0) != nil }
    }
  }

  private static let wishes = ["must be at the end of the file", "at the bottom of this file"]

  /// The start of the comment lines that stand directly above.
  private func aboveComments(_ offset: Int) -> Int {
    var start = offset
    for above in outline.starts.reversed() where above < offset {
      let line = bytes[above...].prefix { $0 != newline }
      // The first line may be a `#!` or an editor's mode line, which has to stay first.
      guard above + line.count + 1 == start, FileLines.trimmed(line).first == UInt8(ascii: "#"),
        above > 0
      else { break }
      start = above
    }
    return start
  }
}

extension Collection<UInt8> {
  /// Whether the bytes occur in this order somewhere.
  func contains(sequence: [UInt8]) -> Bool {
    var rest = self[...]
    while let first = rest.firstIndex(of: sequence[0]) {
      if rest[first...].starts(with: sequence) { return true }
      rest = rest[index(after: first)...]
    }
    return false
  }
}
