import Setup
import Testing

private let gib: UInt64 = 1_073_741_824

private func machine(
  driver: Graphics.NvidiaDriver = .absent, toolkit: Graphics.ContainerToolkit = .notNeeded,
  appleSilicon: Bool = false, virtual: Bool = false, memory: Memory? = nil
) -> Machine {
  let card = Graphics.Card(name: "RTX", memory: 24 * gib, memoryInUse: 2 * gib)
  return Machine(
    system: OperatingSystem(
      family: .debian, name: "Debian", architecture: "x86_64", isWSL: false),
    processor: Processor(cores: 8, name: "CPU"),
    memory: memory ?? Memory(total: 64 * gib, available: 50 * gib),
    graphics: Graphics(
      nvidia: driver == .absent ? [] : [card], driver: driver, toolkit: toolkit,
      appleSilicon: appleSilicon, hasKFD: false),
    disk: Disk(place: "/", free: gib),
    docker: Docker(
      state: .working, isVirtualMachine: virtual, memory: 12 * gib, isSnap: false,
      isRootless: false),
    ollama: OllamaFindings(address: "127.0.0.1:11434", port: .free), node: NodeRuntime(),
    claude: ClaudeCode(
      configurationFolder: "/", hasCompletedOnboarding: false, hasStoredLogin: false), shells: [],
    conflicts: [])
}

@Suite("Models: memory of a machine")
struct MemoryFactsTests {
  @Test(
    "A GPU counts where the engine can reach it",
    arguments: [
      (
        Graphics.NvidiaDriver.working(version: "560"), Graphics.ContainerToolkit.working, false,
        false, 22
      ),
      (.working(version: "560"), .working, false, true, 22),
      (.working(version: "560"), .missing, false, false, 22),
      (.working(version: "560"), .missing, false, true, 47),
      (.broken("mismatch"), .working, false, false, 47),
      (.missing, .working, false, true, 47),
      // Docker Desktop: the virtual machine has its own memory and no GPU.
      (.working(version: "560"), .working, true, true, 12),
      (.working(version: "560"), .working, true, false, 22),
    ])
  func gpu(
    driver: Graphics.NvidiaDriver, toolkit: Graphics.ContainerToolkit, virtual: Bool,
    inDocker: Bool, expected: Int
  ) {
    let machine = machine(driver: driver, toolkit: toolkit, virtual: virtual)
    let found = usableMemory(MemoryFacts(machine, inDocker: inDocker))
    #expect(found.bytes == expected * Int(gib))
  }

  @Test("Apple silicon: unified memory natively, the virtual machine's in Docker")
  func apple() {
    let mac = machine(appleSilicon: true, virtual: true)
    #expect(usableMemory(MemoryFacts(mac, inDocker: false)).place == .unified)
    #expect(usableMemory(MemoryFacts(mac, inDocker: true)).place == .virtualMachine)
  }

  @Test("A cgroup's limit counts, and an absurd one does no harm")
  func cgroup() {
    let memory = Memory(
      total: 64 * gib, available: 50 * gib, cgroupLimit: 20 * gib, cgroupUsed: gib)
    let found = usableMemory(MemoryFacts(machine(memory: memory), inDocker: false))
    #expect(found == MemoryBudget(bytes: 16 * Int(gib), place: .container, onCPU: true))
    let unlimited = Memory(total: 64 * gib, available: 50 * gib, cgroupLimit: .max)
    #expect(
      usableMemory(MemoryFacts(machine(memory: unlimited), inDocker: false)).bytes == 47 * Int(gib))
  }
}
