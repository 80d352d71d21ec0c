import SystemPackage

/// The ways into a running engine that a person takes with their own terminal.
extension EngineAtHand {
  /// A shell in the container, or one command in it.
  /// - Parameter isInteractive: whether a terminal is there for it.
  public func shell(
    _ command: [String], isInteractive: Bool, _ environment: Environment
  ) throws(Failure) -> Invocation {
    let choices = try chosen(for: "shell")
    guard let project = ComposeProject(choices.engine, environment) else {
      throw Failure(
        "There is no container to open a shell in", why: "\(title) does not run in Docker",
        tryNext: isOllama ? ["`env OLLAMA_HOST=\(url) ollama list`"] : ["`ccl-setup models`"])
    }
    let shell = ["sh", "-c", "if command -v bash > /dev/null; then exec bash; else exec sh; fi"]
    return project.call(
      ["exec"] + (isInteractive ? [] : ["-T"]) + ["ollama"] + (command.isEmpty ? shell : command))
  }

  /// The server's log.
  /// - Parameters:
  ///   - lines: how many of the last ones; `nil` shows all.
  ///   - isLogThere: whether the log of a server that we started exists.
  public func log(
    following: Bool, lines: Int?, isLogThere: Bool, _ environment: Environment
  ) throws(Failure) -> Invocation {
    let choices = try chosen(for: "logs")
    if let project = ComposeProject(choices.engine, environment) {
      return project.call(
        ["logs", "--no-log-prefix"] + (following ? ["--follow"] : [])
          + (lines.map { ["--tail", "\($0)"] } ?? []) + ["ollama"])
    }
    if case .native = choices.engine, isLogThere {
      return Invocation(
        "tail",
        ["-n", lines.map { "\($0)" } ?? "+1"] + (following ? ["-f"] : [])
          + [Folders(environment).nativeLog.string])
    }
    throw Failure(
      "The log is not ccl-setup's to show", why: "\(title) was running before it",
      tryNext: !isOllama
        ? ["Ask whoever runs it."]
        : environment.platform == .macOS
          ? ["`cat ~/.ollama/logs/server.log`"]
          : ["`journalctl -u ollama` on the machine where it runs"])
  }
}
