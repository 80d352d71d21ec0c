import Setup
import SystemPackage
import Testing

@Suite struct StartupFilesTests {
  static let home: FilePath = "/home/ada"
  private let files = StartupFiles(
    home: home, zdotdir: nil, configurationBase: "/home/ada/.config")

  private func targets(_ shell: Shell, _ contents: [String: String]) -> [String] {
    let bytes = contents.map { (Self.home.pushing(FilePath($0)), Array($1.utf8)) }
    return files.targets(for: shell, Dictionary(uniqueKeysWithValues: bytes)).files.map(\.string)
  }

  @Test(
    arguments: [
      // 12: a login shell and a new terminal both have to see it.
      ([:], [".bashrc", ".profile"]),
      ([".bashrc": ""], [".bashrc", ".profile"]),
      ([".profile": "x"], [".bashrc", ".profile"]),
      ([".profile": ". ~/.bashrc"], [".bashrc"]),
      ([".profile": "# . ~/.bashrc"], [".bashrc", ".profile"]),
      ([".bash_profile": "[ -f ~/.bashrc ] && . ~/.bashrc"], [".bashrc"]),
      ([".bash_profile": ". ~/.profile", ".profile": ". \"$HOME/.bashrc\""], [".bashrc"]),
      ([".bash_profile": ". ~/.profile", ".profile": ""], [".bashrc", ".bash_profile"]),
      // 11: no new file that would hide `.profile`; the first of the three is the one that bash reads.
      ([".bash_login": "x", ".profile": ". ~/.bashrc"], [".bashrc", ".bash_login"]),
      ([".bash_profile": "", ".bash_login": ". ~/.bashrc"], [".bashrc", ".bash_profile"]),
    ] as [([String: String], [String])])
  func failures11And12TheFilesOfBash(contents: [String: String], names: [String]) {
    #expect(targets(.bash, contents) == names.map { "/home/ada/" + $0 })
  }

  @Test func failure3FishNeedsNoFile() { #expect(targets(.fish, [:]).isEmpty) }

  @Test func failure7ZDOTDIRIsFollowed() {
    var files = files
    files.zdotdir = "/z"
    #expect(files.targets(for: .zsh, [:]).files == ["/z/.zshrc"])
    #expect(self.files.targets(for: .zsh, [:]).files == ["/home/ada/.zshrc"])
  }

  @Test(arguments: [
    ("export ZDOTDIR=$HOME/.config/zsh", "/home/ada/.config/zsh"),
    ("export ZDOTDIR=\"$HOME\"/.zsh # mine", "/home/ada/.zsh"),
    ("ZDOTDIR=~/.zsh; export ZDOTDIR", "/home/ada/.zsh"),
    ("  export ZDOTDIR=\"${XDG_CONFIG_HOME:-$HOME/.config}/zsh\"", "/home/ada/.config/zsh"),
    ("typeset -gx ZDOTDIR=${HOME}/z", "/home/ada/z"),
    ("ZDOTDIR=/opt/z", "/opt/z"),
    ("ZDOTDIR='/opt/z z'", "/opt/z z"),
    ("# ZDOTDIR=/opt/z", "/home/ada"),
    ("export A=1", "/home/ada"),
    ("ZDOTDIR=/a\nZDOTDIR=/b", "/b"),
  ])
  func failure8ZDOTDIRIsSetInZshenv(line: String, folder: String) {
    let found = files.targets(for: .zsh, ["/home/ada/.zshenv": Array("x\n\(line)\ny\n".utf8)])
    #expect(found.files == [FilePath(folder).appending(".zshrc")])
    #expect(found.unfollowed == nil)
  }

  @Test(arguments: [
    "ZDOTDIR=$(dirname x)", "ZDOTDIR=${Z:-/z}", "export ZDOTDIR=$OTHER/zsh", "ZDOTDIR='~/z'",
    "ZDOTDIR=x",
  ])
  func failure8AnAssignmentThatOnlyTheShellFollowsIsSaid(line: String) {
    let found = files.targets(for: .zsh, ["/home/ada/.zshenv": Array(line.utf8)])
    #expect(found.unfollowed == "/home/ada/.zshenv: \(line)")
  }
}
