/// What to choose instead, as a command that can be run as it stands.
extension DeepExamination {
  /// Another model, for one that was seen not to call tools.
  func remedyOfModel() async -> Remedy {
    let title = "Choose another model"
    guard choices.engine.isOllama, choices.engine.isOnThisMachine else {
      return Remedy(title, run: "ccl-setup")
    }
    var budget = machine.memoryBudget(for: choices.engine)
    budget.countAsFree((try? await server.loadedModels()) ?? [])
    return await command(title, for: budget) ?? Remedy(title, run: "ccl-setup")
  }

  /// Choices that fit into what the GPU has taken of the loaded model: less context, with six tools if need be, or else
  /// a smaller model; `nil` where nothing of the catalogue fits.
  func remedyOfSplit(_ loaded: OllamaServer.LoadedModel) async -> Remedy? {
    let room = Int(clamping: loaded.sizeVram ?? 0)
    let now = loaded.contextLength ?? choices.contextWindow
    if let geometry = (try? await server.details(choices.model))?.info?.geometry {
      let rest = Int(clamping: loaded.size) - geometry.kvBytes(context: now)
      let fitting = ContextSize.usual.last {
        $0 < now && rest + geometry.kvBytes(context: $0) <= room
      }
      for profile in [choices.profile, .lean] {
        guard let fitting, fitting >= smallestContext(profile) else { continue }
        return Remedy("Choose a context that fits the GPU", run: command(fitting, profile))
      }
    }
    return await command(
      "Choose a model that fits the GPU",
      for: MemoryBudget(bytes: room, place: .gpu, onCPU: false))
  }

  /// More room for the conversation, as far as the model allows it.
  func remedyOfShortConversation() async -> Remedy {
    let trained = (try? await server.details(choices.model))?.info?.nativeContext ?? .max
    if choices.profile == .full, smallestContext(.lean) <= choices.contextWindow {
      return Remedy("Use six tools", run: "ccl-setup profile lean")
    }
    for profile in [choices.profile, .lean] {
      let least = max(smallestContext(profile), choices.contextWindow * 2)
      guard least <= trained else { continue }
      return Remedy("Choose a larger context", run: command(least, profile))
    }
    return await remedyOfModel()
  }

  private func command(_ context: Int, _ profile: Profile) -> String {
    let tools = profile == choices.profile ? "" : " --profile \(profile.rawValue)"
    return "ccl-setup --yes --context \(contextInWords(context))\(tools)"
  }

  private func command(_ title: String, for budget: MemoryBudget) async -> Remedy? {
    guard let models = try? await server.models() else { return nil }
    let row = await recommendation(
      from: catalogue, budget, freeDisk: Int(clamping: machine.disk.free), server, models,
      without: choices.model
    ).recommended
    guard let row, let context = row.context else { return nil }
    return Remedy(
      title,
      run: "ccl-setup --yes --model \(row.model.name) --context \(contextInWords(context))")
  }

  private func smallestContext(_ profile: Profile) -> Int {
    contract?.smallestContext(profile) ?? ContextSize.smallest.tokens
  }
}
