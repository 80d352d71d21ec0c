/// Which model, and with how much context?
extension Questionnaire {
  /// Every model judged for the memory that the chosen engine can use.
  public func recommendation(for engine: Engine?) -> Recommendation {
    recommend(
      from: catalogue, budget: machine.memoryBudget(for: engine),
      freeDisk: isElsewhere(engine) ? nil : Int(clamping: machine.disk.free), present: present)
  }

  private func isElsewhere(_ engine: Engine?) -> Bool {
    switch engine {
    case .server, .compatible: true
    default: false
    }
  }

  func modelQuestion(_ answers: Answers) -> Question {
    if let served = served(answers) { return servedModelQuestion(served) }
    let recommendation = recommendation(for: answers.engine)
    let chosenBefore = previous?.model
    let recommended = chosenBefore ?? recommendation.choice?.model.name.description
    let options = recommendation.rows.map { row in
      Question.Option(
        value: row.model.name.description, title: Text(facts(row)), reason: Text(row.reason),
        isRecommended: row.model.name.description == recommended, isAdvised: row.verdict.isAdvised)
    }
    let memory = recommendation.budget
    return Question(
      id: .model, title: "Which model?", options: options, recommended: recommended,
      help: [
        "Judged for \(Bytes.memory(memory.bytes)) of \(memory.owner): the download, the memory that the context takes up, and what the engine needs besides.",
        "Claude Code needs a model that can call tools. One model serves all tiers (opus, sonnet, haiku, fable), so that it is loaded once.",
        "Any name from the Ollama library can be typed, with its tag.",
      ], isOpen: true)
  }

  /// Download, need and tools in a few words; the reason follows in a sentence.
  private func facts(_ row: Recommendation.Row) -> String {
    var facts = [
      row.present ? "already here" : "\(Bytes.download(row.model.downloadBytes)) to download"
    ]
    if let context = row.context, let need = row.needs.first(where: { $0.context == context }) {
      facts.append("\(Bytes.memory(need.bytes)) at \(contextInWords(context))")
    }
    facts.append(row.model.tools ? "tools" : "no tools")
    return facts.joined(separator: ", ")
  }

  func readModel(_ text: String, _ answers: Answers) throws(Failure) -> String {
    if let served = served(answers) { return try readServedModel(text, served) }
    if case .compatible = answers.engine { return text }
    let name = try ModelName.read(text)
    let known = catalogue.model(named: name)
    let here = present.first { $0.name == name }
    if here?.tools ?? known?.tools == false {
      throw Failure(
        "\(name) cannot work with Claude Code",
        why: "it has no tool support, so every request ends in “400 … does not support tools”",
        tryNext: ["Choose one of the models that the table marks as fitting."], code: .usage)
    }
    return name.description
  }

  func contextQuestion(_ answers: Answers) -> Question {
    if case .compatible = answers.engine { return servedContextQuestion(answers) }
    let row = row(answers)
    let memory = machine.memoryBudget(for: answers.engine)
    let native = row?.model.nativeContext
    let before = previous?.model == answers.model ? previous?.contextWindow : nil
    let recommended = min(
      native ?? .max, before ?? row?.context ?? ContextSize.preferred.tokens)
    var sizes = row?.needs.map(\.context) ?? []
    if sizes.isEmpty { sizes = [ContextSize.smallest.tokens, ContextSize.preferred.tokens] }
    let trained = native.map { Text("It was trained for \($0) tokens: more cannot be used.") }
    let options = sizes.map { size -> Question.Option in
      let need = row?.needs.first { $0.context == size }?.bytes
      var reason: Text =
        need.map { "needs \(Bytes.memory($0)) in all" } ?? "what it needs is not known yet"
      if let need, need > memory.bytes {
        reason = reason + ", more than the \(Bytes.memory(memory.bytes)) there are"
      }
      if let words = machine.claude.shortage(inContextOf: size) { reason = reason + "; \(words)" }
      return Question.Option(
        value: contextInWords(size), title: "\(size) tokens", reason: reason,
        isRecommended: size == recommended)
    }
    return Question(
      id: .context, title: "How much context?", options: options,
      recommended: contextInWords(recommended),
      help: [
        "The context window is how many tokens the model sees at once: Claude Code's prompt (10,000 to 24,000 of them), your files, and the conversation.",
        "Ollama's own default is 4,096, and what does not fit is cut off without a word. ccl-setup makes a derived model with the number baked in.",
        "Sizes are written as \("64k", .command) or \("65536", .command).",
      ] + [trained].compactMap { $0 }, isOpen: true)
  }

  private func row(_ answers: Answers) -> Recommendation.Row? {
    guard let text = answers.model, let name = try? ModelName(text) else { return nil }
    let known = catalogue.model(named: name)?.name ?? name
    return recommendation(for: answers.engine).rows.first { $0.model.name == known }
  }

  /// `typed` before a row number was looked up: "32768" is a size, and "2" the second row.
  func readContext(_ typed: String, _ meant: String, _ answers: Answers) throws(Failure) -> Int {
    let tokens: Int
    do { tokens = try ContextSize(meant).tokens } catch {
      throw Failure(
        "“\(printable(typed))” is no context window", why: error.description,
        tryNext: ["For example `64k`."], code: .usage)
    }
    try refuseUnusable(tokens, answers)
    return tokens
  }

  /// Refuses a context that the chosen model cannot use, as soon as both are known.
  func refuseUnusable(_ tokens: Int?, _ answers: Answers) throws(Failure) {
    guard let tokens, let model = answers.model else { return }
    if case .compatible(let url) = answers.engine {
      guard let whole = servedContext(answers), tokens > whole else { return }
      throw contextBeyondServer(
        url, tokens, serves: whole,
        tryNext: ["Choose `\(whole)` or less, or start that server with more."])
    }
    guard let trained = row(answers)?.model.nativeContext, tokens > trained else { return }
    throw contextBeyondTraining(
      of: model, tokens, trained: trained,
      tryNext: ["Choose `\(contextInWords(trained))` or less, or another model."])
  }
}

extension Recommendation.Verdict {
  /// Whether the model would do honest work on this machine.
  fileprivate var isAdvised: Bool {
    switch self {
    case .recommended, .fits, .fitsWithLessContext, .needUnknown, .provesSetupOnly: true
    case .noDiskSpace, .tooBig, .noTools, .notForAgents: false
    }
  }
}
