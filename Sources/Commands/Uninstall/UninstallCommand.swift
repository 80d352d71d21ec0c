import ArgumentParser
import Conversation
import LineEditor
import Live
import Setup

/// `ccl-setup uninstall`: every file byte for byte as it was.
struct UninstallCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "uninstall", abstract: "Take back everything that was set up.")

  @Flag(name: [.customShort("y"), .long], help: "Do not ask.") var yes = false
  @Flag(help: "Keep downloaded models and the container's volume.") var keepModels = false
  @Flag(help: "Show what would be taken back and change nothing.") var dryRun = false
  @Flag(help: "Print a document on stdout and prose on stderr.") var json = false

  func run() async throws {
    let world = World.live
    let console = Console(isJSON: json, variables: world.environment.variables)
    try await report(on: console) {
      let uninstall = Uninstall(in: world)
      let entries = try uninstall.entries()
      guard !entries.isEmpty else {
        // What a wizard that was left early keeps: its history.
        if !dryRun { _ = try await uninstall(keepingModels: true) { _, _ in } }
        console.say("\("✓", .good) There is nothing to take back.")
        if json { console.document(UninstallDocument(entries: [])) }
        return .done
      }
      console.say([Text("To be taken back", .heading)])
      for entry in entries { console.say("  \("−", .removed) \(entry.undo.title)") }
      if dryRun {
        console.say(["", "Nothing was changed (--dry-run)."])
        return .done
      }
      if !yes {
        guard Console.isInteractive else {
          throw Failure(
            "There is nobody to ask", why: "uninstall asks before it removes anything",
            tryNext: ["`ccl-setup uninstall --yes`"], code: .usage)
        }
        let answer = await LineEditor(history: nil).line(prompt: "Take all of this back? [yes] ▸ ")
        guard case .text(let text) = answer, ["", "y", "yes"].contains(text.lowercased()) else {
          console.say("Nothing was changed.")
          return .done
        }
      }
      let engine = try EngineAtHand.find(in: world)
      if let choices = engine.choices, engine.receipt?.needsStoppedEngine == true {
        let reconciliation = Reconciliation(
          world: world, console: console, isAgreed: true, isDryRun: false)
        try await reconciliation.startIfStopped(
          choices, engine, await Machine.detect(in: world))
      }
      let outcomes = Shared([UninstallDocument.Entry]())
      let failures = try await interruptible {
        try await uninstall(keepingModels: keepModels) { entry, outcome in
          outcomes.update { $0.append(.init(title: entry.undo.title, outcome: outcome.inWords)) }
          if case .failure(let failure) = outcome {
            console.fail(failure)
          } else {
            console.say("  \("✓", .good) \(outcome.inWords): \(entry.undo.title)")
          }
        }
      }
      if json { console.document(UninstallDocument(entries: outcomes.value)) }
      guard failures.isEmpty else {
        console.say([
          "",
          "What is left stays recorded: \(command: "ccl-setup uninstall") goes on from there.",
        ])
        return .failed
      }
      console.say(["", "\("✓", .good) Everything is as it was before."])
      return .done
    }
  }
}

/// What `uninstall --json` prints; docs/json.md describes it.
struct UninstallDocument: Encodable {
  struct Entry: Encodable {
    var title: String
    var outcome: String
  }
  var entries: [Entry]
}

extension Result<Reversion, Failure> {
  var inWords: String {
    switch self {
    case .success(.undone): "taken back"
    case .success(.alreadyGone): "was gone already"
    case .success(.kept(let reason)): "kept, \(reason)"
    case .failure(let failure): "failed, \(failure.why)"
    }
  }
}
