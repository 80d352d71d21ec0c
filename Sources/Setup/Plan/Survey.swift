public import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What lies today where a plan wants to write: read once, so that planning stays a pure function.
public struct Survey: Sendable {
  public enum File: Sendable, Hashable {
    case missing
    case present([UInt8])
    case unreadable(String)
  }
  /// Every file that a plan may want to write.
  public var files: [FilePath: File]
  /// Where each of them really lies: several start-up files may be links to one.
  public var places: [FilePath: FilePath]
  /// Those of them that this process may not replace.
  public var locked: Set<FilePath>
  /// Those of them that have a second name, which a replaced file would lose.
  var hardLinked: Set<FilePath> = []
  /// The folder from which zsh takes its files, where it said so itself.
  public internal(set) var zshFolder: FilePath?
  /// Where the shells say that blocks can go in those of the files that are start-up files.
  var commandPositions = CommandPositions()
  /// The person's own settings file of the client, as far as it can be read: a list in it can beat the process.
  public var clientSettings: JSON?
  /// What the client that `claude-local` starts remembers; `nil` where nobody looked.
  var clientState: ClientState?
  public var receipt: Receipt?
  /// The engine that the choices name, when it answers already.
  public var server: Server?
  /// Why it does not: nothing listens there, or what answers does not answer as Ollama does.
  public var serverProblem: Failure?
  /// What a server that is not Ollama was found to be; `nil` where it does not answer, and for Ollama.
  public var findings: ServerFindings?
  /// Why it does not answer.
  public var findingsProblem: String?
  /// The true size of each model to download, from the registry's manifest; those it could not be asked for are left out.
  public var registryBytes: [String: UInt64]
  /// Whether a container that is not ours has the name `ollama`.
  public var isContainerNameTaken: Bool
  /// Whether the volume that our container would use was there before us.
  public var isVolumeThere = false
  /// Whether our container has to be replaced although Docker holds it to be up.
  var isContainerToBeMadeAnew = false
  /// The Compose variables that the person has exported, which would beat our `.env`.
  public var composeVariables: [String]

  public struct Server: Sendable, Hashable {
    public var version: String
    public var models: [OllamaServer.Model]
    /// The context baked into those of the wanted variants that exist, by name.
    public var contexts: [String: Int]
    /// What the wanted variants' models were trained for, in tokens, as far as the server tells; by model.
    public var trained: [String: Int]

    /// Whether it is from before the Messages API.
    var isTooOld: Bool { Engine.isTooOld(version) }

    public init(
      version: String, models: [OllamaServer.Model], contexts: [String: Int],
      trained: [String: Int] = [:]
    ) {
      self.version = version
      self.models = models
      self.contexts = contexts
      self.trained = trained
    }
  }

  public init(
    files: [FilePath: File] = [:], places: [FilePath: FilePath] = [:], locked: Set<FilePath> = [],
    clientSettings: JSON? = nil, receipt: Receipt? = nil, server: Server? = nil,
    registryBytes: [String: UInt64] = [:], isContainerNameTaken: Bool = false,
    composeVariables: [String] = []
  ) {
    self.files = files
    self.places = places
    self.locked = locked
    self.clientSettings = clientSettings
    self.receipt = receipt
    self.server = server
    self.registryBytes = registryBytes
    self.isContainerNameTaken = isContainerNameTaken
    self.composeVariables = composeVariables
  }

  /// Looks, all at once, and changes nothing.
  ///
  /// - Parameter machine: what was found already; without it the shells are asked.
  public static func take(
    for choices: Choices, machine: Machine? = nil, in world: World
  ) async throws(Failure) -> Survey {
    var survey = Survey()
    survey.receipt = try ReceiptStore(in: world).read()
    survey.composeVariables = ComposeProject.exported(world.environment)
    for path in Plan.files(for: choices, world.environment) {
      survey.look(at: path, in: world)
    }
    if choices.shells.contains(.zsh) {
      let found = machine?.shells.lazy.compactMap(\.folder).first
      survey.zshFolder =
        if let found { FilePath(found) } else { await ZshFolder.ask(in: world) }
    }
    // Which start-up files are to be written is known only once the others are read.
    let startUp = StartupFiles(world.environment, survey)
    for path in Plan.blockFiles(for: choices, world.environment, survey)
      + choices.shells.flatMap(startUp.wherePeopleKeepLines)
    {
      survey.look(at: path, in: world)
    }
    await survey.askForCommandPositions(for: choices, in: world)
    let settings = ClaudeCode.configurationFolder(in: world).appending("settings.json")
    // A settings file that cannot be read is a finding of the detection, which names its place.
    survey.clientSettings = world.files.text(settings).flatMap { try? JSON.parse($0) }
    survey.clientState = ClientState(
      folder: choices.clientFolder == .own
        ? Folders(world.environment).client
        : world.environment.nonEmpty("CLAUDE_CONFIG_DIR").map { FilePath($0) }, in: world)
    async let taken = isContainerNameTaken(choices, in: world)
    await survey.ask(
      choices.engine, models: [choices.model] + choices.additions.models,
      variants: [choices.variant] + choices.additions.contexts, in: world)
    survey.isContainerNameTaken = await taken
    if case .docker = choices.engine, survey.receipt?["engine:docker"] == nil {
      survey.isVolumeThere = await isVolumeThere(in: world)
    }
    return survey
  }

  /// Looks at what concerns the models of a server that we did not set up, and changes nothing.
  public static func take(
    for additions: Additions, on url: String, in world: World
  ) async throws(Failure) -> Survey {
    var survey = Survey()
    survey.receipt = try ReceiptStore(in: world).read()
    for path in Plan.files(for: additions.contexts, Folders(world.environment)) {
      survey.look(at: path, in: world)
    }
    await survey.ask(
      .server(url: url), models: additions.models, variants: additions.contexts, in: world)
    return survey
  }

  /// Asks the shells about the files as they are without a block, which is also how a repair starts.
  private mutating func askForCommandPositions(for choices: Choices, in world: World) async {
    let startUp = StartupFiles(world.environment, self)
    for shell in choices.shells {
      let targets = startUp.targets(for: shell, contents(of: startUp.toRead(for: shell))).files
      for bytes in contents(of: targets).values {
        guard let stripped = RCBlock.stripped(shell, from: bytes)?.bytes else { continue }
        await commandPositions.ask(shell, about: stripped, in: world)
      }
    }
  }

  /// Asks the engine what it holds, and the registry for the sizes of what it does not.
  private mutating func ask(
    _ engine: Engine, models: [String], variants: [ContextVariant], in world: World
  ) async {
    if !engine.isOllama {
      do throws(Failure) { findings = try await ServerFindings.ask(engine.url, in: world) } catch {
        findingsProblem = "\(error.what): \(error.why)"
      }
      return
    }
    do throws(Failure) {
      server = try await Self.server(at: engine.url, variants, in: world)
    } catch {
      // The plan then has to start one, and says so.
      serverProblem = error
    }
    let missing = models.filter { present($0) == nil }
    await withTaskGroup(of: (String, UInt64?).self) { group in
      for model in missing {
        group.addTask { (model, await Self.registryBytes(of: model, for: engine, in: world)) }
      }
      for await (model, bytes) in group { registryBytes[model] = bytes }
    }
  }

  private mutating func look(at path: FilePath, in world: World) {
    guard files[path] == nil else { return }
    do {
      files[path] = try world.files.readIfPresent(path).map { .present($0) } ?? .missing
    } catch {
      files[path] = .unreadable(error.reason)
    }
    if !world.files.isWritable(path) { locked.insert(path) }
    places[path] = try? world.files.resolve(path)
    if let place = places[path], (try? world.files.status(place))?.names ?? 1 > 1 {
      hardLinked.insert(path)
    }
  }

  /// Whether a settings file of the person's sets a token, which beats the one that is read at each call.
  func isTokenBeaten(for choices: Choices) -> Bool {
    choices.access?.token != nil && clientSettings?["env"]?["ANTHROPIC_AUTH_TOKEN"] != nil
  }

  /// Whether what answers is our own container, which these choices take away: nothing on it counts as there.
  func isServerToBeWithdrawn(for choices: Choices) -> Bool {
    guard case .native = choices.engine, case .docker? = receipt?.choices?.engine else {
      return false
    }
    return receipt?.choices?.engine.url == choices.engine.url && receipt?["engine:docker"] != nil
  }

  /// The bytes of the files that exist.
  func contents(of paths: [FilePath]) -> [FilePath: [UInt8]] {
    var contents: [FilePath: [UInt8]] = [:]
    for path in paths {
      if case .present(let bytes)? = files[path] { contents[path] = bytes }
    }
    return contents
  }

  private static func server(
    at url: String, _ variants: [ContextVariant], in world: World
  ) async throws(Failure) -> Server {
    let ollama = OllamaServer(url: url, network: world.network)
    let version = try await ollama.version(within: .seconds(2))
    let models = try await ollama.models()
    var server = Server(version: version, models: models, contexts: [:])
    for variant in variants {
      if server.trained[variant.model] == nil,
        let listed = models.first(named: variant.model)
      {
        server.trained[variant.model] = await ollama.trainedContext(of: listed)
      }
      guard let name = (try? variant.name())?.description,
        let description = try? await ollama.describe(name)
      else { continue }
      server.contexts[name] = description.contextWindow
    }
    return server
  }

  /// The registry's manifest says the true size; a registry out of reach is no obstacle to planning.
  private static func registryBytes(
    of model: String, for engine: Engine, in world: World
  ) async -> UInt64? {
    guard let name = try? ModelName(model) else { return nil }
    let url: String =
      if case .rehearsal(let url) = engine {
        "\(url)/v2/\(name.namespace)/\(name.model)/manifests/\(name.tag)"
      } else {
        name.manifestURL()
      }
    let request = WebRequest(
      "GET", url, headers: [WebHeader("accept", RegistryManifest.mediaType)],
      limit: .seconds(4), bodyLimit: 1 << 20)
    guard let response = try? await world.network.exchange(request), response.status == 200,
      let manifest = try? RegistryManifest(json: Data(response.body))
    else { return nil }
    return UInt64(manifest.bytes)
  }

  private static func isVolumeThere(in world: World) async -> Bool {
    let command = Invocation("docker", ["volume", "inspect", ComposeProject.volume])
    // No such volume, or no answer: then there is none to be kept.
    return (try? await world.programs.run(command, within: .seconds(5)))?.succeeded ?? false
  }

  private static func isContainerNameTaken(_ choices: Choices, in world: World) async -> Bool {
    guard case .docker = choices.engine else { return false }
    let command = Invocation(
      "docker",
      [
        "container", "inspect", "--format",
        "{{index .Config.Labels \"com.docker.compose.project\"}}", "ollama",
      ])
    // No such container, or no answer: then there is nothing to keep clear of.
    guard let result = try? await world.programs.run(command, within: .seconds(5)),
      result.succeeded
    else { return false }
    return result.output != "ccl-setup"
  }
}
