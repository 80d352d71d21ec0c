extension Facts {
  /// What our container may use of the machine, against what its model needs.
  var resourceChecks: [Check] {
    guard case .docker(_, let graphics) = choices.engine, case .success(let found?) = container,
      found.isRunning, let resources = found.resources
    else { return [] }
    let memory =
      resources.memory == 0
      ? "no limit of its own" : "\(ByteCount(resources.memory).inMemoryWords) at most"
    let processors =
      resources.processors == 0 ? "all" : "\((resources.processors * 10).rounded() / 10)"
    let evidence =
      "memory: \(memory); processors: \(processors); graphics cards: \(resources.hasGraphics ? "given" : "none")"
    func check(_ outcome: Check.Outcome, _ consequence: String? = nil) -> Check {
      Check(
        .containerResources, .docker, "What it may use", outcome, evidence,
        consequence: consequence,
        // A container that is made anew is made as the Compose files say; its volume stays.
        remedy: consequence == nil
          ? nil
          : Remedy("Make it anew", run: "docker rm --force \(found.name)", "ccl-setup start"))
    }
    if graphics, !resources.hasGraphics {
      return [check(.fail, "The processor computes, although there is a graphics card for it.")]
    }
    // Its weights alone; the context comes on top.
    if resources.memory > 0, let model = server?.models.first(where: { $0.name == choices.model }),
      resources.memory < model.size
    {
      return [
        check(
          .fail,
          "The model alone has \(ByteCount(model.size).inMemoryWords): it cannot be loaded.")
      ]
    }
    return [check(.pass)]
  }
}
