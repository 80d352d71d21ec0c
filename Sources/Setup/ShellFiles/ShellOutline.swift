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
  private let bytes: [UInt8]
  private let shell: Shell
  private var position = 0
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
  /// Whether a backslash has taken away the last line's end.
  private var continuesLine = false
  private var hereDocuments: [(word: [UInt8], stripsTabs: Bool)] = []

  /// How much of the file the shell reads: bash stops at a zero byte.
  var end: Int { bytes.count }
  /// Whether nothing is wrong but that the last statement goes on below.
  private(set) var isOpenAtEnd = false

  init(_ whole: [UInt8], _ shell: Shell) {
    let zero = shell == .bash ? whole.firstIndex(of: 0) : nil
    bytes = zero.map { Array(whole[..<$0]) } ?? whole
    self.shell = shell
    while position < bytes.count, isBalanced, unendedHereDocument == nil { step() }
    if !hereDocuments.isEmpty { unendedHereDocument = statement }
    let isCut = zero != nil && bytes.last ?? newline != newline
    isOpenAtEnd = isBalanced && frames.isEmpty && (goesOn || continuesLine || isCut)
    if !frames.isEmpty || isOpenAtEnd { isBalanced = false }
  }

  private func byte(_ offset: Int = 0) -> UInt8? {
    position + offset < bytes.count ? bytes[position + offset] : nil
  }

  private func isAt(_ text: StaticString) -> Bool {
    bytes[position...].starts(
      with: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private mutating func step() {
    switch bytes[position] {
    case UInt8(ascii: " "), UInt8(ascii: "\t"):
      position += 1
      return
    case newline: return endLine()
    default: noteStart()
    }
    continuesLine = false
    switch bytes[position] {
    case UInt8(ascii: "#"): skipToLineEnd()
    case UInt8(ascii: ";"):
      if byte(1) == UInt8(ascii: ";") || byte(1) == UInt8(ascii: "&") {
        position += 2
        if byte() == UInt8(ascii: "&") { position += 1 }
        if frames.last == .caseBody {
          frames[frames.count - 1] = .casePattern
        } else {
          isBalanced = false
        }
      } else {
        position += 1
      }
      atCommand = true
    case UInt8(ascii: "&"), UInt8(ascii: "|"):
      let isDouble = byte(1) == bytes[position]
      if isDouble, frames.isEmpty { isJoined = true }
      // A single `&` ends its command; the others wait for the next one, on the next line too.
      goesOn = isDouble || bytes[position] == UInt8(ascii: "|")
      position += isDouble ? 2 : 1
      atCommand = true
    case UInt8(ascii: "\\") where isAt("\\\n"):
      position += 2
      continuesLine = true
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
    position += 1
    continuesLine = false
    for document in hereDocuments where unendedHereDocument == nil { skip(document) }
    guard unendedHereDocument == nil else { return }
    hereDocuments = []
    atCommand = true
    if frames.isEmpty, !goesOn, !functionFollows {
      statement = position
      isJoined = false
    }
  }

  private mutating func skipToLineEnd() {
    while let next = byte(), next != newline { position += 1 }
  }

  private mutating func openParenthesis() {
    position += 1
    goesOn = false
    if frames.last == .casePattern { return }
    if atCommand, byte() == UInt8(ascii: "(") {
      skipGroup(UInt8(ascii: "("), UInt8(ascii: ")"))
      (atCommand, functionFollows) = (false, false)
    } else if atCommand {
      functionFollows = isEmptyGroup
      if !functionFollows { frames.append(.apart) }
    } else if isEmptyGroup {
      // `name ()`: what comes next is the body.
      functionFollows = true
      atCommand = true
    } else {
      skipGroup(UInt8(ascii: "("), UInt8(ascii: ")"))
    }
  }

  /// Skips `)` right after `(`.
  private var isEmptyGroup: Bool {
    mutating get {
      var end = position
      while end < bytes.count, bytes[end] == 0x20 { end += 1 }
      guard end < bytes.count, bytes[end] == UInt8(ascii: ")") else { return false }
      position = end + 1
      return true
    }
  }

  private mutating func closeParenthesis() {
    position += 1
    switch frames.last {
    case .casePattern: frames[frames.count - 1] = .caseBody
    case .apart: frames.removeLast()
    default: isBalanced = false
    }
    atCommand = frames.last == .caseBody
  }

  private mutating func redirection() {
    if isAt("<<<") {
      position += 3
    } else if isAt("<<") {
      position += 2
      let stripsTabs = byte() == UInt8(ascii: "-")
      if stripsTabs { position += 1 }
      while byte() == 0x20 || byte() == 0x09 { position += 1 }
      let start = position
      skipWord()
      let marks = Array("'\"\\".utf8)
      hereDocuments.append((bytes[start..<position].filter { !marks.contains($0) }, stripsTabs))
    } else if byte(1) == UInt8(ascii: "(") {
      position += 2
      skipGroup(UInt8(ascii: "("), UInt8(ascii: ")"))
    } else {
      position += 1
      if byte() == UInt8(ascii: "&") || byte() == UInt8(ascii: "|") { position += 1 }
    }
  }

  private mutating func skip(_ document: (word: [UInt8], stripsTabs: Bool)) {
    while position < bytes.count {
      var line = bytes[position...].prefix { $0 != newline }
      position += line.count + 1
      if document.stripsTabs { line = line.drop { $0 == 0x09 } }
      if line.elementsEqual(document.word) { return }
    }
    position = bytes.count
    unendedHereDocument = statement
  }

  private mutating func word() {
    if atCommand, isAt("[[ ") || isAt("[[\n") {
      (goesOn, functionFollows) = (false, false)
      return skipTest()
    }
    let start = position
    skipWord()
    if position == start { position += 1 }
    let text = bytes[start..<position]
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
    let line = bytes[position...].prefix { !"\n;&|)".utf8.contains($0) }
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

  private mutating func functionName() {
    while byte() == 0x20 || byte() == 0x09 { position += 1 }
    skipWord()
    while byte() == 0x20 || byte() == 0x09 { position += 1 }
    if byte() == UInt8(ascii: "("), byte(1) == UInt8(ascii: ")") { position += 2 }
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
    while position < bytes.count {
      if isAt(" ]]") || isAt("\t]]") || isAt("\n]]") {
        position += 3
        return
      }
      skipOne()
    }
    isBalanced = false
  }

  // MARK: - Words

  private mutating func skipWord() {
    let ends = Array(" \t\n;&|()<>".utf8)
    while let next = byte(), !ends.contains(next) {
      skipOne()
      // `a=(1 2)`, `*(N)`: a group that belongs to the word; `f()` does not.
      if byte() == UInt8(ascii: "("), byte(1) != UInt8(ascii: ")"), frames.last != .casePattern,
        !atCommand || bytes[position - 1] == UInt8(ascii: "=")
      {
        position += 1
        skipGroup(UInt8(ascii: "("), UInt8(ascii: ")"))
      }
    }
  }

  /// One character, escape, quoted string or expansion.
  private mutating func skipOne() {
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
    if position >= bytes.count { isBalanced = false }
    position += 1
  }

  private mutating func skipDoubleQuoted() {
    position += 1
    while let next = byte(), next != UInt8(ascii: "\"") {
      // A single quote is a plain character here.
      if next == UInt8(ascii: "'") { position += 1 } else { skipOne() }
    }
    if position >= bytes.count { isBalanced = false }
    position += 1
  }

  /// Up to and with the closing character that fits; the opening one is behind.
  private mutating func skipGroup(_ open: UInt8, _ close: UInt8) {
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
    isBalanced = false
  }

  private var isAfterBlank: Bool {
    position > 0 && [0x20, 0x09, newline].contains(bytes[position - 1])
  }
}
