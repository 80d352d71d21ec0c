import Conversation
import Setup
import Testing

/// The lean profile is offered where a first answer takes longer than 20 s, and only there.
struct WaitScreenTests {
  private func choices(_ profile: Profile) -> Choices {
    Choices(
      engine: .native(port: 11434), model: "qwen3:1.7b", contextWindow: 32_768, shells: [.bash],
      profile: profile)
  }

  private func speed(_ rate: Double) -> MeasuredSpeed {
    MeasuredSpeed(
      model: "qwen3:1.7b-32k", url: "http://127.0.0.1:11434", clientVersion: "2.1.330",
      promptRate: rate, firstPrompts: ["full": 10_000, "lean": 4_000])
  }

  @Test(arguments: [
    (19.0 as Double?, Profile.full, false), (21.0, .full, true), (21.0, .lean, false),
    (nil, .full, false),
  ])
  func afterTheProof(seconds: Double?, profile: Profile, isOffered: Bool) {
    let screen = closingScreen(choices(profile), isGood: true, login: .bash, firstAnswer: seconds)
    #expect(screen.contains { $0.plain.contains("profile lean") } == isOffered)
  }

  /// The way into this terminal: that of the login shell, and the others in one line.
  @Test(arguments: [
    (
      [Shell.bash, .zsh, .fish], Shell.bash as Shell?,
      [
        "It works. Open a new terminal, or in this one:", "source ~/.bashrc",
        "(in zsh source ~/.zshrc, in fish nothing is needed)",
      ]
    ),
    (
      [.bash, .zsh], .zsh,
      [
        "It works. Open a new terminal, or in this one:", "source ~/.zshrc",
        "(in bash source ~/.bashrc)",
      ]
    ),
    (
      [.bash, .fish], .fish,
      ["It works, also in a fish that is open already:", "(in bash source ~/.bashrc)"]
    ),
    ([.zsh], nil, ["It works. Open a new terminal, or in this one:", "source ~/.zshrc"]),
    ([], .bash, ["It works."]),
  ])
  func theWayIn(shells: [Shell], login: Shell?, words: [String]) {
    var choices = choices(.full)
    choices.shells = shells
    let screen = closingScreen(choices, isGood: true, login: login).map(\.plain)
    let told = screen.dropFirst().prefix {
      !$0.contains("claude-local") && !$0.contains("uninstall")
    }
    #expect(told.map { String($0.drop { $0 == " " || $0 == "✓" }) } == words)
  }

  @Test(arguments: [
    (600.0, Profile.full, false), (400.0, .full, true), (400.0, .lean, false),
  ])
  func afterAChangeOfTheProfile(rate: Double, profile: Profile, isOffered: Bool) {
    let screen = waitScreen(speed(rate), profile)
    #expect(screen.contains { $0.plain.contains("profile lean") } == isOffered)
    let words = rate == 400 ? "full: about 25 s until a first answer, lean: about 10 s" : "full: "
    #expect(screen[0].plain.contains(words))
  }
}
