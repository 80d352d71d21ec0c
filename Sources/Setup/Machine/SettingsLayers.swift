public import SystemPackage

/// One of Claude Code's settings files that exists.
public struct SettingsFile: Sendable, Hashable {
  public var layer: Conflict.SettingsLayer
  public var path: FilePath
  /// The document, or why the client takes nothing of it.
  public var content: Result<JSON, Fault>

  public struct Fault: Error, Sendable, Hashable { public var reason: String }

  /// The files that exist, the strongest first (managed, project local, project, user, what the client remembers).
  static func all(in world: World, for habits: ClientHabits) -> [SettingsFile] {
    let named = world.environment.nonEmpty("CLAUDE_CONFIG_DIR").map { FilePath($0) }
    let home = world.environment.home
    let folder = world.environment.workingFolder
    let project = folder.appending(".claude")
    var paths = managed(in: world, habits).map { (Conflict.SettingsLayer.managed, $0) }
    if habits.readsRootOfRepository, let root = repository(around: folder, in: world) {
      paths.append((.projectLocal, root.appending(".claude/settings.local.json")))
    }
    paths.append((.projectLocal, project.appending("settings.local.json")))
    paths += [
      (.project, project.appending("settings.json")),
      (.user, (named ?? home.appending(".claude")).appending("settings.json")),
      (.state, ClientState.file(named ?? home)),
    ]
    var seen: Set<FilePath> = []
    return paths.reversed().compactMap { layer, path -> SettingsFile? in
      // In the home folder the project's file is the user's.
      guard seen.insert(path).inserted else { return nil }
      return SettingsFile(layer, path, in: world)
    }.reversed()
  }

  /// Reads one; `nil` where there is none.
  private init?(_ layer: Conflict.SettingsLayer, _ path: FilePath, in world: World) {
    self.layer = layer
    self.path = path
    do {
      guard let bytes = try world.files.readIfPresent(path) else { return nil }
      let document = try JSON.parse(bytes)
      // Of what it remembers the client takes the variables; whether it can read it is asked for its first run.
      guard layer != .state else {
        content = .success(["env": document["env"] ?? [:]])
        return
      }
      content = Self.fault(of: document).map { .failure(Fault(reason: $0)) } ?? .success(document)
    } catch let problem as JSONProblem {
      content = .failure(Fault(reason: "line \(problem.line): \(problem.reason)"))
    } catch let problem as FileProblem {
      content = .failure(Fault(reason: problem.reason))
    } catch {
      content = .failure(Fault(reason: "\(error)"))
    }
    if layer == .state, case .failure = content { return nil }
  }

  private static func managed(in world: World, _ habits: ClientHabits) -> [FilePath] {
    let folder: FilePath =
      world.environment.platform == .macOS
      ? "/Library/Application Support/ClaudeCode" : "/etc/claude-code"
    let pieces = folder.appending("managed-settings.d")
    let names = habits.readsManagedFolder ? (try? world.files.list(pieces)) ?? [] : []
    return names.filter { $0.hasSuffix(".json") }.sorted(by: >).map { pieces.appending($0) }
      + [folder.appending("managed-settings.json")]
  }

  /// The root of the git repository in which a folder lies, the folder itself aside.
  private static func repository(around folder: FilePath, in world: World) -> FilePath? {
    var root = folder
    while !world.files.exists(root.appending(".git")) {
      guard root.removeLastComponent() else { return nil }
    }
    return root == folder ? nil : root
  }
}

extension JSON {
  /// The variables of a settings file; of one that is there twice the last, as the client takes it.
  var settingsVariables: [(name: String, value: String)] {
    let members = self["env"]?.members ?? []
    return members.enumerated().filter { index, member in
      !members[(index + 1)...].contains { $0.key == member.key }
    }.map { ($0.element.key, $0.element.value.text ?? $0.element.value.compact) }
  }
}

extension Conflict {
  static func inSettings(of world: World) -> [Conflict] {
    let files = SettingsFile.all(in: world, for: ClientHabits(in: world))
    return files.flatMap { file -> [Conflict] in
      switch file.content {
      case .success(let document): inSettings(document, file, world)
      case .failure(let fault): [unreadable(file, fault.reason)]
      }
    } + captured(by: files, in: world)
  }

  static func unreadable(_ file: SettingsFile, _ reason: String) -> Conflict {
    Conflict(
      variable: "settings", place: .settings(path: file.path.string, layer: file.layer, key: ""),
      shown: reason,
      consequence: "The file is not what Claude Code can read: nothing in it counts.",
      isOvercome: false)
  }

  private static func inSettings(
    _ document: JSON, _ file: SettingsFile, _ world: World
  ) -> [Conflict] {
    var conflicts = [
      "model", "availableModels", "apiKeyHelper", "forceLoginMethod", "forceLoginOrgUUID",
    ]
    .compactMap { key in document[key].flatMap { conflict(key, $0, file) } }
    var variables = world.environment.variables
    let texts = document.settingsVariables
    variables.merge(texts.map { ($0.name, $0.value) }) { $1 }
    let direct = exemptsLoopback(variables)
    conflicts += texts.compactMap { name, value in
      guard let variable = ClientVariable.named(name) else { return nil }
      let place = Place.settings(path: file.path.string, layer: file.layer, key: "env.\(name)")
      return conflict(variable, value, place, direct: direct, world)
    }
    return conflicts
  }

  /// A list of exceptions in a settings file that beats the one of `claude-local`, where there is a proxy.
  ///
  /// The client asks `no_proxy` before `NO_PROXY`. The person's own file is no obstacle: the document of `claude-local`
  /// repeats its list with this machine in it, and one that does not yet is written anew by `fix`.
  private static func captured(by files: [SettingsFile], in world: World) -> [Conflict] {
    let settings = files.compactMap { file in
      (try? file.content.get()).map { (file, $0.settingsVariables) }
    }
    let proxies = ClientVariable.all.filter { $0.kind == .proxy }.map(\.name)
    let variables = settings.flatMap(\.1)
    guard
      proxies.contains(where: { world.environment.nonEmpty($0) != nil })
        || variables.contains(where: { proxies.contains($0.name) && !$0.value.isEmpty })
    else { return [] }
    let document = world.files.text(Folders(world.environment).clientSettings).flatMap {
      try? JSON.parse($0)
    }
    for (file, variables) in settings {
      let isManaged = file.layer == .managed
      if !isManaged, document?["env"]?["no_proxy"] != nil { return [] }
      // A managed list of either spelling beats what the process has in the other one.
      let list = variables.first {
        $0.name == "no_proxy" || (isManaged && $0.name == "NO_PROXY")
      }
      guard let list, !list.value.isEmpty else { continue }
      guard file.layer != .user, !ClientVariable.exemptsLoopback(list.value) else { return [] }
      return [
        Conflict(
          variable: list.name,
          place: .settings(path: file.path.string, layer: file.layer, key: "env.\(list.name)"),
          shown: redacted(list.value),
          consequence:
            "With a proxy the client sends even requests to 127.0.0.1 to it, since this list leaves that out.",
          isOvercome: false)
      ]
    }
    return []
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
        isManaged
          ? "The newest client says so and takes the model of a tier in the place of any other; claude-local makes every tier ours."
          : "Any other model is silently replaced by one of Anthropic's.", isOvercome: true)
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
