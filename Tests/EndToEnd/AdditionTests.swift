import Setup
import Support
import SystemPackage
import Testing

/// Models, names and contexts beside the wizard's one, and how they get into each other's way.
@Suite(
  .requires(.namespace, .superuser, .busybox, .claude(.a), .program("bash")),
  .timeLimit(.minutes(4)))
struct AdditionTests {
  private func someone(_ live: (inout Person) async throws -> Void) async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      try await person.call(
        "ccl-setup", ["--yes", "--no-verify", "--shells", "bash"] + small
      ).succeed()
      try await live(&person)
    }
  }

  struct Clash: Sendable, CustomTestStringConvertible {
    var first: [[String]]
    var second: [String]
    var next: String
    var testDescription: String { second.joined(separator: " ") }
  }

  /// One name cannot be two things: neither is lost without a word, and the way out is told.
  @Test(arguments: [
    Clash(
      first: [["pull", "llama3.2:1b"]], second: ["alias", "qwen3:1.7b", "llama3.2:1b"],
      next: "ccl-setup remove llama3.2:1b"),
    Clash(
      first: [["pull", "llama3.2:1b"], ["context", "llama3.2:1b", "16k"]],
      second: ["alias", "qwen3:1.7b", "llama3.2:1b-16k"],
      next: "ccl-setup remove llama3.2:1b-16k"),
    Clash(
      first: [["pull", "llama3.2:1b"], ["alias", "qwen3:1.7b", "llama3.2:1b-16k"]],
      second: ["context", "llama3.2:1b", "16k"], next: "ccl-setup remove llama3.2:1b-16k"),
    Clash(
      first: [["alias", "qwen3:1.7b", "codellama:13b"]], second: ["pull", "codellama:13b"],
      next: "ccl-setup remove codellama:13b"),
  ])
  func oneNameIsOneThing(_ clash: Clash) async throws {
    try await someone { person in
      for words in clash.first { try await person.call("ccl-setup", words).succeed() }
      let held = try models(try await person.web("/api/tags"))
      let refused = try await person.call("ccl-setup", clash.second).run()
      #expect(refused.code == 64, "\(refused.output)")
      #expect(flowed(refused.error).contains(clash.next), "\(refused.error)")
      #expect(try models(try await person.web("/api/tags")) == held)
      let way = clash.next.split(separator: " ").dropFirst().map(String.init)
      try await person.call("ccl-setup", way + ["--yes"]).succeed()
      try await person.call("ccl-setup", clash.second + ["--yes"]).succeed()
      try await person.call("ccl-setup", ["fix", "--yes", "--no-verify"]).succeed()
    }
  }

  /// What claude-local does not need is missing without harm, and `fix` brings it back all the same.
  @Test func anAdditionThatIsGoneIsAWarning() async throws {
    try await someone { person in
      for words in [["pull", "llama3.2:1b"], ["context", "llama3.2:1b", "16k"]] {
        try await person.call("ccl-setup", words).succeed()
      }
      for name in ["llama3.2:1b-16k", "llama3.2:1b"] {
        try await person.call("ollama", ["rm", name]).succeed()
      }
      let told = try await person.document("doctor", "--no-prompt", code: 0)
      let worse = told.checks.filter { $0.outcome != "pass" }
      #expect(Set(worse.map(\.id)) == ["model-missing", "derived-model-missing"], "\(worse)")
      #expect(worse.allSatisfy { $0.outcome == "warn" && $0.remedySteps == ["ccl-setup fix"] })
      try await person.call("ccl-setup", ["fix", "--yes", "--no-verify"]).succeed()
      let healed = try await person.document("doctor", "--no-prompt", code: 0)
      #expect(healed.checks.allSatisfy { $0.outcome == "pass" })
    }
  }

  /// Of a model that the catalogue does not know the size is known once it is here.
  @Test func whatIsDeletedIsCountedWhole() async throws {
    try await someone { person in
      try await person.call("ccl-setup", ["pull", "llama3.2:1b"]).succeed()
      let told = flowed(try await person.setup("clean", "--dry-run").output)
      #expect(told.contains("delete the downloaded model llama3.2:1b (1.3 GB)"), "\(told)")
      #expect(told.contains("2.7 GB of models in all"), "\(told)")
    }
  }

  /// With nothing set up there is nothing that `start` could start.
  @Test(arguments: [["models"], ["pull", "qwen3:1.7b"], ["alias", "a", "b"]])
  func withoutASetupTheAdviceLeadsSomewhere(words: [String]) async throws {
    try await Person.alone([]) { person in
      let result = try await person.call("ccl-setup", words).run()
      #expect(result.code == 1)
      #expect(!result.error.contains("ccl-setup start"), "\(result.error)")
      #expect(flowed(result.error).contains("ccl-setup sets one up"), "\(result.error)")
    }
  }
}
