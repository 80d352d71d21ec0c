public import SystemPackage

/// One thing that would be done, as data: what `--dry-run` shows is what `apply` does.
public enum Change: Sendable, Hashable {
  case writeFile(FileWrite)
  case startEngine(EngineStart)
  case pullModel(ModelPull)
  case createModel(ModelCreation)
  case copyModel(server: String, from: String, to: String)
  /// As `copyModel`, over a name that means something else and is not of our making.
  case replaceModel(ModelReplacement)

  /// What the change is about: `file:/path`, `engine:docker`, `model:name on URL`. The receipt keeps one undo for each.
  public var subject: String {
    switch self {
    case .writeFile(let write): "file:\(write.path)"
    case .startEngine(let start): "engine:\(start.name)"
    case .pullModel(let pull): Receipt.subject(ofModel: pull.model, on: pull.server)
    case .createModel(let creation): Receipt.subject(ofModel: creation.name, on: creation.server)
    case .copyModel(let server, _, let to): Receipt.subject(ofModel: to, on: server)
    case .replaceModel(let replacement):
      Receipt.subject(ofModel: replacement.name, on: replacement.server)
    }
  }
}

extension Change {
  /// The bytes of a file that is ours alone.
  var ownBytes: [UInt8]? {
    if case .writeFile(let write) = self, write.ownership == .ours { write.after } else { nil }
  }
}

/// A file's bytes before and after.
public struct FileWrite: Sendable, Hashable {
  public enum Ownership: Sendable, Hashable {
    /// Ours alone: uninstall removes it.
    case ours
    /// The person's, with one marked block of ours in it: uninstall takes the block out again.
    case block(shell: Shell)
  }
  public var path: FilePath
  /// `nil` when there is no such file yet.
  public var before: [UInt8]?
  public var after: [UInt8]
  /// For a new file; an existing one keeps its mode.
  public var mode: UInt16
  public var ownership: Ownership

  public init(
    path: FilePath, before: [UInt8]?, after: [UInt8], mode: UInt16 = 0o644, ownership: Ownership
  ) {
    self.path = path
    self.before = before
    self.after = after
    self.mode = mode
    self.ownership = ownership
  }
}

/// The commands that bring an engine up, and where it must answer afterwards.
public struct EngineStart: Sendable, Hashable {
  public enum How: Sendable, Hashable {
    /// Each runs to its end, in order.
    case commands([Invocation])
    /// Goes on running after us, output in the log file.
    case detached(Invocation, log: FilePath)
  }
  /// `docker` or `native`.
  public var name: String
  public var how: How
  public var url: String
  /// What takes it back, in order.
  public var undo: [Invocation]
  /// What removes the engine's stored models: asked for separately.
  public var undoStorage: [Invocation]

  public init(
    name: String, how: How, url: String, undo: [Invocation], undoStorage: [Invocation] = []
  ) {
    self.name = name
    self.how = how
    self.url = url
    self.undo = undo
    self.undoStorage = undoStorage
  }
}

/// A model to download.
public struct ModelPull: Sendable, Hashable {
  public var server: String
  public var model: String
  /// Download size in bytes: the registry's own figure, or the catalogue's; `nil` when neither knows.
  public var bytes: UInt64?
  public var isBytesFromRegistry: Bool

  public init(server: String, model: String, bytes: UInt64?, isBytesFromRegistry: Bool) {
    self.server = server
    self.model = model
    self.bytes = bytes
    self.isBytesFromRegistry = isBytesFromRegistry
  }
}

/// A model derived from another one, with its context window baked in.
public struct ModelCreation: Sendable, Hashable {
  public var server: String
  public var name: String
  public var from: String
  public var contextWindow: Int

  public init(server: String, name: String, from: String, contextWindow: Int) {
    self.server = server
    self.name = name
    self.from = from
    self.contextWindow = contextWindow
  }
}

/// A name that gets another meaning, while the old one is kept under a third name.
public struct ModelReplacement: Sendable, Hashable {
  public var server: String
  public var name: String
  public var from: String
  public var keptAs: String

  public init(server: String, name: String, from: String, keptAs: String) {
    self.server = server
    self.name = name
    self.from = from
    self.keptAs = keptAs
  }
}
