extension Planner {
  /// What a server that is not Ollama is, and what it leaves undone.
  func noteServed(_ notes: inout [Plan.Note]) throws(Failure) {
    let url = choices.engine.url
    guard let found = survey.findings else {
      throw Failure(
        "No server with the Messages API answers at \(url)",
        why: survey.findingsProblem ?? "it was not asked",
        tryNext: ["Check the address.", "`ccl-setup status`"])
    }
    guard let model = found[choices.model] else {
      throw Failure(
        "\(url) does not serve \(printable(choices.model))",
        why: "it serves \(found.models.map { printable($0.name) }.joined(separator: ", "))",
        tryNext: ["`ccl-setup --model NAME`"])
    }
    notes.append(
      .init(
        .information,
        "\(found.title) serves \(printable(model.name)): nothing is downloaded, made or renamed there."
      ))
    switch model.contextWindow {
    case nil:
      notes.append(
        .init(
          .warning,
          "It does not tell its context; \(contextInWords(choices.contextWindow)) is what you said. With less than that, prompts fail or are cut."
        ))
    case let window? where window < choices.contextWindow:
      throw contextBeyondServer(
        url, choices.contextWindow, serves: window, tryNext: ["`ccl-setup --context \(window)`"])
    case let window? where window < ContextSize.smallest.tokens:
      notes.append(
        .init(
          .warning,
          "Its context of \(contextInWords(window)) is too small for Claude Code's own prompt; 32k is the least that works."
        ))
    default: break
    }
  }
}
