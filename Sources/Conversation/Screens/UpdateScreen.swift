public import Setup

/// What could be newer, and how.
public func updateScreen(_ updates: [Update]) -> [Text] {
  [Text("What could be newer", .heading)]
    + updates.flatMap { update -> [Text] in
      let now = update.now.map(printable) ?? "of unknown version"
      if update.isCurrent {
        return [
          "  \("✓", .good) \(update.title, .emphasis): \(now), the version that this ccl-setup is made for"
        ]
      }
      let then = update.then.map { " → \($0)" } ?? ""
      return ["  \("·", .dim) \(update.title, .emphasis): \(now)\(then)"]
        + update.commands.map { Text("      ") + commands(in: printable($0)) }
    }
}
