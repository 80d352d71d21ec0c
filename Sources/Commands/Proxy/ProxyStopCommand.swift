import ArgumentParser
import Live
import Proxy
import Setup
import SystemPackage

/// `ccl-setup proxy stop`.
struct ProxyStopCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stop", abstract: "End the proxy that runs in the background.")

  func run() async throws {
    let world = World.live
    let path = Folders(world.environment).proxy.appending("running.json")
    let console = Console(variables: world.environment.variables)
    try await report(on: console) {
      do {
        guard let note = try await ProxyPresence(path: path.string).stop() else {
          console.say("No proxy runs.")
          return .done
        }
        console.say("The proxy at \(note.url, .path) has ended.")
        return .done
      } catch let error as ProxyError {
        throw Failure("The proxy has not ended", why: error.description)
      }
    }
  }
}
