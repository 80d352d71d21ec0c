public import Setup

/// The table of variables by layer: the winner of each marked, what is wrong in words below it.
///
/// - Parameter home: the folder that is written `~`.
public func variableScreen(_ table: VariableTable, home: String, width: Int) -> [Text] {
  guard !table.rows.isEmpty else {
    return ["\("✓", .good) Nothing here sets a variable that concerns Claude Code."]
  }
  let heading = table.isSetUp ? "What claude-local gets" : "What plain claude gets"
  let entries = table.rows.map { row in row.entries.map { cells($0, of: row, home) } }
  let columns: [Table.Column] = [
    .init(""), .init("where"), .init("value", cut: .last), .init("place", cut: .start),
  ]
  let named = Table(
    [columns[0], .init("variable or setting")] + columns[1...],
    rows: zip(table.rows, entries).flatMap { row, entries in
      entries.enumerated().map { index, cells in
        [cells[0], index == 0 ? Text(printable(row.name), .emphasis) : ""] + cells[1...]
      }
    })
  var lines: [Text] = [Text(heading, .heading)]
  if named.fits(width: width) {
    lines += named.lines(width: width)
  } else {
    // Names that begin and end alike must not be cut: each has a line of its own.
    var rest = Table(columns, rows: entries.flatMap { $0 }).lines(width: width, indentation: 4)[...]
    lines += [rest.removeFirst()]
    for (row, entries) in zip(table.rows, entries) {
      lines += [Text("  ") + Text(printable(row.name), .emphasis)] + rest.prefix(entries.count)
      rest = rest.dropFirst(entries.count)
    }
  }
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

/// Mark, layer, value and place.
private func cells(
  _ entry: VariableTable.Entry, of row: VariableTable.Row, _ home: String
) -> [Text] {
  let mark: Text =
    !entry.isWinner ? " " : row.problem == nil ? Text("✓", .good) : Text("✗", .bad)
  let role: Text.Role = entry.isWinner ? .plain : .dim
  return [
    mark, Text(entry.layer.title, role), Text(printable(entry.shown), role),
    // Ours is one document for all of them.
    Text(entry.layer == .local ? "" : printable(short(entry.place, home)), .dim),
  ]
}

private func short(_ path: String, _ home: String) -> String {
  path.hasPrefix(home + "/") ? "~" + path.dropFirst(home.count) : path
}
