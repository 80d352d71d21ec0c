/// The containers of our own Compose project, as Docker tells of them.
public struct ContainerState: Sendable, Hashable, Codable {
  public var name: String
  /// `running`, `exited`, `created` and the like, in Docker's words.
  public var state: String
  /// "Up 3 minutes (healthy)".
  public var status: String

  var isRunning: Bool { state == "running" }
  var isUnhealthy: Bool { status.contains("(unhealthy)") }

  /// The container of the project, `nil` when there is none; throws when Docker could not be asked.
  static func ask(in world: World) async throws(Failure) -> ContainerState? {
    let command = Invocation(
      "docker",
      [
        "ps", "--all", "--filter", "label=com.docker.compose.project=ccl-setup", "--format",
        "{{.Names}}\t{{.State}}\t{{.Status}}",
      ])
    let result: ProgramResult
    do { result = try await world.programs.run(command, within: .seconds(10)) } catch {
      throw programFailure(error)
    }
    guard result.succeeded else { throw commandFailure(command, result) }
    return result.output.split(separator: "\n").lazy.compactMap { line -> ContainerState? in
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard fields.count == 3 else { return nil }
      return ContainerState(name: fields[0], state: fields[1], status: fields[2])
    }.first
  }
}
