import ArgumentParser
import Conversation
import Live
import Setup

/// `ccl-setup models`.
struct ModelsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models", abstract: "List the models, and which of them fit this machine.")

  @Flag(help: "Print a document on stdout and prose on stderr.") var json = false

  func run() async throws {
    let live = World.live
    let console = Console(isJSON: json, variables: live.environment.variables)
    try await report(on: console) {
      let world = try await live.admitted()
      let engine = try EngineAtHand.find(in: world)
      // Another machine's memory is not ours to judge.
      let machine = engine.isOnThisMachine ? await Machine.detect(in: world) : nil
      let overview = try await ModelOverview.take(of: engine, machine: machine, in: world)
      console.say(
        modelsScreen(overview, title: engine.title, width: console.terminal.width))
      if console.isJSON { console.document(overview) }
      return .done
    }
  }
}
