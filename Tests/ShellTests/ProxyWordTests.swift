import Setup
import Support
import SystemPackage
import Testing

/// The word `--proxy` of `claude-local`, with scripts in the place of the client and of `ccl-setup`.
@Suite(.requires(.program("bash"), .program("zsh"), .program("fish")))
struct ProxyWordTests {
  static let url = "http://127.0.0.1:4000/v1"

  /// A home whose `ccl-setup` notes its arguments and what it is given to read, and prints the address of a proxy.
  private func home(
    isProxied: Bool = false, setup script: String? = wiring
  ) throws -> RecorderHome {
    var settings = ClientSettings(
      .init(
        baseURL: "http://127.0.0.1:11434/v1", model: "qwen3:1.7b-64k", contextWindow: 65_536))
    settings.isProxied = isProxied
    let home = try RecorderHome(settings)
    if let script {
      try home.home.put(.file("#!/bin/sh\n" + script, mode: 0o755), at: ".local/bin/ccl-setup")
    }
    try home.home.put(.file("{}"), at: RecorderHome.proxyDocument)
    return home
  }

  private static let wiring = """
    { printf '%s ' "$@"; cat; } > "$RECORD.wired"
    echo \(url)
    """

  private func through(_ home: RecorderHome) -> [String] {
    ["--settings", "\(home.folder)/\(RecorderHome.proxyDocument)"]
  }

  private func directly(_ home: RecorderHome) -> [String] {
    ["--settings", "\(home.folder)/\(RecorderHome.document)"]
  }

  @Test(
    arguments: Shell.allCases,
    [
      ("--proxy -p hi", ["-p", "hi"]),
      ("-p hi --proxy", ["-p", "hi"]),
      ("-p 'two words' '' --proxy '*' --proxy", ["-p", "two words", "", "*"]),
      ("--proxy", []),
      ("-p --proxy -- --proxy", ["-p", "--", "--proxy"]),
      ("--proxy '--proxy ' -e -n '!' '('", ["--proxy ", "-e", "-n", "!", "("]),
      ("--proxy --model q", ["--model", "q"]),
    ])
  func theWordIsTakenOut(shell: Shell, call: (typed: String, expected: [String])) async throws {
    let home = try home()
    let (result, found) = try await home.run(shell, "echo piped | claude-local \(call.typed)")
    #expect(result == ProgramResult(code: 0, output: "pong\n"))
    #expect(found?.arguments == through(home) + call.expected)
    #expect(found?.environment["ANTHROPIC_BASE_URL"] == Self.url)
  }

  @Test(
    arguments: Shell.allCases,
    [
      ("-- --proxy", ["--", "--proxy"]), ("-p --proxy=x", ["-p", "--proxy=x"]),
      ("-p '--proxy hi'", ["-p", "--proxy hi"]), ("-p --PROXY", ["-p", "--PROXY"]),
    ])
  func otherWordsAreTheClients(shell: Shell, call: (typed: String, expected: [String]))
    async throws
  {
    let home = try home()
    let (_, found) = try await home.run(shell, "claude-local \(call.typed)")
    #expect(found?.arguments == directly(home) + call.expected)
    #expect(found?.environment["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:11434/v1")
  }

  /// What the shells of `ClaudeLocalTests` set, and a variable that has the name of one of ours.
  @Test(arguments: [
    (Shell.bash, "set -eu -o noclobber\nIFS=-/c\nshopt -s nocasematch failglob nullglob\n"),
    (.bash, "set -f -a\ntrap 'echo trapped >&2; exit 9' ERR\nccl-setup() { echo wrong; }\n"),
    (.bash, "hash -p /nowhere/ccl-setup ccl-setup\nexport claude_local_rest=yes\n"),
    (.zsh, "setopt err_exit no_unset sh_word_split ksh_arrays glob_subst\nIFS=-/c\n"),
    (.zsh, "alias ccl-setup='echo wrong'\nhash ccl-setup=/nowhere/x\nclaude_local_rest=yes\n"),
    (.fish, "set -gx proxy wrong; set -g rest wrong; set -g words wrong; set -g word wrong\n"),
    (.fish, "function ccl-setup; echo wrong; end; set -Ux ANTHROPIC_BASE_URL http://wrong\n"),
  ])
  func worksInShellsOfAllKinds(shell: Shell, before: String) async throws {
    let home = try home()
    let (result, call) = try await home.run(shell, before + "claude-local -p --proxy 'a b' -x\n")
    #expect(result == ProgramResult(code: 0, output: "pong\n"))
    #expect(call?.arguments == through(home) + ["-p", "a b", "-x"])
    #expect(call?.environment["ANTHROPIC_BASE_URL"] == Self.url)
  }

  /// An exported variable of that name is not the word.
  @Test(arguments: Shell.allCases)
  func onlyTheWordAsksForIt(shell: Shell) async throws {
    let home = try home()
    let (_, call) = try await home.run(
      shell, "claude-local -p", environment: ["claude_local_proxy": "yes", "proxy": "yes"])
    #expect(call?.arguments == directly(home) + ["-p"])
  }

  @Test(arguments: Shell.allCases)
  func whereItIsOnNoWordIsNeeded(shell: Shell) async throws {
    let home = try home(isProxied: true)
    let (_, call) = try await home.run(shell, "claude-local -p hi")
    #expect(call?.arguments == through(home) + ["-p", "hi"])
    #expect(call?.environment["ANTHROPIC_BASE_URL"] == Self.url)
    // Nobody needs a proxy to be told the version.
    let (_, version) = try await home.run(shell, "claude-local --version")
    #expect(version?.arguments == ["--version"])
    #expect(version?.environment["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:11434/v1")
  }

  /// `ccl-setup` is asked one thing, and what is piped to the client is not its to read.
  @Test(arguments: Shell.allCases)
  func theClientsInputStaysTheClients(shell: Shell) async throws {
    let home = try home()
    try home.home.put(
      .file("#!/bin/sh\ncat \"$RECORD.wired\" -\n", mode: 0o755), at: ".local/bin/claude")
    let (result, _) = try await home.run(shell, "echo piped | claude-local --proxy -p")
    #expect(result.output == "proxy wire piped")
  }

  @Test(arguments: Shell.allCases)
  func withoutTheProgramItSaysSo(shell: Shell) async throws {
    let home = try home(setup: nil)
    let status = shell == .fish ? "$status" : "$?"
    let (result, call) = try await home.run(shell, "claude-local --proxy -p; exit \(status)")
    #expect(call == nil)
    #expect(result.code == 127)
    #expect(
      result.error
        == "claude-local: the proxy is started by the program ccl-setup, which is not on your PATH; "
        + "the client was not started.")
  }

  @Test(arguments: Shell.allCases)
  func withoutAProxyTheClientIsNotStarted(shell: Shell) async throws {
    let home = try home(setup: "echo why >&2\nexit 3\n")
    let status = shell == .fish ? "$status" : "$?"
    let (result, call) = try await home.run(shell, "claude-local --proxy -p; exit \(status)")
    #expect(call == nil)
    #expect(result.code == 1)
    #expect(
      result.error
        == "why\nclaude-local: there is no proxy to go through, so the client was not started.")
  }

  @Test(arguments: Shell.allCases)
  func nothingOfItStaysInTheShell(shell: Shell) async throws {
    let home = try home()
    let list = shell == .fish ? "begin; set -g; set -x; end" : "{ export -p; set -o; }"
    let (result, _) = try await home.run(
      shell,
      "\(list) > \"$HOME/before\"; claude-local --proxy; \(list) > \"$HOME/after\"; echo $ANTHROPIC_BASE_URL",
      environment: ["ANTHROPIC_BASE_URL": "http://mine"])
    #expect(result.output == "pong\nhttp://mine")
    func lines(_ name: String) throws -> [Substring] {
      try text(of: home.folder.appending(name)).split(separator: "\n").filter {
        !$0.hasPrefix("_ ") && !$0.contains(" _=") && !$0.hasPrefix("status")
          && !$0.hasPrefix("history")
      }
    }
    #expect(try lines("after") == lines("before"))
  }
}
