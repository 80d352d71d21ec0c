import Setup
import Support
import SystemPackage
import Testing

/// A client that has a folder of its own for `claude-local` and does not come to its prompt there; the same in the
/// person's own folder is a row of `DoctorLineTests`.
@Suite(
  .requires(.namespace, .superuser, .busybox, .claude(.a), .program("bash")),
  .timeLimit(.minutes(3)))
struct FirstRunTests {
  private static let state = ".local/state/ccl-setup/claude/.claude.json"

  struct Damage: Sendable, CustomTestStringConvertible {
    var state: String
    var outcome: String
    /// What of the client's own must still be there after the repair.
    var kept: [String] = []
    var testDescription: String { state.isEmpty ? "(empty)" : state }
  }

  static let damages = [
    Damage(state: "", outcome: "fail"),
    Damage(state: #"{"hasCompletedOnboarding":true,"#, outcome: "fail"),
    Damage(
      state: #"{"numStartups":3,"primaryApiKey":"DO-NOT-SHOW","projects":{"/x":{"a":1}}}"#,
      outcome: "warn", kept: [#""numStartups": 3"#, "DO-NOT-SHOW", #""/x""#, #""a": 1"#]),
  ]

  @Test(arguments: damages) func theAnswersComeBack(_ damage: Damage) async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let before = try person.tree()
      try await setUp(person, folder: "own")
      // Where there is nothing yet, the function answers the questions.
      #expect(try await line(person).isEmpty)
      #expect(try await person.claudeLocal(in: "bash").code == 0)
      #expect(try await line(person).isEmpty)

      try person.home.put(.file(damage.state, mode: 0o600), at: Self.state)
      #expect(try await line(person) == [damage.outcome])
      if damage.outcome == "fail" {
        #expect(try await person.claudeLocal(in: "bash").code == 1, "the client starts with it")
      }
      // The client may have written its own while it failed.
      try person.home.put(.file(damage.state, mode: 0o600), at: Self.state)
      let broken = try person.tree()
      let shown = try await person.setup("fix", "--dry-run", "--no-verify")
      #expect(shown.code == 2)
      #expect(shown.output.contains("onboarding"), "\(shown.output)")
      #expect(!shown.output.contains("DO-NOT-SHOW"), "\(shown.output)")
      #expect(broken.differences(to: try person.tree()) == [])

      let repaired = try await person.setup("fix", "--yes", "--no-verify")
      #expect(repaired.code == 0, "\(repaired.output)\n\(repaired.error)")
      let text = try person.text(Self.state)
      for part in damage.kept + [#""hasCompletedOnboarding": true"#, person.home.path.string] {
        #expect(text.contains(part), "\(part)\n\(text)")
      }
      #expect(try await person.setup("fix", "--no-verify").output.contains("Nothing is broken"))
      let answer = try await person.claudeLocal(in: "bash")
      #expect(answer.code == 0 && answer.output.contains("pong"), "\(answer)")
      #expect(try await line(person).isEmpty)

      // What the client wrote into its folder since goes with it, and nothing is said to be kept.
      let uninstall = try await person.setup("uninstall", "--yes")
      #expect(uninstall.code == 0, "\(uninstall.output)\n\(uninstall.error)")
      #expect(!uninstall.output.contains("kept"), "\(uninstall.output)")
      #expect(before.differences(to: try person.tree()) == [])
    }
  }

  /// Other choices leave the client's folder as it is.
  @Test func anotherFolderLeavesIt() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      try await setUp(person, folder: "own")
      try person.home.put(.file(#"{"numStartups":3}"#, mode: 0o600), at: Self.state)
      #expect(try await person.setup("fix", "--yes", "--no-verify").code == 0)
      let answered = try person.text(Self.state)
      try await setUp(person, folder: "yours")
      #expect(try person.text(Self.state) == answered)
    }
  }

  private func setUp(_ person: Person, folder: String) async throws {
    let words = [
      "--yes", "--no-verify", "--shells", "bash", "--client-folder", folder, "--no-warm",
    ]
    try await person.call("ccl-setup", words + small).succeed()
  }

  private func line(_ person: Person) async throws -> [String] {
    let told = try await person.call("ccl-setup", ["doctor", "--no-prompt", "--json"]).run()
    return try DoctorAnswer(told).checks.filter { $0.id == "onboarding" }.map(\.outcome)
  }
}
