#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

/// What we *did*, each change with its undo: written before a change as pending and after it as done, so that a
/// process killed at any moment leaves a receipt from which everything can be taken back.
public struct Receipt: Sendable, Hashable, Codable {
  public static let currentFormat = 1

  public var format: Int
  /// The version of `ccl-setup` that wrote it last.
  public var tool: String
  public var choices: Choices?
  /// What `pull`, `alias` and `context` were asked for while nothing was set up by us; with choices they are in those.
  public var looseAdditions: Additions?
  public var entries: [Entry]
  /// The folders that were made for our own state, outermost first.
  public var stateFolders: [String]
  /// The home folder that the paths are those of: a home can move, and its receipt moves along.
  public var home: String?

  public init(
    tool: String, choices: Choices? = nil, entries: [Entry] = [], stateFolders: [String] = []
  ) {
    format = Self.currentFormat
    self.tool = tool
    self.choices = choices
    self.entries = entries
    self.stateFolders = stateFolders
  }

  public struct Entry: Sendable, Hashable, Codable {
    public enum State: String, Sendable, Hashable, Codable { case pending, done }
    public var subject: String
    /// What was done, for a person.
    public var title: String
    public var state: State
    public var undo: Undo
    /// What our file was before a change that is pending: killed in between, either of the two is our work.
    public var earlier: Digest?
    /// The bytes of our own file as they were written last, to tell where its owner edited it since.
    public var written: Data?
    /// The digest of the model that our name meant when it was made, to tell where its owner gave it another meaning.
    public var model: String?
    public var at: Date

    public init(
      subject: String, title: String, state: State, undo: Undo, written: Data? = nil, at: Date
    ) {
      self.subject = subject
      self.title = title
      self.state = state
      self.undo = undo
      self.written = written
      self.at = at
    }

    /// Whether a file with these bytes is our own last work.
    func isOurs(_ bytes: [UInt8], after: Digest) -> Bool {
      let digest = Digest(of: bytes)
      return digest == after || digest == earlier
    }

    /// Where its owner changed it since, for a person.
    func editWords(_ now: [UInt8]) -> String {
      guard let written else { return "it was edited since" }
      let (ours, theirs) = (FileLines(Array(written)), FileLines(now))
      let same = zip(ours.indices, theirs.indices).prefix { ours[$0] == theirs[$1] }.count
      return "it was edited since (line \(same + 1))"
    }
  }

  /// What was asked for beyond the wizard's one model, with or without a setup of ours.
  public var additions: Additions {
    get { choices?.additions ?? looseAdditions ?? Additions() }
    set {
      choices?.additions = newValue
      looseAdditions = choices == nil && !newValue.isEmpty ? newValue : nil
    }
  }

  public subscript(subject: String) -> Entry? { entries.first { $0.subject == subject } }

  /// What an entry about a model is called: one name may stand on two servers.
  public static func subject(ofModel name: String, on server: String) -> String {
    "model:\(name) on \(server)"
  }

  /// Adds an entry, or renews the one of that subject. The first undo of a subject wins: it alone leads back to what
  /// was there before us. Only what identifies our own last work (`after`) follows the newest change.
  public mutating func note(_ entry: Entry) {
    guard let index = entries.firstIndex(where: { $0.subject == entry.subject }) else {
      entries.append(entry)
      return
    }
    if entry.state == .done {
      entries[index].earlier = nil
    } else if entries[index].state == .done {
      entries[index].earlier = entries[index].undo.after
    }
    entries[index].undo = entries[index].undo.following(entry.undo)
    entries[index].title = entry.title
    entries[index].written = entry.written
    entries[index].model = entry.model
    entries[index].state = entry.state
    entries[index].at = entry.at
  }
}

extension Receipt {
  /// Takes an entry out that was taken back alone. A folder made for it that something of ours is still in goes with the
  /// earliest entry there, which is undone last.
  mutating func withdraw(_ subject: String) {
    guard let index = entries.firstIndex(where: { $0.subject == subject }) else { return }
    for folder in entries.remove(at: index).undo.folders {
      if let heir = entries.firstIndex(where: { $0.undo.path?.hasPrefix(folder + "/") == true }) {
        entries[heir].undo.folders.insert(folder)
      }
    }
  }
}

/// How one change is taken back.
public enum Undo: Sendable, Hashable, Codable {
  /// Removes a file of ours, then those of the folders made for it that are empty.
  case removeFile(path: String, after: Digest, folders: [String])
  /// Gives a file back that stood in our way.
  case restoreFile(path: String, before: Data, mode: UInt16, after: Digest)
  /// Takes our block out of a person's file; the file itself too when we made it and nothing else is in it.
  case removeBlock(path: String, shell: Shell, fileWasMissing: Bool, folders: [String])
  /// Takes our block out of a file into which its owner moved it: what it remembers is of another file.
  case removeMovedBlock(path: String, shell: Shell)
  case stopEngine(commands: [Invocation], storage: [Invocation])
  case endProcess(id: Int32, program: String)
  /// Removes the image of the proxy, its container and its record.
  case removeProxyImage
  case deleteModel(server: String, name: String, bytes: UInt64?)
  /// Gives a model's name back its old meaning, which was kept under another name.
  case restoreModel(server: String, name: String, keptAs: String)

  /// The file that it is about, if it may have been made with its folders.
  fileprivate var path: String? {
    switch self {
    case .removeFile(let path, _, _), .removeBlock(let path, _, _, _): path
    default: nil
    }
  }

  /// The folders made for its file; all of them contain it, so that their lengths tell their order.
  fileprivate var folders: Set<String> {
    get {
      switch self {
      case .removeFile(_, _, let folders), .removeBlock(_, _, _, let folders): Set(folders)
      default: []
      }
    }
    set {
      let ordered = newValue.sorted { $0.count < $1.count }
      switch self {
      case .removeFile(let path, let after, _):
        self = .removeFile(path: path, after: after, folders: ordered)
      case .removeBlock(let path, let shell, let fileWasMissing, _):
        self = .removeBlock(
          path: path, shell: shell, fileWasMissing: fileWasMissing, folders: ordered)
      default: break
      }
    }
  }

  /// What our own last work looks like, for a file of ours.
  var after: Digest? {
    switch self {
    case .removeFile(_, let digest, _), .restoreFile(_, _, _, let digest): digest
    default: nil
    }
  }

  /// This undo, recognising the newest work of the same subject as ours.
  func following(_ newer: Undo) -> Undo {
    // A restarted process has a new id, and only that one can be ended.
    if case .endProcess = newer { return newer }
    // How large a download is may be known only when it is here.
    if case .deleteModel(_, _, 0?) = self, case .deleteModel(_, _, .some) = newer { return newer }
    guard let after = newer.after else { return self }
    switch self {
    case .removeFile(let path, _, let folders):
      return .removeFile(path: path, after: after, folders: folders)
    case .restoreFile(let path, let before, let mode, _):
      return .restoreFile(path: path, before: before, mode: mode, after: after)
    default: return self
    }
  }
}
