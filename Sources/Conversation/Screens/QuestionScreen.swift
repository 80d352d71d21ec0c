public import Setup

/// A question with its options in columns: the recommended one marked, those that would not do dimmed.
public func questionScreen(_ question: Question) -> [Text] {
  var lines: [Text] = ["", Text(question.title, .heading)]
  let widest = min(question.options.map { columns($0.value) }.max() ?? 0, 24)
  for (index, option) in question.options.enumerated() {
    let mark: Text =
      option.isRecommended ? Text("▸", .good) : option.isAdvised ? " " : Text("✗", .bad)
    let number = padded("\(index + 1)", to: 2, right: true)
    let value = Text(
      padded(printable(option.value), to: widest),
      option.isRecommended ? .emphasis : option.isAdvised ? .plain : .dim)
    let title: Text = option.title.plain == option.value ? "" : "  \(option.title)"
    lines.append(" \(mark) \(number, .dim) \(value)" + (option.isAdvised ? title : title.dimmed))
    if !option.reason.plain.isEmpty { lines.append(Text("        ") + option.reason.dimmed) }
  }
  return lines
}

/// A failure: what, why, what to try.
public func failureScreen(_ failure: Failure) -> [Text] {
  var lines: [Text] = ["\("✗", .bad) \(failure.what, .emphasis)"]
  for line in failure.why.split(whereSeparator: \.isNewline) {
    lines.append("  \(printable(String(line)))")
  }
  for next in failure.tryNext {
    lines.append(Text("  try: ", .dim) + commands(in: printable(next)))
  }
  return lines
}

/// What stands in back quotes is a command.
func commands(in text: String) -> Text {
  var told = Text("")
  for (index, part) in text.split(separator: "`", omittingEmptySubsequences: false).enumerated() {
    told.append(String(part), index.isMultiple(of: 2) ? .plain : .command)
  }
  return told
}

extension Text {
  /// The same words, the plain ones dimmed.
  var dimmed: Text {
    var text = self
    for index in text.spans.indices where text.spans[index].role == .plain {
      text.spans[index].role = .dim
    }
    return text
  }
}
