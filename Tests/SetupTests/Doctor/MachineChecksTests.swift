import Testing

@testable import Setup

/// What every setup's lines say of the machine.
struct MachineChecksTests {
  /// A probe that gave no answer is a line of its own, and not taken for something that is missing.
  @Test func whatCouldNotBeLookedAt() {
    for (probe, id) in [(Probe.ID.claude, "claude"), (.disk, "disk")] {
      let silent = Machine.example {
        $0.disk.free = 0
        $0.unanswered[probe.rawValue] = "no answer within 15 s"
      }
      let check = silent.checks.first { $0.id == id }
      #expect(check?.outcome == .warn)
      #expect(check?.evidence == "not known: no answer within 15 s")
      #expect(id != "claude" || !silent.checks.contains { $0.id == "client" })
      let answered = Machine.example().checks
      #expect(!answered.contains { $0.evidence.contains("not known") })
    }
  }
}
