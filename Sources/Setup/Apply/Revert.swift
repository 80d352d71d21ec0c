import SystemPackage

/// What became of one entry of the receipt.
public enum Reversion: Sendable, Hashable {
  case undone
  /// It was no longer there.
  case alreadyGone
  /// Its owner changed it since: left as it is, with the reason.
  case kept(String)

  static let keptAsAsked = "asked to keep downloaded models"
}

/// Takes single entries of the receipt back.
public struct Revert: Sendable {
  let world: World

  public init(in world: World) { self.world = world }

  /// Undoes one entry. Models with a size were downloaded: `keepingModels` leaves them (and the storage they lie in).
  public func revert(
    _ entry: Receipt.Entry, keepingModels: Bool
  ) async throws(Failure) -> Reversion {
    switch entry.undo {
    case .removeFile(let path, let after, let folders):
      return try onFiles(path) { () throws(FileProblem) in
        guard let now = try world.files.readIfPresent(FilePath(path)) else {
          try removeFolders(folders)
          return .alreadyGone
        }
        // A change that was recorded and never made finds something else there, or nothing.
        guard entry.isOurs(now, after: after) else { return .kept(entry.editWords(now)) }
        // Moved elsewhere and linked since: both are ours.
        try removeBehindLinks(FilePath(path))
        try world.files.remove(FilePath(path))
        try removeFolders(folders)
        return .undone
      }
    case .restoreFile(let path, let before, let mode, let after):
      return try onFiles(path) { () throws(FileProblem) in
        let now = try world.files.readIfPresent(FilePath(path))
        if now == Array(before) { return .alreadyGone }
        if let now, !entry.isOurs(now, after: after) {
          // What the client goes on writing into a folder that is ours goes with that folder.
          let trees = Folders(world.environment).ownTrees
          return trees.contains { FilePath(path).starts(with: $0) }
            ? .undone : .kept(entry.editWords(now))
        }
        try world.files.write(FilePath(path), Array(before), mode)
        return .undone
      }
    case .removeBlock(let path, let shell, let fileWasMissing, let folders):
      return try removeBlock(path, shell: shell, fileWasMissing: fileWasMissing, folders)
    case .removeMovedBlock(let path, let shell):
      return try onFiles(path) { () throws(FileProblem) in
        guard let now = try world.files.readIfPresent(FilePath(path)) else { return .alreadyGone }
        let edit: RCEdit
        do throws(RCProblem) { edit = try RCBlock.removing(shell, from: now, isMoved: true) } catch
        {
          return .kept(error.reason)
        }
        guard edit.change != .none else { return .alreadyGone }
        try world.files.write(FilePath(path), edit.bytes, nil)
        return .undone
      }
    case .stopEngine(let commands, let storage):
      for command in commands + (keepingModels ? [] : storage) { try await run(command) }
      return .undone
    case .removeProxyImage:
      for command in ProxyImage.removal { try await run(command) }
      return .undone
    case .endProcess(let id, let program):
      guard await world.isRunning(program, as: id) else { return .alreadyGone }
      world.programs.end(id)
      return .undone
    case .deleteModel(let url, let name, let bytes):
      if keepingModels, bytes != nil { return .kept(Reversion.keptAsAsked) }
      let server = OllamaServer(url: url, network: world.network)
      // A name that means something else by now is its owner's; a download is asked about by its name.
      if bytes == nil, let made = entry.model,
        let now = try await server.models().first(named: name)?.digest, now != made
      {
        return .kept("it means another model since")
      }
      try await server.delete(name)
      return .undone
    case .restoreModel(let url, let name, let keptAs):
      let server = OllamaServer(url: url, network: world.network)
      // Recorded and never made: the name still means what it did.
      guard try await server.describe(keptAs) != nil else { return .alreadyGone }
      if let made = entry.model, let now = try await server.models().first(named: name)?.digest,
        now != made
      {
        return .kept("it means another model since; its old meaning is \(printable(keptAs))")
      }
      try await server.copy(from: keptAs, to: name)
      try await server.delete(keptAs)
      return .undone
    }
  }

  private func removeBehindLinks(_ path: FilePath) throws(FileProblem) {
    try world.files.remove(world.files.resolve(path))
  }

  private func onFiles(
    _ path: String, _ work: () throws(FileProblem) -> Reversion
  ) throws(Failure) -> Reversion {
    do { return try work() } catch {
      let isSpecial = if case .other = error { true } else { false }
      throw Failure(
        "\(path) could not be taken back", why: "\(error.path): \(error.reason)",
        tryNext: [
          isSpecial
            ? "Undo that, then run `ccl-setup uninstall` again."
            : "Make it writable, then run `ccl-setup uninstall` again."
        ])
    }
  }

  /// Removes those of the folders that are empty, innermost first.
  private func removeFolders(_ folders: [String]) throws(FileProblem) {
    for folder in folders.reversed() {
      guard try world.files.removeEmptyFolder(FilePath(folder)) else { return }
    }
  }

  /// The block goes, whatever its owner wrote around it since stays.
  private func removeBlock(
    _ path: String, shell: Shell, fileWasMissing: Bool, _ folders: [String]
  ) throws(Failure) -> Reversion {
    try onFiles(path) { () throws(FileProblem) in
      guard let now = try world.files.readIfPresent(FilePath(path)) else {
        try removeFolders(folders)
        return .alreadyGone
      }
      let edit: RCEdit
      do throws(RCProblem) { edit = try RCBlock.removing(shell, from: now) } catch {
        return .kept(error.reason)
      }
      guard edit.change != .none else { return .alreadyGone }
      if fileWasMissing, edit.isFileOurs {
        // A link of the person's to a file that was not there stays, as it was.
        try removeBehindLinks(FilePath(path))
        try removeFolders(folders)
      } else {
        try world.files.write(FilePath(path), edit.bytes, nil)
      }
      return .undone
    }
  }

  private func run(_ command: Invocation) async throws(Failure) {
    do {
      let result = try await world.programs.run(command, within: .seconds(120))
      guard result.succeeded else { throw commandFailure(command, result) }
    } catch let problem as ProgramProblem {
      throw programFailure(problem)
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure("\(command.program) failed", why: "\(error)")
    }
  }
}
