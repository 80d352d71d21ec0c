/// Which of the models that a server elsewhere serves, and with how much of its context?
extension Questionnaire {
  /// What the chosen server was found to be, where it is not Ollama.
  func served(_ answers: Answers) -> ServerFindings? {
    guard case .compatible(let url) = answers.engine, findings?.url == url else { return nil }
    return findings
  }

  func servedModelQuestion(_ served: ServerFindings) -> Question {
    let names = served.models.map(\.name)
    let before = previous.map(\.model).flatMap { names.contains($0) ? $0 : nil }
    let recommended = before ?? names.first
    return Question(
      id: .model, title: "Which model?",
      options: served.models.map { model in
        Question.Option(
          value: model.name, title: Text(printable(served.title)),
          reason: model.contextWindow.map { "a context of \($0) tokens" }
            ?? "its context is not told", isRecommended: model.name == recommended)
      }, recommended: recommended,
      help: [
        "These are the models that \(served.url) serves; what they need is that machine's matter.",
        "Claude Code needs a model that can call tools: vLLM wants --enable-auto-tool-choice and --tool-call-parser for it, llama.cpp --jinja.",
      ], isOpen: false)
  }

  func readServedModel(_ text: String, _ served: ServerFindings) throws(Failure) -> String {
    if served[text] != nil { return text }
    throw Failure(
      "\(served.url) does not serve “\(printable(text))”",
      why: served.models.isEmpty
        ? "it serves no model at all"
        : "it serves \(served.models.map { printable($0.name) }.joined(separator: ", "))",
      code: .usage)
  }

  /// The context that the server gives the chosen model, in tokens; `nil` where it does not tell.
  func servedContext(_ answers: Answers) -> Int? {
    served(answers).flatMap { served in
      answers.model.flatMap { served[$0]?.contextWindow }
    }
  }

  func servedContextQuestion(_ answers: Answers) -> Question {
    let whole = servedContext(answers)
    let before = previous?.model == answers.model ? previous?.contextWindow : nil
    let recommended = before.map { min($0, whole ?? $0) } ?? whole ?? ContextSize.smallest.tokens
    return Question(
      id: .context, title: "How much context?",
      options: [
        Question.Option(
          value: "\(recommended)", title: "\(recommended) tokens",
          reason: whole == nil
            ? "the server does not tell: 32k is the least that works"
            : "what the server was started with",
          isRecommended: true)
      ], recommended: "\(recommended)",
      help: [
        "The server's own setting decides how many tokens the model sees; here you say how many of them Claude Code may count on.",
        "More than the server has makes prompts fail. Less is fine.",
      ], isOpen: true)
  }
}
