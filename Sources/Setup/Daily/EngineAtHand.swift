/// The engine that the words of daily use are about: the one that was set up, or else an Ollama that answers anyway.
public struct EngineAtHand: Sendable, Hashable {
  public var receipt: Receipt?
  /// The base URL that `OLLAMA_HOST` or its default names; counts only where nothing was set up.
  public var foreignURL: String

  public init(receipt: Receipt?, environment: Environment) {
    self.receipt = receipt
    foreignURL = OllamaAddress(environment.nonEmpty("OLLAMA_HOST") ?? "").url
  }

  /// Reads the receipt.
  public static func find(in world: World) throws(Failure) -> EngineAtHand {
    EngineAtHand(
      receipt: try ReceiptStore(in: world).read(), environment: world.environment)
  }

  /// What was chosen; `nil` when nothing was set up.
  public var choices: Choices? { receipt?.choices }
  public var url: String { choices?.engine.url ?? foreignURL }
  public var additions: Additions { receipt?.additions ?? Additions() }

  /// What the receipt says of a model on this engine.
  func entry(ofModel name: String) -> Receipt.Entry? {
    receipt?[Receipt.subject(ofModel: name, on: url)]
  }

  public var title: String {
    choices?.engine.title ?? "the Ollama at \(url)"
  }

  public func server(in world: World) -> OllamaServer {
    OllamaServer(
      url: url, title: isOllama ? "Ollama" : "The server", isOurs: choices != nil,
      network: world.network)
  }

  public var isOllama: Bool { choices?.engine.isOllama ?? true }

  /// The version of the server that answers, or what it is where it tells none.
  public func version(in world: World) async throws(Failure) -> String {
    if isOllama { return try await server(in: world).version() }
    return try await ServerFindings.ask(url, in: world).title
  }

  /// For a word that finds our port answering.
  /// - Throws: a `Failure` where our container stands still, and so something else answers there.
  public func requireOwnContainer(in world: World) async throws(Failure) {
    guard case .docker(let port, _)? = choices?.engine else { return }
    let container = try await ContainerState.ask(in: world)
    guard container?.isUp != true else { return }
    let holder = await holder(of: port, in: world, within: .seconds(3))
    throw Failure(
      "What answers at \(url) is not ccl-setup's container",
      why:
        "\(container.map { "\($0.name): \($0.status)" } ?? "there is no container of ours"), and "
        + "\(printable(holder ?? "a program of another user")) listens there",
      tryNext: ["`ccl-setup fix` moves the container to a free port."])
  }

  /// Aliases, and models with a context baked in.
  public var namesOfOurMaking: Set<String> {
    let variants = additions.contexts + (choices.map { [$0.variant] } ?? [])
    return Set(Tier.allCases.flatMap(\.anthropicNames)).union(additions.aliases.keys)
      .union(variants.compactMap { (try? $0.name())?.description })
  }

  /// For words that make or delete models.
  /// - Throws: a `Failure` for a server that serves what it was started with.
  public func requireOllama() throws(Failure) {
    guard !isOllama else { return }
    throw Failure(
      "The models of \(title) are not ccl-setup's to change",
      why: "it is not Ollama: it serves what it was started with",
      tryNext: [
        "`ccl-setup models` lists what it serves.",
        "`ccl-setup --model NAME` makes claude-local use another one of them.",
      ])
  }

  /// The names of its models, for a person who waits at a prompt.
  public func modelNames(within limit: Duration, in world: World) async throws(Failure) -> [String]
  {
    if !isOllama {
      return try await ServerFindings.ask(url, in: world).models.map { printable($0.name) }
    }
    return try await server(in: world).models(within: limit)
      .map { (try? ModelName($0.name))?.description ?? printable($0.name) }.sorted()
  }

  /// The choices, for words that only make sense after a setup.
  public func chosen(for word: String) throws(Failure) -> Choices {
    if let choices { return choices }
    throw Failure(
      "`ccl-setup \(word)` has nothing to work on",
      why: "nothing is set up here: there is no receipt",
      tryNext: ["`ccl-setup` sets it up."])
  }
}
