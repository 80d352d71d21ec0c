public import Setup

/// What runs now: the engine, its container, and the models that are loaded.
public func engineStatusScreen(_ status: EngineStatus, width: Int) -> [Text] {
  var lines: [Text] = []
  let place = status.isOurs ? " at \(status.url)" : ""
  if let version = status.version {
    lines.append(
      "\("✓", .good) \(printable(status.engine), .emphasis) answers\(place), version \(printable(version))"
    )
  } else {
    lines.append(
      "\("✗", .bad) \(printable(status.engine), .emphasis) does not answer\(place): \(printable(status.problem ?? ""))"
    )
  }
  if let container = status.container {
    lines.append(
      "  container \(printable(container.name), .emphasis): \(printable(container.status))")
  }
  if let model = status.model, let context = status.contextWindow, let profile = status.profile {
    lines.append(
      "  \(command: "claude-local") uses \(printable(model), .emphasis) with a context of \(contextInWords(context)), profile \(profile.rawValue)"
    )
  }
  if !status.isOurs { lines.append("  \("·", .dim) nothing was set up by ccl-setup here") }
  guard status.isRunning else {
    let next = status.isOurs ? "ccl-setup start" : "ccl-setup"
    return lines + ["  \("try:", .dim) \(command: next)"]
  }
  if let findings = status.findings {
    let names = findings.models.map { printable($0.name) }.joined(separator: ", ")
    return lines + [
      "  it serves \(names, .emphasis), and does not tell what is loaded, nor where",
      findings.countsTokens
        ? "  \("·", .dim) it counts tokens when Claude Code asks"
        : "  \("·", .dim) it counts no tokens: Claude Code estimates",
    ]
  }
  lines.append("")
  guard !status.loaded.isEmpty else {
    return lines + ["No model is loaded now; the next prompt loads one."]
  }
  return lines + [Text("Loaded now", .heading)]
    + Table(
      [
        .init("MODEL"), .init("CONTEXT", isNumber: true),
        .init("MEMORY", isNumber: true, importance: 3), .init("ON THE GPU", isNumber: true),
        .init("UNLOADS", importance: 2),
      ],
      rows: status.loaded.map { model in
        [
          Text(printable(model.name), .emphasis),
          model.contextWindow.map { Text(contextInWords($0)) } ?? "?",
          Text(ByteCount(model.bytes).inMemoryWords),
          Text("\(Int((model.graphicsShare * 100).rounded())) %"),
          model.secondsLeft.map { Text("in \(Duration.seconds($0).inWords)") } ?? "never",
        ]
      }
    ).lines(width: width)
}
