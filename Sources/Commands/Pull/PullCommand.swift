import ArgumentParser
import Setup

/// `ccl-setup pull MODEL`.
struct PullCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pull", abstract: "Download a model, or bring one that is here up to date.",
    discussion: """
      A download that was cut goes on where it stopped. Of a model that is here only what is new is fetched, and what \
      was made of it (contexts, aliases) is made anew.
      """)

  @Argument(help: "The model, as the Ollama library names it: qwen3:1.7b.") var model: String
  @OptionGroup var options: ChangeOptions

  func run() async throws {
    try await options.run { [model] reconciliation, engine in
      let name = try Setup.ModelName.read(model)
      try engine.additions.requireNoAlias(name)
      if try await reconciliation.holds(name, engine) {
        return try await reconciliation.refresh(name, engine)
      }
      return try await reconciliation.add(
        to: engine, downloads: true,
        done: [
          "\("✓", .good) \(name.description, .emphasis) is here.",
          "  \(command: "ccl-setup --model \(name)") makes it the one that claude-local uses.",
        ]
      ) { _ in engine.additions.pulling(name) }
    }
  }
}
