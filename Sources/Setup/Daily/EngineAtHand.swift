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

  public var title: String {
    choices?.engine.title ?? "the Ollama at \(url)"
  }

  public func server(in world: World) -> OllamaServer {
    OllamaServer(url: url, network: world.network)
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
