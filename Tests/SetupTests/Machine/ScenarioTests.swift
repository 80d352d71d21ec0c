import Setup
import Support
import Synchronization
import SystemPackage
import Testing

/// The machine that a fixture describes.
func machine(_ scenario: String, variables: [String: String] = [:]) async throws -> Machine {
  let scripted = try ScriptedWorld(scenario: fixture(scenario), variables: variables)
  let machine = await detected(in: scripted, hangs: scenario.hasSuffix("hangs"))
  #expect(scripted.writes.isEmpty, "detection only reads")
  return machine
}

/// Detects with ten seconds for each probe. Where a program hangs, the clock is moved to the end of its nine: before
/// the end of any probe.
private func detected(
  in scripted: ScriptedWorld, hangs: Bool,
  onAnswer: @escaping @Sendable (Probe) -> Void = { _ in }
) async -> Machine {
  async let machine = Machine.detect(
    in: scripted.world, limit: .seconds(10), onAnswer: onAnswer)
  if hangs {
    await scripted.clock.waitForSleep(of: .seconds(9))
    scripted.clock.advance(by: .seconds(9))
  }
  return await machine
}

struct DockerDetectionTests {
  struct Case: CustomTestStringConvertible {
    var scenario: String
    var state: Docker.State
    var product: Docker.Product = .engine
    var isVirtualMachine = false
    var isSnap = false
    var isRootless = false
    /// The first remedy's first command or sentence.
    var remedy: String?
    var testDescription: String { scenario }
  }

  private static let refused =
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
  private static let denied =
    "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get \"http://%2Fvar%2Frun%2Fdocker.sock/v1.50/info\": dial unix /var/run/docker.sock: connect: permission denied"
  private static let start = "sudo systemctl enable --now docker"

  static let cases = [
    Case(scenario: "ubuntu-24.04", state: .working),
    Case(
      scenario: "ubuntu-no-docker", state: .notInstalled,
      remedy: "curl -fsSL https://get.docker.com -o get-docker.sh"),
    Case(scenario: "ubuntu-docker-down", state: .notRunning(refused), remedy: start),
    Case(
      scenario: "ubuntu-docker-29-down",
      state: .notRunning(
        "failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct and if the daemon is running: dial unix /var/run/docker.sock: connect: no such file or directory"
      ), remedy: start),
    Case(
      scenario: "ubuntu-no-permission", state: .noPermission(denied),
      remedy: "sudo usermod -aG docker \"$USER\""),
    Case(
      scenario: "ubuntu-group-not-yet", state: .noPermission(denied),
      remedy: "You are in the group docker, but this session began before that."),
    Case(
      scenario: "ubuntu-compose-missing", state: .composeMissing,
      remedy: "sudo apt-get install -y docker-compose-v2"),
    Case(
      scenario: "ubuntu-remote-context", state: .remote(host: "ssh://(hidden)@big.example"),
      remedy: "unset DOCKER_HOST DOCKER_CONTEXT"),
    Case(scenario: "ubuntu-rootless", state: .working, isRootless: true),
    Case(
      scenario: "ubuntu-podman", state: .broken("this `docker` is Podman's stand-in"),
      product: .podman,
      remedy: "This `docker` is Podman; `docker compose` against it is not supported here."),
    Case(
      scenario: "ubuntu-docker-hangs", state: .hung, remedy: "sudo systemctl restart docker"),
    Case(
      scenario: "ubuntu-docker-garbage",
      state: .broken("\u{1b}[31mSegmentation fault (core dumped)"), remedy: "docker info"),
    Case(
      scenario: "debian-12", state: .composeMissing,
      remedy: "sudo apt-get install -y docker-compose-plugin"),
    Case(scenario: "debian-docker-down", state: .notRunning(refused), remedy: start),
    Case(scenario: "fedora-42", state: .notRunning(refused), remedy: start),
    Case(
      scenario: "wsl2-docker-desktop", state: .working, product: .dockerDesktop,
      isVirtualMachine: true),
    Case(
      scenario: "wsl2-no-integration",
      state: .broken("The command 'docker' could not be found in this WSL 2 distro."),
      remedy:
        "Start it from the Start menu, and see that this distribution is switched on under Settings → Resources → WSL integration."
    ),
    Case(
      scenario: "docker-desktop-linux", state: .working, product: .dockerDesktop,
      isVirtualMachine: true),
    Case(scenario: "snap-docker", state: .working, isSnap: true),
    Case(
      scenario: "macos-bare", state: .notInstalled, remedy: "brew install ollama"),
    Case(
      scenario: "macos-docker-desktop", state: .working, product: .dockerDesktop,
      isVirtualMachine: true),
    Case(
      scenario: "macos-docker-desktop-down",
      state: .notRunning(
        "Cannot connect to the Docker daemon at unix:///Users/ada/.docker/run/docker.sock. Is the docker daemon running?"
      ), product: .dockerDesktop, isVirtualMachine: true, remedy: "open -a Docker"),
    Case(
      scenario: "macos-docker-desktop-unopened",
      state: .notRunning("Docker Desktop is there, its `docker` command is not"),
      product: .dockerDesktop, remedy: "open -a Docker"),
    Case(
      scenario: "macos-orbstack", state: .working, product: .orbStack, isVirtualMachine: true),
    Case(
      scenario: "macos-client-only", state: .notRunning(refused), isVirtualMachine: true,
      remedy: "brew install ollama"),
  ]

  @Test(arguments: cases) func `each state is told apart and has its remedy`(_ given: Case)
    async throws
  {
    let machine = try await machine(given.scenario)
    let docker = machine.docker
    #expect(docker.state == given.state)
    #expect(docker.product == given.product)
    #expect(docker.isVirtualMachine == given.isVirtualMachine)
    #expect(docker.isSnap == given.isSnap)
    #expect(docker.isRootless == given.isRootless)
    let first = docker.remedies(on: machine.system).first?.steps.first
    let words: String? =
      switch first {
      case .run(let line): line
      case .say(let sentence): sentence
      case nil: nil
      }
    #expect(words == given.remedy)
  }

  @Test func `what the engine says of itself is kept`() async throws {
    let docker = try await machine("debian-12").docker
    #expect(docker.clientVersion == "28.2.2")
    #expect(docker.serverVersion == "20.10.24+dfsg1")
    #expect(docker.composeVersion == nil)
    #expect(docker.memory == 25_276_510_208)
    #expect(docker.dataRoot == "/var/lib/docker")
    #expect(docker.context == "default")
    #expect(docker.isGroupMember)
  }

  @Test func `DOCKER_HOST on another machine is remote even where the context cannot be asked`()
    async throws
  {
    let scripted = try ScriptedWorld(
      scenario: fixture("ubuntu-24.04"), variables: ["DOCKER_HOST": "tcp://10.0.0.7:2375"])
    scripted.program("docker context inspect --format '{{json .}}'", prints: "", code: 1)
    let machine = await Machine.detect(in: scripted.world)
    #expect(machine.docker.state == .remote(host: "tcp://10.0.0.7:2375"))
  }

  /// Nine seconds of the clock are enough for all of them: nothing waits for anything else that hangs.
  @Test func `however many programs hang, detection takes as long as one`() async throws {
    let scripted = try ScriptedWorld(scenario: fixture("nvidia-toolkit"))
    let lines = [
      "docker info --format '{{json .}}'", "docker compose version --short", "docker --version",
      "docker context inspect --format '{{json .}}'", "claude --version",
      "nvidia-smi --query-gpu=name,memory.total,memory.used,driver_version --format=csv,noheader,nounits",
    ]
    for line in lines { scripted.program(line, .hangs) }
    async let found = Machine.detect(in: scripted.world, limit: .seconds(10))
    await scripted.clock.waitForSleep(of: .seconds(9), count: lines.count)
    scripted.clock.advance(by: .seconds(9))
    let machine = await found
    #expect(scripted.clock.elapsed == .seconds(9))
    #expect(machine.docker.state == .hung)
    #expect(machine.claude.installations.map(\.version) == [nil])
    #expect(Set(machine.unanswered.keys) == ["docker", "graphics"])
    #expect(machine.disk.place == "/home/ada")
  }

  @Test func `docker info is asked once for all probes`() async throws {
    let scripted = try ScriptedWorld(scenario: fixture("nvidia-toolkit"))
    _ = await Machine.detect(in: scripted.world)
    #expect(scripted.calls.count { $0.arguments.first == "info" } == 1)
  }
}

struct EveryScenarioTests {
  static let scenarios = [
    "cgroup-v1-container", "cgroup-v2-limit", "debian-12", "debian-docker-down",
    "docker-desktop-linux", "fedora-42", "macos-bare", "macos-client-only",
    "macos-docker-desktop", "macos-docker-desktop-down", "macos-docker-desktop-unopened",
    "macos-intel", "macos-orbstack", "nvidia-broken-driver", "nvidia-cdi", "nvidia-no-driver",
    "nvidia-no-toolkit", "nvidia-shared-memory", "nvidia-toolkit", "nvidia-toolkit-unconfigured",
    "nvidia-two-cards", "ollama-container", "ollama-native", "ollama-not-running", "ollama-old",
    "port-taken", "snap-docker", "ubuntu-24.04", "ubuntu-compose-missing",
    "ubuntu-docker-29-down", "ubuntu-docker-down", "ubuntu-docker-garbage",
    "ubuntu-docker-hangs", "ubuntu-group-not-yet", "ubuntu-no-docker", "ubuntu-no-permission",
    "ubuntu-podman", "ubuntu-remote-context", "ubuntu-rootless", "wsl2-docker-desktop",
    "wsl2-no-integration",
  ]

  /// A program or address that nobody scripted fails the test inside of `ScriptedWorld`.
  @Test(arguments: scenarios)
  func `every probe answers once, in one printable line, and says what it will say again`(
    _ scenario: String
  ) async throws {
    let scripted = try ScriptedWorld(scenario: fixture(scenario))
    let answers = Mutex<[Probe]>([])
    let machine = await detected(in: scripted, hangs: scenario.hasSuffix("hangs")) { probe in
      answers.withLock { $0.append(probe) }
    }
    let probes = answers.withLock { $0 }
    #expect(probes.count == Probe.ID.allCases.count)
    for id in Probe.ID.allCases {
      let shown = try #require(probes.first { $0.id == id })
      #expect(shown == machine.probes.first { $0.id == id })
      #expect(!shown.finding.plain.isEmpty)
      #expect(!shown.finding.plain.contains { $0.isNewline || $0 == "\u{1b}" })
      if shown.state == .bad {
        #expect(!shown.remedies.isEmpty, "\(id) has no remedy")
      }
    }
    #expect(scripted.writes.isEmpty)
  }
}
