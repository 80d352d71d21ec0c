import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A listener on 127.0.0.1 that answers every prompt like an Anthropic server.
public struct ProbeListener: Sendable {
  /// `http://127.0.0.1:PORT`.
  public var url: String
  /// Each request as it comes; ends when the listener is stopped.
  public var requests: AsyncStream<ClientContract.Request>
  public var stop: @Sendable () async -> Void

  public init(
    url: String, requests: AsyncStream<ClientContract.Request>,
    stop: @escaping @Sendable () async -> Void
  ) {
    self.url = url
    self.requests = requests
    self.stop = stop
  }
}

/// Lets the installed client talk to a listener of ours and reads off what it does.
///
/// A client takes a second of processor time to start, its further prompts a twentieth of that. So two of them run at
/// once, each in a conversation whose settings change on the way; each is ended as soon as it has said what it can:
/// - with every tool: `ANTHROPIC_AUTH_TOKEN` beside a stored login and a login token (`token`); then token and key
///   (`both`), where the answer to its prompt starts a subagent of each tier; first in a context of 1,000 tokens, which a
///   client that keeps to it refuses.
/// - with the lean tools: `ANTHROPIC_API_KEY`, `--settings` against a settings file and the environment, while the model
///   changes from tier to tier (`tiers`); then a login token in `CLAUDE_CODE_OAUTH_TOKEN` and nothing else (`login`).
///
/// What a conversation did not bring out is asked of a client of its own.
public struct ClientProbe: Sendable {
  let world: World
  let listen: @Sendable () async throws(Failure) -> ProbeListener

  public init(
    in world: World, listen: @escaping @Sendable () async throws(Failure) -> ProbeListener
  ) {
    self.world = world
    self.listen = listen
  }

  /// The contract of this client: as it was stored for its version, or else asked.
  public func callAsFunction(_ client: ClaudeCode.Installation) async throws(Failure)
    -> ClientContract
  {
    let version = client.version ?? "unknown"
    if let stored = ClientContract.stored(in: world), stored.clientVersion == version {
      return stored
    }
    return try await ask(client.path, version)
  }

  // MARK: - What is sent

  enum Run: String, Sendable, CaseIterable {
    case token, tiers, both, login
  }

  /// Which of the places that name a base URL the client took it from.
  enum Layer: String, Sendable, CaseIterable {
    case process, user, settings
  }

  /// Another one in each run, so that one that was kept from the run before is known.
  static func token(_ run: Run) -> String { "probe-token-\(run.rawValue)" }
  static func key(_ run: Run) -> String { "probe-key-\(run.rawValue)" }
  static let login = "sk-ant-oat01-probe"
  static let tiers = ["none"] + Tier.allCases.map(\.rawValue)
  /// The tiers that the client's tool for subagents takes.
  static let subagents = ["none", "sonnet", "opus", "haiku"]
  static let spawning = "probe-spawn"
  /// The same, of a client that refused it in a context that is too small.
  static let spawningAgain = "probe-spawn-again"
  /// A context that nothing fits into, and in which nothing is to be made shorter: a client that keeps to it sends
  /// nothing; and the end of it.
  static let noWindow = ["CLAUDE_CODE_MAX_CONTEXT_TOKENS": "1000", "DISABLE_AUTO_COMPACT": "1"]

  static func model(_ tier: String) -> String { "probe-\(tier)" }
  static func isOurs(_ model: String) -> Bool { tiers.map(Self.model).contains(model) }
  static func words(for tier: String) -> String { "probe-words-\(tier)." }

  /// Reads `/RUN.LAYER/path?query`.
  static func base(of path: String) -> (run: Run, layer: Layer, path: String)? {
    let parts = path.dropFirst().split(separator: "/", maxSplits: 1)
    let names = parts.first?.split(separator: ".") ?? []
    guard parts.count == 2, names.count == 2, let run = Run(rawValue: String(names[0])),
      let layer = Layer(rawValue: String(names[1]))
    else { return nil }
    return (run, layer, "/" + parts[1].prefix { $0 != "?" })
  }

  // MARK: - Asking

  /// How one run of the client ended, in its own words where it failed.
  private struct Outcome: Sendable {
    var words = ""
  }

  private func ask(_ client: String, _ version: String) async throws(Failure) -> ClientContract {
    let listener = try await listen()
    let folder = Folders(world.environment).probe
    let made: [FilePath]
    do { made = try world.files.makeFolder(folder) } catch {
      await listener.stop()
      throw Failure("The client could not be asked", why: "\(error.path): \(error.reason)")
    }
    let seen = Shared([ClientContract.Request]())
    let session = Session(world: world, client: client, url: listener.url, folder: folder)
    let options: [ClientContract.Option]
    let words: String
    (options, words) = await withTaskGroup(of: Void.self) { group in
      group.addTask {
        for await request in listener.requests {
          seen.update { $0.append(request) }
          if let prompt = Prompt(request) { session.notice(prompt) }
        }
      }
      let found = await session.run()
      await listener.stop()
      return found
    }
    clean(folder, made)
    let contract = ClientContract(version: version, seen.value, options: options)
    guard let contract else {
      throw Failure(
        "Claude Code did not talk to a server of ours",
        why: words.isEmpty
          ? "it ended without a word" : printable(String(words.trimmed.prefix(300))),
        tryNext: ["`ccl-setup env`"])
    }
    return contract
  }

  /// Should something stay behind, the next one and uninstall remove it.
  private func clean(_ folder: FilePath, _ made: [FilePath]) {
    try? world.files.removeTree(folder)
    for folder in made.reversed() { _ = try? world.files.removeEmptyFolder(folder) }
  }
}

extension ClientContract {
  /// What was kept of the last client that was asked, of whatever version; one that cannot be read, or was asked less
  /// than is asked today, is asked again.
  static func stored(in world: World) -> ClientContract? {
    guard let bytes = try? world.files.read(Folders(world.environment).clientContract) else {
      return nil
    }
    let contract = try? JSONDecoder().decode(ClientContract.self, from: Data(bytes))
    return contract?.credentials.count == CredentialWay.allCases.count ? contract : nil
  }

  /// Keeps it where the state folder is there; not being able to costs the next run two seconds.
  public func store(in world: World) {
    let file = Folders(world.environment).clientContract
    guard self != ClientContract.stored(in: world),
      world.files.exists(file.removingLastComponent()),
      let bytes = try? JSONEncoder().encode(self)
    else { return }
    try? world.files.write(file, Array(bytes), 0o600)
  }
}
