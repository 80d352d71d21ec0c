import SystemPackage

extension Receipt {
  /// Follows a home folder that has been moved or copied: what lay below it lies below the new one now.
  mutating func move(to home: FilePath) {
    guard let old = self.home.map({ FilePath($0) }), old != home, !old.isEmpty else { return }
    func moved(_ path: String) -> String { path.moved(from: old, to: home) }
    self.home = home.string
    stateFolders = stateFolders.map(moved)
    for index in entries.indices {
      let entry = entries[index]
      if entry.subject.hasPrefix("file:") {
        entries[index].subject = "file:" + moved(String(entry.subject.dropFirst(5)))
      }
      entries[index].undo = entry.undo.movingPaths(moved)
    }
  }

  /// Receipts of the first versions name a model without its server.
  mutating func nameServers() {
    for index in entries.indices where entries[index].subject.hasPrefix("model:") {
      switch entries[index].undo {
      case .deleteModel(let server, let name, _), .restoreModel(let server, let name, _):
        entries[index].subject = Self.subject(ofModel: name, on: server)
      default: continue
      }
    }
  }
}

extension Undo {
  fileprivate func movingPaths(_ moved: @escaping (String) -> String) -> Undo {
    switch self {
    case .removeFile(let path, let after, let folders):
      .removeFile(path: moved(path), after: after, folders: folders.map(moved))
    case .restoreFile(let path, let before, let mode, let after):
      .restoreFile(path: moved(path), before: before, mode: mode, after: after)
    case .removeMovedBlock(let path, let shell):
      .removeMovedBlock(path: moved(path), shell: shell)
    case .removeBlock(let path, let shell, let fileWasMissing, let folders):
      .removeBlock(
        path: moved(path), shell: shell, fileWasMissing: fileWasMissing,
        folders: folders.map(moved))
    case .stopEngine(let commands, let storage):
      .stopEngine(
        commands: commands.map { $0.movingPaths(moved) },
        storage: storage.map { $0.movingPaths(moved) })
    case .endProcess, .removeProxyImage, .deleteModel, .restoreModel: self
    }
  }
}

extension Invocation {
  fileprivate func movingPaths(_ moved: @escaping (String) -> String) -> Invocation {
    var call = self
    call.arguments = arguments.map(moved)
    call.folder = folder.map(moved)
    return call
  }
}

extension String {
  /// The path as it is after a folder above it has moved; any other text as it is.
  fileprivate func moved(from old: FilePath, to new: FilePath) -> String {
    var rest = FilePath(self)
    guard hasPrefix("/"), rest.removePrefix(old) else { return self }
    return new.pushing(rest).string
  }
}
