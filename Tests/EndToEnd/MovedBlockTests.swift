import Setup
import Support
import SystemPackage
import Testing

/// Our block in another file than the one that we put it into: its owner sorts lines their own way.
@Suite(
  .requires(
    .namespace, .superuser, .busybox, .claude(.a), .program("bash"), .program("zsh")),
  .timeLimit(.minutes(4)))
struct MovedBlockTests {
  private static let files: [String: TemporaryHome.Entry] = Person.files.merging([
    ".bashrc": "alias ll='ls -l'\n. ~/.bash_aliases\n", ".bash_aliases": "alias gs='git status'\n",
    ".zprofile": "umask 022\n",
  ]) { $1 }

  /// Cuts the block out of one file and puts it at the end of another.
  private func move(_ person: Person, from old: String, to new: String) throws {
    let text = try person.text(old)
    let start = try #require(text.firstRange(of: "# >>>"))
    let rest = text[start.lowerBound...]
    let close = try #require(rest.firstRange(of: "# <<<"))
    let end =
      rest[close.lowerBound...].firstIndex(of: "\n").map(rest.index(after:)) ?? rest.endIndex
    try person.home.put(.file(try person.text(new) + rest[..<end]), at: new)
    try person.home.put(.file(String(text[..<start.lowerBound] + text[end...])), at: old)
  }

  /// What a block remembers of the file that it was made for holds for that file alone.
  @Test func aMovedBlockTakesNoLineEndAlong() async throws {
    try await Person.alone([.client(.a), .ollama], files: Self.files) { person in
      try person.home.put(.file("HISTSIZE=10"), at: ".bashrc")
      try await person.call(
        "ccl-setup", ["--yes", "--no-verify", "--shells", "bash"] + small
      ).succeed()
      try move(person, from: ".bashrc", to: ".bash_aliases")
      try await person.call("ccl-setup", ["uninstall", "--yes"]).succeed()
      #expect(try person.text(".bash_aliases") == "alias gs='git status'\n")
    }
  }

  @Test(arguments: [
    (Shell.bash, ".bashrc", ".bash_aliases"), (.zsh, ".zshrc", ".zprofile"),
  ])
  func itIsPutBackAndTakenOut(shell: Shell, old: String, new: String) async throws {
    for isRepaired in [true, false] {
      try await Person.alone([.client(.a), .ollama], files: Self.files) { person in
        let before = try person.tree()
        try await person.call(
          "ccl-setup", ["--yes", "--no-verify", "--shells", shell.rawValue] + small
        ).succeed()
        try move(person, from: old, to: new)
        if isRepaired {
          let sick = try await person.document("doctor", "--no-prompt", code: 2)
          #expect(sick.checks.contains { $0.id == "block-missing:\(shell.rawValue)" })
          let repaired = try await person.setup("fix", "--yes", "--no-verify")
          #expect(repaired.code == 0, "\(repaired.output)\n\(repaired.error)")
          #expect(try !person.text(new).contains("# >>>"))
          let again = try await person.setup("fix", "--yes", "--no-verify")
          #expect(again.code == 0 && again.output.contains("Nothing is broken"), "\(again.output)")
        }
        let removed = try await person.setup("uninstall", "--yes")
        #expect(removed.code == 0, "\(removed.output)\n\(removed.error)")
        let left = before.differences(to: try person.tree())
        #expect(left == [], "\(isRepaired)")
      }
    }
  }
}
