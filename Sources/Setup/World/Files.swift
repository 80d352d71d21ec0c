public import SystemPackage

/// The file system, bytes in and bytes out.
public struct Files: Sendable {
  /// The whole file; throws `FileProblem.missing` when there is none. Follows links.
  public var read: @Sendable (FilePath) throws(FileProblem) -> [UInt8]
  /// What is at the path itself (links are not followed), `nil` when nothing is.
  public var status: @Sendable (FilePath) throws(FileProblem) -> FileStatus?
  /// The names in a folder, sorted; throws `.missing` when there is no such folder.
  public var list: @Sendable (FilePath) throws(FileProblem) -> [String]
  /// The path with every link resolved; a missing last component is allowed.
  public var resolve: @Sendable (FilePath) throws(FileProblem) -> FilePath
  /// Whether this process could replace the file (the file, or else its folder, is writable).
  public var isWritable: @Sendable (FilePath) -> Bool
  /// Whether this process could execute the file.
  public var isExecutable: @Sendable (FilePath) -> Bool
  /// Replaces a file in one step: temporary file beside the real one (links resolved), fsync, rename, fsync of the
  /// folder; `mode` `nil` keeps the mode and owner that the file has (0644 for a new one). Access lists and extended attributes
  /// stay. A file with a second name (a hard link) is refused, since that one would keep the old bytes.
  public var write: @Sendable (FilePath, [UInt8], _ mode: UInt16?) throws(FileProblem) -> Void
  /// Makes a folder and its missing parents (0700 each); answers which ones it made, outermost first.
  public var makeFolder: @Sendable (FilePath) throws(FileProblem) -> [FilePath]
  /// Removes a file or link; nothing there is no error.
  public var remove: @Sendable (FilePath) throws(FileProblem) -> Void
  /// Removes a folder if it is empty; answers whether it did.
  public var removeEmptyFolder: @Sendable (FilePath) throws(FileProblem) -> Bool
  /// Removes a folder of ours with everything in it; nothing there is no error. Links in it are removed, not followed.
  public var removeTree: @Sendable (FilePath) throws(FileProblem) -> Void
  /// Bytes that this user may still write on the file system that holds the path or its nearest existing parent.
  public var freeBytes: @Sendable (FilePath) throws(FileProblem) -> UInt64
  /// Takes an exclusive lock on a file, which a dead holder loses by itself; `nil` when another process holds it.
  public var lock: @Sendable (FilePath) throws(FileProblem) -> FileLock?

  public init(
    read: @escaping @Sendable (FilePath) throws(FileProblem) -> [UInt8],
    status: @escaping @Sendable (FilePath) throws(FileProblem) -> FileStatus?,
    list: @escaping @Sendable (FilePath) throws(FileProblem) -> [String],
    resolve: @escaping @Sendable (FilePath) throws(FileProblem) -> FilePath,
    isWritable: @escaping @Sendable (FilePath) -> Bool,
    isExecutable: @escaping @Sendable (FilePath) -> Bool,
    write: @escaping @Sendable (FilePath, [UInt8], UInt16?) throws(FileProblem) -> Void,
    makeFolder: @escaping @Sendable (FilePath) throws(FileProblem) -> [FilePath],
    remove: @escaping @Sendable (FilePath) throws(FileProblem) -> Void,
    removeEmptyFolder: @escaping @Sendable (FilePath) throws(FileProblem) -> Bool,
    removeTree: @escaping @Sendable (FilePath) throws(FileProblem) -> Void,
    freeBytes: @escaping @Sendable (FilePath) throws(FileProblem) -> UInt64,
    lock: @escaping @Sendable (FilePath) throws(FileProblem) -> FileLock?
  ) {
    self.read = read
    self.status = status
    self.list = list
    self.resolve = resolve
    self.isWritable = isWritable
    self.isExecutable = isExecutable
    self.write = write
    self.makeFolder = makeFolder
    self.remove = remove
    self.removeEmptyFolder = removeEmptyFolder
    self.removeTree = removeTree
    self.freeBytes = freeBytes
    self.lock = lock
  }
}

extension Files {
  /// The file's bytes, `nil` when there is no such file.
  public func readIfPresent(_ path: FilePath) throws(FileProblem) -> [UInt8]? {
    do { return try read(path) } catch {
      if case .missing = error { return nil }
      throw error
    }
  }

  /// The file as text for looking at (invalid UTF-8 replaced), `nil` when it is missing or unreadable.
  public func text(_ path: FilePath) -> String? {
    (try? read(path)).map { String(decoding: $0, as: UTF8.self) }
  }

  /// How many files lie below a folder, and their bytes together; what cannot be looked into counts as empty.
  func contents(of folder: FilePath) -> (files: Int, bytes: UInt64) {
    var (files, bytes) = (0, UInt64(0))
    for name in (try? list(folder)) ?? [] {
      guard let found = try? status(folder.appending(name)) else { continue }
      if found.kind == .folder {
        let inside = contents(of: folder.appending(name))
        files += inside.files
        bytes += inside.bytes
      } else {
        files += 1
        bytes += found.size
      }
    }
    return (files, bytes)
  }

  /// Whether something is at the path (a dangling link counts).
  public func exists(_ path: FilePath) -> Bool { (try? status(path)) != nil }
}

/// What `lstat` says of a path.
public struct FileStatus: Sendable, Hashable {
  public enum Kind: Sendable, Hashable {
    case file, folder
    case link(to: FilePath)
    case other
  }
  public var kind: Kind
  /// Permission bits, 0o7777 at most.
  public var mode: UInt16
  public var owner: UInt32
  public var group: UInt32
  public var size: UInt64
  /// How many names a file has.
  public var names: UInt64

  public init(
    kind: Kind, mode: UInt16, owner: UInt32, group: UInt32, size: UInt64, names: UInt64 = 1
  ) {
    self.kind = kind
    self.mode = mode
    self.owner = owner
    self.group = group
    self.size = size
    self.names = names
  }
}

/// A lock that is held until `release`, or until the process ends.
public struct FileLock: Sendable {
  public var release: @Sendable () -> Void
  public init(release: @escaping @Sendable () -> Void) { self.release = release }
}

/// Why the file system refused.
public enum FileProblem: Error, Sendable, Hashable {
  case missing(FilePath)
  case denied(FilePath)
  case readOnly(FilePath)
  case full(FilePath)
  case other(FilePath, reason: String)

  public var path: FilePath {
    switch self {
    case .missing(let path), .denied(let path), .readOnly(let path), .full(let path),
      .other(let path, _):
      path
    }
  }

  /// The reason in words, without the path.
  public var reason: String {
    switch self {
    case .missing: "no such file or folder"
    case .denied: "permission denied"
    case .readOnly: "the file system is read-only"
    case .full: "no space left on the disk"
    case .other(_, let reason): reason
    }
  }
}
