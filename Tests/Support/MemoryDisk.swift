import Setup
import Synchronization
import SystemPackage

/// A file system in memory, with links, modes and faults.
final class MemoryDisk: Sendable {
  fileprivate struct Node {
    enum Content {
      case file([UInt8])
      case folder
      case link(FilePath)
    }
    var content: Content
    var mode: UInt16
    var owner: UInt32
  }
  fileprivate struct State {
    var nodes: [FilePath: Node] = [:]
    var faults: [FilePath: FileProblem] = [:]
    var free: UInt64 = 500_000_000_000
    var locked: Set<FilePath> = []
    var writes: [FilePath] = []
  }
  private let owner: UInt32
  private let state = Mutex(State())

  init(owner: UInt32) {
    self.owner = owner
    folder("/")
  }

  // MARK: What the test puts there

  func file(_ path: FilePath, _ bytes: [UInt8], mode: UInt16, owner: UInt32? = nil) {
    state.withLock {
      $0.addFolders(above: path, owner: self.owner)
      $0.nodes[path] = Node(content: .file(bytes), mode: mode, owner: owner ?? self.owner)
    }
  }

  func folder(_ path: FilePath, mode: UInt16 = 0o755) {
    state.withLock {
      $0.addFolders(above: path, owner: owner)
      $0.nodes[path] = Node(content: .folder, mode: mode, owner: owner)
    }
  }

  func link(_ path: FilePath, to target: FilePath) {
    state.withLock {
      $0.addFolders(above: path, owner: owner)
      $0.nodes[path] = Node(content: .link(target), mode: 0o777, owner: owner)
    }
  }

  func forget(_ path: FilePath) {
    state.withLock { state in
      state.nodes = state.nodes.filter { !$0.key.starts(with: path) }
    }
  }

  func fault(_ path: FilePath, _ problem: FileProblem?) {
    state.withLock { $0.faults[path] = problem }
  }

  func free(_ bytes: UInt64) { state.withLock { $0.free = bytes } }

  // MARK: What the test looks at

  var writes: [FilePath] { state.withLock { $0.writes } }

  func bytes(_ path: FilePath) -> [UInt8]? {
    state.withLock { state in
      guard case .file(let bytes)? = state.nodes[path]?.content else { return nil }
      return bytes
    }
  }

  var snapshot: [String: String] {
    state.withLock { state in
      var all: [String: String] = [:]
      for (path, node) in state.nodes {
        let content =
          switch node.content {
          case .file(let bytes): "file " + String(decoding: bytes, as: UTF8.self)
          case .folder: "folder"
          case .link(let target): "link \(target)"
          }
        all[path.string] = "\(String(node.mode, radix: 8)) \(node.owner) \(content)"
      }
      return all
    }
  }

  func isExecutable(_ path: FilePath) -> Bool {
    state.withLock { state in
      guard let real = try? state.resolve(path), let node = state.nodes[real],
        case .file = node.content
      else { return false }
      return node.mode & 0o111 != 0
    }
  }

  // MARK: The `Files` of it

  var files: Files {
    Files(
      read: { [self] path throws(FileProblem) in
        try locked { state throws(FileProblem) in
          let real = try state.resolve(path)
          guard let node = state.nodes[real] else { throw .missing(path) }
          guard case .file(let bytes) = node.content else {
            throw .other(path, reason: "Is a directory")
          }
          guard node.mode & 0o444 != 0 else { throw .denied(path) }
          return bytes
        }
      },
      status: { [self] path throws(FileProblem) in
        try locked { state throws(FileProblem) in
          let place = try state.resolveFolder(of: path)
          guard let node = state.nodes[place] else { return nil }
          return node.status
        }
      },
      list: { [self] path throws(FileProblem) in
        try locked { state throws(FileProblem) in
          let real = try state.resolve(path)
          guard case .folder? = state.nodes[real]?.content else { throw .missing(path) }
          return state.nodes.keys
            .filter { $0 != real && $0.removingLastComponent() == real }
            .compactMap { $0.lastComponent?.string }.sorted()
        }
      },
      resolve: { [self] path throws(FileProblem) in
        try locked { state throws(FileProblem) in try state.resolve(path) }
      },
      isWritable: { [self] path in
        (try? locked { state throws(FileProblem) in
          var place = try state.resolve(path)
          if let node = state.nodes[place], node.mode & 0o200 == 0 { return false }
          place.removeLastComponent()
          while state.nodes[place] == nil { place.removeLastComponent() }
          return state.nodes[place].map { $0.mode & 0o200 != 0 } ?? false
        }) ?? false
      },
      isExecutable: { [self] in isExecutable($0) },
      write: { [self] path, bytes, mode throws(FileProblem) in
        try locked { state throws(FileProblem) in
          let real = try state.resolve(path)
          let folder = real.removingLastComponent()
          if let problem = state.faults[folder] { throw problem }
          guard let parent = state.nodes[folder] else { throw .missing(real) }
          guard parent.mode & 0o200 != 0 else { throw .denied(real) }
          var node =
            state.nodes[real] ?? Node(content: .file([]), mode: mode ?? 0o644, owner: owner)
          guard case .file = node.content else {
            throw .other(real, reason: "this is not a regular file")
          }
          node.content = .file(bytes)
          if let mode { node.mode = mode }
          state.nodes[real] = node
          state.writes.append(real)
        }
      },
      makeFolder: { [self] path throws(FileProblem) in
        try locked { state throws(FileProblem) in
          var missing: [FilePath] = []
          var place = try state.resolve(path)
          while state.nodes[place] == nil {
            missing.insert(place, at: 0)
            place.removeLastComponent()
          }
          guard case .folder? = state.nodes[place]?.content else {
            throw .other(place, reason: "there is a file of this name where a folder is needed")
          }
          guard missing.isEmpty || state.nodes[place].map({ $0.mode & 0o200 != 0 }) == true else {
            throw .denied(path)
          }
          for folder in missing {
            state.nodes[folder] = Node(content: .folder, mode: 0o700, owner: owner)
            state.writes.append(folder)
          }
          return missing
        }
      },
      remove: { [self] path throws(FileProblem) in
        try locked { state throws(FileProblem) in
          let place = try state.resolveFolder(of: path)
          guard let node = state.nodes[place] else { return }
          if case .folder = node.content { throw .other(path, reason: "Is a directory") }
          state.nodes[place] = nil
          state.writes.append(place)
        }
      },
      removeEmptyFolder: { [self] path throws(FileProblem) in
        try locked { state throws(FileProblem) in
          let real = try state.resolve(path)
          guard case .folder? = state.nodes[real]?.content,
            !state.nodes.keys.contains(where: { $0 != real && $0.removingLastComponent() == real })
          else { return false }
          state.nodes[real] = nil
          state.writes.append(real)
          return true
        }
      },
      removeTree: { [self] path throws(FileProblem) in
        try locked { state throws(FileProblem) in
          let place = try state.resolveFolder(of: path)
          for node in state.nodes.keys where node.starts(with: place) {
            state.nodes[node] = nil
            state.writes.append(node)
          }
        }
      },
      freeBytes: { [self] path throws(FileProblem) in
        try locked { state throws(FileProblem) in
          if let problem = state.faults[path] { throw problem }
          return state.free
        }
      },
      lock: { [self] path throws(FileProblem) in
        let isMine = try locked { state throws(FileProblem) in
          let real = try state.resolve(path)
          return state.locked.insert(real).inserted
        }
        guard isMine else { return nil }
        return FileLock { [self] in
          state.withLock { state in
            if let real = try? state.resolve(path) { state.locked.remove(real) }
          }
        }
      })
  }

  private func locked<Value: Sendable>(
    _ work: (inout State) throws(FileProblem) -> Value
  ) throws(FileProblem) -> Value {
    let result: Result<Value, FileProblem> = state.withLock { state in
      do throws(FileProblem) { return .success(try work(&state)) } catch { return .failure(error) }
    }
    return try result.get()
  }
}

extension MemoryDisk.Node {
  fileprivate var status: FileStatus {
    switch content {
    case .file(let bytes):
      FileStatus(kind: .file, mode: mode, owner: owner, group: owner, size: UInt64(bytes.count))
    case .folder: FileStatus(kind: .folder, mode: mode, owner: owner, group: owner, size: 4096)
    case .link(let target):
      FileStatus(kind: .link(to: target), mode: mode, owner: owner, group: owner, size: 0)
    }
  }
}

extension MemoryDisk.State {
  fileprivate mutating func addFolders(above path: FilePath, owner: UInt32) {
    var place = path.removingLastComponent()
    while !place.isEmpty, nodes[place] == nil {
      nodes[place] = MemoryDisk.Node(content: .folder, mode: 0o755, owner: owner)
      if place == "/" { return }
      place.removeLastComponent()
    }
  }

  /// Every link resolved, the last component's too; missing components stay as they are.
  fileprivate func resolve(_ path: FilePath) throws(FileProblem) -> FilePath {
    try walk(path, followLast: true)
  }

  /// The folder's links resolved, the last component's not.
  fileprivate func resolveFolder(of path: FilePath) throws(FileProblem) -> FilePath {
    try walk(path, followLast: false)
  }

  private func walk(_ path: FilePath, followLast: Bool) throws(FileProblem) -> FilePath {
    if let problem = faults[path] { throw problem }
    var done: FilePath = "/"
    var rest = Array(path.lexicallyNormalized().components)
    var links = 0
    while !rest.isEmpty {
      let next = done.appending(rest.removeFirst())
      if let problem = faults[next], rest.isEmpty { throw problem }
      guard case .link(let target)? = nodes[next]?.content, followLast || !rest.isEmpty else {
        done = next
        continue
      }
      links += 1
      guard links < 40 else { throw .other(path, reason: "Too many levels of symbolic links") }
      let whole = target.isAbsolute ? target : done.pushing(target)
      rest = Array(whole.lexicallyNormalized().components) + rest
      done = "/"
    }
    return done
  }
}
