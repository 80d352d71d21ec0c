extension Facts {
  /// Other choices where these cannot do: `nil` where they can, or where nothing else is sure to do better.
  func changedChoices(_ catalogue: Catalogue, in world: World) async -> Choices? {
    guard portHolder == nil else { return nil }
    guard let server else {
      guard let port = portOfMovedServer else { return nil }
      var changed = choices
      changed.engine = choices.engine.moved(to: port)
      return changed
    }
    guard choices.engine.isOllama, choices.engine.isOnThisMachine else { return nil }
    let ollama = OllamaServer(url: choices.engine.url, network: world.network)
    var budget = machine.memoryBudget(for: choices.engine)
    // What is loaded now goes when the other is loaded; a server that does not tell has nothing to add.
    budget.countAsFree((try? await ollama.loadedModels()) ?? [])
    return lacksTools
      ? await choicesWithTools(catalogue, budget, ollama, server)
      : await choicesWithMoreContext(budget, ollama)
  }

  /// Whether the chosen model says of itself that it can call no tools.
  var lacksTools: Bool { description?.capabilities.map { !$0.contains("tools") } ?? false }

  private func choicesWithTools(
    _ catalogue: Catalogue, _ budget: MemoryBudget, _ ollama: OllamaServer, _ server: Survey.Server
  ) async -> Choices? {
    let row = await recommendation(
      from: catalogue, budget, freeDisk: Int(clamping: machine.disk.free), ollama, server.models
    ).choice
    guard let row, let context = row.context else { return nil }
    var changed = choices
    changed.model = row.model.name.description
    changed.contextWindow = context
    return changed
  }

  func noteOfReplacedModel(_ changed: Choices) -> Plan.Note {
    .init(
      .information,
      "\(changed.model, .emphasis) takes the place of \(printable(choices.model)), which can call no tools and stays on the disk."
    )
  }

  private func choicesWithMoreContext(
    _ budget: MemoryBudget, _ ollama: OllamaServer
  ) async -> Choices? {
    guard client.contract != nil, client.shortage(of: choices) != nil,
      let model = surveyed?.present(choices.model),
      let info = (try? await ollama.details(choices.model))?.info, let trained = info.nativeContext
    else { return nil }
    var changed = choices
    changed.contextWindow = client.smallestContext(choices.profile)
    let fit = ModelOverview.Fit(
      bytes: Int(clamping: model.size), geometry: info.geometry, context: changed.contextWindow,
      trained: trained, budget: budget)
    guard changed.contextWindow <= trained, fit.verdict == .fits else { return nil }
    return changed
  }

  /// Where a server that we did not start ourselves answers now, while nothing answers at its old port.
  private var portOfMovedServer: Int? {
    guard case .native(let port) = choices.engine, receipt["engine:native"] == nil,
      case .ollama = machine.ollama.port
    else { return nil }
    let address = OllamaAddress(machine.ollama.address)
    return address.isLoopback && address.port != port ? address.port : nil
  }
}
