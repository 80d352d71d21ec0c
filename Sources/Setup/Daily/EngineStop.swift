/// Stops the engine that was set up, and leaves everything else as it is: `start` brings it back.
public struct EngineStop: Sendable {
  /// What stopping means for an engine.
  public enum How: Sendable, Hashable {
    case run(Invocation)
    /// A server that we started: its process and what the receipt calls it.
    case end(processID: Int32, program: String, subject: String)
  }

  public let how: How
  let world: World

  /// - Throws: a `Failure` for a server that is not ours to stop.
  public init(_ engine: EngineAtHand, in world: World) throws(Failure) {
    self.world = world
    let choices = try engine.chosen(for: "stop")
    if let project = ComposeProject(choices.engine, world.environment) {
      how = .run(project.call(["stop"]))
      return
    }
    let subject = "engine:native"
    if case .native = choices.engine,
      case .endProcess(let id, let program)? = engine.receipt?[subject]?.undo
    {
      how = .end(processID: id, program: program, subject: subject)
      return
    }
    guard choices.engine.isOllama else {
      throw Failure(
        "This server is not ccl-setup's to stop", why: "\(engine.title) runs elsewhere",
        tryNext: ["Ask whoever runs it."])
    }
    throw Failure(
      "This Ollama is not ccl-setup's to stop", why: "\(engine.title) was running before it",
      tryNext: Self.adviceForForeign(in: world))
  }

  /// How a person stops an Ollama that is not ours.
  public static func adviceForForeign(in world: World) -> [String] {
    world.environment.platform == .macOS
      ? ["Its menu has “Quit Ollama”.", "`brew services stop ollama`"]
      : ["`systemctl stop ollama` on the machine where it runs"]
  }

  /// What it does, for a person.
  public var title: String {
    switch how {
    case .run(let command): command.commandLine
    case .end(let id, _, _): "end Ollama, process \(id)"
    }
  }

  /// Answers whether something was running.
  public func callAsFunction() async throws(Failure) -> Bool {
    let lock = try SetupLock.take(in: world)
    defer { lock.release() }
    switch how {
    case .run(let command):
      let result: ProgramResult
      do { result = try await world.programs.run(command, within: .seconds(120)) } catch {
        throw programFailure(error)
      }
      guard result.succeeded else { throw commandFailure(command, result) }
      return true
    case .end(let id, let program, let subject):
      return try await end(id, program, subject)
    }
  }

  private func end(
    _ id: Int32, _ program: String, _ subject: String
  ) async throws(Failure) -> Bool {
    let wasRunning = await world.isRunning(program, as: id)
    if wasRunning { world.programs.end(id) }
    for _ in 0..<100 where wasRunning && world.programs.isRunning(id) {
      do { try await world.clock.sleep(.milliseconds(100)) } catch {
        throw Failure("The stop was interrupted", why: "cancelled", code: .interrupted)
      }
    }
    guard !wasRunning || !world.programs.isRunning(id) else {
      throw Failure(
        "Ollama goes on running", why: "process \(id) has not ended 10 s after it was asked to",
        tryNext: ["`kill -9 \(id)`"])
    }
    // The number may be another process's tomorrow: it must not be ended by an uninstall. The entry stays in its place,
    // so that the next start is taken back after the models that were made since.
    let store = ReceiptStore(in: world)
    if var receipt = try store.read(),
      let index = receipt.entries.firstIndex(where: { $0.subject == subject })
    {
      receipt.entries[index].undo = .stopEngine(commands: [], storage: [])
      try store.write(receipt)
    }
    return wasRunning
  }
}
