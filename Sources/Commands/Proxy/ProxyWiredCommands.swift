import ArgumentParser
import Conversation
import Live
import Proxy
import Setup

/// `ccl-setup proxy on`.
struct ProxyOnCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "on", abstract: "Let claude-local always go through the proxy.",
    discussion:
      "The proxy is started where none runs. Everything that is said is recorded on this machine.")

  @OptionGroup var options: ChangeOptions

  func run() async throws { try await options.wire(true) }
}

/// `ccl-setup proxy off`.
struct ProxyOffCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "off", abstract: "Let claude-local go straight to the engine again.")

  @OptionGroup var options: ChangeOptions

  func run() async throws { try await options.wire(false) }
}

extension ChangeOptions {
  fileprivate func wire(_ isProxied: Bool) async throws {
    try await run { reconciliation, engine in
      var choices = try engine.chosen(for: "proxy \(isProxied ? "on" : "off")")
      choices.proxied = isProxied
      let running = DetachedProxy(in: reconciliation.world).note
      var done: [Text] = [
        isProxied
          ? "\("✓", .good) claude-local goes through the proxy; shells that are open know it once they read their start-up file again."
          : "\("✓", .good) claude-local goes straight to the engine again; shells that are open know it once they read their start-up file again."
      ]
      if !isProxied, let running {
        done.append(
          "\("·", .dim) The proxy at \(printable(running.url)) still runs: \(command: "ccl-setup proxy stop") ends it."
        )
      }
      return try await reconciliation.change(
        to: choices, steps: [.client, .shells],
        machine: await reconciliation.machine(for: choices.engine), done: done)
    }
  }
}
