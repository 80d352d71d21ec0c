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
    let state = ClientState(folder: folder, in: world)
    let credentials = (folder ?? home.appending(".claude")).appending(".credentials.json")
    func row(_ name: String, _ place: FilePath, _ shown: String) -> Row {
      Row(
        name: name,
        entries: [Entry(layer: layer, place: place.string, shown: shown, isWinner: true)],
        problem: nil, plainWinner: own == nil ? .user : nil)
    }
    var rows: [Row] = []
    if world.files.exists(credentials) || state.hasAccount {
      // Of its content nothing is read.
      rows.append(
        row(
          "stored login", state.hasAccount ? state.file : credentials,
          document == nil
            ? hiddenValue : "\(hiddenValue), not sent: the token of claude-local is taken instead"))
    }
    // A folder of our own gets its answers from the function, before the first start.
    let isAnswered = own != nil && state.document == nil && state.problem == nil
    rows.append(
      row(
        "onboarding", state.file,
        state.problem.map { "the client cannot read it: \(printable($0))" }
          ?? (state.isOnboarded || isAnswered ? "done" : "the first start asks about the theme")))
    let isTrusted = isAnswered || state.trusts(world.environment.workingFolder)
    rows.append(
      row(
        "trust", state.file,
        isTrusted
          ? "this folder is trusted" : "the first start in this folder asks whether it is trusted"))
    return rows
  }
}
