import Setup
import Support
import Testing

/// The folder of zsh's files, which zsh alone knows: it is asked.
@Suite(
  .requires(.namespace, .superuser, .busybox, .program("zsh")), .timeLimit(.minutes(5)))
struct ZshFolderTests {
  @Test(arguments: [
    "where=z\nZDOTDIR=\"$HOME/$where\"\n",
    "echo noise; . ~/env; false\n",
    "export ZDOTDIR=${${:-$HOME/z/x}:h}\n",
  ])
  func aFolderThatOnlyTheShellFollowsIsFound(zshenv: String) async throws {
    let files: [String: TemporaryHome.Entry] = [
      ".zshenv": .file(zshenv), "env": "ZDOTDIR=~/z\n", "z/.zshrc": "# mine\n",
    ]
    try await Person.alone([.ollama], files: files) { person in
      _ = try await person.serve()
      let before = try person.tree()
      let setup = try await person.install(shells: "zsh")
      #expect(setup.code == 0, "\(setup.output)\n\(setup.error)")
      #expect(try person.text("z/.zshrc").contains("ccl-setup"))
      #expect(!person.exists(".zshrc"))
      try await person.expectKnown(in: "zsh")
      // Without the receipt too.
      for file in ["receipt.json", "receipt.copy.json"] {
        try TemporaryFolder.remove(person.home[".local/state/ccl-setup/\(file)"])
      }
      let uninstall = try await person.setup("uninstall", "--yes")
      #expect(uninstall.code == 0, "\(uninstall.output)\n\(uninstall.error)")
      #expect(try person.text("z/.zshrc") == "# mine\n")
      try person.expectTree(before)
    }
  }

  @Test func whatIsSetInAFolderThatOnlyTheShellFollowsIsFound() async throws {
    let files: [String: TemporaryHome.Entry] = [
      ".zshenv": "where=z\nZDOTDIR=\"$HOME/$where\"\n",
      "z/.zshrc": "export ANTHROPIC_BASE_URL=https://gateway.invalid\n",
      // The home's own is not read.
      ".zshrc": "export ANTHROPIC_MODEL=elsewhere\n",
    ]
    try await Person.alone([.ollama], files: files) { person in
      let environment = try await person.setup("env", "--json")
      #expect(environment.output.contains("z/.zshrc, line 1"), "\(environment.output)")
      #expect(!environment.output.contains("elsewhere"), "\(environment.output)")
      _ = try await person.serve()
      let setup = try await person.install(shells: "zsh")
      #expect(setup.code == 0, "\(setup.output)\n\(setup.error)")
      let doctor = try await person.setup("doctor", "--json")
      #expect(doctor.output.contains("/z/.zshrc, line 1"), "\(doctor.output)")
      #expect(!doctor.output.contains("/.zshrc, line 1: ANTHROPIC_MODEL"), "\(doctor.output)")
    }
  }

  @Test func aZshThatDoesNotAnswerIsNotWaitedForLong() async throws {
    let files: [String: TemporaryHome.Entry] = [
      ".zshenv": "[[ -n $QUICK ]] || sleep 600\nZDOTDIR=$HOME/z\n", "z/.zshrc": "# mine\n",
    ]
    try await Person.alone([.ollama], files: files) { person in
      _ = try await person.serve()
      let setup = try await person.install(shells: "zsh")
      #expect(setup.code == 0, "\(setup.output)\n\(setup.error)")
      #expect(try person.text("z/.zshrc").contains("ccl-setup"))
    }
  }
}
