import Setup
import Support
import SystemPackage
import Testing

/// `claude-local` typed into an interactive shell on a terminal.
@Suite(.requires(.program("bash"), .program("zsh"), .program("fish")))
struct InteractiveTests {
  private func terminal(_ shell: Shell) async throws -> PseudoTerminal {
    let home = try RecorderHome(
      ClientSettings(.init(baseURL: "http://127.0.0.1:1", model: "m", contextWindow: 65_536)),
      client: nil)
    let client = """
      #!/bin/sh
      trap 'echo "asked to stop"; exit 7' INT
      trap 'echo "resumed"' CONT
      [ -t 0 ] && echo "client $(stty size)"
      while :; do sleep 0.05; done
      """
    try home.home.put(.file(client, mode: 0o755), at: ".local/bin/claude")
    let source = ". \"$HOME/\(RecorderHome.functionFile(shell))\"\n"
    try home.home.put(.file(source), at: ".bashrc")
    try home.home.put(.file(source), at: ".zshrc")
    return try await PseudoTerminal(
      .clean(shell.rawValue, ["-i"], environment: home.home.environment, folder: home.folder),
      columns: 90, rows: 20)
  }

  /// While the person types, the model reads the client's prompt: started beside the client, told of its arguments,
  /// without a word on the terminal; and left out where it is not wanted.
  @Test(arguments: Shell.allCases) func theModelIsWarmedUpBesideIt(shell: Shell) async throws {
    let home = try RecorderHome(
      ClientSettings(.init(baseURL: "http://127.0.0.1:1", model: "m", contextWindow: 65_536)),
      client: nil)
    try home.home.put(
      .file("#!/bin/sh\nsleep 0.5; echo \"client [$*]\"\n", mode: 0o755), at: ".local/bin/claude")
    try home.home.put(
      .file(
        "#!/bin/sh\necho told; echo \"$*\" >>\"$HOME/calls\"; [ -t 0 ] && echo terminal >>\"$HOME/calls\"; :\n",
        mode: 0o755), at: ".local/bin/ccl-setup")
    let source = ". \"$HOME/\(RecorderHome.functionFile(shell))\"\n"
    try home.home.put(.file(source), at: ".bashrc")
    try home.home.put(.file(source), at: ".zshrc")
    let terminal = try await PseudoTerminal(
      .clean(shell.rawValue, ["-i"], environment: home.home.environment, folder: home.folder),
      columns: 200, rows: 20)
    try await terminal.type("claude-local --no-warm")
    try await terminal.expect("client [--settings")
    try await terminal.type("claude-local --version")
    try await terminal.expect("client [--version]")
    try await terminal.type("claude-local --model 'a b'")
    try await terminal.expect("--model a b]")
    try await terminal.type("claude-local --verbose </dev/null")
    try await terminal.expect("--verbose]")
    // One line only: that of the third call.
    #expect(try text(of: home.home["calls"]) == "warm --background -- --model a b\n")
    try await terminal.type("exit")
    _ = try await terminal.exit()
    let shown = try await terminal.transcript
    #expect(!shown.contains("told") && !shown.contains("[1]"), "\(shown)")
    #expect(!shown.contains("--no-warm]"))
  }

  private func status(_ shell: Shell) -> String { shell == .fish ? "$status" : "$?" }

  @Test(arguments: Shell.allCases) func ctrlCIsTheClients(shell: Shell) async throws {
    let terminal = try await terminal(shell)
    try await terminal.type("claude-local")
    try await terminal.expect("client 20 90")
    try await terminal.press(.controlC)
    try await terminal.expect("asked to stop")
    // The shell is there again, with the client's own exit code.
    try await terminal.type("echo \"ended [\(status(shell))]\"")
    try await terminal.expect("ended [7]")
    try await terminal.type("exit")
    _ = try await terminal.exit()
  }

  @Test(arguments: Shell.allCases) func ctrlZStopsItAndFgGoesOn(shell: Shell) async throws {
    let terminal = try await terminal(shell)
    try await terminal.type("claude-local")
    try await terminal.expect("client 20 90")
    try await terminal.press(.controlZ)
    try await terminal.type("jobs; true && printf 'back [%s]\\n' 42")
    try await terminal.expect("back [42]")
    try await terminal.type("fg")
    try await terminal.expect("resumed")
    try await terminal.press(.controlC)
    try await terminal.expect("asked to stop")
    try await terminal.type("exit")
    _ = try await terminal.exit()
  }
}
