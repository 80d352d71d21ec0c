import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Other people on the machine, projects from elsewhere, and root in somebody's name.
@Suite(.requires(.namespace, .superuser, .busybox), .timeLimit(.minutes(4)))
struct BadPeopleTests {
  private static let state = ".local/state/ccl-setup"
  private static let install = ["--yes", "--no-verify"] + small

  @Test(arguments: [state, ".config/ccl-setup", ".config/ccl-setup/models", state + "/proxy"])
  func aFolderThatOthersMayWriteToIsRefused(folder: String) async throws {
    try await Person.alone([.ollama]) { person in
      for (mode, group) in [(UInt16(0o777), "0"), (0o775, "100")] {
        try person.home.put(.folder(mode: mode), at: folder)
        try await person.call("chown", [":\(group)", person.home[folder].string]).succeed()
        try await person.call("chmod", [String(mode, radix: 8), person.home[folder].string])
          .succeed()
        let before = try person.tree()
        let result = try await person.call("ccl-setup", Self.install).run()
        #expect(result.code == 1)
        #expect(flowed(result.error).contains("Others could write into a folder of ccl-setup"))
        try person.expectTree(before)
      }
      // A group of one's own is nobody else.
      try await person.call("chown", [":0", person.home[folder].string]).succeed()
      try await person.call("ccl-setup", Self.install).succeed()
    }
  }

  /// Root with somebody's HOME (by sudo) would leave their files to root, whatever the word.
  @Test(arguments: [
    install, ["uninstall", "--yes"], ["fix", "--yes"], ["doctor", "--no-prompt"],
    ["pull", "qwen3:8b", "--yes"], ["alias", "qwen3:8b", "x", "--yes"],
    ["context", "qwen3:8b", "16k", "--yes"], ["remove", "x", "--yes"],
    ["profile", "lean", "--yes"],
    ["start"], ["stop"], ["update", "--yes"], ["clean", "--yes"], ["warm"],
    ["proxy", "on", "--yes"],
    ["proxy", "off", "--yes"], ["proxy", "--detach", "--upstream", "http://127.0.0.1:9"],
    ["proxy", "wire"], ["proxy", "image"],
  ])
  func anotherPersonsHomeIsRefused(arguments: [String]) async throws {
    try await Person.alone([.ollama]) { person in
      try await person.call("chown", ["-R", "1234:1234", person.home.path.string]).succeed()
      let before = try person.tree()
      let result = try await person.call("ccl-setup", arguments).run()
      #expect(result.code == 1)
      #expect(flowed(result.error).contains("another person's files as root"))
      try person.expectTree(before)
    }
  }

  /// Reading words leave nothing of root's there either.
  @Test(arguments: [
    ["env"], ["status"], ["models"], ["logs"], ["proxy", "stop"], ["warm", "--background"],
  ])
  func readingAnotherPersonsHomeChangesNothing(arguments: [String]) async throws {
    try await Person.alone([.ollama]) { person in
      try await person.call("chown", ["-R", "1234:1234", person.home.path.string]).succeed()
      let before = try person.tree()
      _ = try await person.call("ccl-setup", arguments).run()
      try person.expectTree(before)
    }
  }

  /// A plain `su` keeps the XDG variables: what a receipt there says would be run as root.
  @Test func rootDoesNotBelieveSomebodysReceipt() async throws {
    try await Person.alone([.ollama]) { person in
      try await person.call("ccl-setup", Self.install).succeed()
      let receipt = try person.text("\(Self.state)/receipt.json")
      try person.home.put(.folder(), at: "theirs/ccl-setup")
      try person.home.put(.file(receipt, mode: 0o600), at: "theirs/ccl-setup/receipt.json")
      try await person.call("chown", ["-R", "1234", person.home["theirs"].string]).succeed()
      let before = try person.tree()
      person.environment["XDG_STATE_HOME"] = person.home["theirs"].string
      for words in [["uninstall", "--yes"], Self.install] {
        let result = try await person.call("ccl-setup", words).run()
        #expect(result.code == 1)
        #expect(flowed(result.error).contains("belongs to user 1234"), "\(result.error)")
        try person.expectTree(before)
      }
      // Nor is a folder of root's made among theirs.
      try TemporaryFolder.remove(person.home["theirs/ccl-setup"])
      let result = try await person.call("ccl-setup", Self.install).run()
      #expect(result.code == 1)
      #expect(flowed(result.error).contains("another person's files as root"), "\(result.error)")
      #expect(!person.exists("theirs/ccl-setup"))
    }
  }

  /// A project's settings may be a link to anything: git keeps links.
  @Test(arguments: ["/dev/zero", "fifo"], ["settings.json", "settings.local.json"])
  func aProjectCannotHoldUsUp(target: String, file: String) async throws {
    try await Person.alone([.ollama]) { person in
      try await person.call("ccl-setup", Self.install).succeed()
      try person.home.put(.folder(), at: "work/.claude")
      let path = person.home["work/.claude/\(file)"].string
      if target == "fifo" {
        try await person.call("mkfifo", [path]).succeed()
      } else {
        try await person.call("ln", ["-s", target, path]).succeed()
      }
      for words in ["env", "doctor --no-prompt", "fix --yes --no-verify", "--dry-run --yes"] {
        let result = try await person.call(
          "sh", ["-c", "cd ~/work && ulimit -v 4000000 && timeout 30 ccl-setup \(words)"]
        ).run()
        #expect([0, 2].contains(result.code), "\(words): \(result.output)\n\(result.error)")
      }
    }
  }

  /// Names and answers from elsewhere are neither executed nor printed raw; a hostile project's settings neither.
  @Test func foreignWordsAreNeitherRunNorPrintedRaw() async throws {
    let hostile =
      #"{"env": {"ANTHROPIC_BASE_URL": "\u001b]0;owned\u0007$(touch pwned)"}, "model": "\u001b[2J"}"#
    let files = Person.files.merging([
      ".claude/settings.json": .file(hostile), ".claude/settings.local.json": .file(hostile),
    ]) { $1 }
    try await Person.alone([.ollama], files: files) { person in
      let portal = "$(touch pwned)`touch pwned`\u{1b}[2J"
      for arguments in [
        ["--model", portal], ["--engine", "http://127.0.0.1:1/\(portal)"], ["--answers", portal],
      ] {
        let result = try await person.call("ccl-setup", ["--yes"] + arguments).run()
        #expect(result.code != 0)
        #expect(!(result.output + result.error).contains("\u{1b}"))
      }
      for words in [["env"], ["doctor", "--no-prompt"], ["--dry-run"], ["status"]] {
        let result = try await person.call("ccl-setup", words).run()
        let bytes = result.standardOutput + result.standardError
        #expect(!bytes.contains(0x1b) && !bytes.contains(0x07), "\(words)")
      }
      #expect(!(try person.home.snapshot().nodes.keys.contains { $0.hasSuffix("pwned") }))
    }
  }

  @Test func whatIsOursIsForItsOwnerOnly() async throws {
    let secret = "sk-ant-api03-not-for-the-log"
    try await Person.alone([.ollama]) { person in
      person.environment["ANTHROPIC_API_KEY"] = secret
      person.environment["ANTHROPIC_AUTH_TOKEN"] = secret
      let before = try person.tree()
      try await person.call("ccl-setup", ["--yes", "--no-verify"] + small).succeed()
      for (name, node) in try person.tree().nodes where before.nodes[name] == nil {
        switch node.kind {
        case .folder: #expect(node.mode == 0o700, "\(name)")
        case .file(let bytes):
          #expect(!String(decoding: bytes, as: UTF8.self).contains(secret), "\(name)")
          if name.hasPrefix(".local/state/ccl-setup") { #expect(node.mode & 0o077 == 0, "\(name)") }
        default: break
        }
      }
    }
  }
}
