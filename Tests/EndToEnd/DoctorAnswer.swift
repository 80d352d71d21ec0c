import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

let hiddenKey = "sk-ant-api03-DO-NOT-SHOW-0123456789"

/// What `doctor --json` says, as far as these tests ask.
struct DoctorAnswer: Decodable, Sendable {
  struct Section: Decodable, Sendable {
    var outcome: String
    var checks: [Check]
  }
  struct Check: Decodable, Sendable {
    var id: String
    var outcome: String
    var evidence: String
    var remedySteps: [String]?
  }
  var outcome: String
  var sections: [Section]

  var checks: [Check] { sections.flatMap(\.checks) }

  /// - Parameter told: what `doctor --json` printed.
  init(_ told: ProgramResult) throws {
    self = try JSONDecoder().decode(DoctorAnswer.self, from: Data(told.standardOutput))
  }
}

extension Person {
  /// A working setup with the smallest model, in all three shells.
  func setUp() async throws {
    let result = try await setup("--yes", "--no-verify", small[0], small[1], small[2], small[3])
    try #require(result.code == 0, "\(result.output)\n\(result.error)")
  }

  /// `claude-local` in a fresh shell, as it is typed in a new terminal.
  func claudeLocal(in shell: String) async throws -> ProgramResult {
    try await call(
      shell, (shell == "fish" ? [] : ["-i"]) + ["-c", "claude-local -p 'Reply with the word pong'"]
    ).run()
  }

  /// Runs a subcommand with `--json`.
  func document(_ arguments: String..., code: Int32) async throws -> DoctorAnswer {
    let result = try await call("ccl-setup", arguments + ["--json"]).run()
    #expect(result.code == code, "\(result.output)\n\(result.error)")
    return try DoctorAnswer(result)
  }
}
