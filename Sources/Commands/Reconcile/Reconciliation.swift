import ArgumentParser
import Conversation
import Live
import Setup

/// The flags of every word that changes something.
struct ChangeOptions: ParsableArguments {
  @Flag(name: [.customShort("y"), .long], help: "Do not ask.") var yes = false
  @Flag(help: "Show what would be done and change nothing.") var dryRun = false
  @Flag(help: "Print a document on stdout and prose on stderr.") var json = false

  /// Runs a word's work with its console and the engine that it is about.
  func run(
    _ work: @escaping @Sendable (Reconciliation, EngineAtHand) async throws -> Setup.ExitCode
  ) async throws {
    let live = World.live
    let console = Console(isJSON: json, variables: live.environment.variables)
    try await report(on: console) { [yes, dryRun] in
      try refuseForeignHome(live)
      let world = try await live.admitted()
      let reconciliation = Reconciliation(
        world: world, console: console, isAgreed: yes, isDryRun: dryRun)
      let engine = try EngineAtHand.find(in: world)
      return try await interruptible { try await work(reconciliation, engine) }
    }
  }
}

/// Takes a change of what is wanted to the machine: survey, plan, apply, as the wizard does.
struct Reconciliation: Sendable {
  let world: World
  let console: Console
  let isAgreed: Bool
  let isDryRun: Bool

  /// Changes what is wanted beyond the wizard's one model, on the server that is at hand; starts ours where it stands.
  /// `done` is what is said when it is in place.
  func add(
    to engine: EngineAtHand, downloads: Bool = false, done: [Text],
    _ change: ([OllamaServer.Model]) throws -> Additions
  ) async throws -> Setup.ExitCode {
    try engine.requireOllama()
    if engine.choices == nil {
      console.say(
        "\("·", .dim) Nothing was set up by ccl-setup here; this goes to \(engine.title).")
    } else {
      try await startIfStopped(engine)
    }
    let additions = try change(try await engine.server(in: world).models())
    return try await carryOut(
      try await plan(for: additions, on: engine, downloads: downloads), done: done)
  }

  /// The plan that leads to these additions, with or without a setup of ours.
  func plan(
    for additions: Additions, on engine: EngineAtHand, downloads: Bool = false
  ) async throws -> Plan {
    guard var choices = engine.choices else {
      let survey = try await Survey.take(for: additions, on: engine.url, in: world)
      return try Plan(
        additions, on: engine.url, catalogue: try embedded(), survey: survey,
        environment: world.environment)
    }
    try await startIfStopped(engine)
    choices.additions = additions
    return try await plan(choices, await machine(for: choices.engine, downloads: downloads))
  }

  /// As much of the machine as a change of models depends on: where the client lies, what a stopped engine is started
  /// with, and for a download the disk, which is Docker's to tell.
  func machine(for engine: Engine, downloads: Bool = false) async -> Machine {
    var wanted: Set<Probe.ID> = [.claude]
    if case .native = engine { wanted.insert(.ollama) }
    if downloads { wanted.insert(.disk) }
    return await Machine.detect(wanted, in: world)
  }

  /// Whether the server at hand has the model; ours is started where it stands.
  func holds(_ model: Setup.ModelName, _ engine: EngineAtHand) async throws -> Bool {
    try engine.requireOllama()
    if engine.choices != nil { try await startIfStopped(engine) }
    return try await engine.server(in: world).models().contains {
      (try? Setup.ModelName($0.name)) == model
    }
  }

  /// Brings a model up to date, and what we made of it.
  func refresh(_ name: Setup.ModelName, _ engine: EngineAtHand) async throws -> Setup.ExitCode {
    let refresh = ModelRefresh(name, of: engine, in: world)
    let remaking = try refresh.remaking()
    if isDryRun {
      console.say(
        "\(name.description, .emphasis) is here: the registry would be asked for a newer one, of which only what is new is fetched."
      )
      return try await carryOut(remaking, done: [])
    }
    let screen = ApplyScreen(console: console, clock: world.clock)
    guard try await refresh(report: { screen.show($0) }) else {
      console.say("\("✓", .good) \(name.description, .emphasis) is up to date.")
      if console.isJSON {
        console.document(
          SetupDocument(plan: remaking.only([]), detection: nil, applied: false, proofs: []))
      }
      return .done
    }
    return try await carryOut(
      remaking, done: ["\("✓", .good) \(name.description, .emphasis) is newer now."])
  }

  /// Changes the choices and does these steps of the plan; `takingBack` are the subjects that they no longer want.
  /// - Parameter isDocumented: whether `--json` prints the plan; a command with a document of its own prints that.
  func change(
    to choices: Choices, steps: Set<Plan.Step.ID>, takingBack subjects: Set<String> = [],
    machine: Machine, isDocumented: Bool = true, done: [Text]
  ) async throws -> Setup.ExitCode {
    try await carryOut(
      try await plan(choices, machine).only(steps, takingBack: subjects), done: done,
      isDocumented: isDocumented)
  }

  func plan(_ choices: Choices, _ machine: Machine) async throws -> Plan {
    let survey = try await Survey.take(for: choices, machine: machine, in: world)
    return try Plan(
      choices, machine: machine, catalogue: try embedded(), survey: survey,
      environment: world.environment)
  }

  /// What a stopped engine holds is not known: it must run before a plan for its models can be made.
  func startIfStopped(_ engine: EngineAtHand) async throws {
    guard !isDryRun, let choices = engine.choices,
      (try? await engine.server(in: world).version()) == nil
    else { return }
    _ = try await carryOut(
      try await plan(choices, await machine(for: choices.engine)).only([.engine]), done: [],
      isDocumented: false)
  }

  func carryOut(
    _ plan: Plan, done: [Text], isDocumented: Bool = true
  ) async throws -> Setup.ExitCode {
    if isDryRun {
      console.say(planScreen(plan, freeDisk: nil, isWhole: true))
      console.say(["", "Nothing was changed (--dry-run)."])
      if console.isJSON {
        console.document(SetupDocument(plan: plan, detection: nil, applied: false, proofs: []))
      }
      return .done
    }
    guard try await isAgreed(to: plan) else {
      console.say("Nothing was changed.")
      return .done
    }
    for note in plan.notes where note.kind == .warning {
      console.say("\("!", .warning) \(note.text)")
    }
    let screen = ApplyScreen(console: console, clock: world.clock)
    try await Apply(in: world, tool: toolVersion) { screen.show($0) }(plan)
    console.say(done)
    if console.isJSON, isDocumented {
      console.document(SetupDocument(plan: plan, detection: nil, applied: true, proofs: []))
    }
    return .done
  }

  /// Asks before a name of the person's gets another meaning.
  private func isAgreed(to plan: Plan) async throws -> Bool {
    for case .replaceModel(let replacement) in plan.changes {
      let name = printable(replacement.name)
      console.say(
        "\("!", .warning) \(name, .emphasis) exists already and means another model. It would be kept as \(printable(replacement.keptAs)), and put back by \(command: "ccl-setup uninstall")."
      )
      guard
        try await agreed(
          "Let \(name) mean \(printable(replacement.from))? [no] ▸ ", takes: ["y", "yes"],
          otherwise: "it would change what \(name) means")
      else { return false }
    }
    return true
  }

  /// Whether the person says one of these words; `--yes` has said it.
  func agreed(_ question: String, takes words: [String], otherwise: String) async throws -> Bool {
    if isAgreed { return true }
    guard Console.isInteractive, !console.isJSON else {
      throw Failure(
        "There is nobody to ask", why: otherwise, tryNext: ["The same command with `--yes`."],
        code: .usage)
    }
    return words.contains(try await answer(to: question))
  }
}
