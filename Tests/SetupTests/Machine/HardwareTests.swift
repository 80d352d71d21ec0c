import Setup
import Support
import SystemPackage
import Testing

struct SystemDetectionTests {
  struct Case: CustomTestStringConvertible {
    var scenario: String
    var family: OperatingSystem.Family
    var name: String
    var architecture: String
    var distribution: String
    var release: String
    var isWSL = false
    var container: String?
    var testDescription: String { scenario }
  }

  @Test(arguments: [
    Case(
      scenario: "ubuntu-24.04", family: .debian, name: "Ubuntu 24.04.1 LTS", architecture: "x86_64",
      distribution: "ubuntu", release: "24.04"),
    Case(
      scenario: "debian-12", family: .debian, name: "Debian GNU/Linux 12 (bookworm)",
      architecture: "x86_64", distribution: "debian", release: "12"),
    Case(
      scenario: "fedora-42", family: .fedora, name: "Fedora Linux 42 (Workstation Edition)",
      architecture: "x86_64", distribution: "fedora", release: "42"),
    Case(
      scenario: "wsl2-docker-desktop", family: .debian, name: "Ubuntu 24.04.1 LTS",
      architecture: "x86_64", distribution: "ubuntu", release: "24.04", isWSL: true),
    Case(
      scenario: "cgroup-v1-container", family: .debian, name: "Ubuntu 24.04.1 LTS",
      architecture: "x86_64", distribution: "ubuntu", release: "24.04", container: "docker"),
    Case(
      scenario: "macos-bare", family: .macOS, name: "macOS 15.1", architecture: "arm64",
      distribution: "macos", release: "15.1"),
    Case(
      scenario: "macos-intel", family: .macOS, name: "macOS 15.1", architecture: "x86_64",
      distribution: "macos", release: "15.1"),
  ])
  func `the system is what it calls itself`(_ given: Case) async throws {
    let system = try await machine(given.scenario).system
    #expect(system.family == given.family)
    #expect(system.name == given.name)
    #expect(system.architecture == given.architecture)
    #expect(system.distribution == given.distribution)
    #expect(system.release == given.release)
    #expect(system.isWSL == given.isWSL)
    #expect(system.container == given.container)
  }

  @Test(
    arguments: [
      ("ID=rocky\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID=\"9.4\"", .fedora),
      ("ID=\"rhel\"\nPRETTY_NAME=\"Red Hat Enterprise Linux 9.4 (Plow)\"", .fedora),
      ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"", .debian),
      ("ID=arch\nPRETTY_NAME='Arch Linux'", .otherLinux),
      ("ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"", .otherLinux),
      ("", .otherLinux),
    ] as [(String, OperatingSystem.Family)])
  func `a relative of a family belongs to it`(text: String, family: OperatingSystem.Family) {
    #expect(OSRelease(text).family == family)
  }

  @Test func `os-release is read with its quotes, escapes and comments`() {
    let release = OSRelease("# a comment\nNAME='A \"B\"'\nPRETTY_NAME=\"x \\\"y\\\" \\$z\"\nBAD\n")
    #expect(release.values == ["NAME": "A \"B\"", "PRETTY_NAME": "x \"y\" $z"])
  }
}

struct MemoryDetectionTests {
  @Test func `meminfo gives total and available`() async throws {
    let memory = try await machine("ubuntu-24.04").memory
    #expect(memory == Memory(total: 32_685_388 * 1024, available: 28_115_220 * 1024))
  }

  @Test
  func `a limit of a group above this one counts (version 2), pages that can be dropped do not`()
    async throws
  {
    let memory = try await machine("cgroup-v2-limit").memory
    #expect(memory.cgroupLimit == 8 << 30)
    #expect(memory.cgroupUsed == 2 << 30)
  }

  @Test func `a container's limit counts (version 1)`() async throws {
    let memory = try await machine("cgroup-v1-container").memory
    #expect(memory.cgroupLimit == 4 << 30)
    #expect(memory.cgroupUsed == 1 << 30)
  }

  @Test func `the number that version 1 writes for no limit is none`() async throws {
    #expect(try await machine("debian-12").memory.cgroupLimit == nil)
  }

  @Test func `a Mac's memory is asked of sysctl and vm_stat`() async throws {
    let memory = try await machine("macos-bare").memory
    #expect(memory.total == 38_654_705_664)
    #expect(memory.available == (221_144 + 783_244 + 17_410 + 8_733) * 16384)
  }

  @Test(arguments: ["/proc/meminfo", "/proc/cpuinfo", "/etc/os-release"])
  func `a file that cannot be read leaves its probe unanswered, not the others`(path: String)
    async throws
  {
    let scripted = try ScriptedWorld(scenario: fixture("ubuntu-24.04"))
    scripted.fault(FilePath(path), .denied(FilePath(path)))
    let machine = await Machine.detect(in: scripted.world)
    #expect(machine.unanswered.count == 1)
    #expect(machine.docker.state == .working)
  }
}

struct GraphicsDetectionTests {
  struct Case: CustomTestStringConvertible {
    var scenario: String
    var driver: Graphics.NvidiaDriver
    var toolkit: Graphics.ContainerToolkit
    var cards = 0
    /// A command that the remedy must have.
    var remedy: String?
    var testDescription: String { scenario }
  }
  private static let working = Graphics.NvidiaDriver.working(version: "550.120")

  @Test(arguments: [
    Case(scenario: "ubuntu-24.04", driver: .absent, toolkit: .notNeeded),
    Case(
      scenario: "nvidia-no-driver", driver: .missing, toolkit: .notNeeded,
      remedy: "sudo ubuntu-drivers install"),
    Case(
      scenario: "nvidia-broken-driver",
      driver: .broken(
        "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 550.120"),
      toolkit: .notNeeded, remedy: "sudo reboot"),
    Case(
      scenario: "nvidia-no-toolkit", driver: working, toolkit: .missing, cards: 1,
      remedy: "sudo apt-get install -y nvidia-container-toolkit"),
    Case(
      scenario: "nvidia-toolkit-unconfigured", driver: working, toolkit: .notConfigured, cards: 1,
      remedy: "sudo nvidia-ctk runtime configure --runtime=docker"),
    Case(scenario: "nvidia-toolkit", driver: working, toolkit: .working, cards: 1),
    Case(scenario: "nvidia-cdi", driver: working, toolkit: .working, cards: 1),
    Case(scenario: "nvidia-two-cards", driver: working, toolkit: .working, cards: 2),
    Case(
      scenario: "nvidia-shared-memory", driver: .working(version: "580.95.05"), toolkit: .working,
      cards: 1),
    Case(
      scenario: "snap-docker", driver: working, toolkit: .unreachableFromSnap, cards: 1,
      remedy: "sudo snap remove docker"),
    Case(
      scenario: "wsl2-docker-desktop", driver: .working(version: "555.99"), toolkit: .working,
      cards: 1),
    Case(scenario: "macos-docker-desktop", driver: .absent, toolkit: .notNeeded),
  ])
  func `each missing piece is told apart`(_ given: Case) async throws {
    let machine = try await machine(given.scenario)
    let graphics = machine.graphics
    #expect(graphics.driver == given.driver)
    #expect(graphics.toolkit == given.toolkit)
    #expect(graphics.nvidia.count == given.cards)
    let steps = graphics.remedies(on: machine.system, docker: machine.docker).flatMap(\.steps)
    if let remedy = given.remedy {
      #expect(steps.contains(.run(remedy)))
    } else {
      #expect(steps.isEmpty)
    }
  }

  @Test func `a card's memory is counted in bytes, one without its own as 0`() async throws {
    let card = try #require(try await machine("nvidia-toolkit").graphics.nvidia.first)
    #expect(card.name == "NVIDIA GeForce RTX 4090")
    #expect(card.memory == 24564 << 20)
    #expect(card.memoryInUse == 512 << 20)
    let shared = try #require(try await machine("nvidia-shared-memory").graphics.nvidia.first)
    #expect(shared.memory == 0)
  }

  @Test func `an AMD card is seen on the bus, its sound device is not a card`() async throws {
    let graphics = try await machine("fedora-42").graphics
    #expect(graphics.amd == ["AMD GPU 1002:744c"])
    #expect(graphics.hasKFD)
    #expect(try await machine("nvidia-no-driver").graphics.amd.isEmpty)
  }

  @Test func `Apple silicon is told from an Intel Mac`() async throws {
    #expect(try await machine("macos-bare").graphics.appleSilicon)
    #expect(try await !machine("macos-intel").graphics.appleSilicon)
  }

  @Test func `the toolkit is unknown while Docker is down`() async throws {
    let scripted = try ScriptedWorld(scenario: fixture("nvidia-toolkit-unconfigured"))
    scripted.program(
      "docker info --format '{{json .}}'", prints: "", error: "Is the docker daemon running?",
      code: 1)
    #expect(await Machine.detect(in: scripted.world).graphics.toolkit == .unknown)
  }
}

struct DiskDetectionTests {
  @Test(arguments: [
    ("ubuntu-24.04", "/var/lib/docker"), ("ubuntu-rootless", "/home/ada/.local/share/docker"),
    ("docker-desktop-linux", "/home/ada"), ("ubuntu-no-docker", "/home/ada"),
    ("ubuntu-remote-context", "/home/ada"), ("macos-bare", "/Users/ada"),
  ])
  func `the disk is the one that the models will lie on`(scenario: String, place: String)
    async throws
  {
    let disk = try await machine(scenario).disk
    #expect(disk == Disk(place: place, free: 500_000_000_000))
  }

  @Test func `a native Ollama's models lie where OLLAMA_MODELS says`() async throws {
    let disk = try await machine("ubuntu-no-docker", variables: ["OLLAMA_MODELS": "/data/models"])
      .disk
    #expect(disk.place == "/data/models")
  }
}
