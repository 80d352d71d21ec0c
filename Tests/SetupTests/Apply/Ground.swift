import Live
import Rehearsal
import Support
import SystemPackage
import Testing

@testable import Setup

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Ada's machine: her files in memory, Docker scripted, and behind its port the stand-in engine on real loopback.
struct Ground: Sendable {
  let scripted: ScriptedWorld
  let server: RehearsalServer
  let port: Int
  let journal = Shared(Journal())

  static let home = FilePath("/home/ada")
  static let settings = home.appending(".config/ccl-setup/claude-settings.json")
  static let receipt = home.appending(".local/state/ccl-setup/receipt.json")

  var url: String { "http://127.0.0.1:\(port)" }
  var engine: OllamaServer { OllamaServer(url: url, network: world.network) }
  var store: ReceiptStore { ReceiptStore(in: world) }

  func subject(ofModel name: String) -> String { Receipt.subject(ofModel: name, on: url) }

  var choices: Choices {
    .example {
      $0.engine = .docker(port: port, graphics: false)
      $0.shells = [.bash]
    }
  }

  /// What is watched while the world is used, and when it dies.
  struct Journal: Sendable {
    enum Event: Sendable, Hashable {
      case write(FilePath)
      case request(String)
    }
    var events: [Event] = []
    var writes = 0
    /// As by `kill -9`: from this write on (which still `happens`, or not) nothing works any more.
    var death: (write: Int, happens: Bool)?
    var isDead = false
    /// Writes of these paths fail.
    var full: Set<FilePath> = []
  }

  init(_ server: RehearsalServer, port: Int) {
    self.server = server
    self.port = port
    scripted = ScriptedWorld()
    scripted.install("docker")
    scripted.file(Self.home.appending(".bashrc"), "alias ll='ls -l'", mode: 0o600)
    scripted.file(Self.home.appending(".profile"), "# mine\n")
    scripted.file(Self.settings, "not yours", mode: 0o640)
  }

  /// Her world, watched by the journal.
  var world: World {
    var world = scripted.world
    let journal = journal
    let files = world.files
    @Sendable func enter(_ path: FilePath) throws(FileProblem) -> Bool {
      try journal.update { journal throws(FileProblem) in
        guard !journal.isDead else { throw .other(path, reason: "killed") }
        journal.writes += 1
        journal.events.append(.write(path))
        if let death = journal.death, journal.writes == death.write {
          journal.isDead = true
          return death.happens
        }
        if journal.full.contains(path) { throw .full(path) }
        return true
      }
    }
    @Sendable func leave(_ path: FilePath) throws(FileProblem) {
      if journal.value.isDead { throw .other(path, reason: "killed") }
    }
    world.files.write = { path, bytes, mode throws(FileProblem) in
      if try enter(path) { try files.write(path, bytes, mode) }
      try leave(path)
    }
    world.files.remove = { path throws(FileProblem) in
      if try enter(path) { try files.remove(path) }
      try leave(path)
    }
    let network = Network.live(in: scripted.environment)
    let own = url
    @Sendable func allow(_ request: WebRequest) throws(NetworkProblem) {
      // Nothing but the stand-in is there: no registry.
      if journal.value.isDead || !request.url.hasPrefix(own) { throw .refused(request.url) }
      journal.update {
        $0.events.append(.request("\(request.method) \(request.url.dropFirst(own.count))"))
      }
    }
    world.network.exchange = { request throws(NetworkProblem) in
      try allow(request)
      return try await network.exchange(request)
    }
    world.network.stream = { request, head, receive in
      try allow(request)
      try await network.stream(request, head, receive)
    }
    let programs = world.programs
    world.programs.run = { invocation, limit, output throws(ProgramProblem) in
      guard !journal.value.isDead else { throw .cancelled(invocation.program) }
      return try await programs.run(invocation, limit, output)
    }
    return world
  }

  /// Looks and plans, Docker's own commands scripted; one alias is as good as twelve.
  func plan(_ choices: Choices? = nil) async throws -> Plan {
    let choices = choices ?? self.choices
    scripted.program(
      "docker container inspect --format '{{index .Config.Labels \"com.docker.compose.project\"}}' ollama",
      prints: "", code: 1)
    scripted.program("docker volume inspect ccl-setup_ollama", prints: "", code: 1)
    let survey = try await Survey.take(for: choices, in: world)
    var plan = try planned(choices, survey: survey)
    plan.steps[3].changes = plan.steps[3].changes.filter { $0.title.contains("claude-opus-5-5") }
    for change in plan.changes {
      guard case .startEngine(let start) = change, case .commands(let up) = start.how else {
        continue
      }
      for command in up + start.undo + start.undoStorage {
        scripted.program(Invocation(command.program, command.arguments).commandLine, prints: "")
      }
    }
    return plan
  }

  @discardableResult
  func apply(
    _ plan: Plan, report: @escaping @Sendable (ApplyEvent) -> Void = { _ in }
  ) async throws -> Receipt {
    try await Apply(in: world, tool: "test", report: report)(plan)
  }

  @discardableResult
  func setUp(_ choices: Choices? = nil) async throws -> Receipt {
    try await apply(try await plan(choices))
  }

  /// Takes everything back; answers what became of each entry, by subject.
  @discardableResult
  func uninstall(keepingModels: Bool = false) async throws -> [String: Result<Reversion, Failure>] {
    for list in ["ps --all", "volume ls"] {
      scripted.program(
        "docker \(list) --quiet --filter label=com.docker.compose.project=ccl-setup", prints: "")
    }
    let outcomes = Shared([String: Result<Reversion, Failure>]())
    let failures = try await Uninstall(in: world)(keepingModels: keepingModels) { entry, outcome in
      outcomes.update { $0[entry.subject] = outcome }
    }
    #expect(
      failures.count
        == outcomes.value.values.count { if case .failure = $0 { true } else { false } })
    return outcomes.value
  }

  func revive() {
    journal.update {
      $0.isDead = false
      $0.death = nil
      $0.events = []
      $0.writes = 0
    }
  }

  /// Has the engine keep the blobs under a name of their own: every later pull is quick.
  func keepBlobs() async throws {
    try await engine.pull("qwen3:1.7b", expected: nil, clock: world.clock) { _ in }
    try await engine.copy(from: "qwen3:1.7b", to: "kept")
    try await engine.delete("qwen3:1.7b")
  }

  func models() async throws -> [String] { try await engine.models().map(\.name) }
}

/// A stand-in engine on a port of loopback that the system chose, with one small model in its registry.
func withGround<Value: Sendable>(
  version: String = "0.32.15", faults: [Fault] = [],
  _ body: @escaping @Sendable (Ground) async throws -> Value
) async throws -> Value {
  var configuration = RehearsalConfiguration(
    version: version, listen: .init(port: 0),
    pace: Pace(pull: .zero, load: .zero, promptRate: 0, answerRate: 0), faults: faults)
  configuration.catalogue = CatalogueModel.library.filter { $0.name == "qwen3:1.7b" }
  let server = try RehearsalServer(configuration)
  let (ports, ready) = AsyncStream<Int>.makeStream()
  return try await withThrowingTaskGroup(of: Value?.self) { group in
    group.addTask {
      try await server.run { ready.yield($0) }
      return nil
    }
    group.addTask {
      var iterator = ports.makeAsyncIterator()
      guard let port = await iterator.next() else { return nil }
      return try await body(Ground(server, port: port))
    }
    defer { group.cancelAll() }
    while let value = try await group.next() {
      if let value { return value }
    }
    throw CancellationError()
  }
}
