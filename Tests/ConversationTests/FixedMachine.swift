import SystemPackage

@testable import Setup

/// Machines as values, so that what is said about them is the same wherever the tests run.
enum FixedMachine: String, Sendable, CaseIterable {
  /// A laptop with Docker and nothing else.
  case ubuntu
  /// A card with the container toolkit, and somebody else's server on the port.
  case graphics
  /// A Mac on which Ollama runs already.
  case mac
  /// Nothing that could run a model.
  case bare

  var machine: Machine {
    var machine = Self.laptop
    switch self {
    case .ubuntu: break
    case .graphics:
      machine.graphics = Graphics(
        nvidia: [
          .init(name: "NVIDIA GeForce RTX 4090", memory: 24 << 30, memoryInUse: 600 << 20)
        ],
        driver: .working(version: "570.86"), toolkit: .working, appleSilicon: false, hasKFD: false)
      machine.ollama.port = .taken(by: "nginx (process 812)")
      machine.conflicts = [
        Conflict(
          variable: "ANTHROPIC_BASE_URL",
          place: .file(path: "/home/ada/.bashrc", line: 7),
          shown: "https://proxy.example", consequence: "sends Claude Code to another server",
          isOvercome: true)
      ]
    case .mac:
      machine.system = OperatingSystem(
        family: .macOS, name: "macOS 15.5", architecture: "arm64", isWSL: false)
      machine.processor = Processor(cores: 14, name: "Apple M4 Pro")
      machine.memory = Memory(total: 48 << 30, available: 30 << 30)
      machine.graphics = Graphics(
        driver: .absent, toolkit: .notNeeded, appleSilicon: true, hasKFD: false)
      machine.docker = Docker(
        state: .notInstalled, isVirtualMachine: false, isSnap: false, isRootless: false)
      machine.ollama = OllamaFindings(
        program: "/opt/homebrew/bin/ollama", programVersion: "0.32.15",
        address: "http://127.0.0.1:11434", port: .ollama(version: "0.32.15"),
        models: [.init(name: "gpt-oss:20b", size: 13_793_441_244, digest: "17052f91a42e")])
      machine.shells = [
        ShellFindings(shell: .zsh, program: "/bin/zsh", isLoginShell: true, files: [])
      ]
    case .bare:
      machine.docker = Docker(
        state: .noPermission("permission denied"), isVirtualMachine: false, isSnap: false,
        isRootless: false, program: "/usr/bin/docker")
      machine.claude.installations = []
      machine.memory = Memory(total: 4 << 30, available: 3 << 30)
      machine.unanswered = ["node": "no answer within 5 s"]
    }
    return machine
  }

  private static let laptop = Machine(
    system: OperatingSystem(
      family: .debian, name: "Ubuntu 24.04.2 LTS", architecture: "x86_64", isWSL: false,
      distribution: "ubuntu", release: "24.04"),
    processor: Processor(cores: 16, name: "AMD Ryzen 7 7840U"),
    memory: Memory(total: 32 << 30, available: 26 << 30),
    graphics: Graphics(driver: .absent, toolkit: .notNeeded, appleSilicon: false, hasKFD: false),
    disk: Disk(place: "/var/lib/docker", free: 214_000_000_000),
    docker: Docker(
      state: .working, clientVersion: "28.1.1", serverVersion: "28.1.1", composeVersion: "2.35.1",
      isVirtualMachine: false, dataRoot: "/var/lib/docker", isSnap: false, isRootless: false,
      program: "/usr/bin/docker", isGroupMember: true),
    ollama: OllamaFindings(address: "http://127.0.0.1:11434", port: .free),
    node: NodeRuntime(node: "22.15.0", npm: "10.9.2"),
    claude: ClaudeCode(
      installations: [
        .init(path: "/home/ada/.local/bin/claude", version: "2.1.330", origin: "native installer")
      ],
      configurationFolder: "/home/ada/.claude", hasCompletedOnboarding: false,
      hasStoredLogin: false),
    shells: [
      ShellFindings(
        shell: .bash, program: "/usr/bin/bash", isLoginShell: true, files: ["/home/ada/.bashrc"]),
      ShellFindings(
        shell: .fish, program: "/usr/bin/fish", isLoginShell: false,
        files: ["/home/ada/.config/fish/config.fish"]),
    ], conflicts: [])

  var environment: Environment {
    Environment(
      variables: ["HOME": "/home/ada", "PATH": "/usr/bin"], home: "/home/ada",
      workingFolder: "/home/ada",
      account: .init(name: "ada", userID: 1000, home: "/home/ada", loginShell: "/bin/bash"),
      platform: self == .mac ? .macOS : .linux)
  }

  func plan(_ choices: Choices) throws -> Plan {
    try Plan(
      choices, machine: machine, catalogue: Catalogue.embedded(), survey: survey(choices.model),
      environment: environment)
  }

  /// What lies there today: start-up files of the person's, on the Mac also a running server.
  private func survey(_ model: String) -> Survey {
    let here = OllamaServer.Model(
      name: "gpt-oss:20b", size: 13_793_441_244, digest: "17052f91a42e", details: nil,
      capabilities: nil)
    return Survey(
      files: [
        "/home/ada/.bashrc": .present(Array("# mine\nalias ll='ls -l'\n".utf8)),
        "/home/ada/.profile": .present(Array(". ~/.bashrc\n".utf8)),
      ],
      server: self == .mac
        ? Survey.Server(version: "0.32.15", models: [here], contexts: [:]) : nil,
      registryBytes: model == "gpt-oss:20b" ? [model: 13_793_441_244] : [:])
  }
}
