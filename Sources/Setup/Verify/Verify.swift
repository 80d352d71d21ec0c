import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One thing that was proved, or was not.
public struct Proof: Sendable {
  public enum Subject: Sendable, Hashable {
    case engine
    case context
    case shell(Shell)
  }
  public var subject: Subject
  /// What was done, for a person.
  public var title: String
  /// The evidence, or the failure.
  public var outcome: Result<Evidence, Failure>

  /// The figures behind a proof.
  public struct Evidence: Sendable, Hashable, Codable {
    public var words: String
    public var seconds: Double?
    public var secondsToFirstToken: Double?
    public var tokensPerSecond: Double?
    public var promptTokens: Int?
    public var contextWindow: Int?
    /// The share of the model in graphics memory, 0 to 1.
    public var graphicsShare: Double?
  }
}

/// Proves a finished setup on the running machine: the model answers, with the context that was asked for, and a
/// fresh shell of each kind gets its answer through the real client from this very server.
public struct Verify: Sendable {
  let world: World
  let choices: Choices
  let model: String

  public init(_ choices: Choices, in world: World) throws(Failure) {
    self.world = world
    self.choices = choices
    model = try choices.clientModel()
  }

  private var server: OllamaServer {
    OllamaServer(
      url: choices.engine.url, title: choices.engine.isOllama ? "Ollama" : "The server",
      network: world.network)
  }

  /// Runs every proof in order; `report` gets each as it is known. Stops at the first that makes the next ones moot.
  public func callAsFunction(
    began: @Sendable (String) -> Void, report: @Sendable (Proof) -> Void
  ) async -> Bool {
    let server = server
    began("asking the model directly")
    let engine = await engineProof(server)
    report(engine)
    guard case .success = engine.outcome else { return false }
    let context = await contextProof(server)
    report(context)
    var isGood = if case .success = context.outcome { true } else { false }
    for shell in choices.shells {
      began("claude-local in a fresh \(shell.rawValue)")
      let proof = await shellProof(shell, server)
      report(proof)
      if case .failure = proof.outcome { isGood = false }
    }
    return isGood
  }

  func engineProof(_ server: OllamaServer) async -> Proof {
    let title = "\(model) answers at \(choices.engine.url)"
    do {
      let reading = try await server.read(
        model, prompt: "Reply with the word pong", clock: world.clock, within: .seconds(600))
      return Proof(
        subject: .engine, title: title,
        outcome: .success(
          .init(
            words: printable(String(reading.text.trimmed.prefix(60))),
            secondsToFirstToken: reading.secondsToFirstToken,
            tokensPerSecond: reading.tokensPerSecond, promptTokens: reading.promptTokens)))
    } catch {
      return Proof(subject: .engine, title: title, outcome: .failure(error))
    }
  }

  /// Only `/api/ps` tells the context that is really loaded; another server is believed what it says of its model.
  func contextProof(_ server: OllamaServer) async -> Proof {
    if !choices.engine.isOllama { return await servedContextProof() }
    let title = "the context of \(choices.contextWindow) tokens is really loaded"
    do throws(Failure) {
      guard let loaded = try await loaded(server) else {
        throw Failure(
          "The model is not loaded", why: "\(server.url)/api/ps does not list \(model)",
          tryNext: ["`ccl-setup status`"])
      }
      guard loaded.contextLength == choices.contextWindow else {
        throw Failure(
          "The context is not the one that was asked for",
          why:
            "/api/ps says \(loaded.contextLength.map(String.init) ?? "nothing"), asked were \(choices.contextWindow); longer prompts are cut off silently",
          tryNext: ["`ccl-setup fix`"])
      }
      let share = loaded.sizeVram.map { loaded.size == 0 ? 0 : Double($0) / Double(loaded.size) }
      return Proof(
        subject: .context, title: title,
        outcome: .success(
          .init(
            words: "/api/ps says \(choices.contextWindow)", contextWindow: loaded.contextLength,
            graphicsShare: share)))
    } catch {
      return Proof(subject: .context, title: title, outcome: .failure(error))
    }
  }

  private func servedContextProof() async -> Proof {
    let title = "the server has room for \(choices.contextWindow) tokens"
    do throws(Failure) {
      let findings = try await ServerFindings.ask(choices.engine.url, in: world)
      guard let served = findings[choices.model] else {
        throw Failure(
          "The server does not serve \(printable(model)) any more",
          why: "it serves \(findings.models.map { printable($0.name) }.joined(separator: ", "))",
          tryNext: ["`ccl-setup --model NAME` chooses another one."])
      }
      guard let window = served.contextWindow else {
        return Proof(
          subject: .context, title: title,
          outcome: .success(.init(words: "\(findings.title) does not tell: not proved")))
      }
      guard window >= choices.contextWindow else {
        throw Failure(
          "The server's context is smaller than the client believes",
          why: "it says \(window), the client counts on \(choices.contextWindow)",
          tryNext: ["`ccl-setup --context \(window)`"])
      }
      return Proof(
        subject: .context, title: title,
        outcome: .success(
          .init(words: "\(findings.title) says \(window)", contextWindow: window)))
    } catch {
      return Proof(subject: .context, title: title, outcome: .failure(error))
    }
  }

  /// The server's own record of its work: with Ollama the time until which it keeps the model, which moves with every
  /// request; with others their counters. `nil` where it keeps none.
  private func record(_ server: OllamaServer) async throws(Failure) -> String? {
    if choices.engine.isOllama { return try await loaded(server)?.expiresAt }
    return await (try ServerFindings.ask(choices.engine.url, in: world)).workSoFar(in: world)
  }

  func loaded(_ server: OllamaServer) async throws(Failure) -> OllamaServer.LoadedModel? {
    let wanted = try? ModelName(model)
    return try await server.loadedModels().first { (try? ModelName($0.name)) == wanted }
  }

  private func shellProof(_ shell: Shell, _ server: OllamaServer) async -> Proof {
    var title = "claude-local answers in a fresh \(shell.rawValue)"
    do throws(Failure) {
      let folder = try proofFolder()
      // Should it stay behind, the next proof and uninstall remove it.
      defer { try? world.files.removeTree(folder) }
      let command = Self.command(for: shell, folder: folder)
      let before = try await record(server)
      let began = world.clock.now()
      let result = try await run(command)
      let seconds = world.clock.now().timeIntervalSince(began)
      let said = result.output + "\n" + result.error
      guard result.succeeded, !result.output.isEmpty else {
        throw ClientComplaint.diagnose(said, code: result.code, url: server.url)
      }
      let after = try await record(server)
      if before == nil, after == nil, !choices.engine.isOllama {
        title += " (from where is not proved: the server keeps no record)"
      } else if after == nil || after == before {
        throw Failure(
          "An answer came, but not from this server",
          why:
            "\(server.url)\(choices.engine.isOllama ? "/api/ps" : "'s own record") shows no new request to \(model); the client said “\(printable(String(result.output.prefix(60))))”",
          tryNext: ["`ccl-setup doctor` shows where the client goes", "`ccl-setup fix`"])
      }
      return Proof(
        subject: .shell(shell), title: title,
        outcome: .success(
          .init(words: printable(String(result.output.prefix(60))), seconds: seconds)))
    } catch {
      return Proof(subject: .shell(shell), title: title, outcome: .failure(error))
    }
  }

  /// A configuration folder for the client that lasts for one proof: a copy of the person's settings, so that they
  /// have their say, and nothing of the proof's session stays in theirs.
  func proofFolder() throws(Failure) -> FilePath {
    let folder = Folders(world.environment).proof
    let own =
      world.environment.nonEmpty("CLAUDE_CONFIG_DIR").map { FilePath($0) }
      ?? world.environment.home.appending(".claude")
    do {
      try world.files.removeTree(folder)
      _ = try world.files.makeFolder(folder)
      if let settings = try world.files.readIfPresent(own.appending("settings.json")) {
        try world.files.write(folder.appending("settings.json"), settings, 0o600)
      }
    } catch {
      throw Failure(
        "The proof could not be prepared", why: "\(error.path): \(error.reason)")
    }
    return folder
  }

  /// A fresh shell as a new terminal starts it (fish finds functions without being interactive), with the client's
  /// silent retries (190 s) switched off.
  static func command(for shell: Shell, folder: FilePath) -> Invocation {
    Invocation(
      shell.rawValue,
      (shell == .fish ? [] : ["-i"]) + ["-c", "claude-local -p 'Reply with the word pong'"],
      environment: [
        "CLAUDE_CODE_MAX_RETRIES": "0", "CLAUDE_CONFIG_DIR": folder.string,
        "CLAUDE_CODE_TMPDIR": folder.string, "TMPDIR": folder.string,
      ],
      folder: folder)
  }

  private func run(_ command: Invocation) async throws(Failure) -> ProgramResult {
    do { return try await world.programs.run(command, within: .seconds(600)) } catch {
      throw programFailure(error)
    }
  }
}
