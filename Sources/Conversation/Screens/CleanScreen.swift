public import Setup

/// What `clean` would delete, and how many bytes.
public func cleanScreen(_ clean: CleanUp) -> [Text] {
  var lines: [Text] = [Text("To be deleted", .heading)]
  for entry in clean.entries {
    lines.append("  \("−", .removed) \(printable(entry.undo.title))")
  }
  if !clean.foreign.isEmpty {
    lines.append(
      "  \("!", .warning) in the same volume, and not made by ccl-setup: \(clean.foreign.map(printable).joined(separator: ", "))"
    )
  }
  lines.append("")
  lines.append("  \(ByteCount(clean.bytes).inWords, .emphasis) of models in all.")
  return lines
}
