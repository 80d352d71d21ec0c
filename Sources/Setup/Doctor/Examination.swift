#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A finished setup, looked at from every side at once; reads only, but for a live prompt.
public struct Examination: Sendable {
  public var machine: Machine
  /// In the order of the sections.
  public var checks: [Check]
  /// What would mend what can be mended; `nil` when there is nothing to mend, or nothing was set up.
  public var repair: Plan?
  /// What was set up, `nil` when nothing was.
  public var choices: Choices?
  /// What the client was seen to do, where it was asked.
  public var contract: ClientContract?
  public var times = Times()

  /// How long the look took, and each of its parts, which run at the same time; in milliseconds.
  public struct Times: Sendable, Hashable, Codable {
    public var milliseconds = 0.0
    public var parts: [String: Double] = [:]
  }

  /// How bad the worst of the checks is.
  public var outcome: Check.Outcome { checks.map(\.outcome).max() ?? .pass }
  public var findings: [Check] { checks.filter(\.isFinding) }
  public var overcome: [Check] { checks.filter(\.isOvercome) }

  /// - Parameters:
  ///   - prompting: whether the model is asked something, which loads it.
  ///   - probe: asks the client what it does with a server; `nil` leaves that out.
  public static func take(
    in world: World, catalogue: Catalogue, prompting: Bool, probe: ClientProbe? = nil
  ) async -> Examination {
    let parts = Parts(clock: world.clock)
    async let detected = self.machine(in: world, probe, parts)
    let receipt: Receipt?
    do { receipt = try ReceiptStore(in: world).read() } catch {
      let check = Check(
        .receiptUnreadable, .installation, "The receipt", .fail, error.why,
        consequence: "What was set up cannot be checked, repaired or taken back.",
        remedy: Remedy("Set it up anew", tryNext: error.tryNext))
      let machine = await detected.machine
      return Examination(machine: machine, checks: [check] + machine.checks)
    }
    guard let receipt, let choices = receipt.choices else {
      let machine = await detected.machine
      let check = Check(
        .notSetUp, .installation, "The setup", .fail,
        receipt == nil
          ? "there is no receipt (\(Folders(world.environment).receipt))"
          : "\(Folders(world.environment).receipt) names no choices",
        consequence: "There is no claude-local.", remedy: .setUp)
      return Examination(machine: machine, checks: [check] + machine.checks)
    }
    async let functions = parts.timed("shells") { await self.functions(choices.shells, in: world) }
    async let container = parts.timed("container") { await self.container(of: choices, in: world) }
    async let answers = parts.timed("prompt") {
      prompting ? await self.answers(of: choices, in: world) : []
    }
    async let description = parts.timed("model") { await self.description(of: choices, in: world) }
    async let proxy = parts.timed("proxy") { await ProxyFindings.ask(choices, in: world) }
    async let survey = parts.timed("survey") { await self.survey(of: choices, in: world) }
    let machine: Machine
    let contract: Result<ClientContract, Failure>?
    (machine, contract) = await detected
    var facts = Facts(
      machine: machine, environment: world.environment, receipt: receipt, choices: choices,
      container: await container)
    facts.contract = contract
    facts.functions = await functions
    facts.description = await description
    await facts.plan(from: await survey, in: world, catalogue: catalogue)
    facts.answers = await answers
    facts.proxy = await proxy
    facts.isProgramOnPath = world.programs.find("ccl-setup") != nil
    var examination = Examination(
      machine: machine, checks: facts.checks, repair: facts.repair, choices: choices,
      contract: try? facts.contract?.get())
    examination.times = parts.times
    return examination
  }

  /// The parts of one look, and how long each took.
  private struct Parts: Sendable {
    private let clock: Clock
    private let began: Date
    private let taken = Shared([String: Double]())

    init(clock: Clock) {
      self.clock = clock
      began = clock.now()
    }

    func timed<Value: Sendable>(
      _ part: String, _ work: @Sendable () async -> Value
    ) async -> Value {
      let began = clock.now()
      let value = await work()
      let milliseconds = clock.now().timeIntervalSince(began) * 1000
      taken.update { $0[part] = milliseconds }
      return value
    }

    var times: Times {
      Times(milliseconds: clock.now().timeIntervalSince(began) * 1000, parts: taken.value)
    }
  }

  /// What was found, and what the client does: it is asked as soon as it is known where it lies.
  private static func machine(
    in world: World, _ probe: ClientProbe?, _ parts: Parts
  ) async -> (machine: Machine, contract: Result<ClientContract, Failure>?) {
    // Nobody waits for a question here: a busy machine gets more time than the wizard gives it.
    let limit = Duration.seconds(15)
    async let others = parts.timed("machine") {
      await Machine.detect(Set(Probe.ID.allCases).subtracting([.claude]), in: world, limit: limit)
    }
    let (found, contract) = await parts.timed("client") {
      let found = await Machine.detect([.claude], in: world, limit: limit)
      return (found, await self.contract(of: found.claude.installations.first, probe))
    }
    var machine = await others
    machine.claude = found.claude
    machine.conflicts = machine.conflicts.map { $0.met(by: found.claude) }
    machine.unanswered.merge(found.unanswered) { $1 }
    return (machine, contract)
  }

  private static func contract(
    of client: ClaudeCode.Installation?, _ probe: ClientProbe?
  ) async -> Result<ClientContract, Failure>? {
    guard let client, let probe else { return nil }
    do throws(Failure) { return .success(try await probe(client)) } catch {
      return .failure(error)
    }
  }

  private static func survey(
    of choices: Choices, in world: World
  ) async -> Result<Survey, Failure> {
    do throws(Failure) { return .success(try await Survey.take(for: choices, in: world)) } catch {
      return .failure(error)
    }
  }

  private static func functions(
    _ shells: [Shell], in world: World
  ) async -> [Shell: FunctionInShell] {
    await withTaskGroup(of: (Shell, FunctionInShell).self) { group in
      for shell in shells {
        group.addTask { (shell, await FunctionInShell.ask(shell, in: world)) }
      }
      return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
  }

  private static func container(
    of choices: Choices, in world: World
  ) async -> Result<ContainerState?, Failure> {
    guard case .docker = choices.engine else { return .success(nil) }
    do throws(Failure) {
      return .success(try await ContainerState.ask(in: world)?.withResources(in: world))
    } catch {
      return .failure(error)
    }
  }

  /// The model's answer, and the context that it was loaded with.
  private static func answers(of choices: Choices, in world: World) async -> [Proof] {
    let server = OllamaServer(url: choices.engine.url, network: world.network)
    // That a server does not answer is a finding of its own.
    guard let verify = try? Verify(choices, in: world) else { return [] }
    let isThere =
      choices.engine.isOllama
      ? (try? await server.version()) != nil
      : (try? await ServerFindings.ask(choices.engine.url, in: world)) != nil
    guard isThere else { return [] }
    let answer = await verify.engineProof(server)
    guard case .success = answer.outcome else { return [answer] }
    return [answer, await verify.contextProof(server)]
  }

  /// `nil` where the server does not answer or has no such model, which are findings of their own.
  private static func description(
    of choices: Choices, in world: World
  ) async -> OllamaServer.Description? {
    let server = OllamaServer(url: choices.engine.url, network: world.network)
    return try? await server.describe(choices.model)
  }
}

extension Machine {
  /// What concerns every setup: the client, the settings in its way, the disk.
  var checks: [Check] { clientChecks + conflictChecks + [diskCheck] }

  private var diskCheck: Check {
    unansweredCheck(.disk, .disk, .disk) ?? Check(.disk, .disk, disk.probe())
  }

  /// What could not be looked at is not known to be broken.
  private func unansweredCheck(
    _ kind: Check.Kind, _ id: Probe.ID, _ section: Check.Section
  ) -> Check? {
    unanswered[id.rawValue].map { reason in
      Check(kind, section, id.title, .warn, "not known: \(printable(reason))")
    }
  }

  private var clientChecks: [Check] {
    [
      unansweredCheck(.claude, .claude, .client)
        ?? Check(.client, .client, claude.probe(on: system))
    ]
  }

  /// One check for each variable or setting, with every place that it was found in.
  private var conflictChecks: [Check] {
    // Which `claude-local` a shell takes is asked of the shell itself.
    let relevant = conflicts.filter { $0.variable != "claude-local" }
    guard !relevant.isEmpty else {
      return [Check(.settings, .settings, "Conflicts", .pass, "none")]
    }
    var names: [String] = []
    for conflict in relevant where !names.contains(conflict.variable) {
      names.append(conflict.variable)
    }
    return names.map { name in
      let places = relevant.filter { $0.variable == name }
      let standing = places.first { !$0.isOvercome }
      let told = (standing ?? places[0])
      // Everything else that is overcome has its use elsewhere; an address is followed by plain `claude`, and by nothing
      // of ours.
      let isAddress = name == "ANTHROPIC_BASE_URL"
      return Check(
        .variable, of: name, .settings, name, standing == nil ? .pass : .fail,
        places.map { "\($0.placeWords): \($0.shown)" }.joined(separator: "; "),
        consequence: told.consequence,
        remedy: standing?.remedy
          ?? (isAddress
            ? Remedy("For plain claude, which follows it", places.flatMap(\.wayOut.steps)) : nil))
    }
  }
}
