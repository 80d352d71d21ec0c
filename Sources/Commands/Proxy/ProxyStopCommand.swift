import ArgumentParser
import Live
import Proxy
import Setup

/// `ccl-setup proxy stop`.
struct ProxyStopCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stop", abstract: "End the proxy that runs in the background.")

  func run() async throws {
    let world = World.live
    let console = Console(variables: world.environment.variables)
    try await report(on: console) {
      guard let note = try await DetachedProxy(in: world).end() else {
        console.say("No proxy runs.")
        return .done
      }
      console.say("The proxy at \(note.url, .path) has ended.")
      return .done
    }
  }
}
