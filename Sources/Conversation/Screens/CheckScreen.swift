public import Setup

/// Checks in their sections, each section marked with its worst line.
public func checkScreen(_ checks: [Check]) -> [Text] {
  var lines: [Text] = []
  for section in Check.Section.allCases {
    let members = checks.filter { $0.section == section }
    guard let worst = members.map(\.outcome).max() else { continue }
    lines.append("\(worst.mark) \(section.title, .heading)")
    lines += members.flatMap(checkLines)
  }
  return lines
}

/// What is wrong, why it matters, and what to do about it.
public func findingScreen(_ findings: [Check]) -> [Text] {
  findings.flatMap { finding in
    [
      "  \(finding.outcome.mark) \(finding.id, .emphasis)  \(finding.title): \(finding.evidence)"
    ] + consequenceLines(finding) + (finding.isRepairable ? [] : remedyLines(finding))
  }
}

/// What would be in the way of a local server, and is not in the way of `claude-local`.
public func overcomeScreen(_ checks: [Check]) -> [Text] {
  guard !checks.isEmpty else { return [] }
  return ["", Text("Overcome by claude-local", .heading)]
    + checks.flatMap { check in
      ["  \("·", .dim) \(check.title): \(check.evidence)"] + consequenceLines(check)
        + remedyLines(check)
    }
}

/// The last line of a doctor's visit.
public func verdict(on checks: [Check]) -> [Text] {
  let failed = checks.count { $0.outcome == .fail }
  let warned = checks.count { $0.outcome == .warn }
  let overcome = checks.count { $0.isOvercome }
  let tail =
    (warned > 0 ? ", \(warned) to know" : "")
    + (overcome > 0 ? ", \(overcome) overcome by claude-local" : "")
  guard failed > 0 else {
    return ["", "\("✓", .good) \(checks.count) checks, nothing is broken\(tail)."]
  }
  let isRepairable = checks.contains(where: \.isRepairable)
  return [
    "",
    "\("✗", .bad) \(failed) of \(checks.count) checks failed\(tail)."
      + (isRepairable ? " \(command: "ccl-setup fix") repairs what it can." : ""),
  ]
}

private func checkLines(_ check: Check) -> [Text] {
  let mark: Text = check.isOvercome ? Text("·", .dim) : check.outcome.mark
  return ["  \(mark) \(check.title): \(check.evidence)"] + consequenceLines(check)
    + remedyLines(check)
}

private func consequenceLines(_ check: Check) -> [Text] {
  guard let consequence = check.consequence else { return [] }
  return [
    Text(check.isOvercome ? "      overcome: \(consequence)" : "      \(consequence)", .dim)
  ]
}

private func remedyLines(_ check: Check) -> [Text] {
  guard let remedy = check.remedy else { return [] }
  let words = remedy.steps.map { step -> Text in
    switch step {
    case .run(let command): "\(command: command)"
    case .say(let sentence): Text(sentence)
    }
  }
  guard words.count > 1 else {
    return words.map { "      \("\(remedy.title):", .dim) \($0)" }
  }
  return [Text("      \(remedy.title):", .dim)] + words.map { "        \($0)" }
}

extension Check.Outcome {
  var mark: Text {
    switch self {
    case .pass: Text("✓", .good)
    case .warn: Text("!", .warning)
    case .fail: Text("✗", .bad)
    }
  }
}
