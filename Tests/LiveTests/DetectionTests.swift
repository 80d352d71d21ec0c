import Live
import Setup
import Support
import Synchronization
import SystemPackage
import Testing

/// Detection on the machine that runs the tests: nothing about it is assumed but what every machine has.
struct DetectionTests {
  @Test func `detection answers on this machine, every probe once`() async throws {
    let answers = Mutex<[Probe]>([])
    // The limit is generous: other tests share the processors.
    let machine = await Machine.detect(in: .live, limit: .seconds(120)) { probe in
      answers.withLock { $0.append(probe) }
    }
    let probes = answers.withLock { $0 }
    #expect(Set(probes.map(\.id)) == Set(Probe.ID.allCases))
    #expect(probes.count == Probe.ID.allCases.count)
    #expect(
      probes.sorted { $0.id.rawValue < $1.id.rawValue }
        == machine.probes.sorted { $0.id.rawValue < $1.id.rawValue })
    #expect(machine.processor.cores > 0)
    #expect(machine.memory.total > machine.memory.available)
    #expect(machine.memory.available > 0)
    #expect(["x86_64", "arm64"].contains(machine.system.architecture))
    #expect(machine.disk.free > 0)
  }
}
