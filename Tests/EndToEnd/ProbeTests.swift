import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The real clients, asked what they do with a server.
@Suite(
  .requires(
    .namespace, .superuser, .busybox, .claude(.a), .claude(.b), .claude(.c), .claude(.d)),
  .timeLimit(.minutes(3)))
struct ProbeTests {
  @Test(arguments: ClaudeVersion.allCases)
  func theContractOfTheInstalledClientIsRead(version: ClaudeVersion) async throws {
    try await Person.alone([.client(version), .ollama]) { person in
      let before = try person.tree()
      let result = try await person.setup(
        "--yes", "--no-verify", "--model", "qwen3:1.7b", "--context", "32k", "--shells", "bash")
      try #require(result.code == 0, "\(result.output)\n\(result.error)")
      let settled = try person.home.snapshot()
      let doctor = try await person.setup("doctor", "--json")
      #expect(doctor.code == 0, "\(doctor.output)\n\(doctor.error)")
      let answer = try JSONDecoder().decode(DoctorAnswer.self, from: Data(doctor.standardOutput))
      let check = try #require(answer.checks.first { $0.id == "client-contract" })
      #expect(check.outcome == "pass")
      #expect(check.evidence.contains("posts to /v1/messages, the token as authorization"))
      // Nothing of the probe stays but what it found out.
      #expect(
        settled.differences(to: try person.home.snapshot())
          .allSatisfy { $0.contains("client-contract.json") })

      let contract = try JSONDecoder().decode(
        ClientContract.self,
        from: Data(try person.text(".local/state/ccl-setup/client-contract.json").utf8))
      #expect(contract.surprises == [])
      #expect(contract.unknownTiers == (version == .a ? [] : ["fable"]))
      #expect(contract.toolCount > 10 && contract.toolBytes > contract.systemBytes)

      #expect(try await person.setup("uninstall", "--yes").code == 0)
      #expect(before.differences(to: try person.tree()) == [])
    }
  }
}
