public import Setup

/// How the place we write to looks: decided once at the edge, from the terminal and the person's variables.
public struct Terminal: Sendable, Hashable {
  /// Columns to fit into.
  public var width: Int
  public var hasColour: Bool
  /// Whether lines may be drawn over (a progress bar, probes filling in); false for pipes and TERM=dumb.
  public var canRedraw: Bool

  public init(width: Int, hasColour: Bool, canRedraw: Bool) {
    self.width = max(20, width)
    self.hasColour = hasColour
    self.canRedraw = canRedraw
  }

  /// Honours NO_COLOR (https://no-color.org), TERM=dumb, CLICOLOR_FORCE, and what is not a terminal.
  public init(variables: [String: String], isTerminal: Bool, columns: Int?) {
    let dumb = variables["TERM"] == "dumb" || variables["TERM"] == nil
    let noColour = !(variables["NO_COLOR"] ?? "").isEmpty
    let forced = !["", "0"].contains(variables["CLICOLOR_FORCE"] ?? "")
    self.init(
      width: columns ?? variables["COLUMNS"].flatMap { Int($0) } ?? 80,
      hasColour: !noColour && (forced || (isTerminal && !dumb)),
      canRedraw: isTerminal && !dumb)
  }

  /// One line of text, wrapped at the width; a continuation keeps the indentation and two columns more.
  public func render(_ text: Text) -> String {
    wrap(text, width: width).map(colour).joined(separator: "\n")
  }

  /// Several lines, each wrapped by itself, with a line end after the last.
  public func render(_ lines: [Text]) -> String {
    lines.map { render($0) + "\n" }.joined()
  }

  func colour(_ text: Text) -> String {
    guard hasColour else { return text.plain }
    return text.spans.map { span in
      guard let code = Self.codes[span.role] else { return span.text }
      return "\u{1b}[\(code)m\(span.text)\u{1b}[0m"
    }.joined()
  }

  private static let codes: [Text.Role: String] = [
    .heading: "1", .emphasis: "1", .dim: "2", .command: "36", .path: "4", .good: "32",
    .warning: "33", .bad: "31", .added: "32", .removed: "31",
  ]
}

/// Cuts text into lines of at most `width` columns at blanks; a word that is longer (a path, a command) stays whole,
/// so that it can be copied.
func wrap(_ text: Text, width: Int) -> [Text] {
  var lines: [Text] = []
  for paragraph in split(text, at: "\n") { lines += wrapParagraph(paragraph, width: width) }
  return lines
}

private func wrapParagraph(_ text: Text, width: Int) -> [Text] {
  guard columns(text.plain) > width else { return [text] }
  let indentation = min(text.plain.prefix { $0 == " " }.count, width / 2)
  let hanging = String(repeating: " ", count: min(indentation + 2, width / 2))
  var lines: [Text] = []
  var line = Text("")
  var used = 0
  var blanks = ""
  for (word, role, isBlank) in words(of: text) {
    if isBlank {
      blanks += word
      continue
    }
    let needed = columns(blanks) + columns(word)
    if used > 0, used + needed > width {
      lines.append(line)
      line = Text(hanging)
      used = hanging.count
      blanks = ""
    }
    line.append(blanks, .plain)
    line.append(word, role)
    used += columns(blanks) + columns(word)
    blanks = ""
  }
  lines.append(line)
  return lines
}

private func words(of text: Text) -> [(String, Text.Role, isBlank: Bool)] {
  var all: [(String, Text.Role, isBlank: Bool)] = []
  for span in text.spans {
    var rest = Substring(span.text)
    while let first = rest.first {
      let isBlank = first == " "
      let run = rest.prefix { ($0 == " ") == isBlank }
      all.append((String(run), span.role, isBlank))
      rest = rest.dropFirst(run.count)
    }
  }
  return all
}

private func split(_ text: Text, at separator: Character) -> [Text] {
  var lines = [Text("")]
  for span in text.spans {
    for (index, part) in span.text.split(separator: separator, omittingEmptySubsequences: false)
      .enumerated()
    {
      if index > 0 { lines.append(Text("")) }
      lines[lines.count - 1].append(String(part), span.role)
    }
  }
  return lines
}

extension Text {
  mutating func append(_ text: String, _ role: Role) {
    if text.isEmpty { return }
    if let last = spans.indices.last, spans[last].role == role {
      spans[last].text += text
    } else {
      self = self + Text(text, role)
    }
  }
}
