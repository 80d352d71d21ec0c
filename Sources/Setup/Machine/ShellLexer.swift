/// Splits a script into simple commands and those into words, quotes removed.
struct ShellLexer {
  struct Statement: Hashable {
    var words: [String]
    /// Of its first word, counted from 1.
    var line: Int
    /// `name()` stood there.
    var definesFunction = false
  }

  static func statements(_ text: String, fish: Bool) -> [Statement] {
    var lexer = ShellLexer(scalars: Array(text.unicodeScalars), isFish: fish)
    lexer.run()
    return lexer.statements
  }

  private let scalars: [Unicode.Scalar]
  private let isFish: Bool
  private var index = 0
  private var line = 1
  private var statements: [Statement] = []
  private var current = Statement(words: [], line: 1)
  private var word: String.UnicodeScalarView?
  private var hereDocuments: [(end: String, stripsTabs: Bool)] = []

  private init(scalars: [Unicode.Scalar], isFish: Bool) {
    self.scalars = scalars
    self.isFish = isFish
  }

  private func peek(_ ahead: Int = 0) -> Unicode.Scalar? {
    index + ahead < scalars.count ? scalars[index + ahead] : nil
  }

  /// Takes one scalar and counts lines.
  private mutating func next() -> Unicode.Scalar? {
    guard let scalar = peek() else { return nil }
    index += 1
    if scalar == "\n" { line += 1 }
    return scalar
  }

  private mutating func append(_ scalar: Unicode.Scalar) {
    if word == nil { begin() }
    word?.append(scalar)
  }

  /// A word begins here (it may stay empty: `''`).
  private mutating func begin() {
    if word == nil {
      word = .init()
      if current.words.isEmpty { current.line = line }
    }
  }

  private mutating func endWord() {
    if let word { current.words.append(String(word)) }
    word = nil
  }

  private mutating func endStatement() {
    endWord()
    if !current.words.isEmpty { statements.append(current) }
    current = Statement(words: [], line: line)
  }

  private mutating func run() {
    while let scalar = peek() {
      switch scalar {
      case "\\":
        begin()
        _ = next()
        guard let escaped = next() else { break }
        if escaped == "\r", peek() == "\n" {
          _ = next()
        } else if escaped != "\n" {
          append(escaped)
        }
        // A continued line goes on with the same word, or begins none.
        if word?.isEmpty == true { word = nil }
      case "'": singleQuoted()
      case "\"": doubleQuoted()
      case "$": dollar()
      case "`" where !isFish: copyBackquoted()
      case "#" where word == nil:
        while let scalar = peek(), scalar != "\n" { _ = next() }
      case "\n":
        endStatement()
        _ = next()
        skipHereDocuments()
      case ";", "&", "|":
        endStatement()
        _ = next()
      case "(": parenthesis()
      case ")":
        endStatement()
        _ = next()
      case "<" where !isFish && peek(1) == "<": hereDocument()
      case "<", ">":
        endWord()
        _ = next()
      case " ", "\t", "\r":
        endWord()
        _ = next()
      default:
        append(scalar)
        _ = next()
      }
    }
    endStatement()
  }

  private mutating func singleQuoted() {
    begin()
    _ = next()
    while let scalar = next(), scalar != "'" {
      if isFish, scalar == "\\", let escaped = peek(), escaped == "'" || escaped == "\\" {
        append(escaped)
        _ = next()
      } else {
        append(scalar)
      }
    }
  }

  private mutating func doubleQuoted() {
    begin()
    _ = next()
    while let scalar = peek(), scalar != "\"" {
      if scalar == "\\", let escaped = peek(1) {
        index += 1
        _ = next()
        if escaped == "\n" { continue }
        if !["$", "`", "\"", "\\"].contains(escaped) { append("\\") }
        append(escaped)
      } else if scalar == "$", peek(1) == "(" {
        append("$")
        _ = next()
        copyParenthesized()
      } else {
        append(scalar)
        _ = next()
      }
    }
    _ = next()
  }

  private mutating func dollar() {
    if !isFish, peek(1) == "'" {
      // $'…': a quote in which \' is no end.
      begin()
      index += 2
      while let scalar = next(), scalar != "'" {
        if scalar == "\\", let escaped = next() { append(escaped) } else { append(scalar) }
      }
      return
    }
    append("$")
    _ = next()
    if peek() == "(" { copyParenthesized() }
    if peek() == "{" {
      while let scalar = next() {
        append(scalar)
        if scalar == "}" { break }
      }
    }
  }

  private mutating func parenthesis() {
    if isFish || word?.last == "=" {
      // A command substitution of fish; an array of bash or zsh.
      copyParenthesized()
      return
    }
    let afterSpace = scalars[(index + 1)...].drop { $0 == " " || $0 == "\t" }
    if afterSpace.first == ")" {
      endWord()
      current.definesFunction = current.words.count == 1 || current.words.first == "function"
      index = afterSpace.startIndex + 1
      endStatement()
    } else {
      endStatement()
      _ = next()
    }
  }

  /// Copies `(…)`, nested ones and quotes included.
  private mutating func copyParenthesized() {
    var depth = 0
    while let scalar = next() {
      append(scalar)
      switch scalar {
      case "(": depth += 1
      case ")":
        depth -= 1
        if depth == 0 { return }
      case "'", "\"":
        while let inner = next() {
          append(inner)
          if inner == scalar { break }
          if inner == "\\", scalar == "\"", let escaped = next() { append(escaped) }
        }
      case "\\": if let escaped = next() { append(escaped) }
      default: break
      }
    }
  }

  private mutating func copyBackquoted() {
    append("`")
    _ = next()
    while let scalar = next() {
      append(scalar)
      if scalar == "`" { return }
    }
  }

  private mutating func hereDocument() {
    endWord()
    index += 2
    if peek() == "<" {
      index += 1
      return
    }
    let stripsTabs = peek() == "-"
    if stripsTabs { index += 1 }
    while peek() == " " || peek() == "\t" { index += 1 }
    var end = String.UnicodeScalarView()
    while let scalar = peek(), !" \t\r\n;&|<>()".unicodeScalars.contains(scalar) {
      if !"'\"\\".unicodeScalars.contains(scalar) { end.append(scalar) }
      index += 1
    }
    if !end.isEmpty { hereDocuments.append((String(end), stripsTabs)) }
  }

  private mutating func skipHereDocuments() {
    for document in hereDocuments {
      while index < scalars.count {
        var text = String.UnicodeScalarView()
        while let scalar = next(), scalar != "\n" { text.append(scalar) }
        if text.last == "\r" { text.removeLast() }
        let plain = document.stripsTabs ? String(text.drop { $0 == "\t" }) : String(text)
        if plain == document.end { break }
      }
    }
    hereDocuments = []
  }
}
