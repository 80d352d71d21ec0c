public import Setup

/// One probe's line: a mark, its title, what was found.
public func probeLine(_ probe: Probe) -> Text {
  "  \(probe.mark) \(padded(probe.title, to: 12), .emphasis) \(probe.finding)"
}

/// All that was found, with the remedies of what is not as it should be.
public func statusScreen(_ machine: Machine) -> [Text] {
  machine.probes.flatMap { probe in
    [probeLine(probe)]
      + (probe.state == .good || probe.state == .information ? [] : probe.remedyLines)
  }
}

extension Probe {
  var mark: Text {
    switch state {
    case .good: Text("✓", .good)
    case .warning: Text("!", .warning)
    case .bad: Text("✗", .bad)
    case .information: Text("·", .dim)
    }
  }

  var remedyLines: [Text] {
    remedies.prefix(1).flatMap { remedy -> [Text] in
      [Text("                 \(remedy.title):", .dim)]
        + remedy.steps.map { step in
          switch step {
          case .run(let command): "                   \(command: command)"
          case .say(let sentence): Text("                   \(sentence)", .dim)
          }
        }
    }
  }
}
