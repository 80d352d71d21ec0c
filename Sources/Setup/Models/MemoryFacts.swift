extension MemoryFacts {
  /// What was found on a machine, as far as it concerns an engine that runs there.
  ///
  /// - Parameter inDocker: whether the engine runs in Docker: its GPU must then be reachable through the container
  ///   toolkit, and Docker Desktop's virtual machine has a memory of its own.
  public init(_ machine: Machine, inDocker: Bool) {
    self.init(
      total: Int(clamping: machine.memory.total), available: Int(clamping: machine.memory.available)
    )
    cgroupLimit = machine.memory.cgroupLimit.map { Int(clamping: $0) }
    cgroupUsed = Int(clamping: machine.memory.cgroupUsed ?? 0)
    let graphics = machine.graphics
    let inVirtualMachine = inDocker && machine.docker.isVirtualMachine
    if inVirtualMachine { dockerVM = machine.docker.memory.map { Int(clamping: $0) } }
    unified = graphics.appleSilicon && !inDocker
    if case .working = graphics.driver, !inVirtualMachine, !inDocker || graphics.toolkit == .working
    {
      gpus = graphics.nvidia.map {
        GPU(
          total: Int(clamping: $0.memory),
          free: Int(clamping: $0.memory) - Int(clamping: $0.memoryInUse))
      }
    }
  }
}

extension Machine {
  /// The memory that a model can use under this engine.
  public func memoryBudget(for engine: Engine?) -> MemoryBudget {
    let inDocker = if case .docker = engine { true } else { false }
    return usableMemory(MemoryFacts(self, inDocker: inDocker))
  }
}

extension PresentModel {
  /// What a server has, as far as it is a model of its own: names that are only another name for one (an Anthropic
  /// name, a variant with a context baked in) are left out.
  public static func all(of machine: Machine) -> [PresentModel] {
    all(
      among: machine.ollama.models.map { model in
        (model.name, model.size, model.trainedContext)
      })
  }

  static func all(
    among models: [(name: String, size: UInt64, trainedContext: Int?)]
  ) -> [PresentModel] {
    let found = models.compactMap { model in
      (try? ModelName(model.name)).map {
        PresentModel(
          name: $0, bytes: Int(clamping: model.size), nativeContext: model.trainedContext)
      }
    }
    let names = Set(found.map(\.name))
    return found.filter { model in
      if let base = model.name.derivation?.base, names.contains(base) { return false }
      return Tier(anthropicName: model.name.model) == nil
    }
  }
}
