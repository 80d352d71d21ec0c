import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What uninstall does when what it needs is damaged, moved or gone.
@Suite(.requires(.namespace, .superuser, .busybox), .timeLimit(.minutes(4)))
struct UninstallTests {
  private static let state = ".local/state/ccl-setup"

  private func setUp(_ person: Person, _ more: String...) async throws {
    let result = try await person.call(
      "ccl-setup", ["--yes", "--no-verify", "--shells", "bash,zsh,fish"] + small + more
    ).run()
    try #require(result.code == 0, "\(result.output)\n\(result.error)")
  }

  private func uninstall(
    _ person: Person, _ more: String..., code: Int32 = 0,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> ProgramResult {
    let result = try await person.call("ccl-setup", ["uninstall"] + more).run()
    #expect(
      result.code == code, "\(result.output)\n\(result.error)", sourceLocation: sourceLocation)
    return result
  }

  enum Loss: String, Sendable, CaseIterable {
    case receiptDamaged, receiptCut, receiptAndCopyDamaged, receiptAndCopyGone, stateFolderGone
  }

  @Test(arguments: Loss.allCases)
  func theReceiptIsDamagedOrLost(_ loss: Loss) async throws {
    try await Person.alone([.ollama]) { person in
      let before = try person.tree()
      try await setUp(person)
      let (receipt, copy) = ("\(Self.state)/receipt.json", "\(Self.state)/receipt.copy.json")
      switch loss {
      case .receiptDamaged: try person.home.put("garbage\u{1b}[2J", at: receipt)
      case .receiptCut:
        let whole = try bytes(of: person.home[receipt])
        try person.home.put(.file(Array(whole.prefix(whole.count / 2))), at: receipt)
      case .receiptAndCopyDamaged:
        for file in [receipt, copy] { try person.home.put("{", at: file) }
      case .receiptAndCopyGone:
        for file in [receipt, copy] { try TemporaryFolder.remove(person.home[file]) }
      case .stateFolderGone: try TemporaryFolder.remove(person.home[Self.state])
      }
      let isRebuilt = ![.receiptDamaged, .receiptCut].contains(loss)
      let dry = try await uninstall(person, "--dry-run", "--json")
      #expect(dry.output.contains("\"rebuilt\" : \(isRebuilt)"))
      let result = try await uninstall(person, "--yes")
      #expect(!result.output.contains("\u{1b}[2J"))
      #expect(result.output.contains("The receipt is damaged or lost.") == isRebuilt)
      try person.expectTree(before)
      if isRebuilt {
        #expect(flowed(result.output).contains("nothing says whether the model qwen3:1.7b was"))
      }
      // Once more, and there is nothing.
      #expect(try await uninstall(person, "--yes").output.contains("nothing to take back"))
      try person.expectTree(before)
    }
  }

  /// With a client whose place is written into the functions, which is another one on every machine.
  @Test(.requires(.claude(.a), .program("fish"), .program("zsh")))
  func withoutAReceiptTheFunctionsAreKnown() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let before = try person.tree()
      let made = try await person.setup(
        "--yes", "--no-verify", "--engine", "native", "--shells", "bash,zsh,fish", "--model",
        "qwen3:1.7b", "--context", "32k")
      try #require(made.code == 0, "\(made.output)\n\(made.error)")
      #expect(try person.text(".config/fish/functions/claude-local.fish").contains("set -l client"))
      try TemporaryFolder.remove(person.home[Self.state])
      let result = try await uninstall(person, "--yes")
      #expect(!flowed(result.output).contains("as ccl-setup writes it"), "\(result.output)")
      try person.expectTree(before)
    }
  }

  @Test func aBlockWithOtherMarkersStaysAndIsTold() async throws {
    try await Person.alone([.ollama]) { person in
      try await setUp(person)
      let edited = try person.text(".bashrc").replacing(
        "ccl-setup: claude-local", with: "ccl-setup: my")
      try person.home.put(.file(edited), at: ".bashrc")
      let result = try await uninstall(person, "--yes")
      #expect(flowed(result.output).contains("has other markers (lines "), "\(result.output)")
      #expect(flowed(result.output).contains("but for what was kept"))
      #expect(try person.text(".bashrc") == edited)
    }
  }

  @Test func withoutAReceiptWhatWasEditedStays() async throws {
    try await Person.alone([.ollama]) { person in
      try await setUp(person)
      let function = ".config/ccl-setup/claude-local.bash"
      let edited = try person.text(function) + "# mine\n"
      try person.home.put(.file(edited), at: function)
      try TemporaryFolder.remove(person.home[Self.state])
      for _ in 0..<2 {
        let result = try await uninstall(person, "--yes")
        #expect(flowed(result.output).contains("claude-local.bash is not, or no longer, as"))
        #expect(try person.text(function) == edited)
      }
    }
  }

  @Test func theHomeHasMoved() async throws {
    try await Person.alone([.ollama], files: ["a/.bashrc": "# mine", "a/.zshrc": "", "x": "y"]) {
      person in
      person.environment["HOME"] = person.home["a"].string
      let before = try Tree(of: person.home["a"])
      try await setUp(person)
      try FileManager.default.moveItem(
        atPath: person.home["a"].string, toPath: person.home["b"].string)
      person.environment["HOME"] = person.home["b"].string
      _ = try await uninstall(person, "--yes")
      #expect(before.differences(to: try Tree(of: person.home["b"])) == [])
    }
  }

  @Test func ollamaIsGone() async throws {
    try await Person.alone([.ollama]) { person in
      let before = try person.tree()
      try await setUp(person)
      try await person.endServers()
      try person.forget("ollama")
      let result = try await uninstall(person, "--yes")
      #expect(flowed(result.output).contains("kept, Ollama is no longer installed"))
      try person.expectTree(before)
      #expect(try await uninstall(person, "--yes").output.contains("nothing to take back"))
    }
  }

  /// A server elsewhere that does not answer: its models wait in the receipt, and may be left to it.
  @Test func theServerIsGone() async throws {
    try await Person.alone([]) { person in
      let before = try person.tree()
      let server = try await person.serve(port: 4000)
      try await setUp(person, "--engine", "http://127.0.0.1:4000")
      await server.end()
      for _ in 0..<2 {
        let result = try await uninstall(person, "--yes", code: 1)
        #expect(flowed(result.error).contains("Ollama does not answer at http://127.0.0.1:4000"))
        #expect(!(try person.text(".bashrc")).contains("ccl-setup"))
      }
      let result = try await uninstall(person, "--yes", "--keep-models")
      #expect(flowed(result.output).contains("kept,"))
      try person.expectTree(before)
    }
  }

  @Test func modelsOnAnEarlierServerAreTakenBackThere() async throws {
    try await Person.alone([]) { person in
      let before = try person.tree()
      for port in [4000, 4001] { _ = try await person.serve(port: port) }
      try await setUp(person, "--engine", "http://127.0.0.1:4000")
      try await setUp(person, "--engine", "http://127.0.0.1:4001")
      _ = try await uninstall(person, "--yes")
      for port in [4000, 4001] {
        #expect(try models(try await person.web("/api/tags", port: port)).isEmpty)
      }
      try person.expectTree(before)
    }
  }

  @Test func downloadsMayBeKept() async throws {
    try await Person.alone([]) { person in
      let before = try person.tree()
      _ = try await person.serve()
      try await setUp(person)
      let listed = flowed(try await uninstall(person, "--dry-run", "--keep-models").output)
      #expect(listed.contains("· kept, asked to keep downloaded models: delete the downloaded"))
      #expect(!listed.contains("− delete the downloaded model"))
      let result = try await uninstall(person, "--yes", "--keep-models")
      #expect(flowed(result.output).contains("kept, asked to keep downloaded models"))
      #expect(Set(try models(try await person.web("/api/tags")).keys) == ["qwen3:1.7b"])
      try person.expectTree(before)
    }
  }

  /// Ctrl-C is no answer: neither "keep the models" nor anything else.
  @Test(arguments: ["\u{03}", "\u{04}"])
  func whoLeavesAtAQuestionKeepsEverything(key: String) async throws {
    try await Person.alone([.ollama]) { person in
      try await setUp(person)
      let whole = try person.tree()
      for answered in [0, 1] {
        let terminal = try await person.wizard("uninstall")
        if answered == 1 {
          try await terminal.expect("Take all of this back? [yes] ▸ ")
          try await terminal.type("")
        }
        try await terminal.expect(["Take all of this back?", "Delete the downloaded"][answered])
        try await terminal.send(key)
        try await terminal.expect("Nothing was changed")
        #expect(try await terminal.exit(within: .seconds(20)) == 130)
        try person.expectTree(whole)
      }
    }
  }

  @Test func whatWasEditedIsKeptAndNamedWithItsLine() async throws {
    try await Person.alone([.ollama]) { person in
      try await setUp(person)
      let function = ".config/ccl-setup/claude-local.zsh"
      var lines = try person.text(function).split(
        separator: "\n", omittingEmptySubsequences: false)
      lines[4] += " # mine"
      let edited = lines.joined(separator: "\n")
      try person.home.put(.file(edited), at: function)
      let block = try person.text(".bashrc").replacing(
        "# <<< ccl-setup", with: "mine\n# <<< ccl-setup")
      try person.home.put(.file(block), at: ".bashrc")
      let result = try await uninstall(person, "--yes")
      let told = flowed(result.output)
      #expect(told.contains("kept, it was edited since (line 5): remove"), "\(told)")
      #expect(told.contains("kept, the ccl-setup block (lines 4 to 7) holds lines"), "\(told)")
      #expect(try person.text(function) == edited)
      #expect(try person.text(".bashrc") == block)
      #expect(!person.exists(Self.state))
    }
  }

  /// What `--dry-run` lists is what is done, file by file.
  /// The folders were made for a file that other choices took away again.
  @Test func afterOtherChoicesNoFolderIsLeft() async throws {
    let files: [String: TemporaryHome.Entry] = [".bashrc": "# mine\n"]
    try await Person.alone([.ollama], files: files) { person in
      _ = try await person.serve()
      let before = try person.tree()
      for context in ["32k", "16k", "24k"] {
        let setup = try await person.setup(
          "--yes", "--no-verify", "--shells", "bash", "--model", "qwen3:1.7b", "--context", context)
        #expect(setup.code == 0, "\(setup.output)\n\(setup.error)")
      }
      #expect(try await uninstall(person, "--yes").code == 0)
      try person.expectTree(before)
    }
  }

  @Test func whatIsListedIsWhatIsDone() async throws {
    struct Document: Decodable {
      struct Step: Decodable { var changes: [String] }
      var steps: [Step]
    }
    try await Person.alone([.ollama]) { person in
      let before = try person.tree()
      let flags = ["--json", "--yes", "--no-verify", "--shells", "bash,zsh,fish"] + small
      func document(_ result: ProgramResult) throws -> [String] {
        #expect(result.code == 0, "\(result.error)")
        return try JSONDecoder().decode(Document.self, from: Data(result.standardOutput))
          .steps.flatMap(\.changes)
      }
      let listed = try document(
        try await person.call("ccl-setup", ["--dry-run"] + flags).run())
      try person.expectTree(before)
      let done = try document(try await person.call("ccl-setup", flags).run())
      #expect(listed == done)
      let changed = before.differences(to: try person.tree()).filter {
        $0.contains(" file of ") && !$0.contains(Self.state)
      }
      for change in changed {
        let name = change.dropFirst(2).prefix { $0 != " " }
        #expect(listed.contains { $0.contains("/\(name)") }, "\(change) was not listed")
      }
      let files = listed.filter { $0.contains("\(person.home.path)/") }
      #expect(files.count == changed.count, "\(files)\n\(changed)")
      // And nothing is listed that is there.
      let again = try document(
        try await person.call("ccl-setup", ["--dry-run"] + flags).run())
      #expect(again.isEmpty)

      struct Uninstalled: Decodable {
        struct Entry: Decodable { var title: String }
        var entries: [Entry]
      }
      func titles(_ result: ProgramResult) throws -> [String] {
        try JSONDecoder().decode(Uninstalled.self, from: Data(result.standardOutput))
          .entries.map(\.title)
      }
      let whole = try person.tree()
      let planned = try titles(try await uninstall(person, "--dry-run", "--json"))
      try person.expectTree(whole)
      let taken = try titles(try await uninstall(person, "--yes", "--json"))
      #expect(planned == taken)
      try person.expectTree(before)
    }
  }

  @Test(.requires(.program("bash"), .program("zsh"), .program("fish")))
  func afterwardsAFreshShellShowsNothing() async throws {
    try await Person.alone([.ollama]) { person in
      try await setUp(person)
      _ = try await uninstall(person, "--yes")
      for shell in ["bash", "zsh", "fish"] {
        let result = try await person.run(shell, "-l", "-i", "-c", "type claude-local")
        #expect(result.code != 0 && !result.output.contains("ccl-setup"))
        let plain = try await person.run(shell, "-c", "true")
        #expect(plain.code == 0 && plain.output.isEmpty && plain.error.isEmpty)
      }
    }
  }
}

extension Person {
  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: home[name].string) }
}
