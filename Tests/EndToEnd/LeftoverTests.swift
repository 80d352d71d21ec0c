import Setup
import Support
import SystemPackage
import Testing

/// What a killed write has left, and files that must not be replaced, beside a real setup.
@Suite(
  .requires(.namespace, .superuser, .busybox, .program("bash")), .timeLimit(.minutes(5)))
struct LeftoverTests {
  /// As if killed in the middle of three writes.
  private func leave(in home: TemporaryHome) throws {
    for place in [".profile", "dotfiles/bashrc", ".config/ccl-setup/claude-local.bash"] {
      try write("half".utf8, to: TemporaryName.beside(home[place]))
    }
  }

  @Test(arguments: [true, false])
  func theNextRunTakesAwayWhatAKilledWriteLeft(hasReceipt: Bool) async throws {
    let files: [String: TemporaryHome.Entry] = [
      ".bashrc": .link(to: "dotfiles/bashrc"), "dotfiles/bashrc": "# mine\n",
      // Somebody else's, whatever it looks like.
      ".bashrc.ccl-123456789012": "not ours\n",
      "dotfiles/.bashrc.ccl-0000000000000000": "nor this\n",
    ]
    try await Person.alone([.ollama], files: files) { person in
      _ = try await person.serve()
      let before = try person.tree()
      #expect(try await person.install(shells: "bash").code == 0)
      try leave(in: person.home)
      // A run that has nothing to do changes nothing at all.
      try TemporaryFolder.remove(person.home[".config/ccl-setup/claude-local.bash"])
      #expect(try await person.install(shells: "bash").code == 0)
      let left = try person.tree().nodes.keys.filter { $0.contains(".ccl-") }
      #expect(
        left.sorted() == [".bashrc.ccl-123456789012", "dotfiles/.bashrc.ccl-0000000000000000"])
      try leave(in: person.home)
      if !hasReceipt {
        for file in ["receipt.json", "receipt.copy.json"] {
          try TemporaryFolder.remove(person.home[".local/state/ccl-setup/\(file)"])
        }
      }
      let uninstall = try await person.setup("uninstall", "--yes")
      #expect(uninstall.code == 0, "\(uninstall.output)\n\(uninstall.error)")
      try person.expectTree(before)
    }
  }

  @Test func aStartUpFileWithASecondNameIsLeftAloneAndNamed() async throws {
    try await Person.alone([.ollama], files: [".bashrc": "# mine\n", ".profile": ". ~/.bashrc\n"]) {
      person in
      _ = try await person.serve()
      let file = person.home[".bashrc"].string
      try await Invocation.clean("ln", [file, person.home["second"].string]).succeed()
      let before = try person.tree()
      let setup = try await person.install(shells: "bash")
      #expect(setup.code == 0, "\(setup.output)\n\(setup.error)")
      #expect(flowed(setup.output).contains("it has a second name, a hard link"))
      #expect(try person.text(".bashrc") == "# mine\n")
      #expect(try await person.setup("uninstall", "--yes").code == 0)
      try person.expectTree(before)
      #expect(try await Invocation.clean("stat", ["-c", "%h", file]).succeed() == "2")
    }
  }
}
