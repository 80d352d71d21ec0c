public import SystemPackage

/// The start-up files of a person's shells, by the shells' own rules.
///
/// Many are read and few are written: bash's `.bashrc` plus, where it is not reached from there, the one login file that bash
/// reads; zsh's `.zshrc`; none for fish, which finds functions by itself.
public struct StartupFiles: Sendable, Hashable {
  public var home: FilePath
  /// `ZDOTDIR` of the process environment: where a person's zsh exported it.
  public var zdotdir: FilePath?
  /// `XDG_CONFIG_HOME`, which start-up files often mention.
  public var configurationBase: FilePath

  public init(home: FilePath, zdotdir: FilePath?, configurationBase: FilePath) {
    self.home = home
    self.zdotdir = zdotdir
    self.configurationBase = configurationBase
  }

  /// The files whose content decides: to be read before `targets` is asked.
  public func toRead(for shell: Shell) -> [FilePath] {
    switch shell {
    case .bash: [".bashrc", ".bash_profile", ".bash_login", ".profile"].map { home.appending($0) }
    case .zsh:
      [FilePath("/etc/zshenv"), FilePath("/etc/zsh/zshenv"), home.appending(".zshenv")]
    case .fish: []
    }
  }

  /// Where else a block may be that its owner moved.
  func wherePeopleKeepLines(of shell: Shell) -> [FilePath] {
    let names: [String] =
      switch shell {
      case .bash:
        [".bashrc", ".bash_profile", ".bash_login", ".profile", ".bash_aliases", ".bash_functions"]
      case .zsh: [".zshrc", ".zshenv", ".zprofile", ".zlogin", ".zsh_aliases"]
      case .fish: []
      }
    return (names + [".aliases"]).map { home.appending($0) }
  }

  /// The files to write, those that do not exist yet included.
  ///
  /// - Parameter contents: the bytes of those of `toRead` that exist.
  public func targets(for shell: Shell, _ contents: [FilePath: [UInt8]]) -> Targets {
    switch shell {
    case .bash: bash(contents)
    case .zsh: zsh(contents)
    case .fish: Targets(files: [])
    }
  }

  public struct Targets: Sendable, Hashable {
    public var files: [FilePath]
    /// A line of a file that sets `ZDOTDIR` in a way that only the shell itself could follow: the person has to say where
    /// the `.zshrc` is.
    public var unfollowed: String?

    init(files: [FilePath], unfollowed: String? = nil) {
      self.files = files
      self.unfollowed = unfollowed
    }
  }

  /// New terminals of Linux read `.bashrc`; login shells (macOS's terminals, ssh, tmux) read only the first of three files,
  /// and a new one of them would hide those after it. Where none exists, `.profile` is made: it can hide nothing.
  private func bash(_ contents: [FilePath: [UInt8]]) -> Targets {
    let rc = home.appending(".bashrc")
    let logins = [".bash_profile", ".bash_login", ".profile"]
    guard let login = logins.first(where: { contents[home.appending($0)] != nil }) else {
      return Targets(files: [rc, home.appending(".profile")])
    }
    return Targets(
      files: reaches(".bashrc", from: login, contents) ? [rc] : [rc, home.appending(login)])
  }

  /// Whether the file mentions the other one outside of comments, itself or in a file that it mentions.
  private func reaches(_ name: String, from file: String, _ contents: [FilePath: [UInt8]]) -> Bool {
    guard let bytes = contents[home.appending(file)] else { return false }
    let lines = FileLines(bytes)
    let code = lines.indices.map { lines.trimmed($0) }.filter { $0.first != UInt8(ascii: "#") }
    func mentions(_ name: String) -> Bool {
      code.contains { $0.contains(sequence: Array(name.utf8)) }
    }
    if mentions(name) { return true }
    return file != ".profile" && mentions(".profile")
      && reaches(name, from: ".profile", contents)
  }

  private func zsh(_ contents: [FilePath: [UInt8]]) -> Targets {
    var folder = zdotdir ?? home
    var unfollowed: String?
    if zdotdir == nil {
      for file in toRead(for: .zsh) {
        // `/etc/zshenv` can send zsh to another `.zshenv`, but that is no place that a person's file could change.
        let lines = FileLines(contents[file] ?? [])
        for index in lines.indices {
          guard let value = assignedZDOTDIR(lines.trimmed(index)) else { continue }
          if let path = expanded(value) {
            folder = path
            unfollowed = nil
          } else {
            unfollowed = "\(file): \(String(decoding: lines.trimmed(index), as: UTF8.self))"
          }
        }
      }
    }
    return Targets(files: [folder.appending(".zshrc")], unfollowed: unfollowed)
  }

  /// What a line assigns to `ZDOTDIR`, as it is written there.
  private func assignedZDOTDIR(_ line: ArraySlice<UInt8>) -> String? {
    var words = String(decoding: line, as: UTF8.self)[...]
    while let first = words.split(separator: " ", maxSplits: 1).first,
      ["export", "typeset", "-gx", "-x"].contains(first)
    {
      words = words.dropFirst(first.count).drop { $0 == " " }
    }
    guard words.hasPrefix("ZDOTDIR=") else { return nil }
    return String(words.dropFirst("ZDOTDIR=".count))
  }

  /// The path that a value means, if it uses nothing but the home and the configuration folder.
  private func expanded(_ value: String) -> FilePath? {
    var value = value
    for comment in [" #", "; export ZDOTDIR", " && export ZDOTDIR", ";"] {
      if let range = value.range(of: comment) { value = String(value[..<range.lowerBound]) }
    }
    value = value.trimmingSuffix { $0 == " " }
    let isLiteral = value.hasPrefix("'")
    value = String(value.filter { $0 != "'" && $0 != "\"" })
    if isLiteral { return value.hasPrefix("/") ? FilePath(value) : nil }
    for name in [
      "${XDG_CONFIG_HOME:-$HOME/.config}", "${XDG_CONFIG_HOME:-${HOME}/.config}",
      "${XDG_CONFIG_HOME:-~/.config}", "${XDG_CONFIG_HOME}", "$XDG_CONFIG_HOME",
    ]
    where value.hasPrefix(name) {
      value = configurationBase.string + value.dropFirst(name.count)
    }
    for name in ["${HOME}", "$HOME", "~"] where value == name || value.hasPrefix(name + "/") {
      value = home.string + value.dropFirst(name.count)
    }
    guard value.hasPrefix("/"), !value.contains(where: { "$`*?{(~\\".contains($0) }) else {
      return nil
    }
    return FilePath(value)
  }
}

extension String {
  /// The first place of a text in this one.
  fileprivate func range(of text: String) -> Range<Index>? {
    indices.first { self[$0...].hasPrefix(text) }.map { $0..<index($0, offsetBy: text.count) }
  }

  fileprivate func trimmingSuffix(_ matches: (Character) -> Bool) -> String {
    var rest = self[...]
    while let last = rest.last, matches(last) { rest.removeLast() }
    return String(rest)
  }
}
