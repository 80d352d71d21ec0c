import ArgumentParser
import Setup

/// `ccl-setup remove NAME`.
struct RemoveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Take back one model, alias or context.",
    discussion: """
      The opposite of pull, alias and context, for one name: an alias gets its old meaning back, what was downloaded is \
      deleted. Names that ccl-setup did not make are left alone.
      """, aliases: ["rm"])

  @Argument(help: "What was pulled, named or made: qwen3:1.7b.") var name: String
  @OptionGroup var options: ChangeOptions

  func run() async throws {
    try await options.run { [name, size] reconciliation, engine in
      let world = reconciliation.world
      try engine.requireOllama()
      let removal = try ModelRemoval(name, of: engine, world.environment)
      let plan = try await reconciliation.plan(for: removal.additions, on: engine)
        .removing(removal, from: engine.receipt)
      if let bytes = removal.downloadedBytes, !reconciliation.isDryRun {
        guard
          try await reconciliation.agreed(
            "Delete \(removal.name)\(size(bytes))? [no] ▸ ", takes: ["y", "yes"],
            otherwise: "what is deleted must be downloaded again")
        else {
          reconciliation.console.say("Nothing was changed.")
          return .done
        }
      }
      return try await reconciliation.carryOut(
        plan,
        done: [
          removal.entry == nil
            ? "\("✓", .good) \(removal.name.description, .emphasis) is not wanted any more; it was there before ccl-setup, and stays."
            : "\("✓", .good) \(removal.name.description, .emphasis) is taken back."
        ])
    }
  }

  /// What was downloaded, where that was known.
  private func size(_ bytes: UInt64) -> String {
    bytes == 0 ? "" : " (\(ByteCount(bytes).inWords))"
  }
}
