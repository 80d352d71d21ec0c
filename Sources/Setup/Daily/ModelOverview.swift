/// The models of a server as `ccl-setup models` tells of them: one entry for all names that mean the same.
public struct ModelOverview: Sendable, Hashable, Codable {
  public struct Entry: Sendable, Hashable, Codable {
    public var name: String
    /// Other names with the same digest, those of a tier left out.
    public var aliases: [String]
    /// The tiers whose Anthropic names mean it.
    public var tiers: [String]
    /// Whether `claude-local` uses it.
    public var isChosen: Bool
    /// `nil` where the server does not tell.
    public var bytes: UInt64?
    public var family: String?
    /// "30.5B", as the server says it.
    public var parameters: String?
    public var quantization: String?
    /// Tokens baked into the model; `nil`: the server's default counts.
    public var contextWindow: Int?
    /// The longest context that it was trained for.
    public var trainedContext: Int?
    /// `nil` when the server does not say.
    public var tools: Bool?
    public var fit: Fit
  }

  /// Whether a model fits the memory it would run in.
  public struct Fit: Sendable, Hashable, Codable {
    public enum Verdict: String, Sendable, Hashable, Codable {
      /// At the context baked in, or at the recommended one where none is.
      case fits
      /// Only at a smaller context.
      case withLess
      case tooBig
      /// The machine or the architecture is not known.
      case unknown
    }
    public var verdict: Verdict
    /// Tokens: the longest usual context that fits.
    public var longestContext: Int?
    /// Bytes at the context baked in, or at the longest that fits.
    public var need: Int?
  }

  public var entries: [Entry]
  /// The memory that models can use, `nil` for a server elsewhere.
  public var memoryBytes: Int?
}

extension ModelOverview {
  /// - Parameters:
  ///   - details: what `/api/show` said, by name.
  ///   - budget: the memory of this machine; `nil` for a server elsewhere.
  public init(
    models: [OllamaServer.Model], details: [String: ModelDetails], choices: Choices?,
    additions: Additions, budget: MemoryBudget?
  ) {
    let chosen = choices.flatMap { try? $0.clientModel() }
    let given = Set(additions.aliases.keys).union(Tier.allCases.flatMap(\.anthropicNames))
    let groups = Dictionary(grouping: models, by: \.digest).values
    let all = groups.map { group in
      Entry(
        group, detail: group.lazy.compactMap { details[$0.name] }.first, chosen: chosen,
        given: given, budget: budget)
    }
    entries = all.sorted { a, b in
      a.isChosen == b.isChosen ? a.name < b.name : a.isChosen
    }
    memoryBytes = budget?.bytes
  }
}

extension ModelOverview {
  /// What a server that is not Ollama tells of its models: names, and with luck their context.
  init(_ findings: ServerFindings, choices: Choices?) {
    let all = findings.models.map { model in
      // claude-local sends every tier to the one model.
      let isChosen = model.name == choices?.model
      return Entry(
        name: model.name, aliases: [], tiers: isChosen ? Tier.allCases.map(\.rawValue) : [],
        isChosen: isChosen, contextWindow: model.contextWindow,
        fit: Fit(verdict: .unknown, longestContext: model.contextWindow))
    }
    entries = all.sorted { a, b in a.isChosen == b.isChosen ? a.name < b.name : a.isChosen }
    memoryBytes = nil
  }
}

extension ModelOverview.Entry {
  /// - Parameters:
  ///   - group: all names of one digest.
  ///   - given: names that were made for it, such as those of the tiers.
  fileprivate init(
    _ group: [OllamaServer.Model], detail: ModelDetails?, chosen: String?, given: Set<String>,
    budget: MemoryBudget?
  ) {
    let model = group[0]
    let names = group.map { (try? ModelName($0.name))?.description ?? $0.name }.sorted()
    // What a model is called before anybody named it: not a tier, not an alias of ours.
    name = names.first { $0 == chosen } ?? names.first { !given.contains($0) } ?? names[0]
    isChosen = name == chosen
    let own = name
    aliases = names.filter { $0 != own && Tier(anthropicName: $0) == nil }
    tiers = Tier.allCases.filter { tier in names.contains { Tier(anthropicName: $0) == tier } }
      .map(\.rawValue)
    bytes = model.size
    family = model.details?.family
    parameters = model.details?.parameterSize
    quantization = model.details?.quantizationLevel
    contextWindow = detail?.description.contextWindow
    trainedContext = detail?.info?.nativeContext ?? model.details?.contextLength
    tools = (detail?.description.capabilities ?? model.capabilities)?.contains("tools")
    fit = ModelOverview.Fit(
      bytes: Int(clamping: model.size), geometry: detail?.info?.geometry, context: contextWindow,
      trained: trainedContext, budget: budget)
  }
}

extension ModelOverview.Fit {
  init(bytes: Int, geometry: Geometry?, context: Int?, trained: Int?, budget: MemoryBudget?) {
    guard let budget else {
      self.init(verdict: .unknown)
      return
    }
    guard let geometry else {
      let isTooBig = bytes + CatalogueModel.overhead > budget.bytes
      self.init(verdict: isTooBig ? .tooBig : .unknown)
      return
    }
    func need(_ context: Int) -> Int {
      bytes + CatalogueModel.overhead + geometry.recurrentStateBytes
        + geometry.kvBytes(context: context)
    }
    let longest = ContextSize.usual.filter { $0 <= trained ?? .max }.last {
      need($0) <= budget.bytes
    }
    if let context, need(context) <= budget.bytes {
      self.init(
        verdict: .fits, longestContext: max(longest ?? context, context), need: need(context))
    } else if let context {
      self.init(
        verdict: longest == nil ? .tooBig : .withLess, longestContext: longest,
        need: need(context))
    } else if let longest {
      let enough = min(ContextSize.smallest.tokens, trained ?? .max)
      self.init(
        verdict: longest >= enough ? .fits : .withLess, longestContext: longest,
        need: need(longest))
    } else {
      self.init(verdict: .tooBig, need: need(ContextSize.usual[0]))
    }
  }

  private init(verdict: Verdict) { self.init(verdict: verdict, longestContext: nil, need: nil) }
}

extension ModelOverview {
  /// Asks the server for everything; models that are loaded count as memory that is free for models.
  public static func take(
    of engine: EngineAtHand, machine: Machine?, in world: World
  ) async throws(Failure) -> ModelOverview {
    guard engine.isOllama else {
      return ModelOverview(
        try await ServerFindings.ask(engine.url, in: world), choices: engine.choices)
    }
    let server = engine.server(in: world)
    let models = try await server.models()
    var details: [String: ModelDetails] = [:]
    // One of each digest: a dozen aliases have one answer.
    var asked: Set<String> = []
    for model in models where asked.insert(model.digest).inserted {
      details[model.name] = try await server.details(model.name)
    }
    var budget = machine.map { usableMemory(MemoryFacts($0, inDocker: engine.isInDocker)) }
    budget?.countAsFree(try await server.loadedModels())
    return ModelOverview(
      models: models, details: details, choices: engine.choices, additions: engine.additions,
      budget: budget)
  }
}

extension MemoryBudget {
  /// What models have that are loaded now goes to the next one.
  mutating func countAsFree(_ loaded: [OllamaServer.LoadedModel]) {
    for model in loaded {
      bytes += Int(clamping: place == .gpu ? model.sizeVram ?? 0 : model.size)
    }
  }
}

extension EngineAtHand {
  var isInDocker: Bool { if case .docker? = choices?.engine { true } else { false } }

  /// Whether its models use the memory of this machine.
  public var isOnThisMachine: Bool {
    choices?.engine.isOnThisMachine ?? OllamaAddress(foreignURL).isLoopback
  }
}

extension Engine {
  /// Whether its models use the memory of this machine.
  public var isOnThisMachine: Bool {
    switch self {
    case .docker, .native, .rehearsal: true
    case .server(let url), .compatible(let url): OllamaAddress(url).isLoopback
    }
  }
}
