/// How a value becomes one literal of a language, whatever characters it holds.
public enum Quoting: Sendable, Hashable, CaseIterable {
  /// bash, zsh and every other POSIX shell.
  case posix
  case fish
  case json

  /// The rules of the language that a file's name says it is in; `nil` for one that has no quoted values.
  public init?(file: String) {
    switch file.split(separator: ".").last {
    case "bash", "zsh": self = .posix
    case "fish": self = .fish
    case "json": self = .json
    default: return nil
    }
  }

  /// The literal, its quotes included. `text` must not hold NUL, which no shell's word can.
  public func quoted(_ text: String) -> String {
    switch self {
    case .posix: "'" + replacing(text) { $0 == "'" ? "'\\''" : nil } + "'"
    // Between fish's single quotes a backslash is special before a quote or another backslash.
    case .fish: "'" + replacing(text) { $0 == "'" || $0 == "\\" ? "\\\($0)" : nil } + "'"
    case .json: "\"" + replacing(text, by: Self.jsonEscape) + "\""
    }
  }

  private static func jsonEscape(_ scalar: Unicode.Scalar) -> String? {
    switch scalar {
    case "\"", "\\": return "\\\(scalar)"
    case "\n": return "\\n"
    case "\u{0}"..."\u{1f}":
      let digits = String(scalar.value, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: return nil
    }
  }

  // By scalars: as a `Character`, a quote with a combining accent after it would not be a quote.
  private func replacing(_ text: String, by escape: (Unicode.Scalar) -> String?) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if let escaped = escape(scalar) {
        result.append(contentsOf: escaped.unicodeScalars)
      } else {
        result.append(scalar)
      }
    }
    return String(result)
  }
}
