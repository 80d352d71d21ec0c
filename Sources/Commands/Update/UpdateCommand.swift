import ArgumentParser
import Conversation
import Setup

/// `ccl-setup update`.
struct UpdateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "update", abstract: "Say what could be newer; bring our own container up to date.",
    discussion: """
      The container gets the version of Ollama that this ccl-setup is made for; its models stay. What others installed \
      (a native Ollama, Claude Code) is theirs to update: the commands are shown.
      """)

  @OptionGroup var options: ChangeOptions

  func run() async throws {
    try await options.run { reconciliation, engine in
      let (world, console) = (reconciliation.world, reconciliation.console)
      let machine = await Machine.detect([.claude, .ollama, .docker], in: world)
      let version = try? await engine.version(in: world)
      let updates = Update.all(for: engine, on: machine, version: version)
      console.say(updateScreen(updates))
      guard let choices = engine.choices, case .docker = choices.engine,
        updates.contains(where: { $0.part == .server && !$0.isCurrent })
      else {
        if console.isJSON { console.document(UpdateDocument(updates: updates, applied: false)) }
        return .done
      }
      guard !reconciliation.isDryRun else {
        console.say(["", "Nothing was changed (--dry-run)."])
        if console.isJSON { console.document(UpdateDocument(updates: updates, applied: false)) }
        return .done
      }
      guard
        try await reconciliation.agreed(
          "Replace the container? Its models stay. [yes] ▸ ", takes: ["", "y", "yes"],
          otherwise: "the container would be replaced")
      else {
        console.say("Nothing was changed.")
        return .done
      }
      let code = try await reconciliation.change(
        to: choices, steps: [.engine], machine: machine, isDocumented: false,
        done: ["\("✓", .good) \(choices.engine.title) answers at \(choices.engine.url)."])
      if console.isJSON { console.document(UpdateDocument(updates: updates, applied: true)) }
      return code
    }
  }
}

/// What `update --json` prints; docs/json.md describes it.
struct UpdateDocument: Encodable {
  var updates: [Update]
  /// Whether the container was replaced.
  var applied: Bool

  init(updates: [Update], applied: Bool) {
    self.updates = updates.map { update in
      var update = update
      // A command, not a sentence with one in it.
      update.commands = update.commands.map { String($0.filter { $0 != "`" }) }
      return update
    }
    self.applied = applied
  }
}
