import SystemPackage

/// Graphics hardware that can run a model, and each piece that Docker needs to reach it.
public struct Graphics: Sendable, Hashable, Codable {
  public struct Card: Sendable, Hashable, Codable {
    public var name: String
    /// Bytes; 0 where the card shares the machine's memory and names none of its own.
    public var memory: UInt64
    public var memoryInUse: UInt64

    public init(name: String, memory: UInt64, memoryInUse: UInt64) {
      self.name = name
      self.memory = memory
      self.memoryInUse = memoryInUse
    }
  }
  public enum NvidiaDriver: Sendable, Hashable, Codable {
    case absent
    /// A card on the bus, but no `nvidia-smi`: the driver is missing.
    case missing
    /// `nvidia-smi` is there and fails; its words.
    case broken(String)
    case working(version: String)
  }
  public enum ContainerToolkit: Sendable, Hashable, Codable {
    case notNeeded
    /// No `nvidia-ctk` / `nvidia-container-runtime`.
    case missing
    /// Installed, but Docker has neither the runtime nor a CDI device.
    case notConfigured
    /// Docker is from snap, which cannot use the toolkit (nvidia-docker#1642).
    case unreachableFromSnap
    /// Installed; Docker did not answer, so whether it is configured is not known.
    case unknown
    case working
  }
  public var nvidia: [Card]
  public var driver: NvidiaDriver
  public var toolkit: ContainerToolkit
  /// A Mac's unified memory is its GPU's memory.
  public var appleSilicon: Bool
  /// The names of AMD cards (seen on the bus; `/dev/kfd` says whether ROCm's kernel part is there).
  public var amd: [String]
  public var hasKFD: Bool

  public init(
    nvidia: [Card] = [], driver: NvidiaDriver, toolkit: ContainerToolkit, appleSilicon: Bool,
    amd: [String] = [], hasKFD: Bool
  ) {
    self.nvidia = nvidia
    self.driver = driver
    self.toolkit = toolkit
    self.appleSilicon = appleSilicon
    self.amd = amd
    self.hasKFD = hasKFD
  }

  static let none = Graphics(
    driver: .absent, toolkit: .notNeeded, appleSilicon: false, hasKFD: false)
}

extension Graphics {
  /// Looks at the bus and asks `nvidia-smi` (Linux) or `sysctl` (macOS); the toolkit's part is `addToolkit`.
  static func detect(in world: World, within limit: Duration) async -> Answer<Graphics> {
    var graphics = Graphics.none
    if world.environment.platform == .macOS {
      let result = try? await world.programs.run(
        Invocation("sysctl", ["-n", "hw.optional.arm64"]), within: limit)
      graphics.appleSilicon = result?.output == "1"
      return Answer(graphics)
    }
    let bus = graphicsDevices(in: world.files)
    graphics.amd = bus.filter { $0.vendor == "0x1002" }.map { "AMD GPU \($0.device)" }
    graphics.hasKFD = world.files.exists("/dev/kfd")
    let hasCard = bus.contains { $0.vendor == "0x10de" }
    guard let program = nvidiaSMI(in: world) else {
      graphics.driver = hasCard ? .missing : .absent
      return Answer(graphics)
    }
    do throws(ProgramProblem) {
      let query = "name,memory.total,memory.used,driver_version"
      let result = try await world.programs.run(
        Invocation(
          program.string, ["--query-gpu=\(query)", "--format=csv,noheader,nounits"]),
        within: limit)
      graphics.addCards(result, hasCard: hasCard || world.files.exists("/dev/dxg"))
      return Answer(graphics)
    } catch {
      guard case .tookTooLong = error else {
        graphics.driver = .broken("`nvidia-smi` could not be started")
        return Answer(graphics)
      }
      let words = "`nvidia-smi` gave no answer within \(limit.inWords)"
      graphics.driver = .broken(words)
      return Answer(graphics, trouble: words)
    }
  }

  /// On WSL it lies beside the other Windows drivers and is not always on the `PATH`.
  private static func nvidiaSMI(in world: World) -> FilePath? {
    world.programs.find("nvidia-smi")
      ?? ["/usr/lib/wsl/lib/nvidia-smi", "/usr/bin/nvidia-smi"].first {
        world.files.isExecutable($0)
      }
  }

  private static func graphicsDevices(in files: Files) -> [(vendor: String, device: String)] {
    let bus: FilePath = "/sys/bus/pci/devices"
    return ((try? files.list(bus)) ?? []).compactMap { name in
      func value(_ file: String) -> String {
        (files.text(bus.appending(name).appending(file)) ?? "").trimmed
      }
      // PCI class 0x03: display controllers (VGA 0x0300, 3D 0x0302).
      guard value("class").hasPrefix("0x03") else { return nil }
      return (value("vendor"), "\(value("vendor").dropFirst(2)):\(value("device").dropFirst(2))")
    }
  }

  private mutating func addCards(_ result: ProgramResult, hasCard: Bool) {
    var version: String?
    for line in result.output.split(separator: "\n") where result.succeeded {
      let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(\.trimmed)
      guard fields.count >= 4 else { continue }
      // A card's name may have a comma; the last three fields never do.
      let numbers = fields.suffix(3)
      nvidia.append(
        Card(
          name: fields.dropLast(3).joined(separator: ", "),
          memory: Self.bytes(ofMebibytes: numbers[numbers.startIndex]),
          memoryInUse: Self.bytes(ofMebibytes: numbers[numbers.startIndex + 1])))
      version = numbers.last
    }
    if let version {
      driver = .working(version: version)
    } else if hasCard {
      let words = [result.output, result.error].filter { !$0.isEmpty }.joined(separator: " ")
      driver = .broken(words.isEmpty ? "`nvidia-smi` found no card" : String(words.prefix(300)))
    }
  }

  /// 0 for what is no number (`[N/A]`) or none that memory could have.
  private static func bytes(ofMebibytes text: String) -> UInt64 {
    let (bytes, overflow) = (UInt64(text) ?? 0).multipliedReportingOverflow(by: 1_048_576)
    return overflow ? 0 : bytes
  }

  /// Says which piece of the NVIDIA Container Toolkit is missing, if any is needed.
  mutating func addToolkit(_ report: DockerReport, in world: World) {
    guard case .working = driver else { return }
    let docker = report.docker
    switch docker.state {
    case .notInstalled, .remote: return
    default: break
    }
    if report.runtimes.contains("nvidia")
      || report.devices.contains(where: { $0.hasPrefix("nvidia.com/gpu") })
    {
      toolkit = .working
    } else if docker.isSnap {
      toolkit = .unreachableFromSnap
    } else if docker.product == .dockerDesktop {
      // Docker Desktop on Windows brings the toolkit along; on Linux it has no way to the card.
      toolkit = world.files.exists("/dev/dxg") ? .working : .missing
    } else if !["nvidia-ctk", "nvidia-container-runtime"].contains(where: {
      world.programs.find($0) != nil
    }) {
      toolkit = .missing
    } else {
      toolkit = docker.serverVersion == nil ? .unknown : .notConfigured
    }
  }

  func probe(on system: OperatingSystem, docker: Docker) -> Probe {
    let remedies = remedies(on: system, docker: docker)
    if appleSilicon {
      return Probe(.graphics, .good, "Apple silicon: the memory is shared with the GPU")
    }
    let cards = nvidia.map { card in
      let name = printable(card.name)
      return card.memory > 0 ? "\(name) (\(ByteCount(card.memory).inMemoryWords))" : name
    }.joined(separator: ", ")
    switch driver {
    case .missing:
      return Probe(
        .graphics, .warning, "an NVIDIA card without its driver", remedies: remedies)
    case .broken(let words):
      let line = words.split(separator: "\n").first.map(String.init) ?? words
      return Probe(
        .graphics, .warning, "an NVIDIA card whose driver fails: \(printable(line))",
        remedies: remedies)
    case .working(let version):
      let words = "\(cards), driver \(printable(version))"
      switch toolkit {
      case .working: return Probe(.graphics, .good, "\(words), usable from Docker")
      case .notNeeded: return Probe(.graphics, .good, Text(words))
      case .missing:
        return Probe(
          .graphics, .warning, "\(words); Docker needs the NVIDIA Container Toolkit to reach it",
          remedies: remedies)
      case .notConfigured:
        return Probe(
          .graphics, .warning, "\(words); the container toolkit is installed, Docker is not told",
          remedies: remedies)
      case .unreachableFromSnap:
        return Probe(
          .graphics, .warning, "\(words); Docker from snap cannot reach it", remedies: remedies)
      case .unknown:
        return Probe(
          .graphics, .information, "\(words); Docker has to run before more can be said")
      }
    case .absent:
      if let first = amd.first {
        let kernel = hasKFD ? "with /dev/kfd" : "without /dev/kfd"
        return Probe(
          .graphics, .information,
          "\(first), \(kernel): this setup runs models on AMD cards with a native Ollama only")
      }
      return Probe(.graphics, .information, "no GPU that can run models: the CPU computes")
    }
  }
}
