public import Assets
public import SystemPackage

/// The marked block in a start-up file that makes `claude-local` known: two marker lines and one guarded line that
/// sources the function's file.
///
/// Facts that shaped it, each a failure of another tool (their numbers are those of the tests):
/// - Start-up files are bytes: any encoding, either line end, a last line without one (4, 10, 26).
/// - Uninstall works without a receipt too, so the opening marker itself says what else was done to the file: a line
///   end added to the last line, or the file made (17, 18).
/// - One file may serve two shells by links, so each shell has its own markers, and the line asks which shell reads it
///   (14).
/// - With CRLF line ends the line ends in a comment, or bash would read `fi\r` (26).
/// - The dot is quoted, since people give that name to an alias (`alias .=pwd`).
/// - What stands between the markers is ours only as long as it looks like ours; everything else is its owner's (16, 27).
public struct RCBlock: Sendable, Hashable {
  public let shell: Shell
  /// The one line, without its end.
  public let line: [UInt8]

  /// The block for one shell; fish needs none, since it finds the function's file by itself.
  public init?(_ shell: Shell, function: FilePath, home: FilePath) throws(TemplateError) {
    let template: Asset
    switch shell {
    case .bash: template = .bashRCLine
    case .zsh: template = .zshRCLine
    case .fish: return nil
    }
    self.shell = shell
    line = Array(try render(template, ["function": .path(function, home: home)]).utf8).dropLast()
  }

  /// The file with the block in it: put in once, or its line brought up to date where it is. `nil` is a file that does
  /// not exist yet.
  public func installing(in bytes: [UInt8]?) throws(RCProblem) -> RCEdit {
    try installing(in: bytes, at: nil)
  }

  /// - Parameter position: where the shell itself says that a new block can go; `nil` where it was not asked.
  func installing(in bytes: [UInt8]?, at position: Int?) throws(RCProblem) -> RCEdit {
    let isNew = bytes == nil
    let bytes = bytes ?? []
    let lines = FileLines(bytes)
    guard let found = try FoundBlock(shell, in: lines) else {
      return try insertion(in: lines, isNew: isNew, at: position)
    }
    let own = found.content.filter { FoundBlock.isOurs(lines[$0], shell) }
    guard own.count <= 1 else { throw .edited(found.lineNumbers) }
    guard let index = own.first else {
      guard found.content.isEmpty else { throw .edited(found.lineNumbers) }
      return RCEdit(
        bytes: lines.inserting(self.line(end: lines.end(of: found.opening)), at: found.closing),
        change: .replaced(line: found.closing + 1))
    }
    let old = lines[index]
    let new = lines.indentation(of: index) + self.line(end: lines.end(of: index))
    if old.elementsEqual(new) { return RCEdit(bytes: bytes, change: .none) }
    return RCEdit(bytes: lines.replacing(index, by: new), change: .replaced(line: index + 1))
  }

  /// The file without the block: the bytes that were there before it, and what its owner wrote since.
  ///
  /// - Parameter isMoved: whether its owner put it into this file: what it remembers is of another one then.
  public static func removing(
    _ shell: Shell, from bytes: [UInt8], isMoved: Bool = false
  ) throws(RCProblem) -> RCEdit {
    let lines = FileLines(bytes)
    guard let found = try FoundBlock(shell, in: lines) else {
      let strays = FoundBlock.strays(shell, in: lines)
      guard strays.isEmpty else { throw .unmarked(lines: strays.map { $0 + 1 }) }
      return RCEdit(bytes: bytes, change: .none)
    }
    guard found.content.allSatisfy({ FoundBlock.isOurs(lines[$0], shell) }) else {
      throw .edited(found.lineNumbers)
    }
    // An `if` with nothing left in it would be a syntax error in every new shell.
    if lines.isOnlyBodyOfCompound(found.range, shell) { throw .wrapped(found.lineNumbers) }
    var before = lines.bytes(..<found.range.lowerBound)
    let after = lines.bytes(found.range.upperBound...)
    if !isMoved, found.notes.contains(.lineEndAdded), after.isEmpty, before.last == newline {
      before.removeLast()
    }
    let rest = Array(before + after)
    return RCEdit(
      bytes: rest, change: .removed(line: found.range.lowerBound + 1),
      isFileOurs: rest.isEmpty && found.notes.contains(.fileMade))
  }

  /// Where the block stands, as line numbers from 1; `nil` when it is not there.
  public static func find(_ shell: Shell, in bytes: [UInt8]) throws(RCProblem)
    -> ClosedRange<Int>?
  {
    try FoundBlock(shell, in: FileLines(bytes))?.lineNumbers
  }

  private func insertion(
    in lines: FileLines, isNew: Bool, at position: Int?
  ) throws(RCProblem) -> RCEdit {
    if lines.isOfTwoByteCharacters { throw .encoding }
    let end = lines.dominantEnd
    var notes: [FoundBlock.Note] = []
    let place = position ?? BlockPlace(in: lines.bytes, for: shell).offset
    // A byte order mark stays first, and so does the `#!` of a first line.
    if place == 0,
      lines.bytes.starts(with: [0xef, 0xbb, 0xbf]) || lines.bytes.starts(with: "#!".utf8)
    {
      throw .noPlace(line: 1)
    }
    var before = Array(lines.bytes[..<place])
    let after = lines.bytes[place...]
    if isNew { notes.append(.fileMade) }
    if after.isEmpty, let last = before.last, last != newline {
      // Also where the others are CRLF: to a shell the carriage return would be one more character of the last word.
      before.append(newline)
      notes.append(.lineEndAdded)
    }
    let block =
      FoundBlock.opening(shell, notes) + end + line(end: end) + FoundBlock.closing(shell) + end
    let number = before.count { $0 == newline } + 1
    return RCEdit(bytes: before + block + after, change: .inserted(line: number))
  }

  private func line(end: [UInt8]) -> [UInt8] {
    line + (end.count == 2 ? Array(" #".utf8) : []) + end
  }
}

/// A start-up file after an edit.
public struct RCEdit: Sendable, Hashable {
  public enum Change: Sendable, Hashable {
    /// The bytes are what they were.
    case none
    /// Line numbers from 1, of the first line concerned.
    case inserted(line: Int)
    case replaced(line: Int)
    case removed(line: Int)
  }
  public var bytes: [UInt8]
  public var change: Change
  /// Nothing is left of a file that was made for the block: it can go.
  public var isFileOurs = false
}

/// Why a block is left alone, with the line numbers (from 1) for the person to look at.
public enum RCProblem: Error, Sendable, Hashable {
  /// A marker without its other half, or in the wrong order.
  case unbalanced(lines: [Int])
  /// More than one block.
  case repeated(lines: [Int])
  /// Lines that look like ours, between markers that do not.
  case unmarked(lines: [Int])
  /// Something between the markers is not ours.
  case edited(ClosedRange<Int>)
  /// The block is all that an `if`, a loop or a function of the person's holds.
  case wrapped(ClosedRange<Int>)
  /// The shell reads nothing of the file as commands, from this line on.
  case noPlace(line: Int)
  /// The file is UTF-16.
  case encoding

  /// In words, for after the file's name.
  public var reason: String {
    switch self {
    case .unbalanced(let lines): "half of the ccl-setup block is missing (\(words(lines)))"
    case .repeated(let lines): "the ccl-setup block is there more than once (\(words(lines)))"
    case .unmarked(let lines):
      "what looks like the ccl-setup block has other markers (\(words(lines)))"
    case .edited(let lines):
      "the ccl-setup block (\(words(lines))) holds lines that ccl-setup did not write"
    case .wrapped(let lines):
      "the ccl-setup block (\(words(lines))) is all that your own lines around it hold"
    case .noPlace(let line):
      "its shell cannot read it from line \(line) on, so that a block would not be reached anywhere"
    case .encoding: "it is UTF-16 from line 1 on, which no shell reads"
    }
  }

  private func words(_ lines: [Int]) -> String {
    "\(lines.count == 1 ? "line" : "lines") \(lines.map(String.init).joined(separator: ", "))"
  }
  private func words(_ lines: ClosedRange<Int>) -> String {
    "lines \(lines.lowerBound) to \(lines.upperBound)"
  }
}
