import ArgumentParser
import Live
import Proxy
import Setup

/// `ccl-setup proxy wire`: what `claude-local --proxy` asks before it starts the client.
struct ProxyWireCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wire",
    abstract: "Start the proxy where none runs, and print the base URL that goes through it.",
    discussion:
      "claude-local --proxy asks it; the settings with that address are written beside the record."
  )

  func run() async throws {
    let world = World.live
    let console = Console(variables: world.environment.variables)
    try await report(on: console) {
      try refuseForeignHome(world)
      let choices = try EngineAtHand.find(in: world).chosen(for: "proxy wire")
      guard let engine = Upstream(choices.engine.url) else {
        throw Failure(
          "The proxy cannot go to this engine",
          why: "\(printable(choices.engine.url)) is no plain http or https address")
      }
      try DetachedProxy.prepare(world)
      let detached = DetachedProxy(in: world)
      let url: String
      if detached.note == nil,
        let container = await ProxyInDocker.url(beside: choices.engine, in: world)
      {
        url = container
      } else {
        url = try await detached.running(to: engine, authority: choices.access?.authority)
      }
      console.write(try choices.wire(through: url, in: world) + "\n")
      return .done
    }
  }
}
