/// In what the measured versions of the client differ where it is not asked (`ClientProbe` asks what it can): each with
/// the versions that were seen. One that is not known is taken for the newest.
struct ClientHabits: Sendable, Hashable {
  static let socket = "ANTHROPIC_UNIX_SOCKET"

  private let version: Version?

  init(_ version: String?) { self.version = version.flatMap { Version($0) } }

  /// As far as it was noted down which client is installed.
  init(in world: World) { self.init(ClientContract.stored(in: world)?.clientVersion) }

  private func isAfter(_ last: String) -> Bool {
    guard let version, let last = Version(last) else { return true }
    return last < version
  }

  /// Whether a socket in the `env` of the user's settings, or of what the client remembers, is taken before `--settings`
  /// is read: 2.1.81 and 2.1.142 were measured to, 2.1.1 and 2.1.330 not to. What lies between is not known, and so
  /// nothing is promised.
  var takesSocketOfSettings: Bool {
    guard let version, let newest = Version("2.1.330") else { return false }
    return isAfter("2.1.1") && version < newest
  }

  /// Whether it reads `managed-settings.d`, the last file of it the strongest: 2.1.142 and 2.1.330 do, 2.1.1 and 2.1.81
  /// do not.
  var readsManagedFolder: Bool { isAfter("2.1.81") }

  /// Whether a `no_proxy` in a settings file decides about requests to the server: 2.1.142 and 2.1.330 ask it, before
  /// `NO_PROXY`; 2.1.1 and 2.1.81 follow the process's lists alone.
  var asksListOfSettings: Bool { isAfter("2.1.81") }

  /// Whether below the root of a git repository that root's `settings.local.json` counts, before the folder's own: for
  /// 2.1.330 alone.
  var readsRootOfRepository: Bool { isAfter("2.1.142") }

  /// Whether a managed `forceLoginMethod` makes it refuse another server: 2.1.330 alone does.
  var obeysForcedLogin: Bool { isAfter("2.1.142") }
}

extension Conflict {
  /// The same, with what this client makes of it.
  func met(by habits: ClientHabits) -> Conflict {
    var met = self
    switch (variable, place) {
    case (ClientHabits.socket, .settings(_, .user, _)),
      (ClientHabits.socket, .settings(_, .state, _)):
      guard habits.takesSocketOfSettings else { return self }
      met.consequence += " This version of Claude Code takes it before claude-local's settings."
      met.isOvercome = false
    case ("forceLoginMethod", _), ("forceLoginOrgUUID", _):
      guard !habits.obeysForcedLogin else { return self }
      met.consequence = "This version of Claude Code works with other servers all the same."
      met.isOvercome = true
    case ("no_proxy", .settings), ("NO_PROXY", .settings):
      guard !habits.asksListOfSettings else { return self }
      met.consequence = "This version of Claude Code does not ask the list of a settings file."
      met.isOvercome = true
    default: return self
    }
    return met
  }

  func met(by client: ClaudeCode) -> Conflict {
    met(by: ClientHabits(client.installations.first?.version ?? client.contract?.clientVersion))
  }
}
