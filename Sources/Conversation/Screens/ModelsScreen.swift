public import Setup

/// The models of a server as a table that fits the terminal.
public func modelsScreen(_ overview: ModelOverview, title: String, width: Int) -> [Text] {
  guard !overview.entries.isEmpty else {
    return [
      "There are no models in \(title) yet. \(command: "ccl-setup pull qwen3:1.7b") downloads a small one."
    ]
  }
  let table = Table(
    [
      .init("", importance: 0), .init("MODEL"), .init("SIZE", isNumber: true, importance: 2),
      .init("FAMILY", importance: 6), .init("PARAMETERS", isNumber: true, importance: 5),
      .init("CONTEXT", isNumber: true), .init("TOOLS", importance: 3),
      .init("TIERS", importance: 4), .init("FITS", importance: 1),
      .init("ALSO CALLED", importance: 7),
    ],
    rows: overview.entries.map { entry in
      [
        entry.isChosen ? Text("▸", .good) : "", Text(printable(entry.name), .emphasis),
        entry.bytes.map { Text(ByteCount($0).inWords) } ?? "?",
        Text(printable(entry.family ?? "?")),
        Text(printable(entry.parameters ?? "?")),
        entry.contextWindow.map { Text(contextInWords($0)) } ?? Text("default", .dim),
        tools(entry.tools), Text(entry.tiers.joined(separator: " ")), fit(entry),
        Text(entry.aliases.map(printable).joined(separator: " ")),
      ]
    })
  var lines = [Text("The models in \(printable(title))", .heading)] + table.lines(width: width)
  if overview.entries.contains(where: \.isChosen) {
    lines += ["", "  \("▸", .good) what \(command: "claude-local") uses"]
  }
  if overview.entries.contains(where: { $0.contextWindow == nil && $0.tools == true }) {
    lines.append(
      "  \("·", .dim) A default context is 4k on most machines, too little for Claude Code: \(command: "ccl-setup context MODEL 64k")"
    )
  }
  let omitted = table.omitted(width: width)
  if !omitted.isEmpty {
    lines.append(
      "  \("·", .dim) not shown at this width: \(omitted.joined(separator: ", ")); \(command: "ccl-setup models --json") tells all"
    )
  }
  return lines
}

private func tools(_ tools: Bool?) -> Text {
  switch tools {
  case true?: "yes"
  case false?: Text("no", .bad)
  case nil: "?"
  }
}

private func fit(_ entry: ModelOverview.Entry) -> Text {
  let longest = entry.fit.longestContext.map(contextInWords) ?? ""
  return switch entry.fit.verdict {
  case .fits: Text("up to \(longest)", .good)
  case .withLess: Text("only \(longest)", .warning)
  case .tooBig: Text("too big", .bad)
  case .unknown: "?"
  }
}
