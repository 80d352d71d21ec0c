/// The sentences that stand beside a recommendation.
extension Recommendation.Row {
  func explained(budget: MemoryBudget, missingOnDisk: Int, notForAgents: Bool) -> Self {
    var row = self
    row.reason = reason(budget: budget, missingOnDisk: missingOnDisk, notForAgents: notForAgents)
    row.warnings = warnings(budget: budget)
    return row
  }

  private func reason(budget: MemoryBudget, missingOnDisk: Int, notForAgents: Bool) -> String {
    let have = "\(Bytes.memory(budget.bytes)) of \(budget.owner)"
    switch verdict {
    case .noTools:
      return "It cannot call tools, so every request of Claude Code fails with a 400."
        + (notForAgents ? " It is on Ollama's list of models that do not work well here, too." : "")
    case .notForAgents:
      return "It is on Ollama's own list of models that do not work well with Claude Code."
    case .needUnknown:
      return
        "Its weights fit into \(have); what its context needs can be told only once it is here."
    case .noDiskSpace:
      return "It would fit into \(have), but its \(Bytes.download(model.downloadBytes)) need "
        + "\(Bytes.download(missingOnDisk)) more free disk."
    case .tooBig:
      guard let least = needs.first else {
        return "Its weights alone need \(Bytes.memory(model.leastMemory)); there are \(have)."
      }
      return "Needs \(Bytes.memory(least.bytes)) at \(ContextSize(tokens: least.context)); "
        + "there are \(have)."
    case .provesSetupOnly:
      return "A quick download that proves the setup works; too small for real work."
    case .recommended, .fits, .fitsWithLessContext:
      return fit(have: have)
    }
  }

  private func fit(have: String) -> String {
    guard let context, let need = needs.first(where: { $0.context == context }) else { return "" }
    var text =
      "Needs \(Bytes.memory(need.bytes)) at \(ContextSize(tokens: context)) of the \(have)"
    if verdict == .fitsWithLessContext {
      let native = model.nativeContext ?? .max
      if native < ContextSize.preferred.tokens {
        text += "; it was trained for no more than \(native) tokens"
      } else if let next = needs.first(where: { $0.context == ContextSize.preferred.tokens }) {
        text += "; \(ContextSize.preferred) would need \(Bytes.memory(next.bytes))"
      }
    }
    return text + (present ? "; it is already here." : ".")
  }

  private func warnings(budget: MemoryBudget) -> [String] {
    var warnings: [String] = []
    if let context, context < ContextSize.smallest.tokens {
      warnings.append(
        "\(ContextSize(tokens: context)) is less than \(ContextSize.smallest): Claude Code's own prompt "
          + "(10,000 to 24,000 tokens) hardly fits, and what does not fit is cut off silently.")
    } else if let context, context < ContextSize.preferred.tokens, !model.setupOnly {
      warnings.append(
        "\(ContextSize(tokens: context)) is enough for the newest Claude Code only; Ollama asks for 64,000 "
          + "tokens with coding tools.")
    }
    if model.setupOnly {
      warnings.append("It is too small for agent work: expect wrong tool calls and wrong answers.")
    }
    if budget.onCPU, let active = model.activeParameters, active > 4_000_000_000 {
      warnings.append(
        "On a CPU all of its \(active / 1_000_000_000) billion active parameters work for every token: "
          + "the first answer can take many minutes.")
    }
    return warnings
  }
}
