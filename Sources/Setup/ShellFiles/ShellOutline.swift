/// The top-level statements of a bash or zsh file: where they begin, and which of them can end its reading.
///
/// It reads quotes, expansions, here-documents and compound commands, and nothing of what they mean. A file that it cannot
/// follow to a balanced end is said to be unbalanced: the file may be broken, or the outline not up to it, which only the
/// shell itself can tell (`CommandPositions`). A carriage return is a character like any other, as it is for the shells.
struct ShellOutline {
  struct Stop: Equatable {
    /// Offset of the line on which the statement begins.
    var start: Int
    var isConditional: Bool
  }
  private(set) var stops: [Stop] = []
  /// Offsets of the lines on which a statement or a comment of the top level begins.
  private(set) var starts: [Int] = []
  private(set) var isBalanced = true
  /// Offset of the statement whose here-document does not end.
  private(set) var unendedHereDocument: Int?
  /// Offset of the statement that does not end in the file, or ends something that was not begun.
  var unended: Int? { isBalanced ? unendedHereDocument : statement }

  private enum Frame: Equatable {
    /// `if`, a loop, `{`: part of the file itself.
    case compound
    case casePattern, caseBody
    /// A function's body or a subshell: its `return` does not end the file.
    case apart
  }
  private let shell: Shell
  private var cursor: ShellCursor
  private var frames: [Frame] = []
  private var atCommand = true
  private var functionFollows = false
  /// After `case`, up to its `in`.
  private var awaitsIn = false
  private var statement = 0
  /// Whether a `&&` or `||` stands in the statement.
  private var isJoined = false
  /// Whether the statement waits for a command.
  private var goesOn = false
  private var hereDocuments: [(word: [UInt8], stripsTabs: Bool)] = []

  /// How much of the file the shell reads: bash stops at a zero byte.
  var end: Int { cursor.bytes.count }
  /// Whether nothing is wrong but that the last statement goes on below.
  private(set) var isOpenAtEnd = false

  init(_ whole: [UInt8], _ shell: Shell) {
    let zero = shell == .bash ? whole.firstIndex(of: 0) : nil
    cursor = ShellCursor(zero.map { Array(whole[..<$0]) } ?? whole)
    self.shell = shell
    while !cursor.isAtEnd, isBalanced, unendedHereDocument == nil {
      step()
      if cursor.isUnended { isBalanced = false }
    }
    if !hereDocuments.isEmpty { unendedHereDocument = statement }
    let isCut = zero != nil && cursor.bytes.last ?? newline != newline
    isOpenAtEnd = isBalanced && frames.isEmpty && (goesOn || cursor.continuesLine || isCut)
    if !frames.isEmpty || isOpenAtEnd { isBalanced = false }
  }

  private mutating func step() {
    switch cursor.bytes[cursor.position] {
    case UInt8(ascii: " "), UInt8(ascii: "\t"):
      cursor.position += 1
      return
    case newline: return endLine()
    default: noteStart()
    }
    cursor.continuesLine = false
    switch cursor.bytes[cursor.position] {
    case UInt8(ascii: "#"): cursor.skipToLineEnd()
    case UInt8(ascii: ";"):
      if cursor.byte(1) == UInt8(ascii: ";") || cursor.byte(1) == UInt8(ascii: "&") {
        cursor.position += 2
        if cursor.byte() == UInt8(ascii: "&") { cursor.position += 1 }
        if frames.last == .caseBody {
          frames[frames.count - 1] = .casePattern
        } else {
          isBalanced = false
        }
      } else {
        cursor.position += 1
      }
      atCommand = true
    case UInt8(ascii: "&"), UInt8(ascii: "|"):
      let isDouble = cursor.byte(1) == cursor.bytes[cursor.position]
      if isDouble, frames.isEmpty { isJoined = true }
      // A single `&` ends its command; the others wait for the next one, on the next line too.
      goesOn = isDouble || cursor.bytes[cursor.position] == UInt8(ascii: "|")
      cursor.position += isDouble ? 2 : 1
      atCommand = true
    case UInt8(ascii: "\\") where cursor.isAt("\\\n"):
      cursor.position += 2
      cursor.continuesLine = true
    case UInt8(ascii: "("): openParenthesis()
    case UInt8(ascii: ")"): closeParenthesis()
    case UInt8(ascii: "<"), UInt8(ascii: ">"): redirection()
    default: word()
    }
  }

  /// What stands here is of a statement that may begin with it.
  private mutating func noteStart() {
    if frames.isEmpty, !goesOn, !functionFollows, starts.last != statement {
      starts.append(statement)
    }
  }

  private mutating func endLine() {
    cursor.position += 1
    cursor.continuesLine = false
    for document in hereDocuments where unendedHereDocument == nil { skip(document) }
    guard unendedHereDocument == nil else { return }
    hereDocuments = []
    atCommand = true
    // A here-document's last line may have no end, where a zero byte cuts the file: no statement begins behind it.
    let isAtLineStart = cursor.bytes.prefix(cursor.position).last == newline
    if frames.isEmpty, !goesOn, !functionFollows, isAtLineStart {
      statement = cursor.position
      isJoined = false
    }
  }

  private mutating func openParenthesis() {
    cursor.position += 1
    goesOn = false
    if frames.last == .casePattern { return }
    if atCommand, cursor.byte() == UInt8(ascii: "(") {
      cursor.skipGroup(UInt8(ascii: "("), UInt8(ascii: ")"))
      (atCommand, functionFollows) = (false, false)
    } else if atCommand {
      functionFollows = isEmptyGroup
      if !functionFollows { frames.append(.apart) }
    } else if isEmptyGroup {
      // `name ()`: what comes next is the body.
      functionFollows = true
      atCommand = true
    } else {
      cursor.skipGroup(UInt8(ascii: "("), UInt8(ascii: ")"))
    }
  }

  /// Skips `)` right after `(`.
  private var isEmptyGroup: Bool {
    mutating get {
      var end = cursor.position
      while end < cursor.bytes.count, cursor.bytes[end] == 0x20 { end += 1 }
      guard end < cursor.bytes.count, cursor.bytes[end] == UInt8(ascii: ")") else { return false }
      cursor.position = end + 1
      return true
    }
  }

  private mutating func closeParenthesis() {
    cursor.position += 1
    switch frames.last {
    case .casePattern: frames[frames.count - 1] = .caseBody
    case .apart: frames.removeLast()
    default: isBalanced = false
    }
    atCommand = frames.last == .caseBody
  }

  private mutating func redirection() {
    if cursor.isAt("<<<") {
      cursor.position += 3
    } else if cursor.isAt("<<") {
      cursor.position += 2
      let stripsTabs = cursor.byte() == UInt8(ascii: "-")
      if stripsTabs { cursor.position += 1 }
      cursor.skipBlanks()
      let start = cursor.position
      skipWord()
      let marks = Array("'\"\\".utf8)
      hereDocuments.append(
        (cursor.bytes[start..<cursor.position].filter { !marks.contains($0) }, stripsTabs))
    } else if cursor.byte(1) == UInt8(ascii: "(") {
      cursor.position += 2
      cursor.skipGroup(UInt8(ascii: "("), UInt8(ascii: ")"))
    } else {
      cursor.position += 1
      if cursor.byte() == UInt8(ascii: "&") || cursor.byte() == UInt8(ascii: "|") {
        cursor.position += 1
      }
    }
  }

  private mutating func skip(_ document: (word: [UInt8], stripsTabs: Bool)) {
    while cursor.position < cursor.bytes.count {
      var line = cursor.bytes[cursor.position...].prefix { $0 != newline }
      cursor.position += line.count + 1
      if document.stripsTabs { line = line.drop { $0 == 0x09 } }
      if line.elementsEqual(document.word) { return }
    }
    cursor.position = cursor.bytes.count
    unendedHereDocument = statement
  }

  private mutating func word() {
    if atCommand, cursor.isAt("[[ ") || cursor.isAt("[[\n") {
      (goesOn, functionFollows) = (false, false)
      return skipTest()
    }
    let start = cursor.position
    skipWord()
    if cursor.position == start { cursor.position += 1 }
    let text = cursor.bytes[start..<cursor.position]
    goesOn = false
    // zsh takes a `}` for the end of a group wherever it stands.
    let endsGroup =
      frames.last == .casePattern
      ? text.elementsEqual("esac".utf8) : shell == .zsh && text.elementsEqual("}".utf8)
    guard endsGroup || frames.last != .casePattern && (atCommand || awaitsIn) else { return }
    command(String(decoding: text, as: UTF8.self))
  }

  private mutating func command(_ word: String) {
    if awaitsIn {
      if word == "in" {
        awaitsIn = false
        frames[frames.count - 1] = .casePattern
      }
      return
    }
    atCommand = false
    // A function's body is one command, of whatever kind.
    let isBody = functionFollows
    functionFollows = false
    switch word {
    case "if", "while", "until", "for", "select", "repeat":
      frames.append(isBody ? .apart : .compound)
      atCommand = word == "if" || word == "while" || word == "until"
    case "case":
      frames.append(.caseBody)
      awaitsIn = true
    case "{":
      frames.append(isBody ? .apart : .compound)
      atCommand = true
    case "fi", "done", "}": close { $0 == .compound || $0 == .apart }
    case "esac": close { $0 == .casePattern || $0 == .caseBody }
    case "then", "else", "elif", "do", "!", "time", "always": atCommand = true
    case "function":
      functionFollows = true
      functionName()
    // A start-up file is not inside of a function: this ends its reading.
    case "return", "exit", "logout": noteStop()
    case "exec": if isFollowedByCommand { noteStop() }
    // From here on the words of our line may mean something else.
    case "alias": if redefinesOurWords { noteStop() }
    case "builtin", "command": atCommand = true
    default:
      // An assignment in front of a command.
      if word.contains("="), !word.hasPrefix("=") { atCommand = true }
    }
  }

  private mutating func noteStop() {
    guard !frames.contains(.apart),
      stops.last?.start != statement || stops.last?.isConditional == true
    else { return }
    let isConditional = !frames.isEmpty || isJoined
    if stops.last?.start == statement { stops.removeLast() }
    stops.append(Stop(start: statement, isConditional: isConditional))
  }

  /// Whether the `exec` behind us names a program: with redirections alone the shell goes on.
  private var isFollowedByCommand: Bool {
    let line = cursor.bytes[cursor.position...].prefix { !"\n;&|)".utf8.contains($0) }
    let words = line.split { $0 == 0x20 || $0 == 0x09 }
    // After the word of a redirection that stands alone comes its file.
    var isTarget = false
    for word in words {
      if word.first == UInt8(ascii: "#") { return false }
      if isTarget {
        isTarget = false
      } else if let arrow = word.firstIndex(where: { "<>".utf8.contains($0) }) {
        let end = word[arrow...].firstIndex { !"<>&|".utf8.contains($0) }
        isTarget = end == nil
      } else {
        return true
      }
    }
    return false
  }

  /// Whether the `alias` behind us is about a word of the block.
  private var redefinesOurWords: Bool {
    let line = cursor.bytes[cursor.position...].prefix { !"\n;&|)".utf8.contains($0) }
    return line.split { $0 == 0x20 || $0 == 0x09 }.contains { word in
      let name = word.drop { "'\"\\".utf8.contains($0) }.prefix { !"='\"".utf8.contains($0) }
      return ["if", "then", "fi", "["].contains { name.elementsEqual($0.utf8) }
        && word.contains(UInt8(ascii: "="))
    }
  }

  private mutating func functionName() {
    cursor.skipBlanks()
    skipWord()
    cursor.skipBlanks()
    if cursor.byte() == UInt8(ascii: "("), cursor.byte(1) == UInt8(ascii: ")") {
      cursor.position += 2
    }
    atCommand = true
  }

  private mutating func close(_ matches: (Frame) -> Bool) {
    guard let last = frames.last, matches(last) else {
      isBalanced = false
      return
    }
    frames.removeLast()
  }

  /// `[[ … ]]`, in which parentheses and `||` are not the shell's.
  private mutating func skipTest() {
    atCommand = false
    while cursor.position < cursor.bytes.count {
      if cursor.isAt(" ]]") || cursor.isAt("\t]]") || cursor.isAt("\n]]") {
        cursor.position += 3
        return
      }
      cursor.skipOne()
    }
    isBalanced = false
  }

  private mutating func skipWord() {
    let ends = Array(" \t\n;&|()<>".utf8)
    while let next = cursor.byte(), !ends.contains(next) {
      cursor.skipOne()
      // `a=(1 2)`, `*(N)`: a group that belongs to the word; `f()` does not.
      if cursor.byte() == UInt8(ascii: "("), cursor.byte(1) != UInt8(ascii: ")"),
        frames.last != .casePattern,
        !atCommand || cursor.bytes[cursor.position - 1] == UInt8(ascii: "=")
      {
        cursor.position += 1
        cursor.skipGroup(UInt8(ascii: "("), UInt8(ascii: ")"))
      }
    }
  }
}
