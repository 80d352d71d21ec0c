import Conversation
import Live
import Setup
import SystemPackage

extension Console {
  /// Has the model read Claude Code's own prompt in the background, for a first answer in this folder that comes as fast
  /// as a second one. What stands against it is said, and is no failure.
  func warmBehind(_ choices: Choices, in world: World) async {
    guard !choices.shells.isEmpty, choices.engine.isOnThisMachine else { return }
    live([Text("  … Claude Code's own prompt, for the model to read beforehand", .dim)])
    do {
      let warmUp = WarmUp(choices, in: world, listen: ProbeListener.listen)
      if let reason = try await warmUp.prepare(.interactive) {
        return say(Text("· The model is not warmed up: \(reason).", .dim))
      }
      _ = try await world.programs.startDetached(
        Invocation(world.ownProgram, ["warm", "--background"]), "/dev/null")
      say(
        Text(
          "· The model reads Claude Code's own prompt in the background: a first answer in this folder comes sooner.",
          .dim))
    } catch let failure as Failure {
      say(Text("· The model is not warmed up: \(failure.what): \(failure.why)", .dim))
    } catch {
      say(Text("· The model is not warmed up: \(error)", .dim))
    }
  }
}
