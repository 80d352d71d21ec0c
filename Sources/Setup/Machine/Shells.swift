import SystemPackage

/// One shell of the person.
public struct ShellFindings: Sendable, Hashable, Codable {
  public var shell: Shell
  /// The program's path, `nil` when only its files are there.
  public var program: String?
  public var isLoginShell: Bool
  /// Its start-up files that exist.
  public var files: [String]
  /// The folder of zsh's files, in its own words (`ZshFolder`); `nil` for the others, and where it did not say.
  public var folder: String?
  /// Whether the person has used it: it is the login shell, or has files of its own.
  public var isUsed: Bool {
    // ~/.profile belongs to every POSIX shell: it alone says nothing.
    isLoginShell || files.contains { FilePath($0).lastComponent != ".profile" }
  }

  public init(
    shell: Shell, program: String? = nil, isLoginShell: Bool, files: [String] = [],
    folder: String? = nil
  ) {
    self.shell = shell
    self.program = program
    self.isLoginShell = isLoginShell
    self.files = files
    self.folder = folder
  }
}

/// The shells that we write functions for.
public enum Shell: String, Sendable, Hashable, Codable, CaseIterable { case bash, zsh, fish }

extension ShellFindings {
  /// The shells that are installed or whose own start-up files exist, and the login shell of the user database;
  /// `$SHELL` is not believed (it is whatever the parent process had), and no interactive shell is started.
  ///
  /// - Parameter zshFolder: what zsh itself said (`ZshFolder`).
  static func detect(in world: World, zshFolder: FilePath?) -> Answer<[ShellFindings]> {
    let login = world.environment.account.loginShell
    let shells = Shell.allCases.compactMap { shell -> ShellFindings? in
      let isLogin = login?.lastComponent?.string == shell.rawValue
      let files = FilesReadAtStart(of: shell, in: world, zshFolder: zshFolder).own
      let existing = files.filter { world.files.exists($0) }
      let program = isLogin && login.map(world.files.isExecutable) == true ? login : nil
      let found = ShellFindings(
        shell: shell, program: (program ?? find(shell, in: world))?.string, isLoginShell: isLogin,
        files: existing.map(\.string), folder: shell == .zsh ? zshFolder?.string : nil)
      return found.isUsed || found.program != nil ? found : nil
    }
    return Answer(shells.sorted { $0.isLoginShell && !$1.isLoginShell })
  }

  private static func find(_ shell: Shell, in world: World) -> FilePath? {
    if let found = world.programs.find(shell.rawValue) { return found }
    let folders: [FilePath] = ["/bin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"]
    return folders.map { $0.appending(shell.rawValue) }.first { world.files.isExecutable($0) }
  }

  static func probe(_ shells: [ShellFindings]) -> Probe {
    let used = shells.filter(\.isUsed)
    guard !used.isEmpty else {
      return Probe(.shells, .warning, "none of bash, zsh and fish is set up for you")
    }
    let words = used.map { found in
      var words = found.shell.rawValue
      if found.isLoginShell { words += " (login shell)" }
      return found.program == nil ? words + " (its files only)" : words
    }
    return Probe(.shells, .good, Text(words.joined(separator: ", ")))
  }
}

/// The files that a shell reads when it starts: the person's own and the system's.
struct FilesReadAtStart {
  var own: [FilePath]
  var system: [FilePath]

  /// - Parameter zshFolder: what zsh itself said (`ZshFolder`); `nil` leaves it to what the text of its files says.
  init(of shell: Shell, in world: World, zshFolder: FilePath?) {
    let home = world.environment.home
    switch shell {
    case .bash:
      own = [".bashrc", ".bash_profile", ".bash_login", ".profile", ".bash_aliases"]
        .map { home.appending($0) }
      system = ["/etc/profile", "/etc/bash.bashrc", "/etc/bashrc"]
      system += FilesReadAtStart.files(in: "/etc/profile.d", ending: ".sh", of: world)
    case .zsh:
      let folder = zshFolder ?? FilesReadAtStart.zshFolderAsWritten(in: world)
      let names = ["zshenv", "zprofile", "zshrc", "zlogin"]
      let homes = [home.appending(".zshenv")]
      own = homes + names.map { folder.appending(".\($0)") }.filter { !homes.contains($0) }
      system = ["/etc", "/etc/zsh"].flatMap { (folder: FilePath) in
        names.map { folder.appending($0) }
      }
    case .fish:
      let folder = Folders(world.environment).configurationBase.appending("fish")
      own = [folder.appending("config.fish")]
      own += FilesReadAtStart.files(in: folder.appending("conf.d"), ending: ".fish", of: world)
      own.append(folder.appending("fish_variables"))
      system = ["/etc/fish/config.fish"]
      system += FilesReadAtStart.files(in: "/etc/fish/conf.d", ending: ".fish", of: world)
    }
  }

  private static func files(
    in folder: FilePath, ending: String, of world: World
  ) -> [FilePath] {
    ((try? world.files.list(folder)) ?? []).filter { $0.hasSuffix(ending) }
      .map { folder.appending($0) }
  }

  /// The folder of zsh's files: `ZDOTDIR` of the environment or of a `.zshenv`, else the home folder.
  private static func zshFolderAsWritten(in world: World) -> FilePath {
    let startup = StartupFiles(world.environment, zshFolder: nil)
    var contents: [FilePath: [UInt8]] = [:]
    for path in startup.toRead(for: .zsh) { contents[path] = try? world.files.read(path) }
    return startup.targets(for: .zsh, contents).files.first?.removingLastComponent()
      ?? world.environment.home
  }
}
