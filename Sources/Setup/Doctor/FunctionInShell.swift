/// What a fresh shell takes the word `claude-local` for.
enum FunctionInShell: Sendable, Hashable {
  /// A function, with the file that defines it where the shell tells.
  case function(file: String)
  case alias
  case unknown
  /// The shell could not be asked: why.
  case unanswered(String)

  /// Asks a shell that is started as a new terminal starts it.
  static func ask(_ shell: Shell, in world: World) async -> FunctionInShell {
    let limit = Duration.seconds(10)
    do throws(ProgramProblem) {
      let result = try await world.programs.run(question(shell), within: limit)
      return FunctionInShell(shell, answer: result.output)
    } catch {
      return .unanswered(programFailure(error).why)
    }
  }

  /// Start-up files may print what they like: the answer begins after this line.
  private static let mark = "--- claude-local ---"

  static func question(_ shell: Shell) -> Invocation {
    let question =
      switch shell {
      case .bash: "type -t claude-local; shopt -s extdebug; declare -F claude-local"
      case .zsh: "whence -w claude-local; whence -v claude-local"
      // In a command of its own: fish loads a function's file when its name is first used.
      case .fish: "type -t claude-local 2>/dev/null; functions --details claude-local"
      }
    return Invocation(
      shell.rawValue, (shell == .fish ? [] : ["-i"]) + ["-c", "echo '\(mark)'; \(question)"])
  }

  init(_ shell: Shell, answer: String) {
    guard let start = answer.firstRange(of: FunctionInShell.mark) else {
      self = .unanswered("it ended before it answered")
      return
    }
    let lines = answer[start.upperBound...].split(whereSeparator: \.isNewline).map(\.trimmed)
    let kind = lines.first?.split(separator: " ").last.map(String.init) ?? ""
    switch kind {
    case "function": self = .function(file: FunctionInShell.file(shell, lines.dropFirst().first))
    case "alias": self = .alias
    default: self = .unknown
    }
  }

  /// bash: `claude-local 9 /file`; zsh: `claude-local is a shell function from /file`; fish: `/file`.
  private static func file(_ shell: Shell, _ line: String?) -> String {
    guard let line else { return "" }
    switch shell {
    case .bash:
      return line.split(separator: " ", maxSplits: 2).dropFirst(2).first.map(String.init) ?? ""
    case .zsh: return line.firstRange(of: " from ").map { String(line[$0.upperBound...]) } ?? ""
    case .fish: return line
    }
  }
}
