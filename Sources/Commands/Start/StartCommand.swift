import ArgumentParser
import Setup

/// `ccl-setup start`.
struct StartCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "start", abstract: "Start Ollama.")

  @Flag(
    inversion: .prefixedNo,
    help: "Give the container the NVIDIA cards, or take them away; remembered.")
  var gpu: Bool?
  @OptionGroup var options: ChangeOptions

  func run() async throws {
    try await options.run { [gpu] reconciliation, engine in
      let world = reconciliation.world
      let running = try? await engine.server(in: world).version()
      if engine.choices == nil, let running {
        reconciliation.console.say(
          "\("✓", .good) \(engine.title) answers already, version \(printable(running)).")
        return .done
      }
      var choices = try engine.chosen(for: "start")
      let machine = await Machine.detect(in: world)
      if let gpu { try choices.use(graphics: gpu, on: machine) }
      return try await reconciliation.change(
        to: choices, steps: [.engine], machine: machine,
        done: ["\("✓", .good) \(choices.engine.title) answers at \(choices.engine.url)."])
    }
  }
}
