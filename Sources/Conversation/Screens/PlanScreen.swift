public import Setup

/// The plan as it is shown before anything changes: each file as a diff, each command as it will run, each download
/// with its size against what is free.
///
/// A file of ours is shown by its first lines unless `isWhole`; an edit of a person's file always as its whole diff.
/// - Parameter shownBy: what shows the lines that are left out: the wizard's word, or a command where nobody can type.
public func planScreen(
  _ plan: Plan, freeDisk: UInt64?, isWhole: Bool = false, shownBy: String = "plan"
) -> [Text] {
  var lines: [Text] = ["", Text("The plan", .heading)]
  if plan.isEmpty {
    lines.append("  \("✓", .good) Everything is in place already: nothing to do.")
  }
  for entry in plan.withdrawn {
    lines.append("  \("−", .removed) take back: \(printable(entry.title))")
  }
  for step in plan.steps where !step.changes.isEmpty {
    lines.append("")
    lines.append("  \(step.title, .emphasis)")
    lines += aliasLines(step.changes).map { Text("    ") + $0 }
    for change in step.changes {
      lines += changeLines(change, isWhole: isWhole, shownBy).map { Text("    ") + $0 }
    }
  }
  if plan.downloadBytes > 0 {
    let free = freeDisk.map { ", \(ByteCount($0).inWords) free where the models will lie" } ?? ""
    lines.append("")
    lines.append("  To download: \(ByteCount(plan.downloadBytes).inWords)\(free).")
  }
  if !plan.notes.isEmpty { lines.append("") }
  for note in plan.notes {
    lines.append(
      note.kind == .warning ? "  \("!", .warning) \(note.text)" : "  \("·", .dim) \(note.text)")
  }
  return lines
}

/// The aliases of a step in one line for each model: there are a dozen of them for one.
private func aliasLines(_ changes: [Change]) -> [Text] {
  var sources: [String] = []
  var names: [String: [String]] = [:]
  for case .copyModel(_, let from, let to) in changes {
    if names[from] == nil { sources.append(from) }
    names[from, default: []].append(printable(to))
  }
  return sources.map { source in
    "alias for \(printable(source), .emphasis), no further download: \(names[source, default: []].joined(separator: ", "))"
  }
}

/// Lines of a file of ours that are shown when not all are.
private let glimpse = 8

private func changeLines(_ change: Change, isWhole: Bool, _ shownBy: String) -> [Text] {
  switch change {
  case .writeFile(let write):
    let verb = write.before == nil ? "new file" : "edit"
    var shown = diff(write)
    if !isWhole, write.ownership == .ours, shown.count > glimpse + 2 {
      let rest = shown.count - glimpse
      shown = shown.prefix(glimpse) + [Text("⋯ \(rest) more lines; `\(shownBy)` shows them", .dim)]
    }
    return [Text("\(verb) ") + Text("\(write.path)", .path)] + shown.map { Text("  ") + $0 }
  case .startEngine(let start):
    let commands: [Invocation] =
      switch start.how {
      case .commands(let commands): commands
      case .detached(let command, _): [command]
      }
    return commands.map { "run \(command: $0.commandLine)" }
      + ["then wait until \(start.url) answers"]
  case .pullModel(let pull):
    let size =
      pull.bytes.map {
        " (\(ByteCount($0).inWords), \(pull.isBytesFromRegistry ? "the registry's own figure" : "about"))"
      } ?? ""
    return ["pull \(printable(pull.model), .emphasis)\(size)"]
  case .createModel(let creation):
    return [
      "make \(printable(creation.name), .emphasis) from \(printable(creation.from)) with a context of \(creation.contextWindow) tokens; no further download"
    ]
  case .copyModel:
    return []
  case .replaceModel(let replacement):
    return [
      "let \(printable(replacement.name), .emphasis) mean \(printable(replacement.from)); what it means now is kept as \(printable(replacement.keptAs)), and put back by \(command: "ccl-setup uninstall")"
    ]
  }
}
