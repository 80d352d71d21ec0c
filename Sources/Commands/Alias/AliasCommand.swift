import ArgumentParser
import Setup

/// `ccl-setup alias FROM TO`.
struct AliasCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "alias", abstract: "Give a model a further name.",
    discussion: """
      For clients that ask for a fixed name: `ccl-setup alias qwen3:1.7b claude-sonnet-4-6`. A name of yours that means \
      something else is asked about first, and means it again after an uninstall.
      """)

  @Argument(help: "The model.") var from: String
  @Argument(help: "Its further name.") var to: String
  @OptionGroup var options: ChangeOptions

  func run() async throws {
    try await options.run { [from, to] reconciliation, engine in
      try await reconciliation.add(
        to: engine,
        done: ["\("✓", .good) \(printable(to), .emphasis) means \(printable(from), .emphasis)."]
      ) { models in
        try engine.additions.naming(from, to, among: models, chosen: engine.choices)
      }
    }
  }
}
