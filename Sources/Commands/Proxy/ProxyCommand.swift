import ArgumentParser

/// `ccl-setup proxy`: stands between Claude Code and the engine, changes nothing, and shows everything.
struct ProxyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "proxy",
    abstract: "Look at what Claude Code and the engine say to each other.",
    discussion: """
      The proxy stands between the two, changes nothing, and shows every request: in this terminal, and on a page at \
      its own address. `claude-local --proxy` goes through it, and starts it where none runs; with `ccl-setup proxy on` \
      claude-local always does. Any other client: ANTHROPIC_BASE_URL=http://127.0.0.1:4000.

      Its options, such as --listen, --upstream, --record and --detach: ccl-setup proxy run --help.

      Prompts and answers are recorded in the state folder, for your eyes only, without keys; --no-record records \
      nothing.
      """,
    subcommands: [
      ProxyRunCommand.self, ProxyStopCommand.self, ProxyReportCommand.self, ProxyWireCommand.self,
      ProxyOnCommand.self, ProxyOffCommand.self, ProxyImageCommand.self,
    ],
    defaultSubcommand: ProxyRunCommand.self)
}
