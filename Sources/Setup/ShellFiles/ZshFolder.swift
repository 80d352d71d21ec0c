import SystemPackage

/// The folder from which zsh takes its `.zshrc`.
///
/// `ZDOTDIR` is set in `/etc/zshenv` or `~/.zshenv` by whatever code somebody put there, and need not be exported: zsh alone
/// knows. Every zsh reads these two files, that of a script too, so that it may be asked; the person's `.zshrc` is not read.
enum ZshFolder {
  /// Start-up files may print what they like, and names of folders may hold line ends: the answer stands between two of these.
  private static let mark = "--- ccl-setup asks for ZDOTDIR ---"

  static let question = Invocation(
    "zsh", ["-c", "print -rn -- '\(mark)'\"${ZDOTDIR:-$HOME}\"'\(mark)'"])

  /// `nil` where zsh is not there, does not answer in time, or names no full path.
  static func ask(in world: World) async -> FilePath? {
    guard world.programs.find("zsh") != nil,
      let answer = try? await world.programs.run(question, within: .seconds(3)).output,
      let start = answer.firstRange(of: mark)?.upperBound,
      let end = answer[start...].firstRange(of: mark)?.lowerBound
    else { return nil }
    let folder = answer[start..<end]
    return folder.hasPrefix("/") ? FilePath(String(folder)) : nil
  }
}
