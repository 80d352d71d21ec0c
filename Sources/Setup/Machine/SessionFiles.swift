import SystemPackage

/// The well-known files in which variables are set for a person's shells and sessions.
enum SessionFiles {
  struct File: Hashable {
    var path: FilePath
    var language: ShellScript.Language

    func script(in world: World) -> ShellScript? {
      world.files.text(path).map { ShellScript($0, language) }
    }
  }

  /// In the order in which they should be reported: the person's own first.
  ///
  /// - Parameter zshFolder: what zsh itself said (`ZshFolder`).
  static func all(in world: World, zshFolder: FilePath?) -> [File] {
    var files: [File] = []
    var system: [File] = []
    for shell in Shell.allCases {
      let startup = FilesReadAtStart(of: shell, in: world, zshFolder: zshFolder)
      func file(_ path: FilePath) -> File {
        if path.lastComponent == "fish_variables" {
          return File(path: path, language: .fishVariables)
        }
        return File(path: path, language: shell == .fish ? .fish : .posix)
      }
      files += startup.own.map(file)
      system += startup.system.map(file)
    }
    let sessions = Folders(world.environment).configurationBase.appending("environment.d")
    files += configurations(in: sessions, of: world)
    files.append(
      File(path: world.environment.home.appending(".pam_environment"), language: .posix))
    system.append(File(path: "/etc/environment", language: .posix))
    system += configurations(in: "/etc/environment.d", of: world)
    var seen: Set<FilePath> = []
    return (files + system).flatMap { file in
      [file]
        + (file.script(in: world)?.sources ?? []).compactMap { name in
          sourced(name, by: file, in: world)
        }
    }.filter { seen.insert($0.path).inserted }
  }

  /// A file that another one reads by its name as it is written, where that is a regular file: one level, since what
  /// is below it may go around in circles.
  private static func sourced(_ name: String, by file: File, in world: World) -> File? {
    let home = world.environment.home.string
    let path =
      ["~/", "$HOME/", "${HOME}/"].first { name.hasPrefix($0) }
      .map { "\(home)/\(name.dropFirst($0.count))" } ?? name
    guard path.hasPrefix("/"), !path.contains("$"), !path.contains("`"),
      // Ours asks for what it sets in a function; what comes with the system sets none of it.
      !path.hasPrefix("/usr/"), !path.hasPrefix(Folders(world.environment).configuration.string),
      let place = try? world.files.resolve(FilePath(path)),
      let status = try? world.files.status(place), status.kind == .file
    else { return nil }
    return File(path: FilePath(path), language: file.language)
  }

  private static func configurations(in folder: FilePath, of world: World) -> [File] {
    ((try? world.files.list(folder)) ?? []).filter { $0.hasSuffix(".conf") }
      .map { File(path: folder.appending($0), language: .posix) }
  }
}
