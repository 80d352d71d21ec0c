/// Asks the registry again for a model that is here: Ollama fetches only what is new, so an up-to-date one costs a
/// question.
public struct ModelRefresh: Sendable {
  let engine: EngineAtHand
  let name: ModelName
  let world: World

  public init(_ name: ModelName, of engine: EngineAtHand, in world: World) {
    self.engine = engine
    self.name = name
    self.world = world
  }

  /// Answers whether the model is another one now.
  public func callAsFunction(
    report: @escaping @Sendable (ApplyEvent) -> Void
  ) async throws(Failure) -> Bool {
    let server = engine.server(in: world)
    let before = try await digest(server)
    let model = name.description
    try await server.pull(model, expected: nil, clock: world.clock) {
      report(.pull(model: model, $0))
    }
    return try await digest(server) != before
  }

  private func digest(_ server: OllamaServer) async throws(Failure) -> String? {
    try await server.models().first { (try? ModelName($0.name)) == name }?.digest
  }

  /// What was made of the model by us and means its old self: made anew, each under its own name.
  public func remaking() throws(Failure) -> Plan {
    let (url, additions) = (engine.url, engine.additions)
    let variants = ([engine.choices?.variant].compactMap { $0 } + additions.contexts)
      .filter { (try? ModelName($0.model)) == name }
    var creations: [Change] = []
    var made: [String] = [name.description]
    for variant in variants {
      let derived = try variant.name().description
      guard engine.entry(ofModel: derived) != nil else { continue }
      made.append(derived)
      creations.append(
        .createModel(
          ModelCreation(
            server: url, name: derived, from: variant.model, contextWindow: variant.contextWindow)))
    }
    var aliases = additions.aliases
    if let derived = try engine.choices?.variant.name().description {
      for name in Tier.allCases.flatMap(\.anthropicNames) where aliases[name] == nil {
        aliases[name] = derived
      }
    }
    let copies = aliases.sorted { $0.key < $1.key }.compactMap { alias, model -> Change? in
      guard made.contains(model), engine.entry(ofModel: alias) != nil else { return nil }
      return .copyModel(server: url, from: model, to: alias)
    }
    return Plan(
      choices: engine.choices, additions: additions, withdrawn: [],
      steps: [
        Plan.Step(id: .context, title: "Context windows", changes: creations),
        Plan.Step(id: .aliases, title: "Further names", changes: copies),
      ], notes: [])
  }
}
