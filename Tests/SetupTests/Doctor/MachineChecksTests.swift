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

  /// What hides the function in one shell is no remedy in another.
  @Test(arguments: [
    (Shell.fish, "line 2 of /home/ada/.config/fish/config.fish"),
    (.zsh, "line 1 of /home/ada/.zshrc"),
    (.bash, "Something after our block"),
  ])
  func whatHidesAFunctionStandsInAFileOfThatShell(shell: Shell, words: String) throws {
    let files = [("/home/ada/.zshrc", 1), ("/home/ada/.config/fish/config.fish", 2)]
    let machine = Machine.example {
      $0.conflicts = files.map { path, line in
        Conflict(
          variable: "claude-local", place: .file(path: path, line: line), shown: "alias",
          consequence: "", isOvercome: false)
      }
    }
    var facts = Facts(
      machine: machine, environment: ada, receipt: Receipt(tool: "1"), choices: .example(),
      container: .success(nil))
    facts.functions[shell] = .alias
    let check = try #require(facts.functionChecks(shell).first)
    #expect(check.id == "function-hidden:\(shell.rawValue)")
    #expect("\(try #require(check.remedy))".contains(words))
  }
}
