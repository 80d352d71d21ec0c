public import SystemPackage

/// Our own folder of Docker Compose files, and the calls that work on it.
public struct ComposeProject: Sendable, Hashable {
  public var folder: FilePath
  /// Whether the file for NVIDIA cards counts.
  public var graphics: Bool
  /// Variables that the person has exported and that would beat our `.env`.
  public var without: [String]

  public init(folder: FilePath, graphics: Bool, without: [String]) {
    self.folder = folder
    self.graphics = graphics
    self.without = without
  }

  /// The project of a Docker engine, `nil` for any other.
  public init?(_ engine: Engine, _ environment: Environment) {
    guard case .docker(_, let graphics) = engine else { return nil }
    self.init(
      folder: Folders(environment).engine, graphics: graphics,
      without: Self.exported(environment))
  }

  /// Those of the variables that Compose and our files listen to that are set.
  static func exported(_ environment: Environment) -> [String] {
    [
      "OLLAMA_IMAGE", "OLLAMA_CONTAINER", "OLLAMA_PORT", "PROXY_PORT", "COMPOSE_FILE",
      "COMPOSE_PROFILES",
      "COMPOSE_PROJECT_NAME", "COMPOSE_ENV_FILES",
    ].filter { environment.variables[$0] != nil }
  }

  /// What our container may be called: the second where another one has the first.
  static let containers = ["ollama", "ccl-setup-ollama"]

  /// Our `.env`.
  static func variables(port: Int, container: String) -> [UInt8] {
    Array("OLLAMA_PORT=\(port)\nOLLAMA_CONTAINER=\(container)\n".utf8)
  }

  /// A call of Docker that tells of one service's container of this project, a line each.
  static func list(_ service: String, all: Bool, format: String) -> Invocation {
    let labels = ["project=ccl-setup", "service=\(service)"]
    return Invocation(
      "docker",
      ["ps"] + (all ? ["--all"] : [])
        + labels.flatMap { ["--filter", "label=com.docker.compose.\($0)"] } + ["--format", format])
  }

  static let volume = "ccl-setup_ollama"
  static let storageRemoval = Invocation("docker", ["volume", "rm", "--force", volume])

  /// One call of Docker Compose on this folder.
  public func call(_ arguments: [String]) -> Invocation {
    var files = ["--file", folder.appending("docker-compose.yml").string]
    if graphics { files += ["--file", folder.appending("docker-compose.gpu.yml").string] }
    return Invocation(
      "docker",
      ["compose", "--progress", "plain", "--project-directory", folder.string] + files + arguments,
      without: without)
  }
}
