import SystemPackage

/// Takes back what the receipt says, newest first, and nothing else.
public struct Uninstall: Sendable {
  let world: World
  let store: ReceiptStore

  public init(in world: World) {
    self.world = world
    store = ReceiptStore(in: world)
  }

  /// What there is to take back.
  public func prospect() async throws(Failure) -> Prospect {
    var prospect = try await prospect(
      hadState: world.files.exists(Folders(world.environment).state))
    if let words = clientFolderInWords { prospect.others.append(words) }
    return prospect
  }

  /// The client's own folder holds what people may want to copy before it goes.
  private var clientFolderInWords: String? {
    let folder = Folders(world.environment).client
    let (files, bytes) = world.files.contents(of: folder)
    guard files > 0 else { return nil }
    return "remove \(folder), claude-local's own settings, history and conversations "
      + "(\(counted(files, "file")), \(ByteCount(bytes).inWords))"
  }

  private func prospect(hadState: Bool) async throws(Failure) -> Prospect {
    do throws(Failure) {
      if var receipt = try store.read() {
        let known = receipt.entries.compactMap { entry -> FilePath? in
          guard case .removeBlock(let path, _, _, _) = entry.undo else { return nil }
          return try? world.files.resolve(FilePath(path))
        }
        receipt.entries += StartupFiles(world.environment, zshFolder: nil).movedBlocks(
          of: Shell.allCases, besides: Set(known), at: world.clock.now(),
          place: { try? world.files.resolve($0) }, read: { try? world.files.read($0) })
        return Prospect(receipt: receipt, engineGone: await engineGone(receipt))
      }
    } catch {
      // One of another version is left to that version.
      guard error.what == ReceiptStore.damaged else { throw error }
    }
    let traces = await Traces.find(in: world, hadState: hadState)
    return Prospect(receipt: traces.receipt, isRebuilt: true, unknown: traces.unknown)
  }

  /// Why the engine cannot be asked ever again, `nil` where it can.
  private func engineGone(_ receipt: Receipt) async -> String? {
    switch receipt.choices?.engine {
    case .docker where world.programs.find("docker") == nil:
      return "Docker is no longer installed"
    case .native(let port) where OllamaFindings.program(in: world) == nil:
      let server = OllamaServer(url: Engine.native(port: port).url, network: world.network)
      // It may run all the same, from a place that is not on the PATH.
      return (try? await server.version()) == nil ? "Ollama is no longer installed" : nil
    default: return nil
    }
  }

  /// What an uninstall would do.
  public struct Prospect: Sendable {
    public let receipt: Receipt
    /// The receipt is lost: this is what was recognised.
    public let isRebuilt: Bool
    /// What stays for want of knowledge, a sentence each.
    public let unknown: [String]
    /// Why the engine cannot be asked ever again, `nil` where it can.
    let engineGone: String?
    /// What no entry tells of and goes with our own state, a sentence each.
    public internal(set) var others: [String] = []

    init(
      receipt: Receipt, isRebuilt: Bool = false, unknown: [String] = [], engineGone: String? = nil
    ) {
      self.receipt = receipt
      self.isRebuilt = isRebuilt
      self.unknown = unknown
      self.engineGone = engineGone
    }

    /// Newest first.
    public var entries: [Receipt.Entry] { receipt.inUndoOrder }

    /// Downloaded models, and the volume in which they lie: what is asked about apart.
    public var downloads: [Receipt.Entry] {
      entries.filter { entry in
        switch entry.undo {
        case .deleteModel(_, _, .some): true
        case .stopEngine(_, let storage): !storage.isEmpty
        default: false
        }
      }
    }

    /// Why an entry stays where downloaded models are to be kept, `nil` where it goes all the same.
    public func reasonToKeep(_ entry: Receipt.Entry) -> String? {
      guard case .deleteModel(_, _, .some) = entry.undo else { return nil }
      return Reversion.keptAsAsked
    }

    /// Whether taking back needs an engine of ours that was stopped.
    public var needsStoppedEngine: Bool { engineGone == nil && receipt.needsStoppedEngine }
  }

  /// Reverts every entry; what fails stays in the receipt for another try. Answers the failures.
  public func callAsFunction(
    keepingModels: Bool, report: @Sendable (Receipt.Entry, Result<Reversion, Failure>) -> Void
  ) async throws(Failure) -> [Failure] {
    let hadState = world.files.exists(Folders(world.environment).state)
    let lock = try SetupLock.take(in: world)
    defer { lock.release() }
    let prospect = try await prospect(hadState: hadState)
    var receipt = prospect.receipt
    // A state folder that was deleted had to be made again for the lock.
    receipt.stateFolders += lock.madeFolders.filter { !receipt.stateFolders.contains($0) }
    guard !receipt.entries.isEmpty else {
      // The history of a wizard that was left early, and what the lock itself has made.
      try removeOwnState(receipt.stateFolders)
      return []
    }
    if prospect.isRebuilt {
      try store.write(receipt)
      Leftovers.remove(besides: receipt.entries, in: world)
    }
    var failures: [Failure] = []
    // A disk that is full keeps nobody from taking back what frees it: what is gone already is so for the next run too.
    var unrecorded: Failure?
    func forget(_ entry: Receipt.Entry) {
      receipt.entries.removeAll { $0.subject == entry.subject }
      do throws(Failure) {
        try store.write(receipt)
        unrecorded = nil
      } catch {
        unrecorded = error
      }
    }
    let lost = keepingModels ? nil : await storageThatGoes(receipt)
    var silent: Set<String> = []
    for entry in receipt.inUndoOrder {
      // One server that does not answer is one problem, however many models it has.
      if let server = entry.undo.server, silent.contains(server) { continue }
      do {
        let reversion: Reversion
        if let reason = prospect.engineGone, entry.needsEngine(of: receipt) {
          reversion = .kept(reason)
        } else if let lost, entry.undo.server == lost {
          reversion = .undone
        } else {
          reversion = try await Revert(in: world).revert(entry, keepingModels: keepingModels)
        }
        forget(entry)
        report(entry, .success(reversion))
      } catch {
        // A server elsewhere is not ours to bring back: who keeps its models may leave the names there too.
        if keepingModels, entry.undo.server != nil, case .server? = receipt.choices?.engine {
          forget(entry)
          report(entry, .success(.kept(error.why)))
          continue
        }
        failures.append(error)
        if let server = entry.undo.server { silent.insert(server) }
        report(entry, .failure(error))
        // What was written before the engine was started is what stopping it takes.
        if case .stopEngine = entry.undo { break }
      }
    }
    if failures.isEmpty {
      try removeOwnState(receipt.stateFolders)
    } else if let unrecorded {
      throw Failure(
        "What was taken back could not be noted", why: unrecorded.why,
        tryNext: ["Run `ccl-setup uninstall` again: it finds gone what is gone."])
    }
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
    let note = folders.partingNote
    // Killed between the last two of these steps, nothing else would know of the folders that are left.
    let noted = world.files.text(note)?.split(separator: "\0").map(String.init) ?? []
    let stateFolders = stateFolders + noted.filter { !stateFolders.contains($0) }
    do {
      for folder in folders.ownTrees { try world.files.removeTree(folder) }
      for file in folders.ownFiles { try world.files.remove(file) }
      if !stateFolders.isEmpty {
        try world.files.write(note, Array(stateFolders.joined(separator: "\0").utf8), 0o600)
      }
      try store.remove()
      try world.files.remove(folders.lock)
      let parents = stateFolders.map { FilePath($0) }
        .filter { $0.starts(with: folders.home) || folders.state.starts(with: $0) }
        .sorted { $0.components.count > $1.components.count }
      for folder in [folders.engine, folders.modelfiles, folders.configuration, folders.state]
        + parents
      {
        _ = try world.files.removeEmptyFolder(folder)
      }
      try world.files.remove(note)
    } catch {
      throw Failure(
        "Our own files could not all be removed", why: "\(error.path): \(error.reason)")
    }
  }
}

extension Receipt.Entry {
  /// Whether only the engine that was chosen can take it back.
  fileprivate func needsEngine(of receipt: Receipt) -> Bool {
    if case .stopEngine(let commands, let storage) = undo {
      return !(commands + storage).isEmpty
    }
    if case .removeProxyImage = undo { return true }
    return undo.server != nil && undo.server == receipt.choices?.engine.url
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

  /// What taking it back does where downloaded models, or the volume they lie in, are to be kept or not.
  public func title(keepingModels: Bool) -> String {
    if keepingModels, case .stopEngine(_, let storage) = self, !storage.isEmpty {
      return "remove the container and its network, and keep its volume of models"
    }
    return title
  }

  /// What taking it back does, for a person.
  public var title: String {
    switch self {
    case .removeFile(let path, _, _): "remove \(printable(path))"
    case .restoreFile(let path, _, _, _): "put back \(printable(path)) as it was"
    case .removeBlock(let path, _, let fileWasMissing, _):
      fileWasMissing
        ? "take the block out of \(printable(path)), which was made for it"
        : "take the block out of \(printable(path))"
    case .removeMovedBlock(let path, _):
      "take the block out of \(printable(path)), where it was moved to"
    case .stopEngine(let commands, _) where commands.isEmpty:
      "nothing to stop: Ollama was stopped before"
    case .stopEngine(_, let storage):
      storage.isEmpty
        ? "stop the engine" : "remove the container, its network and its volume of models"
    case .removeProxyImage: "remove the proxy's image, its container and its record"
    case .endProcess(let id, let program): "end \(printable(program)), process \(id)"
    case .deleteModel(_, let name, .some(let bytes)) where bytes > 0:
      "delete the downloaded model \(printable(name)) (\(ByteCount(bytes).inWords))"
    case .deleteModel(_, let name, _): "delete the model name \(printable(name))"
    case .restoreModel(_, let name, _): "give the model name \(printable(name)) its old meaning"
    }
  }
}
