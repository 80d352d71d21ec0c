public import ArgumentParser
import Conversation
public import Setup

/// `ccl-setup profile full|lean`.
struct ProfileCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile", abstract: "Choose how many tools claude-local offers the model.",
    discussion: """
      full: everything that Claude Code has. lean: Bash, Edit, Read, Write, Glob and Grep, which is less than half of \
      the prompt.
      """)

  @Argument(help: ArgumentHelp("full or lean.", valueName: "full|lean")) var profile: Profile
  @OptionGroup var options: ChangeOptions

  func run() async throws {
    try await options.run { [profile] reconciliation, engine in
      var choices = try engine.chosen(for: "profile")
      choices.profile = profile
      let speed = MeasuredSpeed.read(for: choices, in: reconciliation.world)
      return try await reconciliation.change(
        to: choices, steps: [.client, .shells],
        machine: await reconciliation.machine(for: choices.engine),
        done: [
          "\("✓", .good) claude-local uses the \(profile.rawValue, .emphasis) profile; shells that are open know it once they read their start-up file again."
        ] + (speed.map { waitScreen($0, profile) } ?? []))
    }
  }
}

extension Profile: ExpressibleByArgument {}
