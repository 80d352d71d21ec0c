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
