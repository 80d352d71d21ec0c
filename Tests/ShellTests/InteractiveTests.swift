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
