import Setup
import Support
import SystemPackage
import Testing

@Suite(.requires(.program("bash"), .program("zsh"), .program("fish")))
struct ClaudeLocalTests {
  let input = ClientSettings.Input(
    baseURL: "http://127.0.0.1:11434", model: "qwen3:1.7b-64k", contextWindow: 65_536)

  /// What a work machine, or the tutorial's reader, may export.
  static let foreign = [
    "CLAUDE_CODE_USE_BEDROCK": "1", "CLAUDE_CODE_USE_VERTEX": "1", "ANTHROPIC_UNIX_SOCKET": "/x",
    "ANTHROPIC_BASE_URL": "http://localhost:11434/v1", "ANTHROPIC_API_KEY": "sk-ant-api03-x",
    "ANTHROPIC_CUSTOM_HEADERS": "x: y", "ANTHROPIC_SMALL_FAST_MODEL": "other",
    "ANTHROPIC_MODEL": "claude-opus-5-5", "CLAUDE_CODE_OAUTH_TOKEN": "x",
  ]

  private func document(_ home: RecorderHome) -> String {
    "\(home.folder)/\(RecorderHome.document)"
  }

  @Test(arguments: Shell.allCases)
  func passesTheTableAndTheArguments(shell: Shell) async throws {
    let home = try RecorderHome(ClientSettings(input))
    let (result, call) = try await home.run(
      shell, "claude-local -p 'two words' '' '*' --model qwen3-coder-64k",
      environment: Self.foreign)
    #expect(result == ProgramResult(code: 0, output: "pong\n"))
    let found = try #require(call)
    #expect(
      found.arguments == [
        "--settings", document(home), "-p", "two words", "", "*", "--model", "qwen3-coder-64k",
      ])
    for variable in home.settings.variables {
      switch variable.action {
      case .set(let value), .preset(let value): #expect(found.environment[variable.name] == value)
      case .unset: #expect(found.environment[variable.name] == nil, "\(variable.name)")
      case .read: Issue.record("there is no token in this input")
      case .append(let hosts, _):
        #expect(found.environment[variable.name] == hosts.joined(separator: ","))
      }
    }
  }

  @Test(arguments: Shell.allCases)
  func nothingOfItStaysInTheShell(shell: Shell) async throws {
    let home = try RecorderHome(ClientSettings(input))
    let list = shell == .fish ? "begin; set -x; set -g; end" : "{ export -p; set +o; alias; }"
    let (result, _) = try await home.run(
      shell, "\(list) > \"$HOME/before\"; claude-local; \(list) > \"$HOME/after\"",
      environment: Self.foreign.merging(["HTTP_PROXY": "http://p", "NO_PROXY": "corp"]) { $1 })
    #expect(result == ProgramResult(code: 0, output: "pong\n"))
    // What shells count for themselves.
    let own = ["_", "SHLVL", "status", "history", "last_status"]
    func lines(_ name: String) throws -> [Substring] {
      try text(of: home.folder.appending(name)).split(separator: "\n").filter { line in
        !own.contains {
          line.hasPrefix("declare -x \($0)=") || line.hasPrefix("\($0) ")
            || line.hasPrefix("export \($0)=") || line.hasPrefix("typeset -x \($0)=")
        }
      }
    }
    let before = try lines("before")
    #expect(before.contains { $0.contains("CLAUDE_CODE_USE_BEDROCK") })
    #expect(try lines("after") == before)
  }

  @Test(arguments: Shell.allCases)
  func passesTheExitCode(shell: Shell) async throws {
    let home = try RecorderHome(ClientSettings(input))
    let (result, _) = try await home.run(shell, "claude-local", environment: ["FAKE_EXIT": "42"])
    #expect(result.code == 42)
    let asCondition =
      shell == .fish ? "claude-local; or echo failed" : "claude-local || echo failed"
    let (handled, _) = try await home.run(shell, asCondition, environment: ["FAKE_EXIT": "42"])
    #expect(handled == ProgramResult(code: 0, output: "pong\nfailed\n"))
  }

  @Test(arguments: Shell.allCases)
  func standardInputIsTheClients(shell: Shell) async throws {
    let home = try RecorderHome(ClientSettings(input), client: nil)
    try home.home.put(.file("#!/bin/sh\ncat\n", mode: 0o755), at: ".local/bin/claude")
    let (result, _) = try await home.run(shell, "echo piped | claude-local -p")
    #expect(result.output == "piped")
  }

  @Test(arguments: Shell.allCases)
  func theLeanProfileNamesItsToolsUnlessThePersonDoes(shell: Shell) async throws {
    var input = input
    input.profile = .lean
    let home = try RecorderHome(ClientSettings(input))
    let lean = "--tools=Bash,Edit,Read,Write,Glob,Grep"
    let (_, call) = try await home.run(shell, "claude-local -p 'say --tools'")
    #expect(
      call?.arguments == ["--settings", document(home), lean, "-p", "say --tools"])
    for own in [["--tools", "Read"], ["--tools=Read"]] {
      let (_, call) = try await home.run(shell, "claude-local \(own.joined(separator: " "))")
      #expect(call?.arguments == ["--settings", document(home)] + own)
    }
    let (_, without) = try await home.run(shell, "claude-local")
    #expect(without?.arguments == ["--settings", document(home), lean])
  }

  @Test(
    arguments: Shell.allCases,
    [
      (
        ["NO_PROXY": "corp.example"], "corp.example,127.0.0.1,localhost",
        "corp.example,127.0.0.1,localhost"
      ),
      (["no_proxy": "a, b"], "a, b,127.0.0.1,localhost", "a, b,127.0.0.1,localhost"),
      (["NO_PROXY": "a", "no_proxy": "b"], "a,127.0.0.1,localhost", "b,127.0.0.1,localhost"),
      (["NO_PROXY": "localhost,127.0.0.1"], "localhost,127.0.0.1", "localhost,127.0.0.1"),
      (["NO_PROXY": "", "no_proxy": ""], "127.0.0.1,localhost", "127.0.0.1,localhost"),
      (["NO_PROXY": "*"], "*,127.0.0.1,localhost", "*,127.0.0.1,localhost"),
      (
        ["NO_PROXY": "127.0.0.10"], "127.0.0.10,127.0.0.1,localhost",
        "127.0.0.10,127.0.0.1,localhost"
      ),
    ])
  func thePersonsListOfDirectHostsGrows(
    shell: Shell, expected: (own: [String: String], upper: String, lower: String)
  ) async throws {
    let home = try RecorderHome(ClientSettings(input))
    let (_, call) = try await home.run(shell, "claude-local", environment: expected.own)
    #expect(call?.environment["NO_PROXY"] == expected.upper)
    #expect(call?.environment["no_proxy"] == expected.lower)
  }

  @Test(arguments: Shell.allCases)
  func aPersonsNumberOfRetriesStays(shell: Shell) async throws {
    let home = try RecorderHome(ClientSettings(input))
    let (_, call) = try await home.run(
      shell, "claude-local", environment: ["CLAUDE_CODE_MAX_RETRIES": "0"])
    #expect(call?.environment["CLAUDE_CODE_MAX_RETRIES"] == "0")
  }

  @Test(arguments: Shell.allCases)
  func withoutItsDocumentNoSettingsFileCanRedirectIt(shell: Shell) async throws {
    let home = try RecorderHome(ClientSettings(input))
    try TemporaryFolder.remove(home.folder.appending(RecorderHome.document))
    let (result, call) = try await home.run(shell, "claude-local -p hi")
    #expect(call?.arguments == ["--setting-sources=", "-p", "hi"])
    #expect(
      result.error
        == "claude-local: \(document(home)) is missing, so no settings file is read this time; "
        + "'ccl-setup fix' brings it back.")
    #expect(result.code == 0)
  }

  @Test(arguments: Shell.allCases)
  func withoutAClientItSaysSo(shell: Shell) async throws {
    let home = try RecorderHome(ClientSettings(input), client: nil)
    let (result, call) = try await home.run(
      shell, "claude-local; exit $\(shell == .fish ? "status" : "?")")
    #expect(call == nil)
    #expect(
      result
        == ProgramResult(
          code: 127,
          error: "claude-local: there is no program claude on your PATH; 'ccl-setup doctor' says "
            + "how to get it.\n"))
  }

  /// An older client's installer made an alias to a path of its own.
  @Test(arguments: Shell.allCases)
  func aClientThatIsNotOnThePATHIsFoundWhereItWas(shell: Shell) async throws {
    let home = try RecorderHome(
      ClientSettings(input), client: ".claude/local/claude", recordedClient: ".claude/local/claude")
    let (result, call) = try await home.run(shell, "claude-local -p")
    #expect(result == ProgramResult(code: 0, output: "pong\n"))
    #expect(call?.program == "\(home.folder)/.claude/local/claude")
    // The one on the PATH comes first.
    try home.home.put(
      .file(try text(of: home.folder.appending(".claude/local/claude")), mode: 0o755),
      at: ".local/bin/claude")
    let (_, other) = try await home.run(shell, "claude-local -p")
    #expect(other?.program == "\(home.folder)/.local/bin/claude")
  }

  /// 29, 30 and more that a start-up file may have done before ours is read, or after.
  @Test(
    arguments: [
      (Shell.bash, "shopt -s expand_aliases\nalias claude='echo wrong'\n", ""),
      (.bash, "shopt -s expand_aliases\nalias claude-local='A=1 claude'\n", ""),
      (.bash, "claude() { echo wrong; }\nexport -f claude\n", ""),
      (.bash, "set -euo pipefail\nset -o noclobber\n", ""),
      (
        .bash, "",
        "set -eu -o noclobber\nIFS=-/c\nCDPATH=/tmp:/\nshopt -s nocasematch failglob nullglob\n"
      ),
      (.bash, "", "set -f -a\nPATH=$PATH:\ntrap 'echo trapped >&2; exit 9' ERR\n"),
      (.bash, "", "hash -p /nowhere/claude claude\n"),
      (.bash, "", "set -T; trap 'x=1' DEBUG\n"),
      (.zsh, "alias claude='echo wrong'\n", ""),
      (.zsh, "alias claude-local='A=1 claude'\n", ""),
      (.zsh, "claude() { echo wrong }\n", ""),
      (.zsh, "setopt err_exit no_unset no_clobber\n", ""),
      (
        .zsh, "",
        "setopt err_return no_unset no_clobber sh_word_split ksh_arrays null_glob\nIFS=-/c\ncdpath=(/tmp /)\n"
      ),
      (.zsh, "", "setopt glob_subst all_export warn_create_global csh_null_glob ksh_glob\n"),
      (.zsh, "", "hash claude=/nowhere/claude\n"),
      (.zsh, "", "emulate sh\n"), (.zsh, "", "emulate ksh\n"),
      (.fish, "", "function claude; echo wrong; end\n"),
      (.fish, "", "alias claude 'echo wrong'\n"),
      (
        .fish, "",
        "set -g settings wrong; set -g upper wrong; set -gx client wrong; set -g CDPATH /tmp\n"
      ),
      (.fish, "", "set -Ux ANTHROPIC_BASE_URL http://wrong; set -Ux CLAUDE_CODE_USE_BEDROCK 1\n"),
      (.fish, "", "set -gx ANTHROPIC_BASE_URL http://wrong; set -gx CLAUDE_CODE_USE_BEDROCK 1\n"),
    ])
  func worksInShellsOfAllKinds(shell: Shell, before: String, after: String) async throws {
    let home = try RecorderHome(ClientSettings(input))
    let (result, call) = try await home.run(
      shell, after + "claude-local 'a b' -p\n", preamble: before)
    #expect(result == ProgramResult(code: 0, output: "pong\n"))
    #expect(call?.arguments == ["--settings", document(home), "a b", "-p"])
    #expect(call?.environment["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:11434")
    // A universal variable of fish can only be emptied.
    #expect(call?.environment["CLAUDE_CODE_USE_BEDROCK"] == (after.contains("-Ux") ? "" : nil))
  }

  /// Ctrl-C and a window's closing reach the client itself: nothing of the shell stands between.
  @Test(arguments: [Shell.bash, .zsh])
  func theClientTakesTheSubshellsPlace(shell: Shell) async throws {
    let home = try RecorderHome(ClientSettings(input), client: nil)
    try home.home.put(
      .file("#!/bin/sh\necho $PPID\n", mode: 0o755), at: ".local/bin/claude")
    let (result, _) = try await home.run(shell, "claude-local\necho $$\n")
    let pids = result.output.split(separator: "\n")
    #expect(pids.count == 2 && pids[0] == pids[1])
  }

  @Test(arguments: Shell.allCases)
  func aSignalEndsBoth(shell: Shell) async throws {
    let home = try RecorderHome(ClientSettings(input), client: nil)
    try home.home.put(
      .file("#!/bin/sh\nkill -TERM $$\n", mode: 0o755), at: ".local/bin/claude")
    let status = shell == .fish ? "$status" : "$?"
    let (result, _) = try await home.run(shell, "claude-local\necho \(status)\n")
    #expect(result.output.split(separator: "\n").last == "143")
  }
}
