import ArgumentParser
import Conversation
import LineEditor
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
    let world = World.live
    let console = Console(isJSON: json, variables: world.environment.variables)
    let reconciliation = Reconciliation(
      world: world, console: console, isAgreed: yes, isDryRun: dryRun)
    try await report(on: console) {
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
    to engine: EngineAtHand, done: [Text],
    _ change: ([OllamaServer.Model]) throws -> Additions
  ) async throws -> Setup.ExitCode {
    let catalogue = try embedded()
    guard var choices = engine.choices else {
      console.say(
        "\("·", .dim) Nothing was set up by ccl-setup here; this goes to \(engine.title).")
      let additions = try change(try await engine.server(in: world).models())
      let survey = try await Survey.take(for: additions, on: engine.url, in: world)
      return try await carryOut(
        try Plan(
          additions, on: engine.url, catalogue: catalogue, survey: survey,
          environment: world.environment), done: done)
    }
    let machine = await Machine.detect(in: world)
    try await startIfStopped(choices, engine, machine)
    choices.additions = try change(try await engine.server(in: world).models())
    return try await carryOut(try await plan(choices, machine), done: done)
  }

  /// Changes the choices and does these steps of the plan.
  /// - Parameter isDocumented: whether `--json` prints the plan; a command with a document of its own prints that.
  func change(
    to choices: Choices, steps: Set<Plan.Step.ID>, machine: Machine, isDocumented: Bool = true,
    done: [Text]
  ) async throws -> Setup.ExitCode {
    try await carryOut(
      try await plan(choices, machine).only(steps), done: done, isDocumented: isDocumented)
  }

  func plan(_ choices: Choices, _ machine: Machine) async throws -> Plan {
    let survey = try await Survey.take(for: choices, machine: machine, in: world)
    return try Plan(
      choices, machine: machine, catalogue: try embedded(), survey: survey,
      environment: world.environment)
  }

  /// What a stopped engine holds is not known: it must run before a plan for its models can be made.
  func startIfStopped(
    _ choices: Choices, _ engine: EngineAtHand, _ machine: Machine
  ) async throws {
    guard !isDryRun, (try? await engine.server(in: world).version()) == nil else { return }
    _ = try await carryOut(
      try await plan(choices, machine).only([.engine]), done: [], isDocumented: false)
  }

  private func carryOut(
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
    guard case .text(let text) = await LineEditor(history: nil).line(prompt: question) else {
      return false
    }
    return words.contains(text.lowercased())
  }
}
