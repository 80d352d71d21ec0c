import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A server that moved, is too old or lost its port; a model that does not do any more: seen, repaired, at work again.
@Suite(
  .requires(
    .namespace, .superuser, .busybox, .claude(.a), .program("bash"), .program("zsh"),
    .program("fish")), .timeLimit(.minutes(4)))
struct FixEngineTests {
  /// Another program on the port: the engine goes to the next free one, and what it holds there is never touched.
  @Test func anEngineWhosePortIsTakenMoves() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let before = try person.tree()
      try await person.setUp()
      try await person.suffer(.serverDown)
      let other = try RunningProgram(
        person.network.inside(
          .clean(Part.busyboxPath.string, ["httpd", "-f", "-p", "127.0.0.1:11434", "-h", "/"])),
        output: try TemporaryFolder.make("httpd").appending("log"))
      let sick = try await person.document("doctor", "--no-prompt", code: 2)
      let finding = try #require(sick.checks.first { $0.id == "port-taken" })
      #expect(finding.evidence.contains("busybox"))

      let repaired = try await person.setup("fix", "--yes", "--no-verify")
      #expect(repaired.code == 0, "\(repaired.output)\n\(repaired.error)")
      #expect(
        try person.text(".config/ccl-setup/claude-settings.json").contains("127.0.0.1:11435"))
      _ = try await person.document("doctor", code: 0)
      let answer = try await person.claudeLocal(in: "fish")
      #expect(answer.output.contains("pong"), "\(answer.output)\n\(answer.error)")
      #expect(other.exitCode == nil)

      let uninstall = try await person.setup("uninstall", "--yes")
      #expect(uninstall.code == 0, "\(uninstall.output)\n\(uninstall.error)")
      #expect(before.differences(to: try person.tree()) == [])
    }
  }

  /// An Ollama that we did not start listens at another port now: claude-local follows it, and nothing is started anew.
  @Test(arguments: ["environment", "unit"])
  func aServerThatMovedIsFollowed(told: String) async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let before = try person.tree()
      let theirs = try await person.serve()
      try await person.setUp()
      await theirs.end()
      _ = try await person.serve(port: 11500)
      if told == "environment" {
        person.environment["OLLAMA_HOST"] = "127.0.0.1:11500"
      } else {
        // What `systemctl edit ollama` writes.
        person.mounts = """
          mount -t tmpfs tmpfs /etc/systemd/system && mkdir /etc/systemd/system/ollama.service.d \
            && printf '[Service]\\nEnvironment="OLLAMA_HOST=0.0.0.0:11500"\\n' \
            >/etc/systemd/system/ollama.service.d/override.conf
          """
      }
      let sick = try await person.document("doctor", "--no-prompt", code: 2)
      #expect(sick.checks.filter { $0.outcome == "fail" }.map(\.id) == ["server-moved"])
      let repaired = try await person.setup("fix", "--yes", "--no-verify")
      #expect(repaired.code == 0, "\(repaired.output)\n\(repaired.error)")
      #expect(!repaired.output.contains("ollama serve"))
      #expect(
        try person.text(".config/ccl-setup/claude-settings.json").contains("127.0.0.1:11500"))
      let answer = try await person.claudeLocal(in: "zsh")
      #expect(answer.output.contains("pong"), "\(answer.output)\n\(answer.error)")
      let again = try await person.setup("fix", "--no-verify")
      #expect(again.code == 0, "\(again.output)\n\(again.error)")
      let uninstall = try await person.setup("uninstall", "--yes")
      #expect(uninstall.code == 0, "\(uninstall.output)\n\(uninstall.error)")
      let left = before.differences(to: try person.tree())
      #expect(left.allSatisfy { $0.contains(".ollama") }, "\(left)")
      #expect(try models(try await person.web("/api/tags", port: 11500)).isEmpty)
    }
  }

  /// Another client whose own prompt is longer than the context: where model and memory allow it, a larger one is made.
  @Test(.requires(.claude(.c))) func aClientWithALongerPromptGetsALargerContext() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let made = try await person.setup(
        "--yes", "--no-verify", "--model", "llama3.2:1b", "--context", "32k", "--profile", "full")
      try #require(made.code == 0, "\(made.output)\n\(made.error)")
      try person.forget("claude")
      try person.install(client: .c)
      let found = try await person.setup("fix", "--dry-run")
      #expect(found.code == 2, "\(found.output)\n\(found.error)")
      #expect(found.output.contains("context-too-small"))
      #expect(found.output.contains("llama3.2:1b-64k"))
      let repaired = try await person.setup("fix", "--yes")
      #expect(repaired.code == 0, "\(repaired.output)\n\(repaired.error)")
      let names = try models(try await person.web("/api/tags")).keys
      #expect(names.contains("llama3.2:1b-64k") && !names.contains("llama3.2-1b-32k"))
      let again = try await person.setup("fix")
      #expect(again.code == 0, "\(again.output)\n\(again.error)")
      #expect(again.output.contains("Nothing is broken, nothing was changed."))
    }
  }

  /// An Ollama from before the Messages API in the place of ours: the way in which this one is updated is printed.
  @Test func aServerThatIsTooOldIsNamed() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      try await person.setUp()
      try await person.endServers()
      let old = try await person.serve(with: ["CCL_REHEARSAL_VERSION": "0.13.5"])
      let sick = try await person.document("doctor", "--no-prompt", code: 2)
      let finding = try #require(sick.checks.first { $0.id == "server-too-old" })
      #expect(finding.evidence.contains("0.13.5"))
      #expect(
        finding.remedySteps == [
          "curl -fsSL https://ollama.com/install.sh | sh",
          "Restart it, where that was not done with it.",
        ])
      let told = try await person.setup("fix", "--yes", "--no-verify")
      #expect(told.code == 2, "\(told.output)\n\(told.error)")
      #expect(told.output.contains("server-too-old") && told.output.contains("install.sh"))
      await old.end()
      let repaired = try await person.setup("fix", "--yes", "--no-verify")
      #expect(repaired.code == 0, "\(repaired.output)\n\(repaired.error)")
      let answer = try await person.claudeLocal(in: "bash")
      #expect(answer.output.contains("pong"), "\(answer.output)\n\(answer.error)")
    }
  }

  /// The name of our model means one that can call no tools: what is recommended for this machine takes its place, and
  /// the old one stays.
  @Test func aModelWithoutToolsIsReplaced() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let before = try person.tree()
      try await person.setUp()
      for call in [["pull", "codellama:13b"], ["cp", "codellama:13b", "qwen3:1.7b"]] {
        let made = try await person.call("ollama", call).run()
        try #require(made.code == 0, "\(made.output)\n\(made.error)")
      }
      let sick = try await person.document("doctor", "--no-prompt", code: 2)
      #expect(
        sick.checks.filter { $0.outcome == "fail" }.map(\.id) == ["model-without-tools"])
      let broken = try person.tree()
      let shown = try await person.setup("fix", "--dry-run", "--no-verify")
      #expect(shown.code == 2, "\(shown.output)\n\(shown.error)")
      let words = flowed(shown.output)
      #expect(words.contains("takes the place of qwen3:1.7b, which can call no tools"), "\(words)")
      #expect(broken.differences(to: try person.tree()) == [])

      let repaired = try await person.setup("fix", "--yes", "--no-verify")
      #expect(repaired.code == 0, "\(repaired.output)\n\(repaired.error)")
      let chosen = try JSON.parse(person.text(".local/state/ccl-setup/receipt.json"))["choices"]
      let model = try #require(chosen?["model"]?.text)
      #expect(model != "qwen3:1.7b" && shown.output.contains(model))
      let names = try models(try await person.web("/api/tags"))
      #expect(names[model] != nil && names["qwen3:1.7b"] != nil && names["qwen3:1.7b-32k"] == nil)
      #expect(
        try await person.web("/api/show", post: "{\"model\":\"\(model)\"}").contains(#""tools""#))
      let answer = try await person.claudeLocal(in: "bash")
      #expect(answer.output.contains("pong"), "\(answer.output)\n\(answer.error)")
      let again = try await person.setup("fix", "--no-verify")
      #expect(again.code == 0, "\(again.output)\n\(again.error)")
      #expect(again.output.contains("Nothing is broken, nothing was changed."))
      let uninstall = try await person.setup("uninstall", "--yes")
      #expect(uninstall.code == 0, "\(uninstall.output)\n\(uninstall.error)")
      #expect(before.differences(to: try person.tree()).allSatisfy { $0.contains(".ollama") })
    }
  }
}
