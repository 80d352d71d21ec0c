import ArgumentParser
import Live
import Setup

/// `ccl-setup shell [COMMAND …]`.
struct ShellCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shell", abstract: "Open a shell in Ollama's container, or run a command there.")

  @Argument(
    parsing: .captureForPassthrough,
    help: "What to run instead of a shell: `ccl-setup shell ollama list`.")
  var command: [String] = []

  func run() async throws {
    let world = World.live
    let console = Console(variables: world.environment.variables)
    try await report(on: console) { [command] in
      let engine = try EngineAtHand.find(in: world)
      let words = command.first == "--" ? Array(command.dropFirst()) : command
      let call = try engine.shell(
        words, isInteractive: Console.isInteractive, world.environment)
      do throws(ProgramProblem) { try become(call, in: world.environment) } catch {
        throw programFailure(error)
      }
    }
  }
}
