import ArgumentParser
import Live
import Setup

/// `ccl-setup warm`: makes the first answer as fast as the second.
struct WarmCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "warm", abstract: "Have the model read Claude Code's own prompt beforehand.",
    discussion: """
      The first answer then begins as soon as the second would, in the folder in which this is said: the client's prompt \
      names it.
      """)

  @Flag(name: .shortAndLong, help: "For `claude-local -p`, whose prompt is another one.")
  var print = false
  @Flag(help: .hidden) var background = false
  @Argument(parsing: .postTerminator, help: .hidden) var clientArguments: [String] = []

  func run() async throws {
    let live = World.live
    guard !background else { return await warmQuietly(live) }
    let console = Console(variables: live.environment.variables)
    try await report(on: console) { [print] in
      try refuseForeignHome(live)
      let world = try await live.admitted()
      let choices = try EngineAtHand.find(in: world).chosen(for: "warm")
      return try await interruptible {
        console.live(["  … the model reads Claude Code's prompt"])
        let warmUp = WarmUp(choices, in: world, listen: ProbeListener.listen)
        switch try await warmUp(print ? .print : .interactive, isAsked: true) {
        case .warmed(let seconds, let evaluated):
          let tokens = evaluated.map { ", \($0) tokens of it new to it" } ?? ""
          console.say(
            "\("✓", .good) The model has read Claude Code's prompt in \(Duration.seconds(seconds).inWords)\(tokens)."
          )
        case .hungUp:
          console.say(
            "\("·", .dim) Somebody else asks the model: it was left to them. What was read until then stays read."
          )
        case .left(let reason): console.say("\("·", .dim) Left out: \(reason).")
        }
        return .done
      }
    }
  }

  /// Beside a client that is starting: not a word, and no failure.
  private func warmQuietly(_ live: World) async {
    guard WarmCommand.isWorthwhile(clientArguments), (try? refuseForeignHome(live)) != nil,
      let choices = (try? EngineAtHand.find(in: live))?.choices,
      let world = try? await live.admitted()
    else { return }
    let warmUp = WarmUp(choices, in: world, listen: ProbeListener.listen)
    _ = try? await warmUp(.interactive, isAsked: false)
  }

  /// Whether somebody is about to type: a prompt among the arguments is sent at once, and a session that is resumed
  /// begins with another prompt.
  static func isWorthwhile(_ arguments: [String]) -> Bool {
    var rest = arguments[...]
    while let word = rest.popFirst() {
      switch word {
      case "--verbose", "--proxy", "--strict-mcp-config": continue
      case "--model", "--permission-mode": rest = rest.dropFirst()
      default: return false
      }
    }
    return true
  }
}
