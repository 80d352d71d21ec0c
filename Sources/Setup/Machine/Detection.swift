import Synchronization
import SystemPackage

extension Machine {
  /// Asks every probe at once and returns when all have answered or run out of time.
  ///
  /// Reads only. `onAnswer` is called with each answer as it comes, from any thread, once for each `Probe.ID`.
  /// - Parameters:
  ///   - wanted: the probes that are asked; the others' members stay unknown. A word of daily use that needs to know
  ///     where the client lies does not wait for Docker.
  ///   - limit: for each probe; programs get nine tenths of it, so that a hung one is still told apart.
  public static func detect(
    _ wanted: Set<Probe.ID> = Set(Probe.ID.allCases), in world: World,
    limit: Duration = .seconds(6), onAnswer: @escaping @Sendable (Probe) -> Void = { _ in }
  ) async -> Machine {
    let detection = Detection(wanted: wanted, world: world, limit: limit, onAnswer: onAnswer)
    return await detection.run()
  }

  /// The answers again, as lines to show.
  public var probes: [Probe] {
    [
      system.probe(), processor.probe(), memory.probe(),
      graphics.probe(on: system, docker: docker), disk.probe(), docker.probe(on: system),
      ollama.probe(), node.probe(), claude.probe(on: system), ShellFindings.probe(shells),
      Conflict.probe(conflicts),
    ].map { unanswered[$0.id.rawValue] == nil ? $0 : $0.withTrouble(unanswered[$0.id.rawValue]) }
  }
}

/// One detection: each probe a task of its own, what several need asked once.
private struct Detection: Sendable {
  var wanted: Set<Probe.ID>
  var world: World
  var limit: Duration
  var onAnswer: @Sendable (Probe) -> Void
  private var programLimit: Duration { limit * 0.9 }

  init(
    wanted: Set<Probe.ID>, world: World, limit: Duration,
    onAnswer: @escaping @Sendable (Probe) -> Void
  ) {
    self.wanted = wanted
    self.world = world
    self.limit = limit
    self.onAnswer = onAnswer
  }

  func run() async -> Machine {
    let world = world
    let programLimit = programLimit
    let system = Task { await OperatingSystem.detect(in: world, within: programLimit) }
    let needsDocker = !wanted.isDisjoint(with: [.docker, .disk, .graphics])
    let needsDisk = wanted.contains(.disk)
    let engine = Task {
      needsDocker
        ? await DockerReport.detect(in: world, within: programLimit)
        : Answer(DockerReport(docker: .unknown))
    }
    let readsStartUpFiles = !wanted.isDisjoint(with: [.shells, .conflicts])
    let zshFolder = Task { readsStartUpFiles ? await ZshFolder.ask(in: world) : nil }
    let unknownSystem = OperatingSystem(
      family: world.environment.platform == .macOS ? .macOS : .otherLinux, name: "unknown",
      architecture: "unknown", isWSL: false)
    let address = OllamaAddress(world.environment.nonEmpty("OLLAMA_HOST") ?? "").url
    let configuration = world.environment.home.appending(".claude").string

    async let systemAnswer = ask(
      .system, otherwise: unknownSystem, { await system.value }, { $0.probe() })
    async let processor = ask(
      .processor, otherwise: Processor.unknown,
      { await Processor.detect(in: world, within: programLimit) }, { $0.probe() })
    async let memory = ask(
      .memory, otherwise: Memory.unknown,
      { await Memory.detect(in: world, within: programLimit) }, { $0.probe() })
    async let graphics = ask(
      .graphics, otherwise: Graphics.none,
      {
        var answer = await Graphics.detect(in: world, within: programLimit)
        if case .working = answer.value.driver {
          answer.value.addToolkit(await engine.value.value, in: world)
        }
        return answer
      },
      { graphics in
        // The remedies differ by system and engine; without a card neither is waited for.
        guard graphics.driver != .absent else {
          return graphics.probe(on: unknownSystem, docker: .unknown)
        }
        let docker = graphics.toolkit == .notNeeded ? .unknown : await engine.value.value.docker
        return graphics.probe(on: await system.value.value, docker: docker)
      })
    async let disk = ask(
      .disk, otherwise: Disk(place: needsDisk ? world.environment.home.string : "", free: 0),
      { Disk.detect(in: world, docker: await engine.value.value.docker) }, { $0.probe() })
    async let docker = ask(
      .docker, otherwise: Docker.unknown,
      {
        let answer = await engine.value
        return Answer(answer.value.docker, trouble: answer.trouble)
      }, { $0.probe(on: await system.value.value) })
    async let ollama = ask(
      .ollama,
      otherwise: OllamaFindings(address: address, port: .taken(by: "what does not answer")),
      {
        await OllamaFindings.detect(
          in: world, docker: { await engine.value.value.docker }, within: programLimit)
      }, { $0.probe() })
    async let node = ask(
      .node, otherwise: NodeRuntime(),
      { await NodeRuntime.detect(in: world, within: programLimit) }, { $0.probe() })
    async let claude = ask(
      .claude,
      otherwise: ClaudeCode(
        configurationFolder: configuration, hasCompletedOnboarding: false, hasStoredLogin: false),
      { await ClaudeCode.detect(in: world, within: programLimit) },
      { $0.probe(on: await system.value.value) })
    async let shells = ask(
      .shells, otherwise: [ShellFindings](),
      { ShellFindings.detect(in: world, zshFolder: await zshFolder.value) },
      { ShellFindings.probe($0) })
    async let conflicts = ask(
      .conflicts, otherwise: [Conflict](),
      { Conflict.detect(in: world, zshFolder: await zshFolder.value) }, { Conflict.probe($0) })

    var machine = Machine(
      system: await systemAnswer.value, processor: await processor.value,
      memory: await memory.value, graphics: await graphics.value, disk: await disk.value,
      docker: await docker.value, ollama: await ollama.value, node: await node.value,
      claude: await claude.value, shells: await shells.value, conflicts: await conflicts.value)
    machine.conflicts = machine.conflicts.map { [claude = machine.claude] in $0.met(by: claude) }
    let troubles: [(Probe.ID, String?)] = [
      (.system, await systemAnswer.trouble), (.processor, await processor.trouble),
      (.memory, await memory.trouble), (.graphics, await graphics.trouble),
      (.disk, await disk.trouble), (.docker, await docker.trouble),
      (.ollama, await ollama.trouble), (.node, await node.trouble),
      (.claude, await claude.trouble), (.shells, await shells.trouble),
      (.conflicts, await conflicts.trouble),
    ]
    for (id, trouble) in troubles { machine.unanswered[id.rawValue] = trouble }
    return machine
  }

  private func ask<Value: Sendable>(
    _ id: Probe.ID, otherwise: Value, _ work: @escaping @Sendable () async -> Answer<Value>,
    _ probe: @escaping @Sendable (Value) async -> Probe
  ) async -> Answer<Value> {
    guard wanted.contains(id) else { return Answer(otherwise) }
    let outcome = await firstOutcome(within: limit, world.clock) {
      let answer = await work()
      return (answer, await probe(answer.value).withTrouble(answer.trouble))
    }
    if let (answer, probe) = outcome {
      onAnswer(probe)
      return answer
    }
    let reason = "no answer within \(limit.inWords)"
    onAnswer(Probe(id, .warning, Text(reason)))
    return Answer(otherwise, trouble: reason)
  }
}

extension Probe {
  /// The same, with the reason why it is not the whole truth.
  fileprivate func withTrouble(_ trouble: String?) -> Probe {
    guard let trouble else { return self }
    var probe = self
    probe.finding = finding + " (\(printable(trouble)))"
    if state == .good || state == .information { probe.state = .warning }
    return probe
  }
}

/// What the work returns, or `nil` when the time is over first. Work that does not end is left behind, cancelled: a
/// structured group would wait for it.
private func firstOutcome<Value: Sendable>(
  within limit: Duration, _ clock: Clock, _ work: @escaping @Sendable () async -> Value
) async -> Value? {
  let race = Race<Value>()
  let worker = Task { race.end(with: await work()) }
  let timer = Task {
    do { try await clock.sleep(limit) } catch { return }
    race.end(with: nil)
  }
  let outcome = await withTaskCancellationHandler {
    await withCheckedContinuation { race.start($0) }
  } onCancel: {
    race.end(with: nil)
  }
  worker.cancel()
  timer.cancel()
  return outcome
}

/// The first of two to end; the second is not heard.
private final class Race<Value: Sendable>: Sendable {
  private enum State {
    case waiting
    case started(CheckedContinuation<Value?, Never>)
    case ended(Value?)
    case done
  }
  private let state = Mutex(State.waiting)

  func start(_ continuation: CheckedContinuation<Value?, Never>) {
    let early: Value?? = state.withLock { state in
      if case .ended(let value) = state {
        state = .done
        return .some(value)
      }
      state = .started(continuation)
      return nil
    }
    if let early { continuation.resume(returning: early) }
  }

  func end(with value: Value?) {
    let waiting: CheckedContinuation<Value?, Never>? = state.withLock { state in
      switch state {
      case .waiting:
        state = .ended(value)
        return nil
      case .started(let continuation):
        state = .done
        return continuation
      case .ended, .done: return nil
      }
    }
    waiting?.resume(returning: value)
  }
}
