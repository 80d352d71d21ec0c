public import SystemPackage

/// One of Claude Code's settings files that exists.
public struct SettingsFile: Sendable, Hashable {
  public var layer: Conflict.SettingsLayer
  public var path: FilePath
  /// The document, or why it is none.
  public var content: Result<JSON, JSONProblem>

  public init(layer: Conflict.SettingsLayer, path: FilePath, content: Result<JSON, JSONProblem>) {
    self.layer = layer
    self.path = path
    self.content = content
  }

  /// The files that exist and can be read, the strongest layer first (managed, project local, project, user).
  public static func all(in world: World) -> [SettingsFile] {
    var paths = managed(in: world).map { (Conflict.SettingsLayer.managed, $0) }
    let project = world.environment.workingFolder.appending(".claude")
    let user = FilePath(
      world.environment.nonEmpty("CLAUDE_CONFIG_DIR")
        ?? world.environment.home.appending(".claude").string)
    paths += [
      (.projectLocal, project.appending("settings.local.json")),
      (.project, project.appending("settings.json")),
      (.user, user.appending("settings.json")),
    ]
    var seen: Set<FilePath> = []
    return paths.reversed().compactMap { layer, path -> SettingsFile? in
      // In the home folder the project's file is the user's.
      guard seen.insert(path).inserted, let bytes = try? world.files.read(path) else { return nil }
      do throws(JSONProblem) {
        return SettingsFile(layer: layer, path: path, content: .success(try JSON.parse(bytes)))
      } catch {
        return SettingsFile(layer: layer, path: path, content: .failure(error))
      }
    }.reversed()
  }

  private static func managed(in world: World) -> [FilePath] {
    let folder: FilePath =
      world.environment.platform == .macOS
      ? "/Library/Application Support/ClaudeCode" : "/etc/claude-code"
    let pieces = folder.appending("managed-settings.d")
    return ((try? world.files.list(pieces)) ?? []).filter { $0.hasSuffix(".json") }
      .map { pieces.appending($0) } + [folder.appending("managed-settings.json")]
  }
}

extension Conflict {
  static func inSettings(of world: World) -> [Conflict] {
    SettingsFile.all(in: world).flatMap { file -> [Conflict] in
      switch file.content {
      case .success(let document): inSettings(document, file, world)
      case .failure(let problem):
        [
          unreadable(file, "line \(problem.line): \(problem.reason)")
        ]
      }
    }
  }

  private static func unreadable(_ file: SettingsFile, _ reason: String) -> Conflict {
    Conflict(
      variable: "settings", place: .settings(path: file.path.string, layer: file.layer, key: ""),
      shown: reason,
      consequence: "The file is not what Claude Code can read: nothing in it counts.",
      isOvercome: false)
  }

  private static func inSettings(
    _ document: JSON, _ file: SettingsFile, _ world: World
  ) -> [Conflict] {
    guard document.members != nil else {
      return [unreadable(file, "the document is not an object")]
    }
    var conflicts = [
      "model", "availableModels", "apiKeyHelper", "forceLoginMethod", "forceLoginOrgUUID",
    ]
    .compactMap { key in document[key].flatMap { conflict(key, $0, file) } }
    guard let environment = document["env"] else { return conflicts }
    guard let members = environment.members else {
      return conflicts + [unreadable(file, "env is not an object")]
    }
    var variables = world.environment.variables
    let texts = members.map { ($0.key, $0.value.text ?? $0.value.compact) }
    variables.merge(texts) { $1 }
    let direct = exemptsLoopback(variables)
    conflicts += texts.compactMap { name, value in
      guard let variable = ClientVariable.named(name) else { return nil }
      let place = Place.settings(path: file.path.string, layer: file.layer, key: "env.\(name)")
      return conflict(variable, value, place, direct: direct, world)
    }
    return conflicts
  }

  /// Keys other than `env`, as measured: see docs/measurements.
  private static func conflict(_ key: String, _ value: JSON, _ file: SettingsFile) -> Conflict? {
    let isManaged = file.layer == .managed
    func conflict(_ shown: String, _ consequence: String, isOvercome: Bool) -> Conflict {
      Conflict(
        variable: key, place: .settings(path: file.path.string, layer: file.layer, key: key),
        shown: shown, consequence: consequence, isOvercome: isOvercome)
    }
    switch key {
    case "model":
      guard let model = value.text, !model.isEmpty else { return nil }
      return conflict(
        redacted(model), "Plain `claude` asks for this model; ANTHROPIC_MODEL beats it.",
        isOvercome: true)
    case "availableModels":
      guard let models = value.elements else { return nil }
      return conflict(
        redacted(models.compactMap(\.text).joined(separator: ", ")),
        "Any other model is silently replaced by one of Anthropic's.", isOvercome: !isManaged)
    case "apiKeyHelper":
      guard let command = value.text, !command.isEmpty else { return nil }
      return conflict(
        redacted(command: command),
        "The key that it prints is sent to the server as a second credential.",
        isOvercome: !isManaged)
    default:
      // In a person's own file neither has an effect.
      guard isManaged else { return nil }
      return conflict(
        redacted(value.text ?? value.compact),
        "Claude Code refuses to work with any server but Anthropic's on this machine.",
        isOvercome: false)
    }
  }
}
