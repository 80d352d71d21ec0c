import Setup
import Support
import SystemPackage
import Testing

/// The block in the start-up files of real shells: a fresh shell knows `claude-local`, and afterwards the home is as it was.
@Suite(.requires(.program("bash"), .program("zsh"), .program("fish")))
struct StartupTests {
  /// A way to start a shell in which the function has to be known.
  struct Start: CustomTestStringConvertible {
    var shell: Shell
    var options: [String]
    var files: [String: String]
    var failure: Int
    var testDescription: String { "\(failure): \(shell) \(options) \(files)" }
  }

  static let starts = [
    Start(shell: .bash, options: ["-i"], files: [:], failure: 12),
    Start(shell: .bash, options: ["-l"], files: [:], failure: 12),
    Start(shell: .bash, options: ["-l"], files: [".profile": "export A=1"], failure: 11),
    Start(
      shell: .bash, options: ["-l"],
      files: [".bash_profile": "export A=1\n", ".profile": "exit 1\n"], failure: 11),
    Start(
      shell: .bash, options: ["-il"],
      files: [
        ".profile": "if [ -n \"$BASH_VERSION\" ]; then\n  . \"$HOME/.bashrc\"\nfi\n", ".bashrc": "",
      ],
      failure: 12),
    Start(shell: .bash, options: ["-i"], files: [".bashrc": "export A=1 # no end"], failure: 4),
    Start(
      shell: .bash, options: ["-i"],
      files: [".bashrc": "# mine\ncase $- in\n    *i*) ;;\n      *) return;;\nesac\nA=1\n"],
      failure: 20),
    Start(shell: .bash, options: ["-i"], files: [".bashrc": "A=1\nreturn\nA=2\n"], failure: 20),
    Start(
      shell: .bash, options: ["-i"], files: [".bashrc": "A=1\nif [ $A = 1 ]\nthen return; fi\n"],
      failure: 20),
    Start(
      shell: .bash, options: ["-i"], files: [".bashrc": "export A=1\r\nexport B=2\r\n"], failure: 26
    ),
    Start(
      shell: .bash, options: ["-i"], files: [".bashrc": "alias claude-local='A=1 claude'\n"],
      failure: 29),
    Start(
      shell: .bash, options: ["-i"],
      files: [".bashrc": "[ -z \"$PS1\" ] && return\nalias claude-local='A=1 claude'\n"],
      failure: 13),
    Start(shell: .bash, options: ["-i"], files: [".bashrc": "set -u -o noclobber\n"], failure: 30),
    Start(
      shell: .bash, options: ["-i"], files: [".bashrc": "cat <<EOF >/dev/null\nno end\n"],
      failure: 20),
    Start(shell: .zsh, options: ["-i"], files: [:], failure: 7),
    Start(
      shell: .zsh, options: ["-il"], files: [".zshrc": "setopt no_unset no_clobber"], failure: 30),
    Start(
      shell: .zsh, options: ["-i"], files: [".zshenv": "export ZDOTDIR=\"$HOME/.config/zsh\"\n"],
      failure: 8),
    Start(
      shell: .zsh, options: ["-i"],
      files: [".zshrc": "[[ -o interactive ]] || return\nalias -g G='|grep'\nreturn\n"], failure: 20
    ),
    Start(
      shell: .zsh, options: ["-i"], files: [".zshrc": "alias claude-local='A=1 claude'\n"],
      failure: 29),
    Start(shell: .fish, options: ["-i"], files: [:], failure: 3),
    Start(
      shell: .fish, options: ["-l"], files: [".config/fish/config.fish": "return\n"], failure: 20),
  ]

  @Test(arguments: starts) func aFreshShellKnowsTheFunction(start: Start) async throws {
    let home = try TemporaryHome(start.files.mapValues { .file($0) })
    let before = try home.snapshot()
    let function = home[RecorderHome.functionFile(start.shell)]
    try home.put(
      .file("#!/bin/sh\necho pong\n", mode: 0o755), at: ".local/bin/claude")
    let settings = ClientSettings(
      .init(baseURL: "http://127.0.0.1:1", model: "m", contextWindow: 65_536))
    try home.put(.file(settings.document()), at: RecorderHome.document)
    try home.put(
      .file(
        settings.function(
          // Debian's /etc/profile sets a PATH without the home's programs.
          for: start.shell, document: home[RecorderHome.document],
          proxyDocument: home[RecorderHome.proxyDocument], client: home[".local/bin/claude"],
          home: home.path)),
      at: RecorderHome.functionFile(start.shell))
    let startup = StartupFiles(
      home: home.path, zdotdir: nil, configurationBase: home[".config"])
    var contents: [FilePath: [UInt8]] = [:]
    for file in startup.toRead(for: start.shell) { contents[file] = try? bytes(of: file) }
    let targets = startup.targets(for: start.shell, contents).files
    if let block = try RCBlock(start.shell, function: function, home: home.path) {
      for file in targets {
        let relative = file.string.dropFirst(home.path.string.utf8.count + 1)
        let edit = try block.installing(in: try? bytes(of: file))
        try home.put(.file(edit.bytes), at: String(relative))
      }
    }
    let result = try await Invocation.clean(
      start.shell.rawValue, start.options + ["-c", "claude-local -p"],
      environment: home.environment, folder: home.path
    ).run()
    #expect(result.output == "pong")
    #expect(result.code == 0)

    for file in targets {
      let edit = try RCBlock.removing(start.shell, from: try bytes(of: file))
      if edit.isFileOurs {
        try TemporaryFolder.remove(file)
      } else {
        try write(edit.bytes, to: file)
      }
    }
    // The files of the test, and what shells and we keep in folders that were not there.
    let left = before.differences(to: try home.snapshot()).filter { line in
      ![".local", ".config", ".cache", ".zcompdump", ".bash_history", ".zsh_history"].contains {
        line.hasPrefix("+ " + $0)
      }
    }
    #expect(left.isEmpty)
  }

  /// 14: a login by a plain `sh` reads `.profile` too.
  @Test(.requires(.program("dash")), arguments: ["sh", "dash"])
  func aPlainShellReadsTheProfileInPeace(program: String) async throws {
    let home = try TemporaryHome([".profile": "export A=1\n"])
    let block = try #require(
      try RCBlock(.bash, function: home[RecorderHome.functionFile(.bash)], home: home.path))
    try home.put(.file("bashism() (( 1 ))\n"), at: RecorderHome.functionFile(.bash))
    try home.put(
      .file(block.installing(in: try bytes(of: home[".profile"])).bytes), at: ".profile")
    let result = try await Invocation.clean(
      program, ["-lc", "echo $A"], environment: home.environment
    ).run()
    #expect(result == ProgramResult(code: 0, output: "1\n"))
  }
}
