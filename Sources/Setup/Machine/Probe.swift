/// One probe's answer, ready to be shown: a line, how good the news is, and what to do about it.
public struct Probe: Sendable, Hashable {
  public enum ID: String, Sendable, Hashable, Codable, CaseIterable {
    case system, processor, memory, graphics, disk, docker, ollama, node, claude, shells, conflicts

    /// The heading in front of the finding.
    public var title: String {
      switch self {
      case .system: "System"
      case .processor: "Processor"
      case .memory: "Memory"
      case .graphics: "Graphics"
      case .disk: "Disk"
      case .docker: "Docker"
      case .ollama: "Ollama"
      case .node: "Node"
      case .claude: "Claude Code"
      case .shells: "Shells"
      case .conflicts: "Conflicts"
      }
    }
  }

  public enum State: String, Sendable, Hashable, Codable {
    /// As the setup needs it.
    case good
    /// The setup works, with a limit that the person should know.
    case warning
    /// Something the setup needs is missing or broken.
    case bad
    /// Neither good nor bad.
    case information
  }

  public var id: ID
  public var finding: Text
  public var state: State
  public var remedies: [Remedy]

  public init(_ id: ID, _ state: State, _ finding: Text, remedies: [Remedy] = []) {
    self.id = id
    self.finding = finding
    self.state = state
    self.remedies = remedies
  }

  public var title: String { id.title }
}

/// One way to cure a finding; of several the first is the one to try.
public struct Remedy: Sendable, Hashable, Codable {
  public enum Step: Sendable, Hashable, Codable {
    /// A command line to type.
    case run(String)
    /// Something to do or to know, as a sentence.
    case say(String)
  }
  /// What it does: "Start Docker's engine".
  public var title: String
  public var steps: [Step]

  public init(_ title: String, _ steps: [Step]) {
    self.title = title
    self.steps = steps
  }

  init(_ title: String, run commands: String...) {
    self.init(title, commands.map(Step.run))
  }
}

/// What a detection found out, and why it could not find out more.
struct Answer<Value: Sendable>: Sendable {
  var value: Value
  /// The reason where the value is unknown or partly so.
  var trouble: String?

  init(_ value: Value, trouble: String? = nil) {
    self.value = value
    self.trouble = trouble
  }
}
