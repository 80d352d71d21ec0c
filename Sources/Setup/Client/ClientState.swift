import SystemPackage

/// What the client remembers between its starts, in `.claude.json`: the answers to the questions of its first start,
/// an account.
struct ClientState: Sendable, Hashable {
  let file: FilePath
  /// `nil` where there is no file, or none that can be read.
  private(set) var document: JSON?
  /// Why it cannot be read: the client then ends without a prompt (measured with four versions,
  /// docs/measurements.md).
  private(set) var problem: String?

  /// - Parameter folder: the client's `CLAUDE_CONFIG_DIR`; without one the file lies beside `~/.claude`, not in it.
  init(folder: FilePath?, in world: World) {
    file = Self.file(folder ?? world.environment.home)
    do {
      guard let bytes = try world.files.readIfPresent(file) else { return }
      document = try JSON.parse(bytes)
    } catch let problem as FileProblem {
      self.problem = problem.reason
    } catch let problem as JSONProblem {
      self.problem = "line \(problem.line): \(problem.reason)"
    } catch {
      problem = "\(error)"
    }
  }

  static func file(_ folder: FilePath) -> FilePath { folder.appending(".claude.json") }

  var isOnboarded: Bool { Self.isOnboarded(document) }

  var hasAccount: Bool { document?["oauthAccount"]?.members?.isEmpty == false }

  private static func isOnboarded(_ document: JSON?) -> Bool {
    document?["hasCompletedOnboarding"]?.bool == true
  }

  /// Trust in a folder is inherited by those below it (measured).
  func trusts(_ folder: FilePath) -> Bool {
    var folder = folder
    while true {
      let project = document?["projects"]?[folder.string]
      if project?["hasTrustDialogAccepted"]?.bool == true { return true }
      guard folder.removeLastComponent() else { return false }
    }
  }

  /// The same document with the questions about theme and trust answered, for a client in a folder of its own
  /// (measured: facts, claude-code.md §6).
  static func answered(_ document: JSON?, home: FilePath) -> JSON {
    var answered = document?.members == nil ? [:] : document ?? [:]
    answered["hasCompletedOnboarding"] = true
    var projects = answered["projects"] ?? [:]
    var project = projects[home.string] ?? [:]
    project["hasTrustDialogAccepted"] = true
    projects[home.string] = project
    answered["projects"] = projects
    return answered
  }

  /// What a file in the client's own folder has to be for it to start with a prompt; `nil` where it may stay.
  static func repaired(_ bytes: [UInt8], home: FilePath) -> [UInt8]? {
    let document = try? JSON.parse(bytes)
    guard !isOnboarded(document) else { return nil }
    return Array((answered(document, home: home).pretty + "\n").utf8)
  }
}
