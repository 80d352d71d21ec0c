import ArgumentParser
import Live
import Setup

/// `ccl-setup complete -- WORD…`: what the completions of bash, zsh and fish ask at each Tab. One offer a line, its
/// explanation behind a tab; nothing is said about what is out of reach.
struct CompleteCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "complete", abstract: "Say what Tab offers, for the shells' completions.",
    shouldDisplay: false)

  @Argument(parsing: .captureForPassthrough) var words: [String] = []

  func run() async throws {
    let line = words.first == "--" ? Array(words.dropFirst()) : words
    let offer = Completer(tree: try .ofThisProgram()).offer(for: line)
    let console = Console(variables: [:])
    if offer.files {
      console.write(":files\n")
      return
    }
    var all = offer.words
    if let names = offer.names {
      all += await Self.names(names, in: .live).map { .init(text: offer.prefix + $0) }
    } else {
      all = all.map { .init(text: offer.prefix + $0.text, explanation: $0.explanation) }
    }
    let typed = line.last ?? ""
    for word in all where word.text.hasPrefix(typed) {
      let explanation = word.explanation.map { "\t" + $0 } ?? ""
      console.write(word.text + explanation + "\n")
    }
  }

  /// How long a server may take while somebody waits at a prompt.
  private static let patience = Duration.milliseconds(700)

  private static func names(_ kind: Offer.Names, in world: World) async -> [String] {
    // A receipt that cannot be read is the doctor's to tell, not Tab's.
    guard let engine = try? EngineAtHand.find(in: world) else { return [] }
    if kind == .removable {
      let additions = engine.additions
      return additions.aliases.keys.sorted() + additions.models
        + additions.contexts.compactMap { (try? $0.name())?.description }
    }
    let models =
      (try? await engine.modelNames(within: patience, in: try await world.admitted())) ?? []
    guard kind == .library else { return models }
    let library = ((try? Catalogue.embedded())?.models ?? []).map(\.name.description)
    // Names of our own making are in no registry.
    let ours = engine.namesOfOurMaking
    return models.filter { !ours.contains($0) } + library.filter { !models.contains($0) }
  }
}
