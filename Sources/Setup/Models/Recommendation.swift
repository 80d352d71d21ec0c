/// Which model and which context suit this machine, with the reason for every row.
public struct Recommendation: Hashable, Sendable {
  public enum Verdict: String, Hashable, Sendable, CaseIterable {
    case recommended, fits, fitsWithLessContext, needUnknown, provesSetupOnly, noDiskSpace, tooBig
    case noTools, notForAgents
  }

  public struct Row: Hashable, Sendable {
    public var model: CatalogueModel
    public var verdict: Verdict
    /// The context to set up, in tokens; `nil` where none can be promised to fit.
    public var context: Int?
    /// What the model needs in memory, by context.
    public var needs: [Need]
    /// One or two sentences for a person.
    public var reason: String
    /// What the person should know before choosing it all the same.
    public var warnings: [String]
    /// Already on this machine: nothing to download.
    public var present: Bool
  }

  public struct Need: Hashable, Sendable {
    public var context: Int
    public var bytes: Int
  }

  /// Best first; the recommended one, if any, is the first.
  public var rows: [Row]
  public var budget: MemoryBudget

  public var recommended: Row? { rows.first { $0.verdict == .recommended } }

  /// What Return takes: the recommended row, or else the small model that at least proves the setup.
  public var choice: Row? {
    recommended ?? rows.first { $0.verdict == .provesSetupOnly && $0.context != nil }
  }
}

/// A model that is already on the machine.
public struct PresentModel: Hashable, Sendable {
  public var name: ModelName
  public var bytes: Int
  /// From `/api/show`, where it was asked.
  public var geometry: Geometry?
  public var nativeContext: Int?
  /// From the model's capabilities, where they are known.
  public var tools: Bool?

  public init(
    name: ModelName, bytes: Int, geometry: Geometry? = nil, nativeContext: Int? = nil,
    tools: Bool? = nil
  ) {
    self.name = name
    self.bytes = bytes
    self.geometry = geometry
    self.nativeContext = nativeContext
    self.tools = tools
  }
}

/// Judges every model of the catalogue, and every other model that is here, for one machine.
///
/// - Parameters:
///   - budget: see ``usableMemory(_:)``.
///   - freeDisk: bytes where the models will lie; `nil` when it could not be told.
///   - present: what is here already: its own figures beat the catalogue's.
public func recommend(
  from catalogue: Catalogue, budget: MemoryBudget, freeDisk: Int?, present: [PresentModel] = []
) -> Recommendation {
  var models = catalogue.models
  var here: Set<ModelName> = []
  for found in present {
    let known = catalogue.model(named: found.name)
    here.insert(known?.name ?? found.name)
    if let index = models.firstIndex(where: { $0.name == known?.name }) {
      models[index].take(found)
    } else {
      models.append(CatalogueModel(found))
    }
  }
  var rows = models.map { model in
    judge(
      model, budget: budget, freeDisk: freeDisk, present: here.contains(model.name),
      notForAgents: catalogue.notForAgents.contains(model.name))
  }
  if let best = bestRow(rows, onCPU: budget.onCPU) {
    rows[best].verdict = .recommended
  }
  rows.sort { a, b in
    let order = Recommendation.Verdict.allCases
    let (first, second) = (order.firstIndex(of: a.verdict)!, order.firstIndex(of: b.verdict)!)
    if first != second { return first < second }
    if a.model.downloadBytes != b.model.downloadBytes {
      return a.model.downloadBytes > b.model.downloadBytes
    }
    return a.model.name.description < b.model.name.description
  }
  return Recommendation(rows: rows, budget: budget)
}

/// How fast a CPU or GPU evaluated a prompt, measured on some model.
public struct PromptRate: Hashable, Sendable {
  public var tokensPerSecond: Double
  public var activeParameters: Int

  public init(tokensPerSecond: Double, activeParameters: Int) {
    self.tokensPerSecond = tokensPerSecond
    self.activeParameters = activeParameters
  }

  /// Seconds until the first answer of another model: the work for each token grows with the active parameters.
  public func secondsToFirstAnswer(of model: CatalogueModel, promptTokens: Int) -> Double? {
    guard let active = model.activeParameters, activeParameters > 0, tokensPerSecond > 0
    else { return nil }
    let rate = tokensPerSecond * Double(activeParameters) / Double(active)
    return Double(promptTokens) / rate
  }
}

// MARK: - Judging one model

private let longer = [131_072, 262_144]
/// What the model that only proves the setup may be given where 32k does not fit.
private let makeshift = [16_384, 8_192]
/// A longer context than 64k is proposed only while this share of the memory stays enough: prompts, the host's
/// prompt cache and other programs grow too.
private let roomyShare = 0.8
/// And only from this much memory on: 64k is what fits the work, more is for those who have it to spare.
private let roomyMemory = 40 * Bytes.gibibyte
/// Few enough active parameters for a CPU: the "-a3b" kinds.
private let fewActiveParameters = 4_000_000_000
/// Left free on the disk besides the download.
private let diskReserve = 2 * Bytes.gigabyte

private func bestRow(_ rows: [Recommendation.Row], onCPU: Bool) -> Int? {
  func slowOnCPU(_ model: CatalogueModel) -> Bool {
    onCPU && (model.activeParameters ?? .max) > fewActiveParameters
  }
  for verdict in [Recommendation.Verdict.fits, .fitsWithLessContext] {
    let candidates = rows.indices.filter {
      rows[$0].verdict == verdict && rows[$0].model.rank != nil
    }
    let best = candidates.max { a, b in
      let (first, second) = (rows[a].model, rows[b].model)
      let (slowA, slowB) = (slowOnCPU(first), slowOnCPU(second))
      if slowA != slowB { return slowA }
      // Among slow ones the least slow: on a CPU a wait of minutes outweighs a better answer.
      if slowA, slowB {
        return (first.activeParameters ?? .max) > (second.activeParameters ?? .max)
      }
      return (first.rank ?? 0) < (second.rank ?? 0)
    }
    if let best { return best }
  }
  return nil
}

private func judge(
  _ model: CatalogueModel, budget: MemoryBudget, freeDisk: Int?, present: Bool, notForAgents: Bool
) -> Recommendation.Row {
  let native = model.nativeContext ?? .max
  let normal = [ContextSize.smallest.tokens, ContextSize.preferred.tokens] + longer
  var contexts = normal.filter { $0 <= native }
  if contexts.isEmpty { contexts = [native] }
  if model.setupOnly { contexts = makeshift.reversed() + contexts }
  let needs = contexts.compactMap { context in
    model.memoryNeed(context: context).map { Recommendation.Need(context: context, bytes: $0) }
  }
  let fitting = needs.filter { $0.bytes <= budget.bytes }
  let context =
    model.setupOnly
    ? fitting.last { $0.context <= ContextSize.smallest.tokens }?.context
    : fitting.last {
      $0.context <= ContextSize.preferred.tokens
        || budget.bytes >= roomyMemory
          && Double($0.bytes) <= roomyShare * Double(budget.bytes)
    }?.context
  let missing = present ? 0 : max(0, model.downloadBytes + diskReserve - (freeDisk ?? .max / 2))

  let verdict: Recommendation.Verdict =
    if !model.tools {
      .noTools
    } else if notForAgents {
      .notForAgents
    } else if model.leastMemory > budget.bytes || (model.geometry != nil && context == nil) {
      .tooBig
    } else if missing > 0 {
      .noDiskSpace
    } else if model.setupOnly {
      .provesSetupOnly
    } else if model.geometry == nil {
      .needUnknown
    } else if context! < ContextSize.preferred.tokens {
      .fitsWithLessContext
    } else {
      .fits
    }
  let row = Recommendation.Row(
    model: model, verdict: verdict, context: context, needs: needs, reason: "", warnings: [],
    present: present)
  return row.explained(budget: budget, missingOnDisk: missing, notForAgents: notForAgents)
}

extension CatalogueModel {
  /// Another model that is here and not in the catalogue.
  fileprivate init(_ found: PresentModel) {
    self.init(
      name: found.name, title: found.name.description, downloadBytes: found.bytes,
      geometry: found.geometry, nativeContext: found.nativeContext, tools: found.tools ?? true)
  }

  fileprivate mutating func take(_ found: PresentModel) {
    downloadBytes = found.bytes
    geometry = found.geometry ?? geometry
    nativeContext = found.nativeContext ?? nativeContext
    tools = found.tools ?? tools
  }
}
