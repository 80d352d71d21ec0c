import ArgumentParser
import Conversation
import Live
import Setup
import SystemPackage

/// `ccl-setup uninstall`: every file byte for byte as it was.
struct UninstallCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "uninstall", abstract: "Take back everything that was set up.")

  @Flag(name: [.customShort("y"), .long], help: "Do not ask.") var yes = false
  @Flag(help: "Keep downloaded models and the container's volume.") var keepModels = false
  @Flag(help: "Show what would be taken back and change nothing.") var dryRun = false
  @Flag(help: "Print a document on stdout and prose on stderr.") var json = false

  func run() async throws {
    let live = World.live
    let console = Console(isJSON: json, variables: live.environment.variables)
    try await report(on: console) {
      try refuseForeignHome(live)
      let world = await live.admittedIfPossible()
      let uninstall = Uninstall(in: world)
      let prospect = try await uninstall.prospect()
      if prospect.isRebuilt, !(prospect.entries.isEmpty && prospect.unknown.isEmpty) {
        console.say(
          "\("!", .warning) The receipt is damaged or lost. This is what is recognised without it:")
      }
      let proxy = DetachedProxy(in: world)
      // What no entry tells of, and what goes with our own state.
      let others = proxy.traces + prospect.others.map(printable)
      guard !(prospect.entries.isEmpty && others.isEmpty) else {
        // What a wizard that was left early keeps: its history.
        if !dryRun {
          _ = try await uninstall(keepingModels: true) { _, _ in }
        }
        console.say(prospect.unknown.map { "  \("·", .dim) \(printable($0))" })
        console.say("\("✓", .good) There is nothing to take back.")
        if json { console.document(UninstallDocument(entries: [], prospect)) }
        return .done
      }
      console.say([Text("To be taken back", .heading)])
      func reasonToKeep(_ entry: Receipt.Entry) -> String? {
        keepModels ? prospect.reasonToKeep(entry) : nil
      }
      for entry in prospect.entries {
        let title = entry.undo.title(keepingModels: keepModels)
        console.say(
          reasonToKeep(entry).map { "  \("·", .dim) kept, \($0): \(title)" }
            ?? "  \("−", .removed) \(title)")
      }
      console.say(others.map { "  \("−", .removed) \($0)" })
      console.say(prospect.unknown.map { "  \("·", .dim) \(printable($0))" })
      let clean =
        keepModels || prospect.downloads.isEmpty
        ? nil : try? await CleanUp.take(of: try EngineAtHand.find(in: world), in: world)
      if let foreign = clean?.foreign, !foreign.isEmpty {
        console.say(
          "  \("!", .warning) in the volume are also models that ccl-setup did not download: \(printable(foreign.joined(separator: ", ")))"
        )
      }
      if prospect.receipt["engine:docker"] != nil {
        console.say(
          "  \("·", .dim) the Ollama image stays, others may use it: \(command: "docker image ls ollama/ollama") shows it"
        )
      }
      if dryRun {
        console.say(["", "Nothing was changed (--dry-run)."])
        if json {
          let entries = prospect.entries.map { entry in
            UninstallDocument.Entry(
              title: entry.undo.title(keepingModels: keepModels),
              outcome: reasonToKeep(entry).map { "kept, \($0)" } ?? "to be taken back")
          }
          let rest = others.map {
            UninstallDocument.Entry(title: $0, outcome: "to be taken back")
          }
          console.document(UninstallDocument(entries: entries + rest, prospect))
        }
        return .done
      }
      var isKeeping = keepModels
      if !yes {
        guard Console.isInteractive, !json else {
          throw Failure(
            "There is nobody to ask", why: "uninstall asks before it removes anything",
            tryNext: ["`ccl-setup uninstall --yes`"], code: .usage)
        }
        guard try await agreed("Take all of this back? [yes] ▸ ") else {
          console.say("Nothing was changed.")
          return .done
        }
        if !keepModels, !prospect.downloads.isEmpty {
          let size = clean.map { " (\(ByteCount($0.bytes).inWords))" } ?? ""
          isKeeping = try await !agreed("Delete the downloaded models too\(size)? [yes] ▸ ")
        }
      }
      if prospect.needsStoppedEngine {
        let reconciliation = Reconciliation(
          world: world, console: console, isAgreed: true, isDryRun: false)
        do {
          try await reconciliation.startIfStopped(try EngineAtHand.find(in: world))
        } catch let failure as Failure where failure.code != .interrupted {
          // Its models cannot be taken back now; everything else can.
          console.fail(failure)
        }
      }
      // It would go on writing into what is removed.
      try await proxy.end()
      let outcomes = Shared([UninstallDocument.Entry]())
      let failures = try await interruptible { [isKeeping] in
        try await uninstall(keepingModels: isKeeping) { entry, outcome in
          let title = entry.undo.title(keepingModels: isKeeping)
          outcomes.update { $0.append(.init(title: title, outcome: outcome.inWords)) }
          switch outcome {
          case .failure(let failure): console.fail(failure)
          case .success(.kept(let reason)):
            console.say("  \("!", .warning) kept, \(printable(reason)): \(title)")
          case .success:
            console.say("  \("✓", .good) \(outcome.inWords): \(title)")
          }
        }
      }
      // Our own state goes last, and only if all else has gone.
      for title in failures.isEmpty ? others : [] {
        outcomes.update { $0.append(.init(title: title, outcome: "taken back")) }
        console.say("  \("✓", .good) taken back: \(title)")
      }
      if json { console.document(UninstallDocument(entries: outcomes.value, prospect)) }
      guard failures.isEmpty else {
        console.say([
          "",
          "What is left stays recorded: \(command: "ccl-setup uninstall") goes on from there.",
        ])
        return .failed
      }
      let isAll = !outcomes.value.contains { $0.outcome.hasPrefix("kept") }
      console.say([
        "",
        isAll && prospect.unknown.isEmpty
          ? "\("✓", .good) Everything is as it was before."
          : "\("✓", .good) Everything is as it was before, but for what was kept.",
      ])
      return .done
    }
  }

  private func agreed(_ question: String) async throws(Failure) -> Bool {
    ["", "y", "yes"].contains(try await answer(to: question))
  }
}

/// What `uninstall --json` prints; docs/json.md describes it.
struct UninstallDocument: Encodable {
  struct Entry: Encodable {
    var title: String
    var outcome: String
  }
  var entries: [Entry]
  /// Whether the receipt was damaged or lost.
  var rebuilt: Bool
  /// What stays for want of knowledge.
  var unknown: [String]

  init(entries: [Entry], _ prospect: Uninstall.Prospect) {
    self.entries = entries
    rebuilt = prospect.isRebuilt && !(entries.isEmpty && prospect.unknown.isEmpty)
    unknown = prospect.unknown
  }
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
