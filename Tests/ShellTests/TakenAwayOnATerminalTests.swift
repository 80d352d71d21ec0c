import Setup
import Support
import SystemPackage
import Testing

/// What `claude-local` sets against requests and modes that come with a terminal only.
@Suite(
  .requires(
    .namespace, .superuser, .claude(.a), .claude(.b), .claude(.c), .program("bash"),
    .program("tmux")), .timeLimit(.minutes(3)))
struct TakenAwayOnATerminalTests {
  /// A session at a terminal, with the questions of a first start answered.
  private struct Session {
    let place: RealClientTests.Place
    let screen: TmuxScreen

    init(_ version: ClaudeVersion, without name: String?) async throws {
      place = try await RealClientTests.Place(
        version,
        [
          ".claude.json":
            #"{"hasCompletedOnboarding": true, "projects": {"/": {"hasTrustDialogAccepted": true}}}"#
        ], without: name)
      let words = ". \"$HOME/\(RecorderHome.functionFile(.bash))\"; claude-local"
      screen = try await TmuxScreen(
        place.network.inside(
          .clean(
            "bash", ["-c", words], environment: place.home.environment,
            folder: place.home["work"])), columns: 110, rows: 40)
      try await eventually(within: .seconds(60)) {
        let text = try await screen.text()
        return text.contains("❯") || text.contains("> ") ? true : nil
      }
    }

    /// The prompts of the session itself: they offer tools.
    var turns: Int { place.listener.requests.count { ($0.prompt?.tools?.count ?? 0) > 3 } }
    var prompts: Int { place.listener.requests.count { $0.prompt != nil } }

    func say(_ words: String) async throws {
      let before = turns
      try await screen.type(words)
      try await screen.expect(words)
      try await screen.press("Enter")
      try await eventually(within: .seconds(60)) { turns > before ? true : nil }
    }

    func end() async throws {
      try await screen.end()
      try await place.listener.end()
    }
  }

  /// Each turn of 2.1.142 and 2.1.81 asks for a title too.
  @Test(arguments: [ClaudeVersion.b, .c], [true, false])
  func noTitleIsAskedFor(version: ClaudeVersion, isThere: Bool) async throws {
    let session = try await Session(
      version, without: isThere ? nil : "CLAUDE_CODE_DISABLE_TERMINAL_TITLE")
    try await session.say("tell me something")
    if isThere {
      // Without the setting it comes along with the prompt.
      try await ContinuousClock().sleep(for: .seconds(3))
      #expect(session.prompts == 1)
    } else {
      try await eventually(within: .seconds(20)) { session.prompts == 2 ? true : nil }
      #expect(session.turns == 1)
    }
    try await session.end()
  }

  /// 2.1.81 sends the whole conversation once more from its second turn on, for what might be said next.
  @Test(arguments: [true, false])
  func nothingIsAskedForAPromptNobodySaid(isThere: Bool) async throws {
    let session = try await Session(
      .c, without: isThere ? nil : "CLAUDE_CODE_ENABLE_PROMPT_SUGGESTION")
    try await session.say("tell me something")
    try await session.screen.expect("pong")
    try await session.say("and something else")
    if isThere {
      try await ContinuousClock().sleep(for: .seconds(3))
      #expect(session.prompts == 2)
    } else {
      try await eventually(within: .seconds(20)) { session.turns == 3 ? true : nil }
    }
    try await session.end()
  }

  /// The newest starts in auto mode, whose checks no local server can answer.
  @Test(arguments: [true, false])
  func autoModeIsOff(isThere: Bool) async throws {
    let session = try await Session(.a, without: isThere ? nil : "permissions.disableAutoMode")
    try await session.screen.expect(isThere ? "manual mode on" : "auto mode on")
    try await session.end()
  }
}
