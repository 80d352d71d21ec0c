#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What runs now, as `ccl-setup status` tells it.
public struct EngineStatus: Sendable, Hashable, Codable {
  public struct Loaded: Sendable, Hashable, Codable {
    public var name: String
    public var bytes: UInt64
    /// Tokens; `nil` when the server does not say.
    public var contextWindow: Int?
    /// Of the model in graphics memory, 0 to 1.
    public var graphicsShare: Double
    /// Seconds until it unloads without another request; `nil`: it stays.
    public var secondsLeft: Double?
  }
  public var engine: String
  /// Whether it is the one that was set up here.
  public var isOurs: Bool
  public var url: String
  /// The server's version; `nil` when it does not answer.
  public var version: String?
  /// Why it does not answer.
  public var problem: String?
  /// `nil` when the engine is not in Docker, there is no container, or Docker could not be asked.
  public var container: ContainerState?
  public var loaded: [Loaded]
  /// The model that `claude-local` uses.
  public var model: String?
  public var contextWindow: Int?
  public var profile: Profile?
  /// What a server that is not Ollama was found to be; it does not tell what is loaded.
  public var findings: ServerFindings?

  public var isRunning: Bool { version != nil }
}

extension EngineStatus {
  /// Asks the server and Docker, at once.
  public static func take(of engine: EngineAtHand, in world: World) async -> EngineStatus {
    let server = engine.server(in: world)
    async let container = container(of: engine, in: world)
    var status = EngineStatus(
      engine: engine.title, isOurs: engine.choices != nil, url: engine.url, loaded: [],
      model: engine.choices.flatMap { try? $0.clientModel() },
      contextWindow: engine.choices?.contextWindow, profile: engine.choices?.profile)
    do throws(Failure) {
      guard engine.isOllama else {
        let findings = try await ServerFindings.ask(engine.url, in: world)
        status.findings = findings
        status.version = findings.title
        return status
      }
      status.version = try await server.version()
      let now = world.clock.now()
      status.loaded = try await server.loadedModels().map { Loaded($0, at: now) }
    } catch {
      status.problem = error.why
    }
    status.container = await container
    return status
  }

  private static func container(
    of engine: EngineAtHand, in world: World
  ) async -> ContainerState? {
    guard engine.isInDocker else { return nil }
    // That the server does not answer is told anyway; why Docker does not, the doctor knows.
    return try? await ContainerState.ask(in: world)
  }
}

extension EngineStatus.Loaded {
  init(_ model: OllamaServer.LoadedModel, at now: Date) {
    name = (try? ModelName(model.name))?.description ?? model.name
    bytes = model.size
    contextWindow = model.contextLength
    let share = model.size == 0 ? 0 : Double(model.sizeVram ?? 0) / Double(model.size)
    graphicsShare = min(1, max(0, share))
    let left = moment(model.expiresAt).map { $0.timeIntervalSince(now) }
    // "For ever" is written as a moment centuries away.
    secondsLeft = left.flatMap { $0 > 10 * 365 * 86_400 ? nil : max(0, $0) }
  }
}

/// A moment as Go writes it: RFC 3339 with up to nine decimals and any offset. `nil` for anything else.
func moment(_ text: String) -> Date? {
  guard let point = text.firstIndex(of: ".") else { return try? Date(text, strategy: .iso8601) }
  let digits = text[text.index(after: point)...].prefix { $0.isASCII && $0.isNumber }
  let rest = text[point...].dropFirst(1 + digits.count)
  guard !digits.isEmpty, let fraction = Double("0.\(digits)"),
    let whole = try? Date(text[..<point] + rest, strategy: .iso8601)
  else { return nil }
  return whole.addingTimeInterval(fraction)
}
