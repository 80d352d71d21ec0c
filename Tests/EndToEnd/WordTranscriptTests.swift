import Setup
import Support
import SystemPackage
import Testing

/// Every word of daily use as a person sees it, compared with `Tests/Transcripts/end-to-end/words.txt`.
@Suite(
  .requires(.namespace, .superuser, .busybox, .claude(.a), .program("bash")),
  .timeLimit(.minutes(4)))
struct WordTranscriptTests {
  @Test func everyWord() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      person.settle()
      person.environment["OLLAMA_MODELS"] = try TemporaryFolder.make("models").string
      let made = try await person.call(
        "ccl-setup", ["--yes", "--no-verify", "--shells", "bash"] + small
      ).run()
      try #require(made.code == 0, "\(made.output)\n\(made.error)")
      var transcript = ""
      for line in [
        "status", "pull llama3.2:1b --dry-run", "pull llama3.2:1b", "pull llama3.2:1b",
        "context llama3.2:1b 16k", "alias llama3.2:1b-16k claude-sonnet-4-6",
        "alias nosuch other", "remove llama3.2:1b-16k", "remove claude-sonnet-4-6",
        "remove llama3.2:1b-16k", "remove llama3.2:1b", "remove llama3.2:1b --yes",
        "profile full", "profile lean", "update", "shell", "stop", "status", "logs -n 0",
        "start --no-warm",
        "clean --dry-run", "uninstall --yes", "status",
      ] {
        let words = line.split(separator: " ").map(String.init)
        let result = try await person.call("ccl-setup", words).run()
        transcript += "$ ccl-setup \(line)\n"
        for part in [result.output, result.error] where !part.isEmpty { transcript += part + "\n" }
        if result.code != 0 { transcript += "[exit code \(result.code)]\n" }
        transcript += "\n"
      }
      expectGolden(measured(transcript), "end-to-end/words.txt")
    }
  }

  /// Without what differs from run to run.
  private func measured(_ text: String) -> String {
    text.replacing(/process [0-9]+/, with: "process …")
      .replacing(/in (29|30) min[0-9 ms]*/, with: "in … min")
      .replacing(/[0-9.]+ [kMG]?B\/s/, with: "… /s")
      .replacing(/\/[^ ]*\/person[^ \/]*\//, with: "…/")
  }
}
