import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What stands in the way and is not ours to change: told, with what becomes of it.
@Suite(
  .requires(
    .namespace, .superuser, .busybox, .claude(.a), .program("bash"), .program("zsh"),
    .program("fish")), .timeLimit(.minutes(4)))
struct FixConflictTests {
  /// Variables that lead plain `claude` away are told as overcome; nothing is to be repaired.
  @Test func conflictsAreOvercomeAndSecretsHidden() async throws {
    let settings = """
      {"env": {"CLAUDE_CODE_USE_BEDROCK": "1", "ANTHROPIC_AUTH_TOKEN": "\(hiddenKey)"}, \
      "apiKeyHelper": "echo \(hiddenKey)"}
      """
    var files = Person.files
    files[".claude/settings.json"] = .file(settings)
    files[".zshenv"] = .file("export ANTHROPIC_API_KEY=\(hiddenKey)\n")
    try await Person.alone([.client(.a), .ollama], files: files) { person in
      try await person.setUp()
      person.environment["ANTHROPIC_BASE_URL"] = "http://me:\(hiddenKey)@127.0.0.1:9/v1"
      person.environment["HTTPS_PROXY"] = "http://127.0.0.1:9"
      let whole = try person.tree()
      let result = try await person.setup("fix")
      #expect(result.code == 0, "\(result.output)\n\(result.error)")
      #expect(result.output.contains("Overcome by claude-local"))
      for name in [
        "CLAUDE_CODE_USE_BEDROCK", "ANTHROPIC_AUTH_TOKEN", "apiKeyHelper", "ANTHROPIC_API_KEY",
        "ANTHROPIC_BASE_URL", "HTTPS_PROXY",
      ] { #expect(result.output.contains(name)) }
      // What follows from each, and for the address that plain claude follows, the way out.
      let words = flowed(result.output)
      #expect(words.contains("overcome: "), "\(words)")
      #expect(words.contains("unset ANTHROPIC_BASE_URL"), "\(words)")
      #expect(whole.differences(to: try person.tree()) == [])
      let answer = try await person.claudeLocal(in: "zsh")
      #expect(answer.output.contains("pong"), "\(answer.output)\n\(answer.error)")

      for command in [["fix"], ["doctor"], ["env"], ["env", "--json"], ["doctor", "--json"]] {
        let told = try await person.call("ccl-setup", command).run()
        #expect(!(told.output + told.error).contains(hiddenKey), "\(command) shows a secret")
      }
    }
  }

  /// A socket in the settings file is taken by an older client before ours are read: it is said, and what to do.
  @Test(.requires(.claude(.c)), arguments: [ClaudeVersion.a, .c])
  func aSocketThatCannotBeOvercomeIsNamed(version: ClaudeVersion) async throws {
    let path = ".claude/settings.json"
    var files = Person.files
    files[path] = #"{"env": {"ANTHROPIC_UNIX_SOCKET": "/nowhere"}}"#
    try await Person.alone([.client(version), .ollama], files: files) { person in
      let made = try await person.setup(
        "--yes", "--no-verify", "--model", "qwen3:1.7b", "--context", "40k", "--shells", "bash")
      try #require(made.code == 0, "\(made.output)\n\(made.error)")
      let isOvercome = version == .a
      let told = try await person.setup("fix")
      #expect(told.code == (isOvercome ? 0 : 2), "\(told.output)\n\(told.error)")
      #expect(told.output.contains("✗ variable:ANTHROPIC_UNIX_SOCKET") == !isOvercome)
      if !isOvercome {
        #expect(flowed(told.output).contains("Remove env.ANTHROPIC_UNIX_SOCKET from"))
      }
      // It notes down which client was asked.
      _ = try await person.setup("doctor")
      let table = flowed(try await person.setup("env").output)
      #expect(table.contains("Every request goes to this socket") == !isOvercome, "\(table)")
      #expect(try await person.claudeLocal(in: "bash").output.contains("pong") == isOvercome)

      try person.home.put("{}", at: path)
      let again = try await person.setup("fix", "--no-verify")
      #expect(again.code == 0, "\(again.output)\n\(again.error)")
      #expect(try await person.claudeLocal(in: "bash").output.contains("pong"))
    }
  }

  /// What nobody but the administrator can change is no repair of ours.
  @Test func managedSettingsAreNamedWithWhomToAsk() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      try await person.setUp()
      try person.home.put(
        #"{"env": {"CLAUDE_CODE_USE_VERTEX": "1"}, "forceLoginMethod": "claudeai"}"#,
        at: "managed/managed-settings.json")
      person.mounts =
        "mkdir -p /etc/claude-code && mount --bind \(person.home["managed"]) /etc/claude-code"
      let result = try await person.setup("fix", "--yes", "--no-verify")
      #expect(result.code == 2, "\(result.output)\n\(result.error)")
      #expect(result.output.contains("variable:CLAUDE_CODE_USE_VERTEX"))
      #expect(result.output.contains("variable:forceLoginMethod"))
      #expect(result.output.contains("Ask whoever administers this machine"))
      #expect(!result.output.contains("The plan"))
    }
  }
}
