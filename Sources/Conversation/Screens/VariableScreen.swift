public import Setup

/// The table of variables by layer: the winner of each marked, what is wrong in words below it.
///
/// - Parameter home: the folder that is written `~`.
public func variableScreen(_ table: VariableTable, home: String, width: Int) -> [Text] {
  guard !table.rows.isEmpty else {
    return ["\("✓", .good) Nothing here sets a variable that concerns Claude Code."]
  }
  let heading = table.isSetUp ? "What claude-local gets" : "What plain claude gets"
  var rows: [[Text]] = []
  for row in table.rows {
    for (index, entry) in row.entries.enumerated() {
      let mark: Text =
        !entry.isWinner ? " " : row.problem == nil ? Text("✓", .good) : Text("✗", .bad)
      let role: Text.Role = entry.isWinner ? .plain : .dim
      rows.append([
        mark, index == 0 ? Text(printable(row.name), .emphasis) : "",
        Text(entry.layer.title, role), Text(printable(entry.shown), role),
        // Ours is one document for all of them.
        Text(entry.layer == .local ? "" : printable(short(entry.place, home)), .dim),
      ])
    }
  }
  let shown = Table(
    [
      .init(""), .init("variable or setting", cut: .middle), .init("where"),
      .init("value", cut: .last), .init("place"),
    ], rows: rows)
  var lines: [Text] = [Text(heading, .heading)]
  lines += shown.lines(width: width)
  for row in table.rows {
    guard let problem = row.problem else { continue }
    lines.append("  \("✗", .bad) \(printable(row.name), .emphasis): \(problem)")
  }
  lines.append("")
  lines.append(
    table.isSetUp
      ? "The marked place wins for \(command: "claude-local"); plain \(command: "claude") gets what stands below it."
      : "The marked place wins; nothing is set up, so there is no \(command: "claude-local") that would beat it."
  )
  return lines
}

private func short(_ path: String, _ home: String) -> String {
  path.hasPrefix(home + "/") ? "~" + path.dropFirst(home.count) : path
}
