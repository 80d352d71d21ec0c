import Setup
import Support
import SystemPackage
import Testing

/// Every file that shells read, filled with values that would do harm anywhere but between quotes.
@Suite struct RenderedFileTests {
  static let hostile = #"it's "a" $(touch pwned) `touch pwned` \ ${x} !x * ~ "# + "\n# ü€\\"

  static let input: ClientSettings.Input = {
    var input = ClientSettings.Input(
      baseURL: "http://\(hostile)", model: hostile, contextWindow: 65_536)
    input.configurationFolder = hostile
    input.lateSystemMessage = .avoid
    return input
  }()

  static func home(_ profile: Profile = .full) throws -> RecorderHome {
    var input = input
    input.profile = profile
    return try RecorderHome(
      ClientSettings(input), named: #"it's "$(touch pwned)" \ ü"#, recordedClient: "ö `x`/claude")
  }

  @Test(.requires(.program("shellcheck")), arguments: Profile.allCases, [false, true])
  func shellcheckFindsNothing(profile: Profile, isHostile: Bool) async throws {
    var plain = ClientSettings.Input(
      baseURL: "http://127.0.0.1:11434", model: "qwen3:1.7b-64k", contextWindow: 65_536)
    plain.profile = profile
    let home =
      isHostile
      ? try Self.home(profile)
      : try RecorderHome(ClientSettings(plain), recordedClient: ".claude/local/claude")
    let file = home.folder.appending(RecorderHome.functionFile(.bash))
    let block = try #require(try RCBlock(.bash, function: file, home: home.folder))
    let rc = file.removingLastComponent().appending("rc")
    try write(Array("# shellcheck shell=bash\n".utf8) + block.installing(in: nil).bytes, to: rc)
    // The sourced file has no constant name; hostile values have everything that one may find odd in a literal.
    let exclusions = "SC1090,SC1091" + (isHostile ? ",SC2016,SC1003" : "")
    let result = try await Invocation.clean(
      "shellcheck", ["--severity=style", "--exclude=\(exclusions)", file.string, rc.string],
      environment: ["LANG": "C.UTF-8"]
    ).run()
    #expect(result.output == "" && result.error == "")
  }

  @Test(
    .requires(.program("bash"), .program("zsh"), .program("fish")), arguments: Shell.allCases,
    Profile.allCases)
  func hostileValuesArriveAsTheyAre(shell: Shell, profile: Profile) async throws {
    let home = try Self.home(profile)
    let (result, call) = try await home.run(shell, #"claude-local 'a "b"'"#)
    #expect(result == ProgramResult(code: 0, output: "pong\n"))
    let found = try #require(call)
    for variable in home.settings.variables {
      if case .set(let value) = variable.action {
        #expect(found.environment[variable.name] == value, "\(variable.name)")
      }
    }
    #expect(!(try home.home.snapshot()).nodes.keys.contains { $0.hasSuffix("pwned") })
  }

  /// 28, 30: sourcing prints nothing, whatever options the shell runs with, and says nothing when the file is gone.
  @Test(
    .requires(.program("bash"), .program("zsh"), .program("dash")),
    arguments: [
      ("bash", Shell.bash, ["--norc", "-euo", "noclobber"]), ("bash", .bash, ["--norc", "-i"]),
      ("bash", .bash, ["--posix", "-eu"]), ("dash", .bash, ["-eu"]), ("sh", .bash, ["-eu"]),
      ("zsh", .zsh, ["-f", "-euC"]), ("zsh", .zsh, ["-f", "-i"]),
      ("zsh", .zsh, ["-f", "-eu", "--sh-word-split", "--ksh-arrays", "--warn-create-global"]),
      ("bash", .zsh, ["-eu"]),
    ])
  func sourcingSaysNothing(program: String, shell: Shell, options: [String]) async throws {
    let home = try Self.home()
    let file = home.folder.appending(RecorderHome.functionFile(shell))
    let block = try #require(try RCBlock(shell, function: file, home: home.folder))
    let rc = String(decoding: try block.installing(in: nil).bytes, as: UTF8.self)
    for isThere in [true, false] {
      if !isThere { try TemporaryFolder.remove(file) }
      var variables = home.home.environment
      variables["HOME"] = home.folder.string
      let result = try await Invocation.clean(
        program, options + ["-c", rc + "echo done"], environment: variables, folder: home.folder
      ).run()
      #expect(result.output == "done")
      // An interactive bash without a terminal says so itself.
      let own = result.error.split(separator: "\n").filter {
        !$0.contains("job control") && !$0.contains("terminal process group")
      }
      #expect(own.isEmpty && result.code == 0)
    }
  }

  /// With `set -u` an unset HOME must not end the shell.
  @Test(.requires(.program("bash"), .program("zsh")), arguments: [Shell.bash, .zsh])
  func aShellWithoutHomeStarts(shell: Shell) async throws {
    let block = try #require(try RCBlock(shell, function: "/h/f", home: "/h"))
    let rc = String(decoding: try block.installing(in: nil).bytes, as: UTF8.self)
    let result = try await Invocation.clean(
      shell.rawValue, ["-uec", "unset HOME\n" + rc + "echo done"]
    ).run()
    #expect(result == ProgramResult(code: 0, output: "done\n"))
  }

  /// 26: what bash makes of CRLF.
  @Test(.requires(.program("bash")))
  func theBlockWorksInAFileWithCRLF() async throws {
    let home = try RecorderHome(ClientSettings(Self.input))
    let block = try #require(
      try RCBlock(
        .bash, function: home.folder.appending(RecorderHome.functionFile(.bash)),
        home: home.folder))
    let rc = try block.installing(in: Array("export A=b\r\n: x\r\n".utf8)).bytes
    try write(rc, to: home.folder.appending("rc"))
    let (result, call) = try await home.run(
      .bash, "claude-local", preamble: "HOME=\"$PWD\"; . ./rc; unset -f x;")
    #expect(result == ProgramResult(code: 0, output: "pong\n"))
    #expect(call != nil)
  }
}
