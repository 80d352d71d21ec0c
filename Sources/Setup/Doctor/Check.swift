/// One thing that a finished setup was looked at for, with what was seen.
public struct Check: Sendable, Hashable, Codable {
  public enum Section: String, Sendable, Hashable, Codable, CaseIterable {
    case installation, docker, server, models, aliases, shells, settings, client, prompt, disk, deep

    public var title: String {
      switch self {
      case .installation: "Installation and receipt"
      case .docker: "Docker and the container"
      case .server: "Server and port"
      case .models: "Models"
      case .aliases: "Anthropic names"
      case .shells: "The function claude-local"
      case .settings: "Settings and variables"
      case .client: "Claude Code"
      case .prompt: "A live prompt"
      case .disk: "Disk"
      case .deep: "Proved on this machine"
      }
    }
  }

  public enum Outcome: String, Sendable, Hashable, Codable, Comparable, CaseIterable {
    case pass, warn, fail

    public static func < (left: Outcome, right: Outcome) -> Bool { left.rank < right.rank }
    private var rank: Int { self == .pass ? 0 : self == .warn ? 1 : 2 }
  }

  /// Stable: `server-down`, `alias-missing`, `variable:ANTHROPIC_BASE_URL`.
  public var id: String
  public var section: Section
  public var title: String
  public var outcome: Outcome
  /// What was seen.
  public var evidence: String
  /// What follows from it. Of a passed check: what would follow, had `claude-local` not overcome it.
  public var consequence: String?
  /// What the person can do; for what `ccl-setup fix` repairs, that.
  public var remedy: Remedy?
  /// What was measured, by name: tokens, tokens a second, seconds, shares from 0 to 1.
  public var figures: [String: Double]

  /// - Parameter subject: which of several: a shell, a variable.
  public init(
    _ kind: Kind, of subject: String? = nil, _ section: Section, _ title: String,
    _ outcome: Outcome, _ evidence: String,
    consequence: String? = nil, remedy: Remedy? = nil, figures: [String: Double] = [:]
  ) {
    id = subject.map { "\(kind.rawValue):\($0)" } ?? kind.rawValue
    self.section = section
    self.title = title
    self.outcome = outcome
    self.evidence = evidence
    self.consequence = consequence
    self.remedy = remedy
    self.figures = figures
  }

  /// Whether `ccl-setup fix` repairs it.
  public var isRepairable: Bool { outcome != .pass && remedy == .fix }
  /// Whether it would harm plain `claude`'s way to the local server, and `claude-local` goes past it.
  public var isOvercome: Bool { outcome == .pass && consequence != nil }
  /// The same, without the promise that `ccl-setup fix` mends it where that has nothing to mend.
  public func promising(_ repair: Plan?) -> Check {
    var check = self
    if check.remedy == .fix, repair == nil { check.remedy = nil }
    return check
  }
  /// Whether `ccl-setup fix` is to speak of it.
  public var isFinding: Bool { outcome == .fail || isRepairable }
}

extension Remedy {
  /// What the same command repairs by itself.
  static let fix = Remedy("Repair it", run: "ccl-setup fix")
  static let setUp = Remedy("Set it up", run: "ccl-setup")

  /// The advice of a failure: what is wholly in backticks is a command line, the rest are sentences.
  init(_ title: String, tryNext: [String]) {
    self.init(
      title,
      tryNext.map { words in
        let inner = words.filter { $0 != "`" }
        return words.count == inner.count + 2 && words.hasPrefix("`") && words.hasSuffix("`")
          ? .run(inner) : .say(inner)
      })
  }
}

extension Check {
  /// A probe of the detection as a check.
  init(_ kind: Kind, _ section: Section, _ probe: Probe) {
    let outcome: Outcome =
      switch probe.state {
      case .good, .information: .pass
      case .warning: .warn
      case .bad: .fail
      }
    self.init(
      kind, section, probe.title, outcome, probe.finding.plain,
      remedy: outcome == .pass ? nil : probe.remedies.first)
  }
}
