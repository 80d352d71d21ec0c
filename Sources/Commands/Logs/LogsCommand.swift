import ArgumentParser
import Live
import Setup

/// `ccl-setup logs [-f]`.
struct LogsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Show Ollama's log.")

  @Flag(name: .shortAndLong, help: "Go on with what comes, until Ctrl-C.") var follow = false
  @Option(name: [.customShort("n"), .long], help: "Only the last lines.") var lines: Int?

  func validate() throws {
    if let lines, lines < 0 { throw ValidationError("The number of lines cannot be negative.") }
  }

  func run() async throws {
    let world = World.live
    let console = Console(variables: world.environment.variables)
    try await report(on: console) { [follow, lines] in
      let call = try EngineAtHand.find(in: world).log(
        following: follow, lines: lines,
        isLogThere: world.files.exists(Folders(world.environment).nativeLog), world.environment)
      do throws(ProgramProblem) { try become(call, in: world.environment) } catch {
        throw programFailure(error)
      }
    }
  }
}
