/// A socket in the `env` of the user's settings file, which some clients take before they read `--settings`: the one
/// variable there that `claude-local` cannot overcome.
enum SocketOfSettings {
  static let variable = "ANTHROPIC_UNIX_SOCKET"

  /// Whether a client of this version may do so: 2.1.81 and 2.1.142 were measured to, 2.1.1 and 2.1.330 not to. What
  /// lies between is not known, and so nothing is promised.
  static func isTaken(by version: String?) -> Bool {
    guard let version = version.flatMap(Version.init), let first = Version("2.1.1"),
      let last = Version("2.1.330")
    else { return false }
    return first < version && version < last
  }
}

extension Conflict {
  /// The same, with what this client makes of it.
  func met(by client: ClaudeCode) -> Conflict {
    guard variable == SocketOfSettings.variable, case .settings(_, .user, _) = place,
      SocketOfSettings.isTaken(by: client.installations.first?.version)
    else { return self }
    var standing = self
    standing.consequence += " This version of Claude Code takes it before claude-local's settings."
    standing.isOvercome = false
    return standing
  }
}
