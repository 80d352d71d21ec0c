import SystemPackage

/// What processes that were killed while they wrote have left beside the files that they did not replace.
enum Leftovers {
  /// Removes them from our own folders, from those of the start-up files, and from those of the files that these entries are about.
  static func remove(besides entries: [Receipt.Entry], in world: World) {
    let folders = Folders(world.environment)
    var places: Set = [folders.state, folders.configuration, folders.engine, folders.modelfiles]
    let startUp = StartupFiles(world.environment, zshFolder: nil)
    var files = Shell.allCases.flatMap {
      startUp.toRead(for: $0) + startUp.targets(for: $0, [:]).files
    }
    .filter { $0.starts(with: world.environment.home) || $0.lastComponent == ".zshrc" }
    files += entries.filter { $0.subject.hasPrefix("file:") }
      .map { FilePath(String($0.subject.dropFirst("file:".count))) }
    for path in files {
      // A link's target is what gets written.
      places.insert(((try? world.files.resolve(path)) ?? path).removingLastComponent())
    }
    for place in places {
      for name in (try? world.files.list(place)) ?? [] where TemporaryName.isOne(name) {
        let path = place.appending(name)
        guard let found = try? world.files.status(path), found.kind == .file else { continue }
        // One that cannot be removed does no harm.
        try? world.files.remove(path)
      }
    }
  }
}
