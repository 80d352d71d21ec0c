/// The containers of our own Compose project, as Docker tells of them.
public struct ContainerState: Sendable, Hashable, Codable {
  public var name: String
  /// `running`, `exited`, `created` and the like, in Docker's words.
  public var state: String
  /// "Up 3 minutes (healthy)".
  public var status: String

  /// What it may use of the machine; absent where nobody asked.
  public var resources: Resources?

  public struct Resources: Sendable, Hashable, Codable {
    /// Bytes; 0: no limit of its own.
    public var memory: UInt64
    /// Processors; 0: no limit of its own.
    public var processors: Double
    /// Whether it was given graphics cards.
    public var hasGraphics: Bool
  }

  var isRunning: Bool { state == "running" }
  /// Whether its port is in use, by a frozen process too.
  var holdsItsPort: Bool { isRunning || state == "paused" }
  /// Whether Docker holds it to be up, also where it is frozen or starts over and over.
  var isUp: Bool { holdsItsPort || state == "restarting" }
  var isUnhealthy: Bool { status.contains("(unhealthy)") }

  /// The container of the project, `nil` when there is none; throws when Docker could not be asked.
  static func ask(in world: World) async throws(Failure) -> ContainerState? {
    // The proxy may stand beside it.
    let command = ComposeProject.list(
      "ollama", all: true, format: "{{.Names}}\t{{.State}}\t{{.Status}}")
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

  /// The same, with what it may use of the machine; without that where Docker does not tell.
  func withResources(in world: World) async -> ContainerState {
    let format =
      "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{json .HostConfig.DeviceRequests}}"
    let command = Invocation("docker", ["inspect", "--format", format, name])
    let result = try? await world.programs.run(command, within: .seconds(10))
    let words = result?.output.split(separator: " ", maxSplits: 2) ?? []
    guard words.count == 3, let memory = UInt64(words[0]), let processors = UInt64(words[1]) else {
      return self
    }
    var told = self
    told.resources = Resources(
      memory: memory, processors: Double(processors) / 1e9,
      hasGraphics: words[2].hasPrefix("[{"))
    return told
  }
}
