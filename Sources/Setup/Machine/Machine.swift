/// What we *found*: everything that decides how the setup is done here, and nothing that was assumed.
///
/// Each member is filled by the probe in the file of its name. A probe that could not answer leaves its member at the
/// "unknown" case and adds a line to `unanswered`.
public struct Machine: Sendable, Hashable, Codable {
  public var system: OperatingSystem
  public var processor: Processor
  public var memory: Memory
  public var graphics: Graphics
  public var disk: Disk
  public var docker: Docker
  public var ollama: OllamaFindings
  public var node: NodeRuntime
  public var claude: ClaudeCode
  public var shells: [ShellFindings]
  public var conflicts: [Conflict]
  /// Probes that failed or ran out of time: name and reason.
  public var unanswered: [String: String]

  public init(
    system: OperatingSystem, processor: Processor, memory: Memory, graphics: Graphics, disk: Disk,
    docker: Docker, ollama: OllamaFindings, node: NodeRuntime, claude: ClaudeCode,
    shells: [ShellFindings], conflicts: [Conflict], unanswered: [String: String] = [:]
  ) {
    self.system = system
    self.processor = processor
    self.memory = memory
    self.graphics = graphics
    self.disk = disk
    self.docker = docker
    self.ollama = ollama
    self.node = node
    self.claude = claude
    self.shells = shells
    self.conflicts = conflicts
    self.unanswered = unanswered
  }
}

/// The operating system, as far as remedies differ by it.
public struct OperatingSystem: Sendable, Hashable, Codable {
  public enum Family: String, Sendable, Hashable, Codable {
    /// Debian, Ubuntu and what says it is like them.
    case debian
    /// Fedora, RHEL and what says it is like them.
    case fedora
    case otherLinux
    case macOS
  }
  public var family: Family
  /// As the system calls itself: "Ubuntu 24.04.1 LTS", "macOS 15.1".
  public var name: String
  /// `x86_64` or `arm64` (also where the kernel says `aarch64`).
  public var architecture: String
  public var isWSL: Bool
  /// The container technology we run inside of: "docker", "podman", "lxc", "kubernetes"; `nil` on a plain machine.
  public var container: String?

  public init(
    family: Family, name: String, architecture: String, isWSL: Bool, container: String? = nil
  ) {
    self.family = family
    self.name = name
    self.architecture = architecture
    self.isWSL = isWSL
    self.container = container
  }
}

public struct Processor: Sendable, Hashable, Codable {
  public var cores: Int
  public var name: String

  public init(cores: Int, name: String) {
    self.cores = cores
    self.name = name
  }
}

/// Memory in bytes.
public struct Memory: Sendable, Hashable, Codable {
  public var total: UInt64
  /// `MemAvailable` on Linux; free + inactive + purgeable pages on macOS.
  public var available: UInt64
  /// The tightest limit of a cgroup (v1 or v2) above this process, with what is in use under it.
  public var cgroupLimit: UInt64?
  public var cgroupUsed: UInt64?

  public init(
    total: UInt64, available: UInt64, cgroupLimit: UInt64? = nil, cgroupUsed: UInt64? = nil
  ) {
    self.total = total
    self.available = available
    self.cgroupLimit = cgroupLimit
    self.cgroupUsed = cgroupUsed
  }
}

/// Graphics hardware that can run a model, and each piece that Docker needs to reach it.
public struct Graphics: Sendable, Hashable, Codable {
  public struct Card: Sendable, Hashable, Codable {
    public var name: String
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
}

/// Free bytes where the models will lie.
public struct Disk: Sendable, Hashable, Codable {
  /// The folder that was asked: Docker's data root, `OLLAMA_MODELS`, or the home folder.
  public var place: String
  public var free: UInt64

  public init(place: String, free: UInt64) {
    self.place = place
    self.free = free
  }
}

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

  public init(
    state: State, clientVersion: String? = nil, serverVersion: String? = nil,
    composeVersion: String? = nil, isVirtualMachine: Bool, memory: UInt64? = nil,
    dataRoot: String? = nil, isSnap: Bool, isRootless: Bool
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
  }
}

/// Who answers on the Ollama port, and whether a native Ollama is installed.
public struct OllamaFindings: Sendable, Hashable, Codable {
  public enum Port: Sendable, Hashable, Codable {
    case free
    /// Ollama answers there, with its version.
    case ollama(version: String)
    /// Something else holds the port: a program's name, or what it answered, where that could be found out.
    case taken(by: String)
  }
  public struct Model: Sendable, Hashable, Codable {
    public var name: String
    public var size: UInt64
    public var digest: String

    public init(name: String, size: UInt64, digest: String) {
      self.name = name
      self.size = size
      self.digest = digest
    }
  }
  /// The installed `ollama` program, `nil` when there is none.
  public var program: String?
  public var programVersion: String?
  /// Where it was asked: `OLLAMA_HOST` or 127.0.0.1:11434.
  public var address: String
  public var port: Port
  /// What the answering server already holds.
  public var models: [Model]
  /// Whether the answering server is a container that we (or the starting project) made: its container name.
  public var container: String?

  public init(
    program: String? = nil, programVersion: String? = nil, address: String, port: Port,
    models: [Model] = [], container: String? = nil
  ) {
    self.program = program
    self.programVersion = programVersion
    self.address = address
    self.port = port
    self.models = models
    self.container = container
  }
}

/// Node and npm: information only, the client is a native program.
public struct NodeRuntime: Sendable, Hashable, Codable {
  public var node: String?
  public var npm: String?

  public init(node: String? = nil, npm: String? = nil) {
    self.node = node
    self.npm = npm
  }
}

/// Claude Code, wherever it is installed.
public struct ClaudeCode: Sendable, Hashable, Codable {
  public struct Installation: Sendable, Hashable, Codable {
    public var path: String
    public var version: String?
    /// "on the PATH", "npm global", "native installer", "Homebrew", …
    public var origin: String

    public init(path: String, version: String? = nil, origin: String) {
      self.path = path
      self.version = version
      self.origin = origin
    }
  }
  /// The one that `claude` starts first, then the others.
  public var installations: [Installation]
  /// `~/.claude` or `CLAUDE_CONFIG_DIR`.
  public var configurationFolder: String
  public var hasCompletedOnboarding: Bool
  /// A stored claude.ai login (its existence, never its content).
  public var hasStoredLogin: Bool

  public init(
    installations: [Installation] = [], configurationFolder: String, hasCompletedOnboarding: Bool,
    hasStoredLogin: Bool
  ) {
    self.installations = installations
    self.configurationFolder = configurationFolder
    self.hasCompletedOnboarding = hasCompletedOnboarding
    self.hasStoredLogin = hasStoredLogin
  }
}

/// One shell of the person.
public struct ShellFindings: Sendable, Hashable, Codable {
  public var shell: Shell
  /// The program's path, `nil` when only its files are there.
  public var program: String?
  public var isLoginShell: Bool
  /// Its start-up files that exist.
  public var files: [String]

  public init(shell: Shell, program: String? = nil, isLoginShell: Bool, files: [String] = []) {
    self.shell = shell
    self.program = program
    self.isLoginShell = isLoginShell
    self.files = files
  }
}

/// The shells that we write functions for.
public enum Shell: String, Sendable, Hashable, Codable, CaseIterable { case bash, zsh, fish }

/// A variable or setting that would send `claude` elsewhere, or break it.
public struct Conflict: Sendable, Hashable, Codable {
  public enum Place: Sendable, Hashable, Codable {
    case processEnvironment
    case file(path: String, line: Int)
    case settings(path: String, layer: SettingsLayer, key: String)
  }
  public enum SettingsLayer: String, Sendable, Hashable, Codable {
    case managed, user, project, projectLocal
  }
  public var variable: String
  public var place: Place
  /// The value, redacted where it may hold a secret.
  public var shown: String
  /// What it does to a local setup, in one sentence.
  public var consequence: String
  /// Whether `claude-local` overcomes it by itself; if not, the person (or an administrator) must act.
  public var isOvercome: Bool

  public init(variable: String, place: Place, shown: String, consequence: String, isOvercome: Bool)
  {
    self.variable = variable
    self.place = place
    self.shown = shown
    self.consequence = consequence
    self.isOvercome = isOvercome
  }
}
