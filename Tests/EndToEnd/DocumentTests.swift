import Setup
import Support
import SystemPackage
import Testing

/// Every word's `--json` document is as the published schema says, and the only thing on stdout.
@Suite(
  .requires(.namespace, .superuser, .busybox, .claude(.a), .program("bash")),
  .timeLimit(.minutes(5)))
struct DocumentTests {
  private func expectDocument(
    _ person: Person, _ words: [String], as definition: String, code: Int32 = 0,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let result = try await person.call("ccl-setup", words + ["--json"]).run()
    #expect(result.code == code, "\(words): \(result.error)", sourceLocation: sourceLocation)
    let document = try JSON.parse(result.standardOutput)
    let problems = try JSONSchema.published.problems(of: document, as: definition)
    #expect(problems == [], "\(words)", sourceLocation: sourceLocation)
  }

  @Test func everyWordOfANativeServer() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      person.environment["OLLAMA_MODELS"] = try TemporaryFolder.make("models").string
      try await expectDocument(person, ["status"], as: "status", code: 2)
      try await expectDocument(person, ["doctor", "--no-prompt"], as: "doctor", code: 2)
      try await expectDocument(person, ["env"], as: "env")
      try await expectDocument(person, ["stop"], as: "failure", code: 1)
      try await expectDocument(
        person, ["--yes", "--shells", "bash", "--dry-run"] + small, as: "setup")
      try await expectDocument(person, ["--yes", "--shells", "bash"] + small, as: "setup")
      try await expectDocument(person, ["status"], as: "status")
      try await expectDocument(person, ["models"], as: "models")
      try await expectDocument(person, ["pull", "llama3.2:1b"], as: "setup")
      try await expectDocument(person, ["pull", "llama3.2:1b"], as: "setup")
      try await expectDocument(person, ["context", "llama3.2:1b", "16k"], as: "setup")
      try await expectDocument(
        person, ["alias", "llama3.2:1b-16k", "claude-sonnet-4-6"], as: "setup")
      try await expectDocument(person, ["alias", "nosuch", "x"], as: "failure", code: 1)
      try await expectDocument(person, ["models"], as: "models")
      try await expectDocument(person, ["remove", "claude-sonnet-4-6"], as: "setup")
      try await expectDocument(person, ["profile", "full"], as: "setup")
      try await expectDocument(person, ["proxy", "on"], as: "setup")
      try await expectDocument(person, ["proxy", "off"], as: "setup")
      try await expectDocument(person, ["env"], as: "env")
      try await expectDocument(person, ["doctor"], as: "doctor")
      try await expectDocument(person, ["fix"], as: "fix")
      try await expectDocument(person, ["update"], as: "update")
      try await expectDocument(person, ["stop", "--dry-run"], as: "stop")
      try await expectDocument(person, ["stop"], as: "stop")
      try await expectDocument(person, ["doctor", "--no-prompt"], as: "doctor", code: 2)
      try await expectDocument(person, ["fix", "--dry-run"], as: "fix", code: 2)
      try await expectDocument(person, ["start", "--dry-run"], as: "setup")
      try await expectDocument(person, ["start"], as: "setup")
      try await expectDocument(person, ["clean", "--dry-run"], as: "clean")
      try await expectDocument(person, ["clean", "--yes"], as: "clean")
      try await expectDocument(person, ["uninstall", "--yes"], as: "uninstall")
    }
  }

  @Test(.requires(.engine)) func everyWordOfAServerElsewhere() async throws {
    try await Person.alone([.client(.a)]) { person in
      let engine = try await LlamaServer(in: person.network)
      try await expectDocument(
        person, ["--yes", "--shells", "bash", "--engine", engine.url], as: "setup")
      try await expectDocument(person, ["status"], as: "status")
      try await expectDocument(person, ["start"], as: "setup")
      try await expectDocument(person, ["start", "--gpu"], as: "failure", code: 64)
      try await expectDocument(person, ["models"], as: "models")
      try await expectDocument(person, ["doctor"], as: "doctor")
      try await expectDocument(person, ["update"], as: "update")
      try await expectDocument(person, ["clean"], as: "clean")
      try await expectDocument(person, ["pull", "x"], as: "failure", code: 1)
      try await expectDocument(person, ["uninstall", "--yes"], as: "uninstall")
      await engine.stop()
    }
  }
}
