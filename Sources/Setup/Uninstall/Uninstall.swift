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
    if failures.isEmpty { try removeOwnState() }
    return failures
  }

  /// Our own state goes last: receipt, history, logs, lock, and the folders that are empty then.
  private func removeOwnState() throws(Failure) {
    let folders = Folders(world.environment)
    do {
      for file in [folders.receipt, folders.history, folders.nativeLog, folders.lock] {
        try world.files.remove(file)
      }
      for folder in [
        folders.engine, folders.modelfiles, folders.configuration, folders.state,
      ] { _ = try world.files.removeEmptyFolder(folder) }
    } catch {
      throw Failure(
        "Our own files could not all be removed", why: "\(error.path): \(error.reason)")
    }
  }
}
