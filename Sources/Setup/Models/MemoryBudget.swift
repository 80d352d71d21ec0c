/// The memory that a model can really use on a machine, and which memory that is.
///
/// A GPU: its free memory. Apple silicon: three quarters of the unified memory. Docker Desktop: the VM's memory, not
/// the host's. cgroup limits count. Otherwise what is available, less a reserve for the system, the editor and
/// Claude Code.
public struct MemoryBudget: Hashable, Sendable {
  public enum Place: String, Hashable, Sendable {
    case gpu, unified, virtualMachine, container, main
  }

  public var bytes: Int
  public var place: Place
  /// Whether a CPU computes: prompts are then slow, and few active parameters count for more.
  public var onCPU: Bool

  public init(bytes: Int, place: Place, onCPU: Bool) {
    self.bytes = bytes
    self.place = place
    self.onCPU = onCPU
  }

  /// Left to the system, the editor and Claude Code.
  static let reserve = 3 * Bytes.gibibyte
  /// Below this no model works honestly for agents: a smaller GPU is passed over where main memory is larger.
  static let smallestUsefulGPU = 6 * Bytes.gibibyte

  /// Who the memory belongs to, for a sentence: `of the GPU's memory`.
  public var owner: String {
    switch place {
    case .gpu: "the GPU's memory"
    case .unified: "the unified memory"
    case .virtualMachine: "the Docker VM's memory"
    case .container: "the container's memory"
    case .main: "the main memory"
    }
  }
}

/// What a machine's memory looks like, in bytes; what does not exist is `nil` or empty.
public struct MemoryFacts: Hashable, Sendable {
  public struct GPU: Hashable, Sendable {
    public var total: Int
    public var free: Int
    public init(total: Int, free: Int) {
      self.total = total
      self.free = free
    }
  }

  public var total: Int
  /// `MemAvailable`, or what the system says is free or can be freed.
  public var available: Int
  /// GPUs that the engine can use. Behind Docker Desktop there are none.
  public var gpus: [GPU] = []
  /// Apple silicon, with the engine running natively.
  public var unified = false
  /// `docker info`'s MemTotal where the engine runs in Docker Desktop's VM.
  public var dockerVM: Int?
  /// The tightest limit of the cgroups above this process, v1 or v2, and what is used of it.
  public var cgroupLimit: Int?
  public var cgroupUsed: Int = 0

  public init(total: Int, available: Int) {
    self.total = total
    self.available = available
  }
}

/// How much memory a model can use: see ``MemoryBudget``.
public func usableMemory(_ facts: MemoryFacts) -> MemoryBudget {
  let main = mainMemory(facts)
  if facts.unified {
    let bytes = min(facts.total / 4 * 3, facts.total - MemoryBudget.reserve)
    return MemoryBudget(bytes: max(0, bytes), place: .unified, onCPU: false)
  }
  let free = facts.gpus.reduce(0) { $0 + max(0, min($1.free, $1.total)) }
  if free >= MemoryBudget.smallestUsefulGPU || (free > 0 && free >= main.bytes) {
    return MemoryBudget(bytes: free, place: .gpu, onCPU: false)
  }
  return main
}

private func mainMemory(_ facts: MemoryFacts) -> MemoryBudget {
  if let machine = facts.dockerVM {
    return MemoryBudget(bytes: max(0, machine), place: .virtualMachine, onCPU: true)
  }
  if let limit = facts.cgroupLimit, limit - facts.cgroupUsed < facts.available {
    let bytes = limit - facts.cgroupUsed - MemoryBudget.reserve
    return MemoryBudget(bytes: max(0, bytes), place: .container, onCPU: true)
  }
  let bytes = facts.available - MemoryBudget.reserve
  return MemoryBudget(bytes: max(0, bytes), place: .main, onCPU: true)
}
