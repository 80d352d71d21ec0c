import ArgumentParser
import Live
import Setup

/// `ccl-setup start`.
struct StartCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "start", abstract: "Start Ollama.")

  @Flag(
    inversion: .prefixedNo,
    help: "Give the container the NVIDIA cards, or take them away; remembered.")
  var gpu: Bool?
  @Flag(help: "Do not have the model read Claude Code's own prompt beforehand.") var noWarm = false
  @OptionGroup var options: ChangeOptions

  func run() async throws {
    if await isFirstStart {
      Console(variables: World.live.environment.variables).say(
        "Nothing is set up here yet: the wizard asks what it needs, and starts Ollama.")
      return try await SetupOptions.parse([]).run(in: .live)
    }
    try await options.run { [gpu, noWarm] reconciliation, engine in
      let world = reconciliation.world
      func warm(_ choices: Choices) async {
        guard !noWarm, !reconciliation.isDryRun else { return }
        await reconciliation.console.warmBehind(choices, in: world)
      }
      let running = try? await engine.version(in: world)
      if engine.choices == nil || !engine.isOllama, let running {
        if gpu == true { throw EngineAtHand.noCardsToGive(engine.title) }
        reconciliation.console.say(
          "\("✓", .good) \(engine.title) answers already, version \(printable(running)).")
        if let choices = engine.choices { await warm(choices) }
        if reconciliation.console.isJSON {
          reconciliation.console.document(
            SetupDocument(
              plan: Plan(
                choices: engine.choices, additions: engine.additions, withdrawn: [], steps: [],
                notes: []), detection: nil, applied: !reconciliation.isDryRun, proofs: []))
        }
        return .done
      }
      var choices = try engine.chosen(for: "start")
      if running != nil { try await engine.requireOwnContainer(in: world) }
      var machine = await reconciliation.machine(for: choices.engine)
      if let gpu {
        machine = await Machine.detect(in: world)
        try choices.use(graphics: gpu, on: machine)
      }
      let code = try await reconciliation.change(
        to: choices, steps: [.engine],
        takingBack: ["file:\(Folders(world.environment).graphicsOverlay)"], machine: machine,
        done: ["\("✓", .good) \(choices.engine.title) answers at \(choices.engine.url)."])
      if code == .done { await warm(choices) }
      return code
    }
  }

  /// Whether somebody starts something before anything is set up: then there is nothing yet that could be started.
  private var isFirstStart: Bool {
    get async {
      guard Console.isInteractive, gpu == nil, !options.yes, !options.json, !options.dryRun,
        // A receipt that cannot be read is told below.
        let engine = try? EngineAtHand.find(in: .live), engine.choices == nil
      else { return false }
      return (try? await engine.version(in: .live)) == nil
    }
  }
}
