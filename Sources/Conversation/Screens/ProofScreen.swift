public import Setup

/// One proof: what was shown, with its figures, or why not.
public func proofScreen(_ proof: Proof) -> [Text] {
  switch proof.outcome {
  case .success(let evidence):
    var figures: [String] = []
    if !evidence.words.isEmpty { figures.append("“\(evidence.words)”") }
    if let first = evidence.secondsToFirstToken {
      figures.append("first token after \(Duration.seconds(first).inWords)")
    }
    if let rate = evidence.tokensPerSecond {
      figures.append("\(Int(rate.rounded())) tokens/s")
    }
    if let seconds = evidence.seconds {
      figures.append("\(Duration.seconds(seconds).inWords) in all")
    }
    if let share = evidence.graphicsShare, share > 0 {
      figures.append("\(Int((share * 100).rounded())) % on the GPU")
    }
    return ["  \("✓", .good) \(proof.title)", Text("    \(figures.joined(separator: ", "))", .dim)]
  case .failure(let failure):
    return ["  \("✗", .bad) \(proof.title)"] + failureScreen(failure).map { Text("    ") + $0 }
  }
}

/// The last words of a setup.
/// - Parameters:
///   - login: the person's login shell, where it is one of those that we write for.
///   - firstAnswer: seconds that the first answer through the client took; `nil` where none came.
public func closingScreen(
  _ choices: Choices, isGood: Bool, login: Shell?, firstAnswer: Double? = nil
) -> [Text] {
  var lines: [Text] = [""]
  if case .rehearsal = choices.engine {
    lines.append(
      isGood
        ? "\("✓", .good) The rehearsal is over: everything worked, and its throw-away home is gone again."
        : "\("!", .warning) The rehearsal is over; its throw-away home is gone again.")
    lines.append("    \(command: "ccl-setup")      does the same for real")
  } else if isGood {
    lines += ways(into: choices.shells, from: login)
    if !choices.shells.isEmpty {
      lines.append("    \(command: "claude-local")             Claude Code on the local model")
    }
    lines.append("    \(command: "ccl-setup uninstall")      takes everything back")
    if let firstAnswer, firstAnswer > MeasuredSpeed.patience, choices.profile == .full {
      lines.append(
        "\("!", .warning) A first answer takes \(Duration.seconds(firstAnswer).inWords) here. With six tools it is less than half of that: \(command: "ccl-setup profile lean")"
      )
    }
  } else {
    lines.append(
      "\("!", .warning) The setup is in place, but the proof did not succeed. \(command: "ccl-setup") runs it again, \(command: "ccl-setup uninstall") takes it back."
    )
  }
  return lines
}

/// How the function comes into this terminal: the login shell's way first, those of the others in one line.
private func ways(into shells: [Shell], from login: Shell?) -> [Text] {
  func command(_ shell: Shell) -> String? {
    switch shell {
    case .bash: "source ~/.bashrc"
    case .zsh: "source ~/.zshrc"
    case .fish: nil
    }
  }
  let first = shells.first { $0 == login } ?? shells.first
  var lines: [Text] =
    switch first {
    case nil: ["\("✓", .good) It works."]
    case let first?:
      if let command = command(first) {
        [
          "\("✓", .good) It works. Open a new terminal, or in this one:",
          "    \(command: command)",
        ]
      } else {
        ["\("✓", .good) It works, also in a \(first.rawValue) that is open already:"]
      }
    }
  let others = shells.filter { $0 != first }.map { shell -> Text in
    command(shell).map { "in \(shell.rawValue) \(command: $0)" }
      ?? "in \(shell.rawValue) nothing is needed"
  }
  if let other = others.first {
    lines.append(others.dropFirst().reduce("    (" + other) { $0 + ", " + $1 } + ")")
  }
  return lines
}

/// What a first answer takes with each profile, as measured here, and the other profile where this one takes long.
public func waitScreen(_ speed: MeasuredSpeed, _ profile: Profile) -> [Text] {
  let waits = Profile.allCases.compactMap { profile in
    speed.wait(profile).map {
      "\(profile.rawValue): about \(Duration.seconds($0).inWords) until a first answer"
    }
  }
  guard !waits.isEmpty else { return [] }
  var lines = [Text("    " + waits.joined(separator: ", "), .dim)]
  if profile == .full, let wait = speed.wait(.full), wait > MeasuredSpeed.patience {
    lines.append("    Shorter: \(command: "ccl-setup profile lean")")
  }
  return lines
}
