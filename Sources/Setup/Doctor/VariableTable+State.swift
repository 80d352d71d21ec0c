import SystemPackage

extension VariableTable {
  /// What the client itself remembers and what decides its first start: a stored login, the answered questions.
  ///
  /// - Parameter document: what `claude-local` gives the client; it may name a folder of its own.
  static func stateRows(_ document: JSON?, in world: World) -> [Row] {
    let own = document?["env"]?["CLAUDE_CONFIG_DIR"]?.text
    let named = own ?? world.environment.nonEmpty("CLAUDE_CONFIG_DIR")
    let folder = named.map { FilePath($0) }
    let home = world.environment.home
    let layer: Layer = own == nil ? .user : .local
    let stateFile = (folder ?? home).appending(".claude.json")
    let state = world.files.text(stateFile).flatMap { try? JSON.parse($0) }
    let credentials = (folder ?? home.appending(".claude")).appending(".credentials.json")
    func row(_ name: String, _ place: FilePath, _ shown: String) -> Row {
      Row(
        name: name,
        entries: [Entry(layer: layer, place: place.string, shown: shown, isWinner: true)],
        problem: nil, plainWinner: own == nil ? .user : nil)
    }
    var rows: [Row] = []
    let hasAccount = state?["oauthAccount"]?.members?.isEmpty == false
    if world.files.exists(credentials) || hasAccount {
      // Of its content nothing is read.
      rows.append(
        row(
          "stored login", hasAccount ? stateFile : credentials,
          document == nil
            ? hiddenValue : "\(hiddenValue), not sent: the token of claude-local is taken instead"))
    }
    let isOnboarded = state?["hasCompletedOnboarding"]?.bool == true
    // A folder of our own gets its answers from the function, before the first start.
    let isAnswered = own != nil && state == nil
    rows.append(
      row(
        "onboarding", stateFile,
        isOnboarded || isAnswered ? "done" : "the first start asks about the theme"))
    let isTrusted = isAnswered || trusts(world.environment.workingFolder, state)
    rows.append(
      row(
        "trust", stateFile,
        isTrusted
          ? "this folder is trusted" : "the first start in this folder asks whether it is trusted"))
    return rows
  }

  /// Trust in a folder is inherited by those below it (measured).
  private static func trusts(_ folder: FilePath, _ state: JSON?) -> Bool {
    var folder = folder
    while true {
      let project = state?["projects"]?[folder.string]
      if project?["hasTrustDialogAccepted"]?.bool == true { return true }
      guard folder.removeLastComponent() else { return false }
    }
  }
}
