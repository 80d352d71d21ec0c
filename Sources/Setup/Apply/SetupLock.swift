import SystemPackage

/// One `ccl-setup` at a time changes things.
struct SetupLock {
  /// The folders that had to be made for it, outermost first.
  let madeFolders: [String]
  private let lock: FileLock

  func release() { lock.release() }

  static func take(in world: World) throws(Failure) -> SetupLock {
    let path = Folders(world.environment).lock
    do {
      let made = try world.files.makeFolder(path.removingLastComponent())
      if let lock = try world.files.lock(path) {
        return SetupLock(madeFolders: made.map(\.string), lock: lock)
      }
    } catch {
      throw Failure(
        "The lock cannot be taken, so nothing was changed",
        why: "\(error.path): \(error.reason)",
        tryNext: ["Make \(path.removingLastComponent()) writable for you."])
    }
    let holder = world.files.text(path)?.split(separator: "\n").first.map(String.init)
    throw Failure(
      "Another ccl-setup is at work",
      why: "\(path) is held by process \(holder.map(printable) ?? "unknown")",
      tryNext: ["Wait for it to finish, or end it, then run the command again."])
  }
}
