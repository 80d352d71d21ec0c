import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A listener on 127.0.0.1 that answers every prompt like an Anthropic server, and keeps what it was sent.
public struct ProbeListener: Sendable {
  /// `http://127.0.0.1:PORT`.
  public var url: String
  public var requests: @Sendable () -> [ClientContract.Request]
  public var stop: @Sendable () async -> Void

  public init(
    url: String, requests: @escaping @Sendable () -> [ClientContract.Request],
    stop: @escaping @Sendable () async -> Void
  ) {
    self.url = url
    self.requests = requests
    self.stop = stop
  }
}

/// Lets the installed client talk to a listener of ours, once for each tier and all at once.
public struct ClientProbe: Sendable {
  let world: World
  let listen: @Sendable () async throws(Failure) -> ProbeListener

  public init(
    in world: World, listen: @escaping @Sendable () async throws(Failure) -> ProbeListener
  ) {
    self.world = world
    self.listen = listen
  }

  /// The contract of this client: as it was stored for its version, or else asked and stored.
  public func callAsFunction(_ client: ClaudeCode.Installation) async throws(Failure)
    -> ClientContract
  {
    let version = client.version ?? "unknown"
    if let stored, stored.clientVersion == version { return stored }
    let contract = try await ask(client.path, version)
    store(contract)
    return contract
  }

  private var file: FilePath { Folders(world.environment).clientContract }

  /// A stored contract that cannot be read is asked for again.
  private var stored: ClientContract? {
    guard let bytes = try? world.files.read(file) else { return nil }
    return try? JSONDecoder().decode(ClientContract.self, from: Data(bytes))
  }

  /// Only where the state folder is there already; not being able to keep it costs the next run two seconds.
  private func store(_ contract: ClientContract) {
    guard world.files.exists(file.removingLastComponent()),
      let bytes = try? JSONEncoder().encode(contract)
    else { return }
    try? world.files.write(file, Array(bytes), 0o600)
  }

  private func ask(_ client: String, _ version: String) async throws(Failure) -> ClientContract {
    let listener = try await listen()
    let folder = Folders(world.environment).probe
    let outcomes = await withTaskGroup(of: String.self) { group in
      for tier in ClientContract.tiers {
        group.addTask {
          let call = call(
            client, tier, url: listener.url, folder: folder.appending(tier), world.environment)
          do {
            _ = try world.files.makeFolder(folder.appending(tier))
            let result = try await world.programs.run(call, within: .seconds(60))
            return result.succeeded ? "" : result.output + result.error
          } catch let problem as ProgramProblem {
            return programFailure(problem).why
          } catch let problem as FileProblem {
            return "\(problem.path): \(problem.reason)"
          } catch {
            return "\(error)"
          }
        }
      }
      return await group.reduce(into: [String]()) { $0.append($1) }
    }
    await listener.stop()
    // Should it stay behind, the next one and uninstall remove it.
    try? world.files.removeTree(folder)
    guard let contract = ClientContract(version: version, listener.requests()) else {
      let words = outcomes.first { !$0.isEmpty } ?? "it ended without a word"
      throw Failure(
        "Claude Code did not talk to a server of ours",
        why: printable(String(words.trimmed.prefix(300))), tryNext: ["`ccl-setup env`"])
    }
    return contract
  }

  /// A client that knows nothing of the person: an empty environment, a folder of its own, no retries.
  private func call(
    _ client: String, _ tier: String, url: String, folder: FilePath, _ environment: Environment
  ) -> Invocation {
    var variables = [
      "HOME": folder.string, "CLAUDE_CONFIG_DIR": folder.string,
      // An npm installation is a script for the node beside it.
      "PATH": "\(FilePath(client).removingLastComponent()):\(environment.variables["PATH"] ?? "")",
      "ANTHROPIC_BASE_URL": "\(url)/\(tier)", "ANTHROPIC_AUTH_TOKEN": ClientContract.token,
      "ANTHROPIC_MODEL": "probe-none", "CLAUDE_CODE_MAX_RETRIES": "0",
      "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1",
    ]
    for tier in Tier.allCases { variables[tier.variable] = "probe-\(tier.rawValue)" }
    let model = tier == "none" ? [] : ["--model", tier]
    return Invocation(
      client, model + ["-p", "hi"], environment: variables, without: ["*"], folder: folder)
  }
}
