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
public func closingScreen(_ choices: Choices, isGood: Bool) -> [Text] {
  var lines: [Text] = [""]
  if case .rehearsal = choices.engine {
    lines.append(
      isGood
        ? "\("✓", .good) The rehearsal is over: everything worked, and its throw-away home is gone again."
        : "\("!", .warning) The rehearsal is over; its throw-away home is gone again.")
    lines.append("    \(command: "ccl-setup")      does the same for real")
  } else if isGood {
    lines.append("\("✓", .good) It works. Open a new terminal, or in this one:")
    for shell in choices.shells {
      switch shell {
      case .bash: lines.append("    \(command: "source ~/.bashrc")")
      case .zsh: lines.append("    \(command: "source ~/.zshrc")")
      case .fish: break
      }
    }
    if !choices.shells.isEmpty {
      lines.append("    \(command: "claude-local")             Claude Code on the local model")
    }
    lines.append("    \(command: "ccl-setup uninstall")      takes everything back")
  } else {
    lines.append(
      "\("!", .warning) The setup is in place, but the proof did not succeed. \(command: "ccl-setup") runs it again, \(command: "ccl-setup uninstall") takes it back."
    )
  }
  return lines
}
