import ArgumentParser

/// The version of this program.
let toolVersion = "0.1.0"

/// `ccl-setup`: without a subcommand, the wizard.
struct CCLSetup: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ccl-setup",
    abstract: "Claude Code on a model that runs on your own machine.",
    discussion: """
      Without a subcommand the wizard starts. Everything it changes is recorded, and `ccl-setup uninstall` takes it \
      back byte for byte. Plain `claude` is never changed.
      """,
    version: toolVersion,
    subcommands: [
      SetupCommand.self, DoctorCommand.self, FixCommand.self, EnvCommand.self,
      UninstallCommand.self, RehearseCommand.self, ProxyCommand.self, CompleteCommand.self,
    ],
    groupedSubcommands: [
      CommandGroup(
        name: "Daily use",
        subcommands: [
          StartCommand.self, StopCommand.self, StatusCommand.self, WarmCommand.self,
          ModelsCommand.self,
          PullCommand.self, AliasCommand.self, ContextCommand.self, RemoveCommand.self,
          ProfileCommand.self, ShellCommand.self, LogsCommand.self, UpdateCommand.self,
          CleanCommand.self,
        ])
    ],
    defaultSubcommand: SetupCommand.self)

}
