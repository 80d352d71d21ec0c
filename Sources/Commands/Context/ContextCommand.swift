import ArgumentParser
import Setup

/// `ccl-setup context MODEL SIZE`.
struct ContextCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "context", abstract: "Make a model with a context window of its own.",
    discussion: """
      `ccl-setup context qwen3-coder 64k` makes qwen3-coder-64k, without a further download. More context takes more \
      memory: `ccl-setup models` says what fits.
      """)

  @Argument(help: "The model to make it from.") var model: String
  @Argument(help: "Tokens: 64k, 65536.") var size: String
  @OptionGroup var options: ChangeOptions

  func run() async throws {
    try await options.run { [model, size] reconciliation, engine in
      // The name is known before the server is asked, the rest is not.
      let context = (try? ContextSize(size))?.tokens ?? 0
      let name =
        (try? ContextVariant(model: model, contextWindow: context).name().description) ?? model
      return try await reconciliation.add(
        to: engine,
        done: [
          "\("✓", .good) \(name, .emphasis) is here.",
          "  \(command: "claude-local --model \(name)") uses it once; \(command: "ccl-setup --model \(model) --context \(size)") makes it the one that claude-local uses.",
        ]
      ) { models in
        try engine.additions.baking(model, size, among: models)
      }
    }
  }
}
