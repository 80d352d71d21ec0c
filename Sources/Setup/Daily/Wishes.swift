/// The words `pull`, `alias` and `context` as they are typed, read against what the server holds.
extension Additions {
  /// - Parameters:
  ///   - models: what the server holds.
  ///   - chosen: the model of the wizard and the one derived from it, whose names stay theirs.
  public func naming(
    _ model: String, _ name: String, among models: [OllamaServer.Model], chosen: Choices?
  ) throws(Failure) -> Additions {
    let source = try ModelName.read(model)
    let target = try ModelName.read(name)
    guard source != target else {
      throw Failure(
        "\(source) already has that name", why: "FROM and TO are the same", code: .usage)
    }
    if let chosen, let derived = try? chosen.variant.name(),
      target == derived || target.description == chosen.model
    {
      throw Failure(
        "\(target) cannot be another model's name", why: "claude-local works with that very model",
        tryNext: ["Choose another name.", "`ccl-setup --model \(source)` changes the model."],
        code: .usage)
    }
    if has(target) {
      throw Failure(
        "\(target) cannot be another model's name",
        why: "it is a model that ccl-setup was asked for",
        tryNext: [
          "Choose another name.", "`ccl-setup remove \(target)` takes the model away first.",
        ],
        code: .usage)
    }
    try requirePresent(source, among: models)
    return naming(source, target)
  }

  /// Whether `pull` or `context` was asked for a model of that name.
  private func has(_ name: ModelName) -> Bool {
    models.contains { (try? ModelName($0)) == name }
      || contexts.contains { (try? $0.name()) == name }
  }

  /// - Throws: a usage failure for a name that `alias` gave to another model.
  public func requireNoAlias(_ name: ModelName) throws(Failure) {
    guard let model = aliases[name.description] else { return }
    throw Failure(
      "\(name) is another name of \(printable(model)) here",
      why: "`ccl-setup alias` was asked for that",
      tryNext: ["`ccl-setup remove \(name)` takes the name away first."], code: .usage)
  }

  /// - Parameter models: what the server holds.
  public func baking(
    _ model: String, _ size: String, among models: [OllamaServer.Model]
  ) throws(Failure) -> Additions {
    let source = try ModelName.read(model)
    let context: ContextSize
    do { context = try ContextSize(size) } catch {
      throw Failure(
        "“\(printable(size))” is no context window", why: error.description,
        tryNext: ["For example `ccl-setup context \(source) 64k`."], code: .usage)
    }
    try requirePresent(source, among: models)
    let variant = ContextVariant(model: source.description, contextWindow: context.tokens)
    try requireNoAlias(try variant.name())
    return baking(variant)
  }

  private func requirePresent(
    _ model: ModelName, among models: [OllamaServer.Model]
  ) throws(Failure) {
    if models.first(named: model.description) != nil { return }
    throw Failure(
      "There is no model \(model) here",
      why: models.isEmpty
        ? "the server has no model at all"
        : "the server has \(models.map { printable($0.name) }.sorted().joined(separator: ", "))",
      tryNext: ["`ccl-setup pull \(model)`"])
  }
}

extension ModelName {
  /// The name of a model that runs on the person's own machine, as it was typed.
  /// - Throws: a usage failure for what is no name, and for names that Ollama's servers answer.
  public static func read(_ text: String) throws(Failure) -> ModelName {
    let name: ModelName
    do { name = try ModelName(text) } catch {
      throw Failure(
        "“\(printable(text))” cannot be a model", why: error.description,
        tryNext: ["For example `qwen3:1.7b`."], code: .usage)
    }
    if name.isCloud {
      throw Failure(
        "\(name) does not run on your machine",
        why: "a name that ends in “cloud” is answered by Ollama's servers",
        tryNext: ["Choose another model."], code: .usage)
    }
    return name
  }
}
