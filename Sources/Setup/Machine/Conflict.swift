import SystemPackage

/// A variable or setting that would send `claude` elsewhere, or break it.
public struct Conflict: Sendable, Hashable, Codable {
  public enum Place: Sendable, Hashable, Codable {
    case processEnvironment
    case file(path: String, line: Int)
    case settings(path: String, layer: SettingsLayer, key: String)
  }
  public enum SettingsLayer: String, Sendable, Hashable, Codable, CaseIterable {
    case managed, user, project, projectLocal
    /// What the client itself remembers, in `.claude.json`.
    case state
  }
  /// A variable's name; else a settings key, `claude` for an alias or function of that name, or `settings` for a
  /// settings file that cannot be read.
  public var variable: String
  public var place: Place
  /// The value, redacted where it may hold a secret.
  public var shown: String
  /// What it does to a local setup, in one sentence.
  public var consequence: String
  /// Whether `claude-local` overcomes it by itself; if not, the person (or an administrator) must act.
  public var isOvercome: Bool

  public init(variable: String, place: Place, shown: String, consequence: String, isOvercome: Bool)
  {
    self.variable = variable
    self.place = place
    self.shown = shown
    self.consequence = consequence
    self.isOvercome = isOvercome
  }
}

extension Conflict {
  /// Every conflict: of the process environment, of the files that shells and sessions read, of the settings layers.
  ///
  /// - Parameter zshFolder: what zsh itself said (`ZshFolder`).
  static func detect(in world: World, zshFolder: FilePath?) -> Answer<[Conflict]> {
    Answer(
      inEnvironment(of: world) + inFiles(of: world, zshFolder) + inSettings(of: world))
  }

  /// Where it is, for a sentence.
  public var placeWords: String {
    switch place {
    case .processEnvironment: "the environment"
    case .file(let path, let line): "\(path), line \(line)"
    case .settings(let path, _, let key): key.isEmpty ? path : "\(path), \(key)"
    }
  }

  /// What the person can do about one that `claude-local` does not overcome, `nil` for the others.
  public var remedy: Remedy? { isOvercome ? nil : wayOut }

  /// How it is taken away, whether it has to be or not.
  var wayOut: Remedy {
    switch place {
    case .settings(let path, .managed, _):
      return Remedy(
        "Ask whoever administers this machine",
        [.say("No program of yours can go past \(path): its owner has to change it.")])
    case .settings(let path, _, ""):
      return Remedy("Repair \(path)", [.say("Correct it in an editor: \(shown).")])
    case .settings(let path, _, let key) where variable.lowercased() == "no_proxy":
      return Remedy(
        "Let it leave this machine out", [.say("Add 127.0.0.1 to \(key) in \(path).")])
    case .settings(let path, _, let key):
      return Remedy("Take it out", [.say("Remove \(key) from \(path).")])
    case .file(let path, let line):
      return Remedy("Remove it", [.say("Delete or comment out line \(line) of \(path).")])
    case .processEnvironment:
      return Remedy("Take it away", run: "unset \(variable)")
    }
  }

  static func probe(_ conflicts: [Conflict]) -> Probe {
    guard !conflicts.isEmpty else { return Probe(.conflicts, .good, "none") }
    let standing = conflicts.filter { !$0.isOvercome }
    var names: [String] = []
    for conflict in conflicts where !names.contains(conflict.variable) {
      names.append(conflict.variable)
    }
    let listed = printable(names.prefix(4).joined(separator: ", ")) + (names.count > 4 ? ", …" : "")
    if standing.isEmpty {
      return Probe(
        .conflicts, .information, "\(conflicts.count) that claude-local overcomes: \(listed)")
    }
    var remedies: [Remedy] = []
    for remedy in standing.compactMap(\.remedy) where !remedies.contains(remedy) {
      remedies.append(remedy)
    }
    return Probe(
      .conflicts, .bad,
      "\(standing.count) of \(conflicts.count) stand in the way: \(printable(standing.map(\.placeWords).joined(separator: "; ")))",
      remedies: remedies)
  }
}

extension Conflict {
  private static func inEnvironment(of world: World) -> [Conflict] {
    let variables = world.environment.variables
    let direct = exemptsLoopback(variables)
    return ClientVariable.all.compactMap { variable in
      guard let value = variables[variable.name] else { return nil }
      return conflict(variable, value, .processEnvironment, direct: direct, world)
    }
  }

  /// Whether requests to 127.0.0.1 go past every proxy: each of the two lists that is set must say so.
  static func exemptsLoopback(_ variables: [String: String]) -> Bool {
    let lists = ["NO_PROXY", "no_proxy"].compactMap { variables[$0] }.filter { !$0.isEmpty }
    return !lists.isEmpty && lists.allSatisfy { ClientVariable.exemptsLoopback($0) }
  }

  static func conflict(
    _ variable: ClientVariable, _ value: String, _ place: Place, direct: Bool, _ world: World
  ) -> Conflict? {
    let problem = variable.problem(
      with: value, reachesLoopbackDirectly: direct,
      isMissing: { $0.hasPrefix("/") && !world.files.exists(.init($0)) })
    guard let problem else { return nil }
    let isManaged = if case .settings(_, .managed, _) = place { true } else { false }
    return Conflict(
      variable: variable.name, place: place, shown: variable.shown(value), consequence: problem,
      isOvercome: !isManaged)
  }
}

// MARK: - Files that shells and sessions read

extension Conflict {
  private static func inFiles(of world: World, _ zshFolder: FilePath?) -> [Conflict] {
    let files = SessionFiles.all(in: world, zshFolder: zshFolder)
    let scripts = files.compactMap { file -> (String, ShellScript)? in
      file.script(in: world).map { (file.path.string, $0) }
    }
    // A list set in any of the files counts for all: which of them a shell reads together is not known here.
    let lists = scripts.flatMap { $0.1.settings }.filter { $0.name.uppercased() == "NO_PROXY" }
    let direct =
      lists.contains { ClientVariable.exemptsLoopback($0.value) }
      || exemptsLoopback(world.environment.variables)
    return scripts.flatMap { path, script in
      script.settings.compactMap { setting -> Conflict? in
        guard let variable = ClientVariable.named(setting.name) else { return nil }
        let place = Place.file(path: path, line: setting.line)
        return conflict(variable, setting.value, place, direct: direct, world)
      } + script.definitions.compactMap { conflict($0, path) }
    }
  }

  private static func conflict(_ definition: ShellScript.Definition, _ path: String) -> Conflict? {
    let place = Place.file(path: path, line: definition.line)
    let shown =
      definition.value.map { "alias \(definition.name)=\(redacted(command: $0))" }
      ?? "function \(definition.name)"
    switch definition.name {
    case "claude":
      return Conflict(
        variable: "claude", place: place, shown: shown,
        consequence:
          "In that shell `claude` means this and not the program; claude-local goes past it.",
        isOvercome: true)
    case "claude-local":
      return Conflict(
        variable: "claude-local", place: place, shown: shown,
        consequence: "It stands in front of the claude-local function of this setup.",
        isOvercome: false)
    default: return nil
    }
  }
}
