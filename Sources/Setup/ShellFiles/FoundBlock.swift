/// A marker pair in a file.
struct FoundBlock {
  /// What the opening marker remembers of the file.
  enum Note: String, CaseIterable {
    case lineEndAdded = "(the line above had no end)"
    case fileMade = "(in a file made for them)"
  }
  /// Line indices from 0.
  var opening: Int
  var closing: Int
  var notes: [Note]

  var range: Range<Int> { opening..<closing + 1 }
  var content: Range<Int> { opening + 1..<closing }
  var lineNumbers: ClosedRange<Int> { opening + 1...closing + 1 }

  /// The one pair of this shell, `nil` when no marker is there.
  init?(_ shell: Shell, in lines: FileLines) throws(RCProblem) {
    let start = Self.marker(shell, ">>>")
    let end = Self.marker(shell, "<<<")
    var openings: [Int] = []
    var closings: [Int] = []
    for index in lines.indices {
      let text = lines.trimmed(index)
      if text.starts(with: start) { openings.append(index) }
      if text.starts(with: end) { closings.append(index) }
    }
    if openings.isEmpty, closings.isEmpty { return nil }
    let numbers = (openings + closings).sorted().map { $0 + 1 }
    if openings.count > 1, openings.count == closings.count { throw .repeated(lines: numbers) }
    guard openings.count == 1, closings.count == 1, openings[0] < closings[0] else {
      throw .unbalanced(lines: numbers)
    }
    opening = openings[0]
    closing = closings[0]
    let text = String(decoding: lines[opening], as: UTF8.self)
    notes = Note.allCases.filter { text.contains($0.rawValue) }
  }

  static func opening(_ shell: Shell, _ notes: [Note]) -> [UInt8] {
    let words = ["`ccl-setup uninstall` takes these lines out"] + notes.map(\.rawValue)
    return marker(shell, ">>>") + Array((" " + words.joined(separator: " ")).utf8)
  }

  static func closing(_ shell: Shell) -> [UInt8] { marker(shell, "<<<") }

  static func marker(_ shell: Shell, _ arrows: String) -> [UInt8] {
    Array("# \(arrows) ccl-setup: claude-local for \(shell.rawValue) \(arrows)".utf8)
  }

  /// Whether a line has the form that every version of ours writes: a test for the shell, and one file twice.
  static func isOurs(_ line: some Sequence<UInt8>, _ shell: Shell) -> Bool {
    let text = FileLines.trimmed(Array(line))
    let name = "\(shell.rawValue.uppercased())_VERSION"
    let start = Array("if [ -n \"${\(name)-}\" ] && [ -r ".utf8)
    let ends = ["; fi", "; fi #"].map { Array($0.utf8) }
    guard text.starts(with: start),
      let end = ends.first(where: { text.suffix($0.count).elementsEqual($0) })
    else { return false }
    let files = text.dropFirst(start.count).dropLast(end.count)
    let between = Array(" ]; then \\. ".utf8)
    let length = (files.count - between.count) / 2
    return length > 0
      && files.elementsEqual(files.prefix(length) + between + files.prefix(length))
  }

  /// The lines (indices from 0) that look like those of a block whose markers are not what we wrote.
  static func strays(_ shell: Shell, in lines: FileLines) -> [Int] {
    lines.indices.filter { index in
      let text = lines.trimmed(index)
      let isMarker = [">>>", "<<<"].contains { arrows in
        text.starts(with: "# \(arrows) ccl-setup:".utf8)
          && !Shell.allCases.contains { text.starts(with: marker($0, arrows)) }
      }
      return isMarker || isOurs(lines[index], shell)
    }
  }
}
