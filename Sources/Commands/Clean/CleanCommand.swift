import ArgumentParser
import Conversation
import Setup

/// `ccl-setup clean`.
struct CleanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "clean", abstract: "Delete the container and its models; asks first.",
    discussion: """
      The setup stays: `ccl-setup` downloads everything anew. With an Ollama that was there before, only what ccl-setup \
      downloaded and made is deleted.
      """)

  @OptionGroup var options: ChangeOptions

  func run() async throws {
    try await options.run { reconciliation, engine in
      let (world, console) = (reconciliation.world, reconciliation.console)
      let clean = try await CleanUp.take(of: engine, in: world)
      guard !clean.isEmpty else {
        console.say("\("✓", .good) There is nothing to delete.")
        if console.isJSON { console.document(CleanDocument(clean, deleted: false)) }
        return .done
      }
      console.say(cleanScreen(clean))
      if reconciliation.isDryRun {
        console.say(["", "Nothing was changed (--dry-run)."])
        if console.isJSON { console.document(CleanDocument(clean, deleted: false)) }
        return .done
      }
      guard
        try await reconciliation.agreed(
          "Type yes to delete \(ByteCount(clean.bytes).inWords) ▸ ", takes: ["yes"],
          otherwise: "what is deleted must be downloaded again")
      else {
        console.say("Nothing was changed.")
        return .done
      }
      try await clean(in: world) { entry, _ in
        console.say("  \("✓", .good) \(entry.undo.title)")
      }
      console.say(["", "\("✓", .good) Deleted. \(command: "ccl-setup") sets it up again."])
      if console.isJSON { console.document(CleanDocument(clean, deleted: true)) }
      return .done
    }
  }
}

/// What `clean --json` prints; docs/json.md describes it.
struct CleanDocument: Encodable {
  var deleted: Bool
  /// Bytes of models, as far as they are known.
  var bytes: UInt64
  var entries: [String]
  /// Models in the same volume that ccl-setup did not make.
  var foreign: [String]

  init(_ clean: CleanUp, deleted: Bool) {
    self.deleted = deleted
    bytes = clean.bytes
    entries = clean.entries.map(\.undo.title)
    foreign = clean.foreign
  }
}
