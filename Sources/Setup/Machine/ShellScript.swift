/// What a start-up file of a shell sets and defines, read without running it.
///
/// A reader, not an interpreter: conditions are taken as met, files that it sources are named and not followed, and
/// expansions stay as they are written. Quotes, comments, continued lines, here-documents and substitutions are understood.
struct ShellScript {
  enum Language { case posix, fish, fishVariables }

  struct Setting: Hashable {
    var name: String
    var value: String
    var line: Int
  }
  /// An alias or a function; `value` is the alias' text.
  struct Definition: Hashable {
    var name: String
    var value: String?
    var line: Int
  }
  /// In the order of the file, without those that a later `unset` takes back.
  private(set) var settings: [Setting] = []
  private(set) var definitions: [Definition] = []
  /// The files that it reads itself, as they are written.
  private(set) var sources: [String] = []

  init(_ text: String, _ language: Language) {
    switch language {
    case .posix:
      for statement in ShellLexer.statements(text, fish: false) { take(posix: statement) }
    case .fish:
      for statement in ShellLexer.statements(text, fish: true) { take(fish: statement) }
    case .fishVariables: takeFishVariables(text)
    }
  }

  // MARK: bash, zsh, environment files

  private static let keywords: Set<String> = [
    "then", "do", "else", "if", "elif", "while", "until", "{", "!", "time", "builtin", "command",
  ]

  private mutating func take(posix statement: ShellLexer.Statement) {
    let words = Array(statement.words.drop { ShellScript.keywords.contains($0) })
    guard let first = words.first else { return }
    if statement.definesFunction {
      define(words.last ?? first, nil, statement.line)
      return
    }
    let arguments = words.dropFirst()
    switch first {
    case "export", "declare", "typeset", "readonly", "local":
      for argument in arguments { assign(argument, statement.line) }
    case "unset": unset(arguments)
    case ".", "source": sources += arguments.prefix(1)
    case "alias":
      for argument in arguments where !argument.hasPrefix("-") {
        guard let equals = argument.firstIndex(of: "=") else { continue }
        define(
          String(argument[..<equals]), String(argument[argument.index(after: equals)...]),
          statement.line)
      }
    case "function":
      if let name = arguments.first { define(name, nil, statement.line) }
    default:
      // Assignments in front of a command hold for that command alone.
      if words.allSatisfy({ ShellScript.assignment($0) != nil }) {
        for word in words { assign(word, statement.line) }
      }
    }
  }

  private mutating func assign(_ word: String, _ line: Int) {
    guard let (name, value) = ShellScript.assignment(word) else { return }
    settings.append(Setting(name: name, value: value, line: line))
  }

  /// `NAME=value` or `NAME+=value`.
  private static func assignment(_ word: String) -> (String, String)? {
    guard let equals = word.firstIndex(of: "=") else { return nil }
    var name = word[..<equals]
    if name.last == "+" { name = name.dropLast() }
    let isName = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    guard isName, let first = name.first, !first.isNumber else { return nil }
    return (String(name), String(word[word.index(after: equals)...]))
  }

  // MARK: fish

  private mutating func take(fish statement: ShellLexer.Statement) {
    let keywords: Set<String> = ["and", "or", "not", "if", "else", "begin", "command", "builtin"]
    let words = Array(statement.words.drop { keywords.contains($0) })
    guard let first = words.first else { return }
    let arguments = words.dropFirst()
    switch first {
    case "set": set(arguments, statement.line)
    case ".", "source": sources += arguments.prefix(1)
    case "export":
      for argument in arguments { assign(argument, statement.line) }
    case "alias":
      let plain = arguments.filter { !$0.hasPrefix("-") }
      guard let name = plain.first else { return }
      if let equals = name.firstIndex(of: "=") {
        define(String(name[..<equals]), String(name[name.index(after: equals)...]), statement.line)
      } else if plain.count > 1 {
        define(name, plain.dropFirst().joined(separator: " "), statement.line)
      }
    case "function":
      if let name = arguments.first { define(name, nil, statement.line) }
    default: break
    }
  }

  private mutating func set(_ arguments: ArraySlice<String>, _ line: Int) {
    let flags = arguments.prefix { $0.hasPrefix("-") && $0 != "--" }
    let rest = arguments.dropFirst(flags.count)
    func has(_ letter: Character, _ long: String) -> Bool {
      flags.contains { $0 == long || !$0.hasPrefix("--") && $0.contains(letter) }
    }
    guard let name = rest.first, !has("q", "--query") else { return }
    if has("e", "--erase") {
      unset(rest)
    } else {
      settings.append(
        Setting(name: name, value: rest.dropFirst().joined(separator: " "), line: line))
    }
  }

  /// fish's universal variables: `SETUVAR --export NAME:value`.
  private mutating func takeFishVariables(_ text: String) {
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      let words = line.split(separator: " ")
      guard words.first == "SETUVAR", words.contains("--export"),
        let variable = words.dropFirst().first(where: { !$0.hasPrefix("--") }),
        let colon = variable.firstIndex(of: ":")
      else { continue }
      settings.append(
        Setting(
          name: String(variable[..<colon]),
          value: ShellScript.unescaped(variable[variable.index(after: colon)...]), line: index + 1))
    }
  }

  /// fish writes anything but letters, digits and underscores as `\x2f` there.
  private static func unescaped(_ text: Substring) -> String {
    var out = ""
    var rest = text
    while let character = rest.first {
      let code = rest.dropFirst(2).prefix(2)
      if rest.hasPrefix("\\x"), code.count == 2, let byte = UInt8(code, radix: 16), byte < 0x80 {
        out.unicodeScalars.append(UnicodeScalar(byte))
        rest = rest.dropFirst(4)
      } else {
        out.append(character)
        rest = rest.dropFirst()
      }
    }
    return out
  }

  // MARK: Both

  private mutating func unset(_ names: ArraySlice<String>) {
    settings.removeAll { names.contains($0.name) }
  }

  private mutating func define(_ name: String, _ value: String?, _ line: Int) {
    definitions.append(Definition(name: name, value: value, line: line))
  }
}
