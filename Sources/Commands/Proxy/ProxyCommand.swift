import ArgumentParser

/// `ccl-setup proxy`: stands between Claude Code and the engine, changes nothing, and shows everything.
struct ProxyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "proxy",
    abstract: "Look at what Claude Code and the engine say to each other.",
    discussion: """
      The proxy stands between the two, changes nothing, and shows every request: in this terminal, and on a page at \
      its own address. Point the client at it with ANTHROPIC_BASE_URL=http://127.0.0.1:4000, or start it as \
      `claude-local --proxy`.

      Prompts and answers are recorded in the state folder, for your eyes only, without keys; --no-record records \
      nothing.
      """,
    subcommands: [
      ProxyRunCommand.self, ProxyStopCommand.self, ProxyReportCommand.self, ProxyWireCommand.self,
    ],
    defaultSubcommand: ProxyRunCommand.self)
}
