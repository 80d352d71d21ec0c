import Setup
import Support
import SystemPackage

/// What became of an interactive shell that read a start-up file.
struct StartedShell {
  var code: Int32
  var isFunctionRead: Bool
  /// What it takes the name for; `nil` where it ended before it could be asked.
  var kind: String?
  /// Its variables, functions, aliases and options, a line each.
  var state: [String]
  /// What it said, without the numbers of lines.
  var words: [String]

  /// The file that a shell's start-up file is in this test.
  static func file(of shell: Shell) -> String { shell == .bash ? ".bashrc" : ".zshrc" }

  /// Puts a function there that leaves a trace where it is read: the shell may end before it can be asked.
  static func putFunction(of shell: Shell, into home: TemporaryHome) throws {
    let trace = ": >| \"$HOME/read\"\n"
    try home.put(
      .file("unalias claude-local 2>/dev/null || :\nfunction claude-local { :; }\n" + trace),
      at: RecorderHome.functionFile(shell))
  }

  private static let mark = "--- the state"

  /// Starts the shell with the files of this home.
  ///
  /// - Parameter isStrange: whether the start-up file is somebody's whom nobody here knows: then it runs without a network, as
  /// nobody, and can write nothing but this home.
  static func start(
    _ shell: Shell, in home: TemporaryHome, isStrange: Bool = false,
    within limit: Duration = .seconds(60)
  ) async throws -> StartedShell {
    let trace = home["read"]
    if (try? bytes(of: trace)) != nil { try TemporaryFolder.remove(trace) }
    let question =
      shell == .bash
      ? """
      builtin printf '\\n%s\\n' '\(mark)'; builtin echo "$(builtin type -t claude-local)"; builtin unset -f claude-local
      builtin unalias claude-local 2>/dev/null
      builtin declare -p; builtin declare -f; builtin alias; builtin shopt; builtin shopt -o; builtin trap
      """
      : """
      builtin print -r -- $'\\n\(mark)'; builtin whence -w claude-local
      builtin unfunction claude-local 2>/dev/null; builtin unalias claude-local 2>/dev/null
      builtin typeset; builtin functions; builtin alias -L; builtin set -o; builtin trap
      """
    let call = isStrange ? confined(shell.rawValue, in: home) : [shell.rawValue]
    let result = try await Invocation.clean(
      call[0], call.dropFirst() + ["-ic", question], environment: home.environment,
      folder: home.path, input: []
    ).run(within: limit)
    let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
      .map(String.init)
    let start = lines.firstIndex(of: mark)
    let said =
      Array(lines[..<(start ?? lines.count)]) + result.error.split(separator: "\n").map(String.init)
    let state = lines.dropFirst((start ?? lines.count) + 2)
    return StartedShell(
      code: result.code, isFunctionRead: (try? bytes(of: trace)) != nil,
      kind: start.flatMap { lines.dropFirst($0 + 1).first },
      state: state.filter { !isFleeting($0) },
      words: said.map { $0.filter { !$0.isNumber } })
  }

  private static func confined(_ program: String, in home: TemporaryHome) -> [String] {
    // The folders above the home are of whoever runs the tests.
    let script = """
      mount --make-rprivate / && chown -R nobody "$HOME" && mount --bind "$HOME" /mnt && mount -o remount,bind,ro / \
        && cd /mnt && HOME=/mnt \
        && exec setpriv --reuid=nobody --regid=nogroup --clear-groups --no-new-privs --bounding-set=-all "$@"
      """
    return [
      "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c",
      script, "sh", program,
    ]
  }

  /// Whether a line is about what differs from one start to the next.
  private static func isFleeting(_ line: String) -> Bool {
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
