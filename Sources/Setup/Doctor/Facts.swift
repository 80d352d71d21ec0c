import SystemPackage

/// Everything that the checks of a setup follow from.
struct Facts: Sendable {
  let machine: Machine
  let environment: Environment
  let receipt: Receipt
  let choices: Choices
  /// Our container; `nil` in a success when there is none, or the engine is not Docker.
  let container: Result<ContainerState?, Failure>
  var functions: [Shell: FunctionInShell] = [:]
  var surveyed: Survey?
  /// What these choices, or those with another port, would still change; the reason where that cannot be planned.
  var plan: Result<Plan, Failure>
  var blocks: [BlockRepair] = []
  /// What leads on where these choices do not do any more: the same with a larger context, with a model that can call
  /// tools, or with the server's new port.
  var change: (choices: Choices, plan: Plan)?
  /// The program on our port, where it is neither our container nor a server that answers us.
  var portHolder: String?
  var description: OllamaServer.Description?
  var answers: [Proof] = []
  /// The proxy in the background; `nil` where none runs.
  var proxy: ProxyFindings?
  /// Whether `claude-local` finds `ccl-setup`.
  var isProgramOnPath = true
  /// What the client was seen to do; `nil` where it was not asked.
  var contract: Result<ClientContract, Failure>?

  init(
    machine: Machine, environment: Environment, receipt: Receipt, choices: Choices,
    container: Result<ContainerState?, Failure>
  ) {
    self.machine = machine
    self.environment = environment
    self.receipt = receipt
    self.choices = choices
    self.container = container
    plan = .failure(Failure("The setup was not looked at", why: "no survey was taken"))
  }

  /// The client as it is known now.
  var client: ClaudeCode {
    var client = machine.claude
    if case .success(let contract) = contract { client.contract = contract }
    return client
  }
  var folders: Folders { Folders(environment) }
  var server: Survey.Server? { portHolder == nil ? surveyed?.server : nil }

  /// Plans what the choices would still change of what was found, and looks further where that leads elsewhere.
  mutating func plan(
    from taken: Result<Survey, Failure>, in world: World, catalogue: Catalogue
  ) async {
    do throws(Failure) {
      // The function names the client's place, and the engine's start its program: what could not be looked at would
      // make them look outdated or impossible.
      let needed: [Probe.ID] =
        switch choices.engine {
        case .docker: [.claude, .docker]
        case .native: [.claude, .ollama]
        case .server, .compatible, .rehearsal: [.claude]
        }
      for id in needed {
        guard let reason = machine.unanswered[id.rawValue] else { continue }
        throw Failure(
          "\(id.title) could not be looked at", why: reason,
          tryNext: ["Run the same command again when the machine is less busy."])
      }
      var survey = try taken.get()
      surveyed = survey
      survey.isContainerToBeMadeAnew = isContainerToBeMadeAnew
      var wanted = choices
      if let port = choices.engine.localPort, isAnotherProgramOnPort(port, survey, world) {
        portHolder =
          await holder(of: port, in: world, within: .seconds(3)) ?? "a program of another user"
        wanted.engine = choices.engine.moved(to: freePort(after: port, world))
        // At the new port nothing answers: the rest is found out once the engine runs there.
        survey = try await Survey.take(for: wanted, machine: machine, in: world)
      }
      // The files are to be what the client wants now, not what it wanted when it was last asked.
      var machine = machine
      machine.claude = client
      blocks = BlockRepair.all(for: wanted, survey, environment) { shell in isHidden(shell) }
      func plan(_ choices: Choices, _ survey: Survey) throws(Failure) -> Plan {
        var plan = try Plan(
          choices, machine: machine, catalogue: catalogue, survey: survey.without(blocks),
          environment: environment)
        plan.start(from: blocks)
        return plan
      }
      self.plan = .success(try plan(wanted, survey))
      guard let changed = await changedChoices(catalogue, in: world) else { return }
      survey = try await Survey.take(for: changed, machine: machine, in: world)
      survey.isContainerToBeMadeAnew = isContainerToBeMadeAnew
      var leading = try plan(changed, survey)
      if changed.model != choices.model {
        leading.notes.insert(noteOfReplacedModel(changed), at: 0)
      }
      change = (changed, leading)
    } catch {
      self.plan = .failure(error)
    }
  }

  /// Whether a fresh shell takes the name for anything but our function.
  func isHidden(_ shell: Shell) -> Bool {
    switch functions[shell] {
    case .function(let file): !isOurs(file, shell)
    case .alias, .unknown: true
    case .unanswered, nil: false
    }
  }

  func isOurs(_ file: String, _ shell: Shell) -> Bool {
    // A shell that does not tell the file is believed.
    file.isEmpty || file.hasSuffix(folders.function(for: shell).lastComponent?.string ?? "")
  }

  /// A port that is in use although our own engine is not what uses it.
  private func isAnotherProgramOnPort(_ port: Int, _ survey: Survey, _ world: World) -> Bool {
    guard !world.network.isPortFree("127.0.0.1", port) else { return false }
    switch choices.engine {
    case .docker:
      guard case .success(let container) = container else { return false }
      return container?.holdsItsPort != true
    case .native: return survey.server == nil
    case .server, .compatible, .rehearsal: return false
    }
  }

  private func freePort(after port: Int, _ world: World) -> Int {
    (port + 1..<port + 50).first { world.network.isPortFree("127.0.0.1", $0) } ?? port
  }

  /// The changes of the plan that can be made now.
  var repair: Plan? {
    if let change { return change.plan }
    guard case .success(var plan) = plan else { return nil }
    if server == nil {
      // What a server that stands still holds is not known: it is started first, and the rest seen then.
      plan.withdrawn = []
      plan.steps.removeAll { [.model, .context, .aliases].contains($0.id) }
    }
    if isDockerInTheWay { plan.steps.removeAll { $0.id == .engine } }
    return plan.isEmpty ? nil : plan
  }

  /// `up` leaves a container alone that runs, also one whose server is stuck or whose health check fails.
  private var isContainerToBeMadeAnew: Bool {
    guard case .success(let container?) = container else { return false }
    return container.isUnhealthy || container.isUp && surveyed?.server == nil
  }

  /// Docker itself does not work: nothing of ours can be started.
  var isDockerInTheWay: Bool {
    guard case .docker = choices.engine else { return false }
    return !machine.docker.isUsable
  }
}

extension Engine {
  /// The port on 127.0.0.1 of an engine that we start.
  var localPort: Int? {
    switch self {
    case .docker(let port, _), .native(let port): port
    case .server, .compatible, .rehearsal: nil
    }
  }

  /// The same engine on another port of this machine.
  func moved(to port: Int) -> Engine {
    switch self {
    case .docker(_, let graphics): .docker(port: port, graphics: graphics)
    case .native: .native(port: port)
    case .server, .compatible, .rehearsal: self
    }
  }
}
