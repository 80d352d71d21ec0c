public import Setup
import SystemPackage

/// A program in a real terminal emulator, for what its screen looks like: redrawing, wrapping, resizing, colours.
public struct TmuxScreen: Sendable {
  private let server: Invocation

  /// Starts a tmux server of its own with the program in its only window.
  public init(_ invocation: Invocation, columns: Int = 80, rows: Int = 24) async throws {
    let folder = try TemporaryFolder.make("tmux")
    server = Invocation.clean(
      "tmux", ["-u", "-S", folder.appending("socket").string, "-f", "/dev/null"],
      environment: ["LANG": "C.UTF-8", "HOME": folder.string, "TERM": "xterm-256color"])
    // The variables of the call exactly; TERM is the one of the terminal that tmux is.
    var variables = invocation.variables
    variables["TERM"] = "screen-256color"
    let words =
      ["env", "-i"] + variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      + [invocation.program] + invocation.arguments
    let start =
      ["set-option", "-g", "remain-on-exit", "on", ";"]
      + ["set-option", "-g", "status", "off", ";"]
      + ["set-option", "-g", "history-limit", "20000", ";"]
      + ["new-session", "-d", "-x", "\(columns)", "-y", "\(rows)"]
      + (invocation.folder.map { ["-c", $0] } ?? []) + ["--"] + words.map(literal)
    try await tmux(["start-server", ";"] + start)
    TemporaryFolder.atEnd { [server] in
      var kill = server
      kill.arguments += ["kill-server"]
      _ = try? RunningProgram(kill, output: "/dev/null").waitBlocking()
    }
  }

  /// Keys by tmux's names: `Enter`, `Tab`, `Up`, `C-c`, `Escape`, `BSpace`…
  public func press(_ keys: String...) async throws { try await tmux(["send-keys"] + keys) }

  /// Types the text as it is.
  public func type(_ text: String) async throws {
    try await tmux(["send-keys", "-l", "--", literal(text)])
  }

  /// Pastes the text as a terminal does: bracketed, when the program asked for that.
  public func paste(_ text: String) async throws {
    try await tmux(["set-buffer", "--", literal(text), ";", "paste-buffer", "-p", "-d"])
  }

  public func resize(columns: Int, rows: Int) async throws {
    try await tmux(["resize-window", "-x", "\(columns)", "-y", "\(rows)"])
  }

  /// What is on the screen now, with `history` also what has scrolled away, without trailing blanks.
  /// With `colors` the colour sequences are kept.
  public func text(history: Bool = false, colors: Bool = false) async throws -> String {
    try await tmux(
      ["capture-pane", "-p"] + (history ? ["-S", "-"] : []) + (colors ? ["-e"] : []))
  }

  /// Waits until the text is on the screen, and answers the screen.
  @discardableResult
  public func expect(_ wanted: String, within limit: Duration = .seconds(20)) async throws
    -> String
  {
    do {
      return try await eventually(within: limit) {
        let screen = try await text()
        return screen.contains(wanted) ? screen : nil
      }
    } catch is TookTooLong {
      throw TookTooLong(description: "no “\(wanted)” within \(limit) on:\n\(try await text())")
    }
  }

  /// Waits for the end of the program and answers its exit code.
  public func exit(within limit: Duration = .seconds(20)) async throws -> Int32 {
    try await eventually(within: limit) {
      // tmux 3.3a can miss a child's end (seen about once in eight runs: the server held a zombie); the end of another
      // child makes it look at all of them.
      try await tmux(["run-shell", "-b", "true"])
      let fields = try await tmux(["list-panes", "-F", "#{pane_dead} #{pane_dead_status}"])
      guard fields.hasPrefix("1 ") else { return nil }
      return Int32(fields.dropFirst(2))
    }
  }

  /// Ends the program and the terminal.
  public func end() async throws { try await tmux(["kill-server"]) }

  @discardableResult
  private func tmux(_ arguments: [String]) async throws -> String {
    var call = server
    call.arguments += arguments
    return try await call.succeed(within: .seconds(10))
  }
}

/// A word as tmux takes it: one that ends in a semicolon would end the command.
private func literal(_ word: String) -> String {
  word.hasSuffix(";") ? word.dropLast() + "\\;" : word
}
