/// Docker: one state, each with its own remedy.
public struct Docker: Sendable, Hashable, Codable {
  public enum State: Sendable, Hashable, Codable {
    case notInstalled
    /// The client is there; nothing listens. The client's words.
    case notRunning(String)
    /// The socket exists and this user may not use it.
    case noPermission(String)
    /// The active context or `DOCKER_HOST` is another machine.
    case remote(host: String)
    /// The engine answers, `docker compose version` (v2) does not.
    case composeMissing
    /// `docker info` gave no answer in time.
    case hung
    /// Something else; the client's words.
    case broken(String)
    case working
  }
  /// Whose engine it is: starting and repairing it differs.
  public enum Product: String, Sendable, Hashable, Codable {
    /// Docker Engine (or Debian's docker.io, Fedora's moby-engine) on this machine.
    case engine
    case dockerDesktop, orbStack, colima, rancherDesktop
    /// Podman under the name `docker`.
    case podman

    public var name: String {
      switch self {
      case .engine: "Docker Engine"
      case .dockerDesktop: "Docker Desktop"
      case .orbStack: "OrbStack"
      case .colima: "Colima"
      case .rancherDesktop: "Rancher Desktop"
      case .podman: "Podman"
      }
    }
  }
  public var state: State
  public var clientVersion: String?
  public var serverVersion: String?
  public var composeVersion: String?
  /// Docker Desktop, OrbStack or colima: models live in a virtual machine, with its memory.
  public var isVirtualMachine: Bool
  /// Memory of the engine's machine in bytes (`docker info` MemTotal).
  public var memory: UInt64?
  /// The engine's data root, as it names it.
  public var dataRoot: String?
  public var isSnap: Bool
  public var isRootless: Bool
  public var product: Product
  /// The client's path.
  public var program: String?
  /// The active context's name.
  public var context: String?
  /// The user is in the group `docker` of the system's database (a session older than that does not know it).
  public var isGroupMember: Bool

  public init(
    state: State, clientVersion: String? = nil, serverVersion: String? = nil,
    composeVersion: String? = nil, isVirtualMachine: Bool, memory: UInt64? = nil,
    dataRoot: String? = nil, isSnap: Bool, isRootless: Bool, product: Product = .engine,
    program: String? = nil, context: String? = nil, isGroupMember: Bool = false
  ) {
    self.state = state
    self.clientVersion = clientVersion
    self.serverVersion = serverVersion
    self.composeVersion = composeVersion
    self.isVirtualMachine = isVirtualMachine
    self.memory = memory
    self.dataRoot = dataRoot
    self.isSnap = isSnap
    self.isRootless = isRootless
    self.product = product
    self.program = program
    self.context = context
    self.isGroupMember = isGroupMember
  }

  static let unknown = Docker(
    state: .hung, isVirtualMachine: false, isSnap: false, isRootless: false)

  /// Whether `docker compose up` would work here and now.
  public var isUsable: Bool { state == .working }
}

extension Docker {
  func probe(on system: OperatingSystem) -> Probe {
    let remedies = remedies(on: system)
    func probe(_ state: Probe.State, _ finding: Text) -> Probe {
      Probe(.docker, state, finding, remedies: remedies)
    }
    switch state {
    case .notInstalled: return probe(.warning, "not installed")
    case .notRunning: return probe(.bad, "\(product.name) is installed but not running")
    case .noPermission:
      return probe(.bad, "running, but you may not use its socket")
    case .remote(let host):
      return probe(.warning, "the active context is another machine: \(printable(host))")
    case .composeMissing:
      return probe(.bad, "\(versionWords), but Compose v2 is missing")
    case .hung: return probe(.bad, "\(command: "docker info") gave no answer in time")
    case .broken(let words):
      return probe(.bad, "does not work: \(printable(String(words.prefix(200))))")
    case .working:
      var words = versionWords
      if let composeVersion { words += ", Compose \(composeVersion)" }
      if isVirtualMachine, let memory {
        words += ", in a virtual machine with \(ByteCount(memory).inMemoryWords)"
      }
      if isSnap { words += ", from snap" }
      if isRootless { words += ", rootless" }
      return probe(.good, Text(printable(words)))
    }
  }

  private var versionWords: String {
    product.name + ((serverVersion ?? clientVersion).map { " \(printable($0))" } ?? "")
  }
}
