import SystemPackage

/// Each variable and setting that decides where Claude Code goes, in every place that sets it: which place wins for
/// `claude-local`, and whether that is right. Values of keys and tokens are hidden.
public struct VariableTable: Sendable, Hashable {
  /// Where a value stands, the strongest first (measured: a settings file's `env` beats the process environment, and
  /// `--settings` beats every settings file but the managed ones).
  public enum Layer: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
    case managed
    /// The document that `claude-local` gives the client.
    case local
    case projectLocal, project, user, process
    /// What shells and sessions read when they start: the process environment of later ones.
    case startUp

    public static func < (left: Layer, right: Layer) -> Bool { left.rank < right.rank }
    private var rank: Int { Layer.allCases.firstIndex(of: self) ?? 0 }

    public var title: String {
      switch self {
      case .managed: "managed settings"
      case .local: "claude-local"
      case .projectLocal: "project, local"
      case .project: "project"
      case .user: "user settings"
      case .process: "environment"
      case .startUp: "start-up file"
      }
    }
  }

  public struct Entry: Sendable, Hashable, Codable {
    public var layer: Layer
    /// A path, with the line for a start-up file; empty for the process environment.
    public var place: String
    /// Redacted.
    public var shown: String
    /// For `claude-local`, where it is set up; else for plain `claude`.
    public var isWinner: Bool
  }

  public struct Row: Sendable, Hashable, Codable {
    /// A variable's name, or a settings key.
    public var name: String
    /// The strongest first.
    public var entries: [Entry]
    /// What is wrong with the value that wins; `nil` when it is right.
    public var problem: String?
    /// Which of the places wins for plain `claude`; `nil` when only `claude-local` sets it.
    public var plainWinner: Layer?
  }

  public var rows: [Row]
  /// Whether there is a document of `claude-local`: without one the table is about plain `claude`.
  public var isSetUp: Bool
}

extension VariableTable {
  /// Reads every layer; changes nothing.
  public static func read(in world: World) async -> VariableTable {
    var found: [String: [Value]] = [:]
    let settings = SettingsFile.all(in: world)
    let path = Folders(world.environment).clientSettings
    let document = world.files.text(path).flatMap { try? JSON.parse($0) }
    for file in settings {
      guard case .success(let content) = file.content else { continue }
      for (name, value) in values(of: content) {
        found[name, default: []].append(
          Value(Layer(file.layer), file.path.string, value))
      }
    }
    for (name, value) in document.map(values) ?? [] {
      found[name, default: []].append(Value(.local, path.string, value))
    }
    let listed = Set(ClientVariable.all.map(\.name)).union(found.keys)
    for name in listed {
      if let value = world.environment.variables[name] {
        found[name, default: []].append(Value(.process, "", value))
      }
    }
    for file in SessionFiles.all(in: world, zshFolder: await ZshFolder.ask(in: world)) {
      guard let text = world.files.text(file.path) else { continue }
      for setting in ShellScript(text, file.language).settings where listed.contains(setting.name) {
        found[setting.name, default: []].append(
          Value(.startUp, "\(file.path), line \(setting.line)", setting.value))
      }
    }
    let order = ClientVariable.all.map(\.name)
    let names =
      order.filter { found[$0] != nil } + found.keys.filter { !order.contains($0) }.sorted()
    let conflicts = Conflict.inSettings(of: world)
    let isSocketTaken = SocketOfSettings.isTaken(
      by: ClientContract.stored(in: world)?.clientVersion)
    if isSocketTaken, let values = found[SocketOfSettings.variable],
      values.contains(where: { $0.layer == .user })
    {
      found[SocketOfSettings.variable] = values.filter { $0.layer != .local }
    }
    let isMissing = { (path: String) in path.hasPrefix("/") && !world.files.exists(.init(path)) }
    return VariableTable(
      rows: names.map { name in
        row(name, found[name] ?? [], isSetUp: document != nil, conflicts, isMissing: isMissing)
      } + stateRows(document, in: world), isSetUp: document != nil)
  }

  private struct Value {
    var layer: Layer
    var place: String
    var text: String

    init(_ layer: Layer, _ place: String, _ text: String) {
      self.layer = layer
      self.place = place
      self.text = text
    }
  }

  /// The keys, other than variables, by which a settings file can lead the client away.
  private static let keys = [
    "apiKeyHelper", "availableModels", "forceLoginMethod", "forceLoginOrgUUID", "model",
    // Whether the client starts in auto mode, and whether it can.
    "permissions.defaultMode", "permissions.disableAutoMode",
  ]

  private static func values(of document: JSON) -> [(String, String)] {
    let variables = (document["env"]?.members ?? []).map { member in
      (member.key, member.value.text ?? member.value.compact)
    }
    return variables
      + keys.compactMap { key in
        member(key, of: document).map { value in
          let list = value.elements?.compactMap(\.text).joined(separator: ", ")
          return (key, list ?? value.text ?? value.compact)
        }
      }
  }

  private static func member(_ path: String, of document: JSON) -> JSON? {
    path.split(separator: ".").reduce(document) { $0?[String($1)] }
  }

  private static func row(
    _ name: String, _ values: [Value], isSetUp: Bool, _ conflicts: [Conflict],
    isMissing: (String) -> Bool
  ) -> Row {
    let values = values.enumerated().sorted {
      ($0.element.layer, $0.offset) < ($1.element.layer, $1.offset)
    }.map(\.element)
    let winner = values.first
    let variable = ClientVariable.named(name)
    let entries = values.enumerated().map { index, value in
      Entry(
        layer: value.layer, place: value.place, shown: shown(value, name),
        // Which of several start-up files has the last word, only the shell knows.
        isWinner: index == 0 || (value.layer == .startUp && winner?.layer == .startUp))
    }
    var problem: String?
    if let winner, winner.layer != .local {
      let wanted = values.first { $0.layer == .local }
      if let variable, wanted?.text != winner.text {
        problem = variable.problem(
          with: winner.text, reachesLoopbackDirectly: isSetUp, isMissing: isMissing)
      } else if variable == nil {
        let standing = conflicts.first { conflict in
          conflict.variable == name && !conflict.isOvercome
        }
        problem = standing?.consequence
      }
      if problem != nil, winner.layer == .managed {
        problem! += " Only whoever administers this machine can change it."
      }
    }
    return Row(
      name: name, entries: entries, problem: problem,
      plainWinner: values.first { $0.layer != .local }?.layer)
  }

  private static func shown(_ value: Value, _ name: String) -> String {
    if let variable = ClientVariable.named(name) { return variable.shown(value.text) }
    if name == "apiKeyHelper", !value.text.isEmpty { return redacted(command: value.text) }
    let isOurs = value.layer == .local && !value.text.isEmpty
    return isOurs || keys.contains(name)
      ? redacted(value.text) : redacted(valueOf: name, value.text)
  }
}

extension VariableTable.Layer {
  init(_ layer: Conflict.SettingsLayer) {
    switch layer {
    case .managed: self = .managed
    case .projectLocal: self = .projectLocal
    case .project: self = .project
    case .user: self = .user
    }
  }
}
