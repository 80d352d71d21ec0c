/// What we *found*: everything that decides how the setup is done here, and nothing that was assumed.
///
/// Each member is filled by the probe in the file of its name. A probe that could not answer leaves its member at the
/// "unknown" case and adds a line to `unanswered`.
public struct Machine: Sendable, Hashable, Codable {
  public var system: OperatingSystem
  public var processor: Processor
  public var memory: Memory
  public var graphics: Graphics
  public var disk: Disk
  public var docker: Docker
  public var ollama: OllamaFindings
  public var node: NodeRuntime
  public var claude: ClaudeCode
  public var shells: [ShellFindings]
  public var conflicts: [Conflict]
  /// Probes that failed or ran out of time: name (`Probe.ID`) and reason.
  public var unanswered: [String: String]

  public init(
    system: OperatingSystem, processor: Processor, memory: Memory, graphics: Graphics, disk: Disk,
    docker: Docker, ollama: OllamaFindings, node: NodeRuntime, claude: ClaudeCode,
    shells: [ShellFindings], conflicts: [Conflict], unanswered: [String: String] = [:]
  ) {
    self.system = system
    self.processor = processor
    self.memory = memory
    self.graphics = graphics
    self.disk = disk
    self.docker = docker
    self.ollama = ollama
    self.node = node
    self.claude = claude
    self.shells = shells
    self.conflicts = conflicts
    self.unanswered = unanswered
  }
}
