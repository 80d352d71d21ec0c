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
  /// The person's own settings file of the client, as far as it can be read: a list in it can beat the process.
  public var clientSettings: JSON?
  public var receipt: Receipt?
  /// The engine that the choices name, when it answers already.
  public var server: Server?
  /// The download's true size, from the registry's manifest; `nil` when it could not be reached.
  public var registryBytes: UInt64?
  /// Whether a container that is not ours has the name `ollama`.
  public var isContainerNameTaken: Bool
  /// The Compose variables that the person has exported, which would beat our `.env`.
  public var composeVariables: [String]

  public struct Server: Sendable, Hashable {
    public var version: String
    public var models: [OllamaServer.Model]
    /// The context baked into the derived model of the choices, if it exists.
    public var derivedContext: Int?

    public init(version: String, models: [OllamaServer.Model], derivedContext: Int?) {
      self.version = version
      self.models = models
      self.derivedContext = derivedContext
    }
  }

  public init(
    files: [FilePath: File] = [:], places: [FilePath: FilePath] = [:], locked: Set<FilePath> = [],
    clientSettings: JSON? = nil, receipt: Receipt? = nil,
    server: Server? = nil, registryBytes: UInt64? = nil, isContainerNameTaken: Bool = false,
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
  public static func take(
    for choices: Choices, machine: Machine, in world: World
  ) async throws(Failure) -> Survey {
    var survey = Survey()
    survey.receipt = try ReceiptStore(in: world).read()
    let names = [
      "OLLAMA_IMAGE", "OLLAMA_CONTAINER", "OLLAMA_PORT", "COMPOSE_FILE", "COMPOSE_PROFILES",
      "COMPOSE_PROJECT_NAME", "COMPOSE_ENV_FILES",
    ]
    survey.composeVariables = names.filter { world.environment.variables[$0] != nil }
    for path in Plan.files(for: choices, machine: machine, world.environment) {
      survey.look(at: path, in: world)
    }
    // Which start-up files are to be written is known only once the others are read.
    for path in Plan.blockFiles(for: choices, world.environment, survey) {
      survey.look(at: path, in: world)
    }
    let settings = FilePath(machine.claude.configurationFolder).appending("settings.json")
    // A settings file that cannot be read is a finding of the detection, which names its place.
    survey.clientSettings = world.files.text(settings).flatMap { try? JSON.parse($0) }
    async let server = server(for: choices, in: world)
    async let bytes = registryBytes(of: choices, in: world)
    async let taken = isContainerNameTaken(choices, in: world)
    survey.server = await server
    survey.registryBytes = await bytes
    survey.isContainerNameTaken = await taken
    return survey
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
  }

  /// The bytes of the files that exist.
  func contents(of paths: [FilePath]) -> [FilePath: [UInt8]] {
    var contents: [FilePath: [UInt8]] = [:]
    for path in paths {
      if case .present(let bytes)? = files[path] { contents[path] = bytes }
    }
    return contents
  }

  private static func server(for choices: Choices, in world: World) async -> Server? {
    let ollama = OllamaServer(url: choices.engine.url, network: world.network)
    // Nothing answers, or not as Ollama: the plan then has to start one, and says so.
    guard let version = try? await ollama.version(within: .seconds(2)),
      let models = try? await ollama.models()
    else { return nil }
    let derived = try? Plan.derivedName(choices)
    let description =
      if let derived { try? await ollama.describe(derived.description) } else {
        OllamaServer.Description?.none
      }
    return Server(
      version: version, models: models, derivedContext: description?.contextWindow)
  }

  /// The registry's manifest says the true size; a registry out of reach is no obstacle to planning.
  private static func registryBytes(of choices: Choices, in world: World) async -> UInt64? {
    guard let name = try? ModelName(choices.model) else { return nil }
    let url: String =
      if case .rehearsal(let url) = choices.engine {
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
