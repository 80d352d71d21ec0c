import Live
import Support
import SystemPackage
import Testing

@testable import Setup

/// Start-up files of every shape, in real shells: with the block a shell comes up in the state in which it came up before, and
/// knows `claude-local` if it came so far; without it the bytes are those of before.
@Suite(.requires(.program("bash"), .program("zsh")), .timeLimit(.minutes(10)))
struct StartUpFileShapesTests {
  @Test(arguments: StartUpFileShape.all)
  func aShellWithTheBlockIsTheShellOfBefore(shape: StartUpFileShape) async throws {
    for shell in shape.shells {
      let home = try TemporaryHome()
      let file = shell == .bash ? ".bashrc" : ".zshrc"
      try home.put(.file(shape.bytes), at: file)
      try putFunction(of: shell, into: home)
      let before = try await start(shell, in: home)
      #expect(!before.isFunctionRead)

      var positions = CommandPositions()
      await positions.ask(shell, about: shape.bytes, in: .live)
      let block = try #require(
        try RCBlock(
          shell, function: home[RecorderHome.functionFile(shell)], home: home.path))
      let edit: RCEdit
      do throws(RCProblem) {
        edit = try block.installing(
          in: shape.bytes, at: positions.position(for: shell, in: shape.bytes))
      } catch {
        #expect(shape.isRefused, "\(shell): \(error)")
        #expect(error.reason.contains("line"))
        continue
      }
      #expect(!shape.isRefused, "\(shell)")
      let marker = Array("# <<< ccl-setup: claude-local for \(shell) <<<".utf8)
      let lines = FileLines(edit.bytes)
      let closing = try #require(lines.indices.last { lines.trimmed($0).starts(with: marker) })
      let below = String(decoding: lines.bytes((closing + 1)...), as: UTF8.self)
      #expect(
        shape.below.map { below.hasPrefix($0) } ?? below.isEmpty, "\(shell): \(below.prefix(60))")

      try home.put(.file(edit.bytes), at: file)
      let after = try await start(shell, in: home)
      #expect(after.isFunctionRead, "\(shell): \(after.words.suffix(3))")
      #expect(
        after.kind.map { $0.hasSuffix("function") } ?? true, "\(shell): \(after.words.suffix(3))")
      let back = try RCBlock.removing(shell, from: edit.bytes)
      #expect(back.bytes == shape.bytes, "\(shell)")
      // bash 5.2 spoils its own memory when an expansion has no end, and is then aborted now and then.
      if [before.code, after.code].contains(134) { continue }
      #expect(after.code == before.code, "\(shell)")
      let differences =
        after.state.filter { !before.state.contains($0) }.map { "+ " + $0 }
        + before.state.filter { !after.state.contains($0) }.map { "- " + $0 }
      #expect(differences == [], "\(shell)")
      #expect(after.words == before.words, "\(shell)")
    }
  }

  /// What became of a shell.
  private struct Started {
    var code: Int32
    var isFunctionRead: Bool
    /// What it takes the name for; `nil` where it ended before it could be asked.
    var kind: String?
    /// Its variables, functions, aliases and options, a line each.
    var state: [String]
    /// What it said, without the numbers of lines.
    var words: [String]
  }

  private func putFunction(of shell: Shell, into home: TemporaryHome) throws {
    // Whether the shell came so far is seen where it ends before it can be asked, too.
    let trace = ": >| '\(home["read"])'\n"
    try home.put(
      .file("unalias claude-local 2>/dev/null || :\nfunction claude-local { :; }\n" + trace),
      at: RecorderHome.functionFile(shell))
  }

  private static let mark = "--- the state"

  private func start(_ shell: Shell, in home: TemporaryHome) async throws -> Started {
    let trace = home["read"]
    if (try? bytes(of: trace)) != nil { try TemporaryFolder.remove(trace) }
    let question =
      shell == .bash
      ? """
      builtin echo '\(Self.mark)'; builtin echo "$(builtin type -t claude-local)"; builtin unset -f claude-local
      builtin unalias claude-local 2>/dev/null
      builtin declare -p; builtin declare -f; builtin alias; builtin shopt; builtin shopt -o; builtin trap
      """
      : """
      builtin print -r -- '\(Self.mark)'; builtin whence -w claude-local
      builtin unfunction claude-local 2>/dev/null; builtin unalias claude-local 2>/dev/null
      builtin typeset; builtin functions; builtin alias -L; builtin set -o; builtin trap
      """
    let result = try await Invocation.clean(
      shell.rawValue, ["-ic", question], environment: home.environment, folder: home.path
    ).run(within: .seconds(60))
    let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
      .map(String.init)
    let start = lines.firstIndex(of: Self.mark)
    let said =
      Array(lines[..<(start ?? lines.count)]) + result.error.split(separator: "\n").map(String.init)
    let state = lines.dropFirst((start ?? lines.count) + 2)
    return Started(
      code: result.code, isFunctionRead: (try? bytes(of: trace)) != nil,
      kind: start.flatMap { lines.dropFirst($0 + 1).first },
      state: state.filter { !isFleeting($0) },
      words: said.map { $0.filter { !$0.isNumber } })
  }

  /// Whether a line is about what differs from one start to the next.
  private func isFleeting(_ line: String) -> Bool {
    let names = [
      "RANDOM", "SRANDOM", "SECONDS", "EPOCHSECONDS", "EPOCHREALTIME", "BASHPID", "PPID", "LINENO",
      "BASH_LINENO", "BASH_ARGV", "BASH_ARGC", "BASH_EXECUTION_STRING", "TTYIDLE", "_", "HISTCMD",
      "$", "!",
      "COLUMNS", "LINES", "PIPESTATUS", "?", "status",
      "pipestatus",
    ]
    let name = line.prefix { $0 != "=" }.split(separator: " ").last?.filter { $0 != "'" } ?? ""
    return names.contains(name)
  }
}
