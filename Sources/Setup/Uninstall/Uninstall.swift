import SystemPackage

/// Takes back what the receipt says, newest first, and nothing else.
public struct Uninstall: Sendable {
  let world: World
  let store: ReceiptStore

  public init(in world: World) {
    self.world = world
    store = ReceiptStore(in: world)
  }

  /// What would be taken back, newest first.
  public func entries() throws(Failure) -> [Receipt.Entry] {
    try store.read()?.entries.reversed() ?? []
  }

  /// Reverts every entry; what fails stays in the receipt for another try. Answers the failures.
  public func callAsFunction(
    keepingModels: Bool, report: @Sendable (Receipt.Entry, Result<Reversion, Failure>) -> Void
  ) async throws(Failure) -> [Failure] {
    let lock = try SetupLock.take(in: world)
    defer { lock.release() }
    guard var receipt = try store.read() else { return [] }
    var failures: [Failure] = []
    for entry in receipt.entries.reversed() {
      do {
        let reversion = try await Revert(in: world).revert(entry, keepingModels: keepingModels)
        receipt.entries.removeAll { $0.subject == entry.subject }
        try store.write(receipt)
        report(entry, .success(reversion))
      } catch {
        failures.append(error)
        report(entry, .failure(error))
      }
    }
    if failures.isEmpty { try removeOwnState(receipt.stateFolders) }
    return failures
  }

  /// Our own state goes last: receipt, history, logs, lock, and the folders that are empty then.
  private func removeOwnState(_ stateFolders: [String]) throws(Failure) {
    let folders = Folders(world.environment)
    do {
      for file in [folders.history, folders.nativeLog, folders.receipt, folders.lock] {
        try world.files.remove(file)
      }
      try world.files.removeTree(folders.proof)
      let parents = stateFolders.reversed().map { FilePath($0) }
      for folder in [folders.engine, folders.modelfiles, folders.configuration, folders.state]
        + parents
      {
        _ = try world.files.removeEmptyFolder(folder)
      }
    } catch {
      throw Failure(
        "Our own files could not all be removed", why: "\(error.path): \(error.reason)")
    }
  }
}

extension Undo {
  /// What taking it back does, for a person.
  public var title: String {
    switch self {
    case .removeFile(let path, _, _): "remove \(path)"
    case .restoreFile(let path, _, _, _): "put back \(path) as it was"
    case .removeBlock(let path, _, let fileWasMissing, _):
      fileWasMissing
        ? "take the block out of \(path), which was made for it" : "take the block out of \(path)"
    case .stopEngine(_, let storage):
      storage.isEmpty
        ? "stop the engine" : "remove the container, its network and its volume of models"
    case .endProcess(let id, let program): "end \(program), process \(id)"
    case .deleteModel(_, let name, .some(let bytes)) where bytes > 0:
      "delete the downloaded model \(printable(name)) (\(ByteCount(bytes).inWords))"
    case .deleteModel(_, let name, _): "delete the model name \(printable(name))"
    case .restoreModel(_, let name, _): "give the model name \(printable(name)) its old meaning"
    }
  }
}
