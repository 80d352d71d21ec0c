/// Where a block goes in a start-up file: at its end, unless it would not be reached there.
///
/// A `return` or `exit` at the top level ends the file, for every shell or (Debian's `case $- in *i*) ;; *) return;;`)
/// for some. The block goes above it, with the comment that belongs to it left where it is. But what stands below the block can take
/// its name again (an alias `claude-local`, say), so a condition is left above where the name is used further down: the shells that
/// a person types into do not return there.
struct BlockPlace {
  var offset: Int

  init(in bytes: [UInt8]) {
    let outline = ShellOutline(bytes)
    offset = bytes.count
    if let heredoc = outline.unendedHereDocument {
      // The rest of the file is that document's text.
      offset = heredoc
    } else if outline.isBalanced {
      let always = outline.stops.first { !$0.isConditional }?.start ?? bytes.count
      offset = always
      if let sometimes = outline.stops.first?.start, sometimes < always {
        let below = bytes[sometimes..<always]
        if !below.contains(sequence: Array("claude-local".utf8)) { offset = sometimes }
      }
    }
    if offset < bytes.count { offset = Self.aboveComments(offset, bytes) }
  }

  /// The start of the comment lines that stand directly above.
  private static func aboveComments(_ offset: Int, _ bytes: [UInt8]) -> Int {
    let lines = FileLines(Array(bytes[..<offset]))
    var start = offset
    for index in lines.indices.reversed() {
      let text = lines.trimmed(index)
      // The first line may be a `#!` or an editor's mode line, which has to stay first.
      guard text.first == UInt8(ascii: "#"), index > 0 else { break }
      start -= lines[index].count
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
