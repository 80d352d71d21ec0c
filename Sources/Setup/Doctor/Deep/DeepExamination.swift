/// What only the running machine can tell, each with its figure: `doctor --deep`.
///
/// Changes nothing: it asks the model, and lets the real client ask it from a folder that is removed again. One question
/// at a time, since Ollama has one slot.
public struct DeepExamination: Sendable {
  let world: World
  let machine: Machine
  let catalogue: Catalogue
  let choices: Choices
  let model: String
  let client: ClaudeCode.Installation?
  let contract: ClientContract?
  let listeners: Listeners
  /// Told what is being done, for a person who waits.
  let began: @Sendable (String) -> Void

  /// Listeners of ours that the client talks to.
  public struct Listeners: Sendable {
    /// Passes everything on to a server.
    var relay: @Sendable (_ url: String, _ world: World) async throws(Failure) -> PromptRelay
    /// Answers by itself.
    var probe: @Sendable () async throws(Failure) -> ProbeListener

    public init(
      relay: @escaping @Sendable (String, World) async throws(Failure) -> PromptRelay,
      probe: @escaping @Sendable () async throws(Failure) -> ProbeListener
    ) {
      self.relay = relay
      self.probe = probe
    }
  }

  /// - Parameter examination: what the quick look found; `nil` is answered where nothing is set up.
  public init?(
    after examination: Examination, in world: World, catalogue: Catalogue, listeners: Listeners,
    began: @escaping @Sendable (String) -> Void
  ) {
    guard let choices = examination.choices, let model = try? choices.clientModel() else {
      return nil
    }
    self.world = world
    self.catalogue = catalogue
    self.choices = choices
    machine = examination.machine
    self.model = model
    self.listeners = listeners
    self.began = began
    client = examination.machine.claude.installations.first
    contract = examination.contract
  }

  var server: OllamaServer {
    OllamaServer(
      url: choices.engine.url, title: choices.engine.isOllama ? "Ollama" : "The server",
      network: world.network)
  }

  /// What the proofs so far know and later ones need.
  struct Known: Sendable {
    /// Tokens a second of prompt evaluation.
    var promptRate: Double
    var answerRate: Double?
    /// Bytes of text for one token.
    var bytesPerToken: Double
    /// The first prompt of the client as it went through the relay.
    var firstPrompt: JSON?
    /// Its tokens, where the server counted them.
    var firstPromptTokens: Int?
  }

  /// Every proof, in an order in which none spoils the next one's cache.
  public func callAsFunction() async -> [Check] {
    began("how fast prompts are evaluated")
    var checks: [Check] = []
    var known: Known
    do throws(Failure) {
      known = try await speed()
      checks.append(speedCheck(known))
    } catch {
      return [broken(.deepSpeed, "Speed", error)]
    }
    began("whether a long prompt arrives whole")
    checks.append(await contextCheck(known))
    checks.append(await graphicsCheck())
    began("each tier's model")
    checks += await tierChecks()
    began("a tool call among ten tools, behind a prompt of 5,000 tokens")
    checks.append(await toolCheck(known))
    guard let client else {
      checks.append(
        Check(
          .deepClient, .deep, "A tool round trip of the client", .warn,
          "Claude Code was not found", remedy: nil))
      return checks
    }
    checks += await clientChecks(client, &known)
    return checks
  }

  func broken(_ kind: Check.Kind, _ title: String, _ failure: Failure) -> Check {
    Check(
      kind, .deep, title, .fail, "\(failure.what): \(failure.why)",
      remedy: failure.tryNext.isEmpty
        ? nil : Remedy("Try", tryNext: failure.tryNext))
  }

  /// A server that does not offer what is asked for is not broken.
  func notOffered(_ kind: Check.Kind, _ title: String, _ what: String) -> Check {
    Check(kind, .deep, title, .pass, "not offered by this server: \(what)")
  }
}

extension Examination {
  /// Whether the model answered the quick look's question.
  public var isAnswering: Bool { checks.contains { $0.id == "prompt" && $0.outcome == .pass } }
}

extension Check {
  /// For a model that does not answer at all.
  public static let notProved = Check(
    .deep, .deep, "Nothing", .warn, "the model does not answer: there is nothing to be measured")
}
