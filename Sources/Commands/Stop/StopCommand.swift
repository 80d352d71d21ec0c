import ArgumentParser
import Setup

/// `ccl-setup stop`.
struct StopCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stop", abstract: "Stop Ollama; its models stay.")

  @OptionGroup var options: ChangeOptions

  func run() async throws {
    try await options.run { reconciliation, engine in
      let (world, console) = (reconciliation.world, reconciliation.console)
      let choices = try engine.chosen(for: "stop")
      let isAnswering = (try? await engine.version(in: world)) != nil
      guard isAnswering else {
        console.say("\("✓", .good) \(choices.engine.title) does not run.")
        if console.isJSON { console.document(StopDocument(stopped: false)) }
        return .done
      }
      let stop = try EngineStop(engine, in: world)
      if reconciliation.isDryRun {
        console.say(["It would \(command: stop.title).", "Nothing was changed (--dry-run)."])
        if console.isJSON { console.document(StopDocument(stopped: false)) }
        return .done
      }
      let stopped = try await stop()
      if (try? await engine.version(in: world)) != nil {
        throw Failure(
          "An Ollama goes on answering at \(choices.engine.url)",
          why: stopped
            ? "ccl-setup's own is stopped, this is another one"
            : "ccl-setup's own did not run, this is another one",
          tryNext: ["`ccl-setup doctor` says which program that is."]
            + EngineStop.adviceForForeign(in: world))
      }
      console.say(
        "\("✓", .good) \(choices.engine.title) is stopped; \(command: "ccl-setup start") starts it again."
      )
      if console.isJSON { console.document(StopDocument(stopped: stopped)) }
      return .done
    }
  }
}

/// What `stop --json` prints; docs/json.md describes it.
struct StopDocument: Encodable {
  /// Whether something ran and was stopped.
  var stopped: Bool
}
