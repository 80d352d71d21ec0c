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
    try store.read()?.inUndoOrder ?? []
  }

  /// Reverts every entry; what fails stays in the receipt for another try. Answers the failures.
  public func callAsFunction(
    keepingModels: Bool, report: @Sendable (Receipt.Entry, Result<Reversion, Failure>) -> Void
  ) async throws(Failure) -> [Failure] {
    let lock = try SetupLock.take(in: world)
    defer { lock.release() }
    guard var receipt = try store.read() else {
      // The history of a wizard that was left early, and what the lock itself has made.
      try removeOwnState(lock.madeFolders)
      return []
    }
    var failures: [Failure] = []
    let lost = keepingModels ? nil : await storageThatGoes(receipt)
    var silent: Set<String> = []
    for entry in receipt.inUndoOrder {
      // One server that does not answer is one problem, however many models it has.
      if let server = entry.undo.server, silent.contains(server) { continue }
      do {
        let reversion =
          if let lost, entry.undo.server == lost {
            Reversion.undone
          } else {
            try await Revert(in: world).revert(entry, keepingModels: keepingModels)
          }
        receipt.entries.removeAll { $0.subject == entry.subject }
        try store.write(receipt)
        report(entry, .success(reversion))
      } catch {
        failures.append(error)
        if let server = entry.undo.server { silent.insert(server) }
        report(entry, .failure(error))
        // What was written before the engine was started is what stopping it takes.
        if case .stopEngine = entry.undo { break }
      }
    }
    if failures.isEmpty { try removeOwnState(receipt.stateFolders) }
    return failures
  }

  /// The server of a stopped container whose volume will be removed: its models go with that, and nobody is there to
  /// be asked to delete them one by one.
  private func storageThatGoes(_ receipt: Receipt) async -> String? {
    guard let url = receipt.choices?.engine.url,
      case .stopEngine(_, let storage)? = receipt["engine:docker"]?.undo, !storage.isEmpty,
      (try? await OllamaServer(url: url, network: world.network).version()) == nil
    else { return nil }
    return url
  }

  /// Our own state goes last: receipt, history, logs, lock, and the folders that are empty then.
  private func removeOwnState(_ stateFolders: [String]) throws(Failure) {
    let folders = Folders(world.environment)
    do {
      for file in [
        folders.history, folders.nativeLog, folders.clientContract, folders.receipt, folders.lock,
      ] {
        try world.files.remove(file)
      }
      try world.files.removeTree(folders.proof)
      try world.files.removeTree(folders.probe)
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

extension [Receipt.Entry] {
  var inUndoOrder: [Receipt.Entry] {
    let newestFirst = Array(reversed())
    guard let engine = newestFirst.firstIndex(where: { $0.subject.hasPrefix("engine:") }) else {
      return newestFirst
    }
    let rest = newestFirst[engine...]
    return newestFirst[..<engine] + rest.filter { $0.undo.server != nil }
      + rest.filter { $0.undo.server == nil }
  }
}

extension Receipt {
  /// Newest first; an engine that was started anew since goes after the models that it must delete, and before the
  /// files that stopping it needs.
  var inUndoOrder: [Entry] { entries.inUndoOrder }

  /// Whether taking back needs an engine of ours that was stopped: it alone can delete its models.
  public var needsStoppedEngine: Bool {
    guard case .native? = choices?.engine, let engine = choices?.engine.url else { return false }
    return self["engine:native"] != nil && entries.contains { $0.undo.server == engine }
  }
}

extension Undo {
  /// The server that holds the model it is about.
  var server: String? {
    switch self {
    case .deleteModel(let server, _, _), .restoreModel(let server, _, _): server
    default: nil
    }
  }

  /// What taking it back does, for a person.
  public var title: String {
    switch self {
    case .removeFile(let path, _, _): "remove \(path)"
    case .restoreFile(let path, _, _, _): "put back \(path) as it was"
    case .removeBlock(let path, _, let fileWasMissing, _):
      fileWasMissing
        ? "take the block out of \(path), which was made for it" : "take the block out of \(path)"
    case .stopEngine(let commands, _) where commands.isEmpty:
      "nothing to stop: Ollama was stopped before"
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
