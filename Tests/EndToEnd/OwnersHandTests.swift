import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What people have done to their files, to ours and to the models by the time they uninstall.
@Suite(.requires(.namespace, .superuser, .busybox), .timeLimit(.minutes(4)))
struct OwnersHandTests {
  private static let state = ".local/state/ccl-setup"

  private func setUp(_ person: Person, _ more: String..., code: Int32 = 0) async throws -> String {
    let result = try await person.call(
      "ccl-setup", ["--yes", "--no-verify", "--shells", "bash,zsh"] + small + more
    ).run()
    try #require(result.code == code, "\(result.output)\n\(result.error)")
    return flowed(result.output + result.error)
  }

  private func uninstall(_ person: Person, _ more: String..., code: Int32 = 0) async throws
    -> String
  {
    let result = try await person.call("ccl-setup", ["uninstall"] + more).run()
    #expect(result.code == code, "\(result.output)\n\(result.error)")
    return flowed(result.output + result.error)
  }

  // MARK: - Links

  @Test func aLinkToNothingIsALinkToNothingAgain() async throws {
    try await Person.alone([.ollama], files: ["dot/x": "", ".bashrc": .link(to: "dot/bashrc")]) {
      person in
      let before = try person.tree()
      _ = try await setUp(person)
      #expect(try person.text("dot/bashrc").contains("ccl-setup"))
      _ = try await uninstall(person, "--yes")
      try person.expectTree(before)
    }
  }

  /// Folders are made for files of ours, not for the target of somebody's link: the line is told.
  @Test func aLinkIntoAMissingFolderIsLeftAlone() async throws {
    try await Person.alone([.ollama], files: [".bashrc": .link(to: "none/such/bashrc")]) { person in
      let before = try person.tree()
      let told = try await setUp(person)
      #expect(told.contains(".bashrc stays as it is (it cannot be written)"), "\(told)")
      #expect(told.contains("Add this line yourself: if [ -n \"${BASH_VERSION-}\" ]"), "\(told)")
      #expect(!person.exists("none"))
      _ = try await uninstall(person, "--yes")
      try person.expectTree(before)
    }
  }

  /// A failed setup takes back what it did, in the same way.
  @Test func aFailedSetupLeavesTheLink() async throws {
    try await Person.alone([.ollama], files: ["dot/x": "", ".bashrc": .link(to: "dot/bashrc")]) {
      person in
      try person.home.put(.folder(), at: ".local/share")
      let before = try person.tree()
      // The last file of the step cannot be made.
      try person.home.put("in the way", at: ".local/share/man")
      #expect(!person.exists("dot/bashrc"))
      _ = try await setUp(person, code: 1)
      try TemporaryFolder.remove(person.home[".local/share/man"])
      _ = try await uninstall(person, "--yes")
      try person.expectTree(before)
    }
  }

  /// As people do who keep their files in a repository: moved there, with a link in the old place.
  @Test func filesThatWereMovedAndLinkedSince() async throws {
    try await Person.alone([.ollama], files: ["dot/x": "", ".zshrc": "# mine\n"]) { person in
      _ = try await setUp(person)
      let function = ".config/ccl-setup/claude-local.zsh"
      for (file, name) in [(".bashrc", "bashrc"), (".zshrc", "zshrc"), (function, "function")] {
        let moved = person.home["dot/\(name)"].string
        try FileManager.default.moveItem(atPath: person.home[file].string, toPath: moved)
        try person.home.put(.link(to: moved), at: file)
      }
      _ = try await uninstall(person, "--yes")
      #expect(try person.text("dot/zshrc") == "# mine\n")
      let names = try person.tree().nodes.keys.sorted()
      #expect(names == [".", ".bashrc", ".zshrc", "dot", "dot/x", "dot/zshrc"])
    }
  }

  @Test(arguments: [(".bashrc", ".bash_aliases"), (".zshrc", ".aliases")])
  func aBlockThatWasMovedIsFound(from: String, to: String) async throws {
    try await Person.alone([.ollama]) { person in
      let before = try person.tree()
      let text = try person.text(from)
      _ = try await setUp(person)
      let block = try person.text(from).split(separator: "\n").filter {
        $0.contains("ccl-setup") || $0.contains("claude-local")
      }
      try person.home.put(.file(text), at: from)
      try person.home.put(.file(block.joined(separator: "\n") + "\n"), at: to)
      _ = try await uninstall(person, "--yes")
      #expect(try person.text(to).isEmpty)
      try TemporaryFolder.remove(person.home[to])
      try person.expectTree(before)
    }
  }

  // MARK: - Models and conversations

  /// A name that its owner gave another meaning is its owner's, and is told.
  @Test func namesThatMeanSomethingElseSinceStay() async throws {
    try await Person.alone([]) { person in
      let before = try person.tree()
      _ = try await person.serve()
      _ = try await setUp(person)
      let names = ["claude-opus-5-5", "qwen3:1.7b-32k"]
      _ = try await person.web("/api/pull", post: #"{"model":"qwen3:8b","stream":false}"#)
      for name in names {
        _ = try await person.web(
          "/api/copy", post: #"{"source":"qwen3:8b","destination":"\#(name)"}"#)
      }
      let told = try await uninstall(person, "--yes")
      for name in names {
        let words = "kept, it means another model since: delete the model name \(name)"
        #expect(told.contains(words), "\(told)")
      }
      let left = try models(try await person.web("/api/tags")).keys.map {
        $0.split(separator: ":latest")[0]
      }
      #expect(Set(left.map(String.init)) == Set(names + ["qwen3:8b"]))
      try person.expectTree(before)
    }
  }

  /// The client's own folder holds conversations: it is named before it goes.
  @Test func theClientsFolderIsNamed() async throws {
    try await Person.alone([.ollama]) { person in
      let before = try person.tree()
      _ = try await setUp(person, "--client-folder", "own")
      #expect(!(try await uninstall(person, "--dry-run").contains("conversations")))
      try person.home.put("hello", at: "\(Self.state)/claude/projects/p/s.jsonl")
      _ = try await setUp(person, "--client-folder", "yours")
      let words = "claude-local's own settings, history and conversations (1 file, 5 B)"
      #expect(try await uninstall(person, "--dry-run").contains(words))
      #expect(try await uninstall(person, "--dry-run", "--json").contains("own settings, history"))
      #expect(try await uninstall(person, "--yes").contains("taken back: remove"))
      try person.expectTree(before)
    }
  }

  // MARK: - State

  @Test func theWholeOfLocalIsGone() async throws {
    try await Person.alone([.ollama], files: [".bashrc": "# mine\n"]) { person in
      let before = try person.tree()
      _ = try await setUp(person)
      try TemporaryFolder.remove(person.home[".local"])
      _ = try await uninstall(person, "--yes")
      try person.expectTree(before)
    }
  }

  @Test func theReceiptIsAFolder() async throws {
    try await Person.alone([.ollama]) { person in
      let before = try person.tree()
      _ = try await setUp(person)
      try TemporaryFolder.remove(person.home["\(Self.state)/receipt.json"])
      try person.home.put(.folder(), at: "\(Self.state)/receipt.json")
      let told = try await uninstall(person, "--yes", code: 1)
      #expect(told.contains("receipt.json"))
      try TemporaryFolder.remove(person.home["\(Self.state)/receipt.json"])
      _ = try await uninstall(person, "--yes")
      try person.expectTree(before)
    }
  }

  /// What filled the disk is the model: that the receipt cannot be renewed keeps nobody from deleting it.
  @Test func theDiskIsFull() async throws {
    try await Person.alone([.ollama]) { person in
      try person.home.put(.folder(), at: "small")
      let script = """
        mount -t tmpfs -o size=1m tmpfs "$HOME/small" || exit 99
        export XDG_STATE_HOME="$HOME/small"
        ccl-setup --yes --no-verify --shells bash \(small.joined(separator: " ")) || exit 98
        cat /dev/zero >"$HOME/small/filler" 2>/dev/null
        ccl-setup uninstall --yes || exit $?
        rm "$HOME/small/filler"; find "$HOME/small" -mindepth 1 | sed 's/^/LEFT /'
        """
      let before = try person.tree()
      let result = try await person.call("sh", ["-c", script]).run()
      #expect(result.code == 0, "\(result.output)\n\(result.error)")
      #expect(flowed(result.output).contains("taken back: delete the downloaded model"))
      #expect(!result.output.contains("LEFT"), "\(result.output)")
      try person.expectTree(before)
    }
  }
}
