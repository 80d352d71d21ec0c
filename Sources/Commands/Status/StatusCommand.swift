import ArgumentParser
import Conversation
import Live
import Setup

/// `ccl-setup status`.
struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show what runs and which models are loaded.")

  @Flag(help: "Print a document on stdout and prose on stderr.") var json = false

  func run() async throws {
    let live = World.live
    let console = Console(isJSON: json, variables: live.environment.variables)
    try await report(on: console) {
      let world = try await live.admitted()
      let engine = try EngineAtHand.find(in: world)
      let status = await EngineStatus.take(of: engine, in: world)
      console.say(engineStatusScreen(status, width: console.terminal.width))
      if console.isJSON { console.document(status) }
      return status.isRunning ? .done : .problemsFound
    }
  }
}
