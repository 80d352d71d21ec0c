import Assets

/// What could be newer: what it is now, and what makes it newer.
public struct Update: Sendable, Hashable, Codable {
  public enum Part: String, Sendable, Hashable, Codable { case server, client }
  public var part: Part
  /// What it is: "Ollama in Docker", "Claude Code".
  public var title: String
  /// `nil` when it could not be asked.
  public var now: String?
  /// The version that it would become, where that is known without asking anybody.
  public var then: String?
  /// Commands for the person to run; empty where `ccl-setup update` does it.
  public var commands: [String]

  /// Whether nothing would change.
  public var isCurrent: Bool { now != nil && now == then }
}

extension Update {
  /// The version of Ollama that our Compose file names.
  public static var pinnedServer: String? {
    let line = Asset.compose.text.split(separator: "\n").first { $0.contains("ollama/ollama:") }
    return line.flatMap { Version(String($0.split(separator: ":").last ?? "")) }?.description
  }

  /// - Parameter version: of the server that answers.
  public static func all(
    for engine: EngineAtHand, on machine: Machine, version: String?
  ) -> [Update] {
    let isOurContainer = engine.isInDocker
    let server = Update(
      part: .server, title: engine.title, now: version,
      then: isOurContainer ? pinnedServer : nil,
      commands: isOurContainer || !engine.isOnThisMachine || !engine.isOllama
        ? [] : machine.ollama.updateRemedy.lines)
    let client = machine.claude.installations.first.map {
      Update(
        part: .client, title: "Claude Code", now: $0.version, then: nil,
        commands: ["`claude update`"])
    }
    return [server, client].compactMap { $0 }
  }
}
