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
    case projectLocal, project, user
    /// What the client remembers: of it the variables.
    case state
    case process
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
      case .state: "client's memory"
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
    let habits = ClientHabits(in: world)
    let settings = SettingsFile.all(in: world, for: habits)
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
      guard let script = file.script(in: world) else { continue }
      for setting in script.settings where listed.contains(setting.name) {
        found[setting.name, default: []].append(
          Value(.startUp, "\(file.path), line \(setting.line)", setting.value))
      }
    }
    let order = ClientVariable.all.map(\.name)
    let names =
      order.filter { found[$0] != nil } + found.keys.filter { !order.contains($0) }.sorted()
    let conflicts = Conflict.inSettings(of: world).map { $0.met(by: habits) }
    if habits.takesSocketOfSettings, let values = found[ClientHabits.socket],
      values.contains(where: { $0.layer == .user || $0.layer == .state })
    {
      found[ClientHabits.socket] = values.filter { $0.layer != .local }
    }
    if let document { addDirectHosts(document, &found) }
    let isDirect =
      document != nil && (!habits.asksListOfSettings || isDirect(by: found))
    let isMissing = { (path: String) in path.hasPrefix("/") && !world.files.exists(.init(path)) }
    return VariableTable(
      rows: names.map { name in
        row(name, found[name] ?? [], isDirect: isDirect, conflicts, isMissing: isMissing)
      } + faultRows(settings) + stateRows(document, in: world), isSetUp: document != nil)
  }

  /// What `claude-local` makes of the lists of the process, where no file has one that beats them.
  private static func addDirectHosts(_ document: JSON, _ found: inout [String: [Value]]) {
    func process(_ name: String) -> String? {
      found[name]?.first { $0.layer == .process && !$0.text.isEmpty }?.text
    }
    let (upper, lower) = (process("NO_PROXY"), process("no_proxy"))
    let hosts = ClientSettings.directHosts(
      baseURL: document["env"]?["ANTHROPIC_BASE_URL"]?.text ?? "")
    for (name, own) in [("NO_PROXY", upper ?? lower), ("no_proxy", lower ?? upper)] {
      guard let values = found[name], values.allSatisfy({ $0.layer >= .process }) else { continue }
      let listed = own?.split(separator: ",").map(String.init) ?? []
      found[name]?.append(
        Value(
          .local, "",
          (listed + hosts.filter { !listed.contains($0) }).joined(separator: ",")))
    }
  }

  /// Whether the client goes past a proxy to 127.0.0.1: it asks `no_proxy` first, and what no file sets is ours. A
  /// managed list of either spelling goes before both.
  private static func isDirect(by found: [String: [Value]]) -> Bool {
    let lists =
      (found["no_proxy"] ?? []) + (found["NO_PROXY"] ?? []).filter { $0.layer == .managed }
    let strongest = lists.filter { !$0.text.isEmpty }.min { $0.layer < $1.layer }
    guard let strongest, strongest.layer < .process else { return true }
    return ClientVariable.exemptsLoopback(strongest.text)
  }

  /// The files of which the client takes nothing.
  private static func faultRows(_ settings: [SettingsFile]) -> [Row] {
    settings.compactMap { file in
      guard case .failure(let fault) = file.content else { return nil }
      return Row(
        name: "settings",
        entries: [
          Entry(
            layer: Layer(file.layer), place: file.path.string, shown: printable(fault.reason),
            isWinner: true)
        ],
        problem: Conflict.unreadable(file, fault.reason).consequence, plainWinner: nil)
    }
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
    document.settingsVariables.map { ($0.name, $0.value) }
      + keys.compactMap { key in
        document.member(key).map { value in
          let list = value.elements?.compactMap(\.text).joined(separator: ", ")
          return (key, list ?? value.text ?? value.compact)
        }
      }
  }

  private static func row(
    _ name: String, _ values: [Value], isDirect: Bool, _ conflicts: [Conflict],
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
          with: winner.text, reachesLoopbackDirectly: isDirect, isMissing: isMissing)
      } else if variable == nil {
        let standing = conflicts.first { conflict in
          conflict.variable == name && !conflict.isOvercome
        }
        problem = standing?.consequence
        if problem == nil, let wanted, wanted.text != winner.text, !keys.contains(name) {
          problem = "claude-local sets it to \(shown(wanted, name))."
        }
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
    case .state: self = .state
    }
  }
}
