import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A working setup is broken in one way: the doctor sees it, `fix` says it, repairs it, and it is whole again.
@Suite(
  .requires(
    .namespace, .superuser, .busybox, .claude(.a), .program("bash"), .program("zsh"),
    .program("fish")), .timeLimit(.minutes(4)))
struct FixTests {
  /// One way in which a setup breaks.
  enum Damage: String, Sendable, CaseIterable {
    case serverDown, aliasMissing, derivedModelMissing, contextWrong, modelMissing
    case functionMissing, functionOutdated, blockMissing, blockHalved, blockDoubled, blockEdited
    case blockNotReached, shadowedByAlias, settingsFileMissing, settingsFileEdited,
      fishFunctionMissing

    /// The finding's id.
    var finding: String {
      switch self {
      case .serverDown: "server-down"
      case .aliasMissing: "alias-missing"
      case .derivedModelMissing: "derived-model-missing"
      case .contextWrong: "context-wrong"
      case .modelMissing: "model-missing"
      case .functionMissing: "function-missing:bash"
      case .functionOutdated: "function-outdated:zsh"
      case .blockMissing: "block-missing:zsh"
      case .blockHalved, .blockDoubled, .blockEdited: "block-damaged:bash"
      case .blockNotReached: "block-not-reached:zsh"
      case .shadowedByAlias: "block-not-reached:bash"
      case .settingsFileMissing, .settingsFileEdited: "settings-file"
      case .fishFunctionMissing: "function-missing:fish"
      }
    }

    /// The shell whose `claude-local` is tried afterwards.
    var shell: String {
      finding.split(separator: ":").dropFirst().first.map(String.init) ?? "bash"
    }
  }

  @Test(arguments: Damage.allCases)
  func whatBreaksIsFoundAndRepaired(_ damage: Damage) async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      try await person.setUp()
      try await person.suffer(damage)
      let broken = try person.tree()

      let sick = try await person.document("doctor", "--no-prompt", code: 2)
      #expect(sick.checks.contains { $0.id == damage.finding && $0.outcome == "fail" })
      #expect(
        sick.checks.filter { $0.outcome == "fail" }.map(\.id) == [damage.finding],
        "one damage, one finding")
      if damage == .serverDown {
        // What follows from it is known to be unknown.
        for id in ["model", "aliases"] {
          #expect(sick.checks.first { $0.id == id }?.outcome == "warn")
        }
      }

      let shown = try await person.setup("fix", "--dry-run", "--no-verify")
      #expect(shown.code == 2, "\(shown.output)\n\(shown.error)")
      #expect(shown.output.contains(damage.finding))
      #expect(broken.differences(to: try person.tree()) == [])

      let repaired = try await person.setup("fix", "--yes", "--no-verify")
      #expect(repaired.code == 0, "\(repaired.output)\n\(repaired.error)")
      #expect(repaired.output.contains("✓ Repaired."))

      let whole = try person.tree()
      let again = try await person.setup("fix", "--no-verify")
      #expect(again.code == 0, "\(again.output)\n\(again.error)")
      #expect(again.output.contains("Nothing is broken, nothing was changed."))
      #expect(whole.differences(to: try person.tree()) == [])
      let well = try await person.document("doctor", code: 0)
      #expect(well.checks.allSatisfy { $0.outcome != "fail" })

      let answer = try await person.claudeLocal(in: damage.shell)
      #expect(
        answer.code == 0 && answer.output.contains("pong"), "\(answer.output)\n\(answer.error)")
    }
  }

  /// What `fix` did is taken back too.
  @Test(arguments: [Damage.blockHalved, .functionMissing, .aliasMissing])
  func aRepairedSetupIsTakenBack(_ damage: Damage) async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let before = try person.tree()
      try await person.setUp()
      try await person.suffer(damage)
      #expect(try await person.setup("fix", "--yes", "--no-verify").code == 0)
      let uninstall = try await person.setup("uninstall", "--yes")
      #expect(uninstall.code == 0, "\(uninstall.output)\n\(uninstall.error)")
      #expect(before.differences(to: try person.tree()) == [])
    }
  }

  /// The proof through the real client follows a repair.
  @Test func aRepairIsProved() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      try await person.setUp()
      try await person.suffer(.functionMissing)
      let result = try await person.setup("fix", "--yes")
      #expect(result.code == 0, "\(result.output)\n\(result.error)")
      #expect(result.output.contains("✓ claude-local answers in a fresh bash"))
    }
  }

  @Test func withoutASetupThereIsNothingToRepair() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let before = try person.tree()
      let result = try await person.setup("fix", "--yes")
      #expect(result.code == 2)
      #expect(result.output.contains("not-set-up"))
      #expect(before.differences(to: try person.tree()) == [])
    }
  }
}

extension Person {
  func suffer(_ damage: FixTests.Damage) async throws {
    func edit(_ name: String, _ change: (String) -> String) throws {
      let text = try self.text(name)
      let changed = change(text)
      try #require(changed != text, "nothing was damaged")
      try home.put(.file(changed), at: name)
    }
    func remove(_ model: String) async throws {
      try #require(try await run("ollama", "rm", model).code == 0)
    }
    switch damage {
    case .serverDown:
      let found = try await run(
        "sh", "-c",
        "me=$(readlink /proc/self/ns/net); for p in /proc/[0-9]*; do "
          + "[ \"$(readlink $p/ns/net 2>/dev/null)\" = \"$me\" ] && "
          + "tr '\\0' ' ' <$p/cmdline 2>/dev/null | grep -q '^[^ ]*ollama serve' && kill ${p#/proc/}; done; true"
      )
      try #require(found.code == 0)
      try await eventually(within: .seconds(10)) {
        (try? await web("/api/version")) == nil ? true : nil
      }
    case .aliasMissing: try await remove("claude-sonnet-4-6")
    case .derivedModelMissing: try await remove("qwen3:1.7b-32k")
    case .contextWrong:
      _ = try await web(
        "/api/create",
        post:
          #"{"model":"qwen3:1.7b-32k","from":"qwen3:1.7b","parameters":{"num_ctx":4096},"stream":false}"#
      )
    case .modelMissing: try await remove("qwen3:1.7b")
    case .functionMissing: try TemporaryFolder.remove(home[".config/ccl-setup/claude-local.bash"])
    case .functionOutdated:
      try edit(".config/ccl-setup/claude-local.zsh") { "# an earlier version\n" + $0 }
    case .fishFunctionMissing:
      try TemporaryFolder.remove(home[".config/fish/functions/claude-local.fish"])
    case .blockMissing: try home.put(Person.files[".zshrc"]!, at: ".zshrc")
    case .blockHalved:
      try edit(".bashrc") { text in
        text.split(separator: "\n", omittingEmptySubsequences: false)
          .filter { !$0.hasPrefix("# <<< ccl-setup") }.joined(separator: "\n")
      }
    case .blockDoubled:
      try edit(".bashrc") { text in
        text + text.split(separator: "\n").suffix(3).joined(separator: "\n") + "\n"
      }
    case .blockEdited:
      try edit(".bashrc") { text in
        text.split(separator: "\n", omittingEmptySubsequences: false)
          .map { $0.hasPrefix("if [ -n \"${BASH_VERSION-}\"") ? "echo mine" : String($0) }
          .joined(separator: "\n")
      }
    case .blockNotReached: try edit(".zshrc") { "return\n" + $0 }
    case .shadowedByAlias: try edit(".bashrc") { $0 + "alias claude-local='echo mine'\n" }
    case .settingsFileMissing:
      try TemporaryFolder.remove(home[".config/ccl-setup/claude-settings.json"])
    case .settingsFileEdited:
      try edit(".config/ccl-setup/claude-settings.json") { text in
        text.split(separator: "11434").joined(separator: "11999")
      }
    }
  }
}
