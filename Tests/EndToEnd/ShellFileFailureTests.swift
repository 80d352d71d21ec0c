import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The thirty failures of other tools that edit people's start-up files (docs/measurements/shell-files.md), by number: each with
/// the real program and real shells, and after each the home is as it was before.
@Suite(
  .requires(
    .namespace, .superuser, .busybox, .program("bash"), .program("zsh"), .program("fish"),
    .program("dash")), .timeLimit(.minutes(10)))
struct ShellFileFailureTests {
  /// One of the thirty: a home that brings it about, and what must hold between setup and uninstall.
  struct Case: Sendable, CustomTestStringConvertible {
    var number: Int
    var title: String
    var files: [String: TemporaryHome.Entry]
    var shells = "bash,zsh,fish"
    var arrange: @Sendable (inout Person) async throws -> Void = { _ in }
    /// Whether what the person does meanwhile is theirs to stay, so that `holds` itself looks at the end.
    var leavesEdits = false
    var holds: @Sendable (inout Person, _ setup: ProgramResult) async throws -> Void
    var testDescription: String { "\(number): \(title)" }
  }

  @Test func thereAreThirty() { #expect(Self.cases.map(\.number) == Array(1...30)) }

  @Test(arguments: cases)
  func failure(_ failure: Case) async throws {
    try await Person.alone([.ollama], files: failure.files) { person in
      _ = try await person.serve()
      try await failure.arrange(&person)
      let before = try person.tree()
      let result = try await person.install(shells: failure.shells)
      #expect(result.code == 0, "\(result.output)\n\(result.error)")
      try await failure.holds(&person, result)
      let uninstall = try await person.setup("uninstall", "--yes")
      #expect(uninstall.code == 0, "\(uninstall.output)\n\(uninstall.error)")
      if !failure.leavesEdits { try person.expectTree(before) }
    }
  }

  static let cases: [Case] = first + second

  private static let first: [Case] = [
    Case(
      number: 1, title: "a link replaced by a plain file",
      files: [
        ".bashrc": .link(to: "dotfiles/bashrc"), "dotfiles/bashrc": .file("# mine\n", mode: 0o640),
      ]
    ) { (person: inout Person, _: ProgramResult) async throws in
      #expect(try person.kind(".bashrc") == .link(to: "dotfiles/bashrc"))
      #expect(try person.text("dotfiles/bashrc").contains("ccl-setup"))
    },
    Case(
      number: 2, title: "a read-only start-up file",
      files: [".bashrc": .file("# mine\n", mode: 0o444)]
    ) { (person: inout Person, setup: ProgramResult) async throws in
      #expect(try person.text(".bashrc") == "# mine\n")
      #expect(flowed(setup.output).contains("Add this line yourself"))
      #expect(flowed(setup.output).contains("it cannot be written"))
    },
    Case(
      number: 3, title: "fish without its folders",
      files: [".config/fish/config.fish": "", ".local/share/x": ""],
      shells: "fish"
    ) { (person: inout Person, _: ProgramResult) async throws in
      try await person.expectKnown(in: "fish")
    },
    Case(number: 4, title: "no newline at the end", files: [".bashrc": "alias a=b"]) {
      (person: inout Person, _: ProgramResult) async throws in
      #expect(try person.text(".bashrc").hasPrefix("alias a=b\n# >>> ccl-setup"))
      try await person.expectKnown(in: "bash")
    },
    Case(number: 5, title: "doubled by a second run", files: Person.files) {
      (person: inout Person, _: ProgramResult) async throws in
      let once = try person.tree()
      #expect(try await person.install().code == 0)
      try person.expectTree(once)
    },
    Case(number: 6, title: "a path of one person in shared dotfiles", files: Person.files) {
      (person: inout Person, _: ProgramResult) async throws in
      for file in [".bashrc", ".zshrc"] {
        #expect(!(try person.text(file)).contains(person.home.path.string))
      }
      for file in ["claude-local.bash", "claude-local.zsh"] {
        let text = try person.text(".config/ccl-setup/\(file)")
        #expect(!text.contains(person.home.path.string))
      }
    },
    Case(
      number: 7, title: "ZDOTDIR ignored", files: ["zsh/.zshrc": "# mine\n"], shells: "zsh",
      arrange: { $0.environment["ZDOTDIR"] = $0.home["zsh"].string },
      holds: { (person: inout Person, _: ProgramResult) async throws in
        #expect(try person.text("zsh/.zshrc").contains("ccl-setup"))
        #expect(!person.exists(".zshrc"))
        try await person.expectKnown(in: "zsh")
      }),
    Case(
      number: 8, title: "ZDOTDIR set in .zshenv",
      files: [".zshenv": "export ZDOTDIR=\"$HOME/z\"\n", "z/.zshrc": ""], shells: "zsh"
    ) { (person: inout Person, _: ProgramResult) async throws in
      #expect(try person.text("z/.zshrc").contains("ccl-setup"))
      try await person.expectKnown(in: "zsh")
    },
    Case(
      number: 9, title: "the wrong shell believed from $SHELL", files: [".bashrc": ""],
      shells: "",
      arrange: { $0.environment["SHELL"] = "/usr/bin/fish" },
      holds: { (person: inout Person, _: ProgramResult) async throws in
        #expect(try person.text(".bashrc").contains("ccl-setup"))
        #expect(!person.exists(".config/fish"))
      }),
    Case(
      number: 10, title: "bytes that are not UTF-8",
      files: [".bashrc": .file(Array("# caf".utf8) + [0xe9, 0xff, 0xfe] + Array("\nx=1".utf8))]
    ) { (person: inout Person, _: ProgramResult) async throws in
      try await person.expectKnown(in: "bash")
    },
    Case(
      number: 11, title: "a new .bash_profile that hides .profile",
      files: [".profile": "export MINE=1\n"], shells: "bash"
    ) { (person: inout Person, _: ProgramResult) async throws in
      #expect(!person.exists(".bash_profile") && !person.exists(".bash_login"))
      let mine = try await person.run("bash", "-lc", "echo $MINE")
      #expect(mine.output == "1")
    },
    Case(
      number: 12, title: "only the login profile edited",
      files: [".bashrc": "", ".bash_profile": "export A=1\n"], shells: "bash"
    ) { (person: inout Person, _: ProgramResult) async throws in
      try await person.expectKnown(in: "bash", "-ic")
      try await person.expectKnown(in: "bash", "-lc")
    },
    Case(
      number: 13, title: "later lines that override ours",
      files: [".bashrc": "case $- in *i*) ;; *) return ;; esac\nalias claude-local='echo wrong'\n"],
      shells: "bash"
    ) { (person: inout Person, _: ProgramResult) async throws in
      try await person.expectKnown(in: "bash", "-ic")
    },
    Case(
      number: 14, title: "a bashism in a file that sh reads", files: [".profile": ""],
      shells: "bash"
    ) { (person: inout Person, _: ProgramResult) async throws in
      let result = try await person.run("dash", "-l", "-e", "-u", "-c", "true")
      #expect(result.code == 0 && result.output.isEmpty && result.error.isEmpty)
    },
    Case(
      number: 15, title: "POSIX syntax in fish",
      files: [".config/fish/config.fish": "set x 1\n", ".local/share/x": ""],
      shells: "fish"
    ) { (person: inout Person, _: ProgramResult) async throws in
      #expect(try person.text(".config/fish/config.fish") == "set x 1\n")
      let result = try await person.run("fish", "-c", "true")
      #expect(result.code == 0 && result.error.isEmpty)
      try await person.expectKnown(in: "fish")
    },
  ]

  private static let conda = """
    # >>> conda initialize >>>
    # !! Contents within this block are managed by 'conda init' !!
    if [ -f "$HOME/miniconda3/etc/profile.d/conda.sh" ]; then
        . "$HOME/miniconda3/etc/profile.d/conda.sh"
    fi
    # <<< conda initialize <<<

    """

  private static let second: [Case] = [
    Case(number: 16, title: "another tool's block edited", files: [".bashrc": .file(conda)]) {
      (person: inout Person, _: ProgramResult) async throws in
      #expect(try person.text(".bashrc").hasPrefix(conda))
    },
    Case(
      number: 17, title: "an ancient state restored", files: [".bashrc": "# mine\n"],
      leavesEdits: true
    ) { (person: inout Person, _: ProgramResult) async throws in
      let now = "# above\n" + (try person.text(".bashrc")) + "# below\n"
      try person.home.put(.file(now), at: ".bashrc")
      #expect(try await person.setup("uninstall", "--yes").code == 0)
      #expect(try person.text(".bashrc") == "# above\n# mine\n# below\n")
    },
    Case(number: 18, title: "lines left behind", files: [:]) {
      (person: inout Person, _: ProgramResult) async throws in
      // Nothing at all was there: nothing may be there afterwards.
      #expect(person.exists(".bashrc") && person.exists(".config"))
    },
    Case(
      number: 19, title: "markers without their other half",
      files: [".bashrc": "# >>> ccl-setup: claude-local for bash >>>\nmine\n"], shells: "bash"
    ) { (person: inout Person, setup: ProgramResult) async throws in
      #expect(try person.text(".bashrc") == "# >>> ccl-setup: claude-local for bash >>>\nmine\n")
      #expect(flowed(setup.output).contains("half of the ccl-setup block is missing (line 1)"))
    },
    Case(
      number: 20, title: "a return above us",
      files: [".bashrc": "[ -z \"$NOTHING\" ] && return\nnot reached\n", ".zshrc": "return\n"]
    ) { (person: inout Person, _: ProgramResult) async throws in
      for shell in ["bash", "zsh"] { try await person.expectKnown(in: shell) }
    },
    Case(
      number: 21, title: "a link into a store that nobody may write to",
      files: [".zshrc": .link(to: "store/zshrc"), "store/zshrc": .file("# store\n", mode: 0o444)],
      shells: "zsh"
    ) { (person: inout Person, setup: ProgramResult) async throws in
      #expect(try person.text("store/zshrc") == "# store\n")
      #expect(try person.kind(".zshrc") == .link(to: "store/zshrc"))
      #expect(flowed(setup.output).contains("Add this line yourself"))
    },
    Case(
      number: 22, title: "a file of another owner", files: [".bashrc": "# mine\n"],
      arrange: { person in
        try await Invocation.clean("chown", ["1234:4321", person.home[".bashrc"].string]).succeed()
      },
      holds: { (person: inout Person, _: ProgramResult) async throws in
        let file = person.home[".bashrc"].string
        #expect(try await Invocation.clean("stat", ["-c", "%u:%g", file]).succeed() == "1234:4321")
        #expect(try await person.setup("uninstall", "--yes").code == 0)
        #expect(try await Invocation.clean("stat", ["-c", "%u:%g", file]).succeed() == "1234:4321")
      }),
    Case(
      number: 23, title: "the person's interactive shell started by the installer",
      files: [".bashrc": "touch ~/started\n", ".zshrc": "touch ~/started\n"]
    ) { (person: inout Person, _: ProgramResult) async throws in
      #expect(!person.exists("started"))
    },
    Case(
      number: 24, title: "mode or owner lost", files: [".bashrc": .file("# mine\n", mode: 0o604)]
    ) { (person: inout Person, _: ProgramResult) async throws in
      #expect(try person.mode(".bashrc") == 0o604)
    },
    Case(
      number: 25, title: "a home that is a link",
      files: ["real/.bashrc": "# mine\n", "home": .link(to: "real")],
      arrange: { $0.environment["HOME"] = $0.home["home"].string },
      holds: { (person: inout Person, _: ProgramResult) async throws in
        #expect(try person.kind("home") == .link(to: "real"))
        #expect(!(try person.text("real/.bashrc")).contains("/home"))
        try await person.expectKnown(in: "bash")
      }),
    Case(
      number: 26, title: "CRLF line ends", files: [".bashrc": .file("x=1\r\ny=2\r\n")],
      shells: "bash"
    ) { (person: inout Person, _: ProgramResult) async throws in
      let text = try person.text(".bashrc")
      #expect(text.utf8.count { $0 == 0x0a } == text.utf8.count { $0 == 0x0d })
      try await person.expectKnown(in: "bash")
    },
    Case(
      number: 27, title: "a guard around our line", files: [".bashrc": "# mine\n"],
      leavesEdits: true
    ) { (person: inout Person, _: ProgramResult) async throws in
      let lines = try person.text(".bashrc").split(separator: "\n").map(String.init)
      let guarded =
        ([lines[0], "if true; then"] + lines.dropFirst() + ["fi"])
        .joined(separator: "\n") + "\n"
      try person.home.put(.file(guarded), at: ".bashrc")
      #expect(try await person.install().code == 0)
      #expect(try person.text(".bashrc") == guarded)
      let result = try await person.setup("uninstall", "--yes")
      #expect(flowed(result.output).contains("is all that your own lines around it hold"))
      #expect(try person.text(".bashrc") == guarded)
      let shell = try await person.run(
        "bash", "--rcfile", person.home[".bashrc"].string, "-ic", ":")
      #expect(shell.code == 0)
    },
    Case(
      number: 28, title: "our file deleted by hand", files: [".bashrc": "", ".zshrc": ""],
      shells: "bash,zsh", leavesEdits: true
    ) { (person: inout Person, _: ProgramResult) async throws in
      for shell in ["bash", "zsh"] {
        try TemporaryFolder.remove(person.home[".config/ccl-setup/claude-local.\(shell)"])
        let result = try await person.run(shell, "-i", "-c", "true")
        #expect(result.code == 0 && !result.error.contains("claude-local"), "\(result.error)")
      }
      #expect(try await person.setup("uninstall", "--yes").code == 0)
      #expect(try person.text(".bashrc").isEmpty && !person.exists(".config"))
    },
    Case(
      number: 29, title: "an alias or function of the same name",
      files: [
        ".bashrc": "alias claude-local='echo wrong'\nalias claude='echo mine'\n",
        ".zshrc": "function claude-local { echo wrong }\nalias claude='echo mine'\n",
      ], shells: "bash,zsh"
    ) { (person: inout Person, _: ProgramResult) async throws in
      for shell in ["bash", "zsh"] {
        try await person.expectKnown(in: shell)
        #expect(try await person.run(shell, "-i", "-c", "alias claude").output.contains("mine"))
      }
    },
    Case(
      number: 30, title: "set -u, set -e, noclobber in the person's shell",
      files: [
        ".bashrc": "set -euo pipefail\nset -o noclobber\n",
        ".zshrc": "setopt nounset errexit noclobber\n",
      ], shells: "bash,zsh"
    ) { (person: inout Person, _: ProgramResult) async throws in
      for shell in ["bash", "zsh"] { try await person.expectKnown(in: shell) }
    },
  ]
}

extension Person {
  func install(shells: String = "bash,zsh,fish") async throws -> ProgramResult {
    let choice = shells.isEmpty ? [] : ["--shells", shells]
    return try await call(
      "ccl-setup",
      ["--yes", "--no-verify", "--engine", "http://127.0.0.1:11434"] + choice + small
    ).run()
  }

  /// A fresh shell knows the function, and says nothing else.
  func expectKnown(
    in shell: String, _ how: String = "-ic", sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let question = shell == "zsh" ? "whence -w claude-local" : "type -t claude-local"
    let result = try await run(shell, how, question)
    #expect(
      result.output.hasSuffix("function"), "\(result.output)\n\(result.error)",
      sourceLocation: sourceLocation)
    #expect(!result.error.contains("ccl-setup"), "\(result.error)", sourceLocation: sourceLocation)
  }

  func kind(_ name: String) throws -> Tree.Node.Kind? { try home.snapshot().nodes[name]?.kind }
  func mode(_ name: String) throws -> UInt16? { try home.snapshot().nodes[name]?.mode }
}
