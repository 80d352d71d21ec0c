import SystemPackage

/// The well-known files in which variables are set for a person's shells and sessions.
enum SessionFiles {
  struct File: Hashable {
    var path: FilePath
    var language: ShellScript.Language
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
    return (files + system).filter { seen.insert($0.path).inserted }
  }

  private static func configurations(in folder: FilePath, of world: World) -> [File] {
    ((try? world.files.list(folder)) ?? []).filter { $0.hasSuffix(".conf") }
      .map { File(path: folder.appending($0), language: .posix) }
  }
}
