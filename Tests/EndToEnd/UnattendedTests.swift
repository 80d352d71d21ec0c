import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The answers of most tests here: a small model, so that the stand-in's figures stay small.
let small = ["--model", "qwen3:1.7b", "--context", "32k", "--profile", "lean"]

/// Without a person: flags, an answers file, documents; with an Ollama that is installed, or that runs somewhere.
@Suite(.requires(.namespace, .superuser, .busybox), .timeLimit(.minutes(4)))
struct UnattendedTests {
  @Test(
    .requires(.claude(.a), .program("bash"), .program("zsh"), .program("fish")))
  func yesLeadsToAnAnsweringClientAndBack() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let before = try person.tree()
      let result = try await person.setup("--yes", "--model", "qwen3:1.7b", "--context", "32k")
      #expect(result.code == 0, "\(result.output)\n\(result.error)")
      #expect(result.output.contains("✓ It works."))
      #expect(result.error.isEmpty)
      // No colours and nothing drawn over where there is no terminal.
      #expect(!result.standardOutput.contains(0x1b) && !result.standardOutput.contains(0x0d))
      let asked = try person.served().filter(\.isOfTheClient)
      #expect(asked.count == 3)
      #expect(asked.allSatisfy { $0.model == "qwen3:1.7b-32k" && $0.contextLength == 32768 })

      let after = try person.tree()
      let again = try await person.setup("--yes", "--no-verify")
      #expect(again.code == 0)
      #expect(again.output.contains("Everything is in place already"))
      try person.expectTree(after)

      let uninstall = try await person.setup("uninstall", "--yes")
      #expect(uninstall.code == 0, "\(uninstall.output)\n\(uninstall.error)")
      try person.expectTree(before)
      // The server that the setup had started is gone too.
      try await eventually(within: .seconds(10)) {
        (try? await person.web("/api/version")) == nil ? true : nil
      }
    }
  }

  /// Choices change: what the new ones no longer want is taken back, the rest stays; uninstall still leads to the start.
  @Test func answersFromAFileReplaceEarlierOnes() async throws {
    try await Person.alone([.ollama]) { person in
      let before = try person.tree()
      let first = TemporaryHome.Entry.file(
        #"{"engine": "native", "model": "qwen3:1.7b", "context": 32768, "shells": ["bash", "fish"]}"#
      )
      try person.home.put(first, at: "answers.json")
      let result = try await person.setup("--answers", "answers.json", "--no-verify")
      #expect(result.code == 0, "\(result.output)\n\(result.error)")
      #expect(try person.text(".bashrc").contains("ccl-setup"))
      #expect(try person.text(".zshrc") == "setopt autocd\n\n")

      // A flag wins over the file.
      let changed = try await person.setup(
        "--answers", "answers.json", "--shells", "zsh", "--context", "40k", "--no-verify")
      #expect(changed.code == 0, "\(changed.output)\n\(changed.error)")
      #expect(try person.text(".bashrc") == "# mine\nalias ll='ls -l'\nHISTSIZE=10")
      #expect(try person.text(".zshrc").contains("ccl-setup"))
      let names = try models(try await person.web("/api/tags")).keys
      #expect(names.contains("qwen3:1.7b-40k") && !names.contains("qwen3:1.7b-32k"))

      #expect(try await person.setup("uninstall", "--yes").code == 0)
      try FileManager.default.removeItem(atPath: person.home["answers.json"].string)
      try person.expectTree(before)
    }
  }

  /// A context that the model cannot use is refused before anything is done, whichever generation of Ollama tells its
  /// length; of a model that nobody knows, once it is here.
  @Test(arguments: ["0.32.15", "0.14.3"])
  func aContextBeyondTheTrainedOneIsRefused(version: String) async throws {
    try await Person.alone([.ollama]) { person in
      person.environment["CCL_REHEARSAL_VERSION"] = version
      let before = try person.tree()
      let early = try await person.setup(
        "--yes", "--no-verify", "--model", "qwen3:8b", "--context", "64k")
      #expect(early.code == 64, "\(early.output)\n\(early.error)")
      #expect(flowed(early.error).contains("qwen3:8b cannot use a context of 64k"))
      #expect(flowed(early.error).contains("trained for 40960 tokens"), "\(early.error)")
      try person.expectTree(before)

      let made = try await person.call("ccl-setup", ["--yes", "--no-verify"] + small).run()
      try #require(made.code == 0, "\(made.output)\n\(made.error)")
      let pulled = try await person.setup("pull", "llama3.2:1b")
      try #require(pulled.code == 0, "\(pulled.output)\n\(pulled.error)")
      let whole = try person.tree()
      let held = try await person.web("/api/tags")
      for words in [
        ["context", "qwen3:1.7b", "64k"], ["--yes", "--context", "41k"],
        ["--yes", "--dry-run", "--context", "64k"],
        // The catalogue does not know this one.
        ["context", "llama3.2:1b", "256k"], ["--yes", "--model", "llama3.2:1b", "--context", "1m"],
      ] {
        let refused = try await person.call("ccl-setup", words).run()
        #expect(refused.code == 64, "\(words): \(refused.output)\n\(refused.error)")
        #expect(flowed(refused.error).contains("it was trained for"), "\(refused.error)")
      }
      try person.expectTree(whole)
      #expect(try await person.web("/api/tags") == held)
      let most = try await person.setup("--yes", "--no-verify", "--context", "40k")
      #expect(most.code == 0, "\(most.output)\n\(most.error)")

      let removed = try await person.setup("remove", "llama3.2:1b", "--yes")
      try #require(removed.code == 0, "\(removed.output)\n\(removed.error)")
      let late = try await person.setup(
        "--yes", "--no-verify", "--model", "llama3.2:1b", "--context", "256k")
      #expect(late.code == 64, "\(late.output)\n\(late.error)")
      #expect(flowed(late.error).contains("trained for 131072 tokens"), "\(late.error)")
      #expect(flowed(late.error).contains("--context 128k"))
    }
  }

  /// Models and aliases that were there before belong to whoever made them.
  @Test func modelsOfAServerElsewhereStayAsTheyWere() async throws {
    try await Person.alone([]) { person in
      let server = try await person.serve(port: 4000)
      for (from, to) in [("qwen3:8b", "claude-sonnet-4-6"), ("qwen3:1.7b", "mine")] {
        _ = try await person.web("/api/pull", port: 4000, post: #"{"model":"\#(from)"}"#)
        _ = try await person.web(
          "/api/copy", port: 4000, post: #"{"source":"\#(from)","destination":"\#(to)"}"#)
      }
      let before = try models(try await person.web("/api/tags", port: 4000))
      #expect(
        before.keys.contains("claude-sonnet-4-6:latest") && before.keys.contains("qwen3:1.7b"))
      let home = try person.tree()
      let result = try await person.setup(
        "--yes", "--no-verify", "--engine", "127.0.0.1:4000/v1/", "--model", "qwen3:1.7b",
        "--context", "32k")
      #expect(result.code == 0, "\(result.output)\n\(result.error)")
      #expect(!result.output.contains("pull qwen3:1.7b"))
      #expect(result.output.contains("claude-sonnet-4-6 is there already"))
      let during = try models(try await person.web("/api/tags", port: 4000))
      #expect(during["claude-sonnet-4-6:latest"] == before["claude-sonnet-4-6:latest"])
      #expect(during["claude-opus-4-6:latest"] == during["qwen3:1.7b-32k"])
      #expect(
        try person.text(".config/ccl-setup/claude-settings.json")
          .contains("\"http://127.0.0.1:4000\""))

      #expect(try await person.setup("uninstall", "--yes").code == 0)
      #expect(try models(try await person.web("/api/tags", port: 4000)) == before)
      try person.expectTree(home)
      #expect(server.exitCode == nil)
    }
  }

  @Test func aDryRunChangesNothing() async throws {
    try await Person.alone([.ollama]) { person in
      let before = try person.home.snapshot()
      let result = try await person.setup("--dry-run", "--shells", "bash,zsh,fish")
      #expect(result.code == 0, "\(result.error)")
      #expect(result.output.contains("\(person.home[".bashrc"])"))
      #expect(result.output.hasSuffix("Nothing was changed (--dry-run)."))
      try person.expectHome(before)
      await #expect(throws: Unsuccessful.self) { try await person.web("/api/version") }
    }
  }

  @Test func documentsOnStdoutAndProseOnStderr() async throws {
    try await Person.alone([.ollama]) { person in
      struct Document: Decodable {
        struct Choices: Decodable { var model: String }
        struct Step: Decodable { var changes: [String] }
        var applied: Bool
        var choices: Choices
        var commands: [String]
        var downloadBytes: Int
        var steps: [Step]
      }
      let dry = try await person.setup("--json", "--dry-run", "--model", "qwen3:1.7b")
      let planned = try JSONDecoder().decode(Document.self, from: Data(dry.standardOutput))
      #expect(dry.code == 0 && !planned.applied && planned.choices.model == "qwen3:1.7b")
      #expect(planned.commands.contains { $0.hasSuffix("ollama serve") })
      #expect(planned.downloadBytes > 1_000_000_000)
      #expect(dry.error.contains("What is on this machine"))

      let done = try await person.setup("--json", "--no-verify", "--model", "qwen3:1.7b")
      let applied = try JSONDecoder().decode(Document.self, from: Data(done.standardOutput))
      #expect(done.code == 0 && applied.applied)
      #expect(applied.steps.flatMap(\.changes).count == planned.steps.flatMap(\.changes).count)

      struct Refusal: Decodable {
        struct Problem: Decodable {
          var what: String
          var why: String
        }
        var error: Problem
      }
      let refused = try await person.setup("--json", "--model", "no model")
      #expect(refused.code == 64)
      let error = try JSONDecoder().decode(Refusal.self, from: Data(refused.standardOutput)).error
      #expect(error.what.contains("no model"))
      #expect(refused.error.contains(error.what))

      struct Uninstalled: Decodable {
        struct Entry: Decodable { var outcome: String }
        var entries: [Entry]
      }
      let uninstall = try await person.setup("uninstall", "--yes", "--json")
      let taken = try JSONDecoder().decode(Uninstalled.self, from: Data(uninstall.standardOutput))
      #expect(uninstall.code == 0 && taken.entries.count > 10)
    }
  }

  @Test(arguments: [[], ["uninstall"]])
  func withoutATerminalItSaysWhatToTypeAndNeverWaits(arguments: [String]) async throws {
    try await Person.alone([.ollama]) { person in
      if !arguments.isEmpty {
        #expect(
          try await person.setup("--yes", "--no-verify", "--model", "qwen3:1.7b").code == 0)
      }
      let before = try person.home.snapshot()
      let result = try await person.call("ccl-setup", arguments).run(within: .seconds(20))
      #expect(result.code == 64)
      #expect(result.error.contains("There is nobody to ask"))
      #expect(result.error.contains("--yes"))
      try person.expectHome(before)
    }
  }

  @Test(.requires(.claude(.a), .program("bash"), .program("zsh")))
  func aRehearsalIsTheWholeWayAndLeavesNothing() async throws {
    try await Person.alone([.client(.a)]) { person in
      let before = try person.home.snapshot()
      let result = try await person.setup(
        "rehearse", "--yes", with: ["TMPDIR": try TemporaryFolder.make("rehearsal").string])
      #expect(result.code == 0, "\(result.output)\n\(result.error)")
      for screen in ["What is on this machine", "The plan", "Setting up", "The proof"] {
        #expect(result.output.contains("\(screen)  REHEARSAL: a stand-in, no real model"))
      }
      #expect(result.output.contains("✓ claude-local answers in a fresh bash"))
      try person.expectHome(before)
    }
  }
}
