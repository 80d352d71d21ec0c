import SystemPackage

/// One `ccl-setup` at a time changes things.
struct SetupLock {
  /// The folders that had to be made for it, outermost first.
  let madeFolders: [String]
  private let lock: FileLock

  func release() { lock.release() }

  static func take(in world: World) throws(Failure) -> SetupLock {
    let path = Folders(world.environment).lock
    try refuseSharedFolders(in: world)
    do {
      let made = try world.files.makeFolder(path.removingLastComponent())
      if let lock = try world.files.lock(path) {
        // A receipt that cannot be read is told by whoever needs it.
        Leftovers.remove(
          besides: (try? ReceiptStore(in: world).read())?.entries ?? [], in: world)
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

  /// What lies in our folders is executed by the person's shells and believed by us: nobody else may write there.
  private static func refuseSharedFolders(in world: World) throws(Failure) {
    let folders = Folders(world.environment)
    let account = world.environment.account
    for folder in [folders.state, folders.configuration] + folders.ownTrees
      + [folders.engine, folders.modelfiles]
    {
      guard let place = try? world.files.resolve(folder),
        let found = try? world.files.status(place), found.kind == .folder
      else {
        try refuseFoldersInside(folder, in: world)
        continue
      }
      let isShared = found.mode & 0o020 != 0 && found.group != account.groupID
      if found.mode & 0o002 != 0 || isShared {
        throw Failure(
          "Others could write into a folder of ccl-setup, so nothing was changed",
          why: "\(place) has mode \(String(found.mode, radix: 8))"
            + (isShared ? " and group \(found.group)" : ""),
          tryNext: ["`chmod go-w \(shellQuoted(place.string))`, after a look at what is in it."])
      }
      if found.owner != account.userID {
        throw Failure(
          "A folder of ccl-setup belongs to somebody else, so nothing was changed",
          why: "\(place) belongs to user \(found.owner)",
          tryNext: ["`sudo chown -R \(account.userID) \(shellQuoted(place.string))`"])
      }
    }
  }

  /// Root with somebody's `XDG_STATE_HOME` (a plain `su` keeps it) would make a folder there that is root's.
  private static func refuseFoldersInside(
    _ folder: FilePath, in world: World
  ) throws(Failure) {
    guard world.environment.account.userID == 0 else { return }
    var place = folder
    while !world.files.exists(place), place.removeLastComponent() {}
    guard let real = try? world.files.resolve(place), let found = try? world.files.status(real),
      found.owner != 0
    else { return }
    throw Failure(
      "This would change another person's files as root",
      why: "\(folder) would be made in \(real), which belongs to user \(found.owner)",
      tryNext: [
        "Run ccl-setup without sudo or su.", "`su -` and `sudo -H` leave their variables behind.",
      ])
  }
}
