import Support
import SystemPackage
import Testing

@testable import Setup

/// Which files the four measured versions of the client read, and which of two values they take.
struct SettingsLayersTests {
  private func scripted(_ files: [FilePath: String], in folder: FilePath? = nil) -> ScriptedWorld {
    let scripted = ScriptedWorld(home: "/home/ada", workingFolder: folder)
    for (path, text) in files { scripted.file(path, text) }
    return scripted
  }

  private func places(_ world: World, _ version: String?) -> [String] {
    SettingsFile.all(in: world, for: ClientHabits(version)).map(\.path.string)
  }

  private static let base = "/etc/claude-code/managed-settings.json"

  @Test(
    arguments: [
      ("2.1.330", ["20-b", "10-a"]), ("2.1.142", ["20-b", "10-a"]), ("2.1.81", []), ("2.1.1", []),
      (nil, ["20-b", "10-a"]),
    ] as [(String?, [String])])
  func theLastOfTheManagedFolderIsTheStrongest(version: String?, names: [String]) {
    let folder: FilePath = "/etc/claude-code/managed-settings.d"
    let scripted = scripted([
      folder.appending("10-a.json"): "{}", folder.appending("20-b.json"): "{}",
      FilePath(Self.base): "{}",
    ])
    #expect(
      places(scripted.world, version) == names.map { "\(folder)/\($0).json" } + [Self.base])
  }

  @Test(
    arguments: [("2.1.330", true), ("2.1.142", false), ("2.1.81", false), (nil, true)]
      as [(String?, Bool)])
  func theLocalSettingsOfTheRepositoryCountBelowIt(version: String?, isRead: Bool) {
    let scripted = scripted(
      [
        "/home/ada/repo/.git/HEAD": "ref\n", "/home/ada/repo/.claude/settings.json": "{}",
        "/home/ada/repo/.claude/settings.local.json": "{}",
        "/home/ada/repo/a/.claude/settings.local.json": "{}",
        "/home/ada/repo/a/b/.claude/settings.local.json": "{}",
      ], in: "/home/ada/repo/a/b")
    #expect(
      places(scripted.world, version)
        == (isRead ? ["/home/ada/repo/.claude/settings.local.json"] : [])
        + ["/home/ada/repo/a/b/.claude/settings.local.json"])
  }

  @Test func theLastOfTwoMembersCounts() throws {
    let document = try JSON.parse(#"{"env": {"A": "1", "B": "2", "A": "3"}}"#)
    #expect(document.settingsVariables.map(\.name) == ["B", "A"])
    #expect(document.settingsVariables.last?.value == "3")
  }

  @Test func aFileThatCannotBeReadIsNoFileThatIsMissing() {
    let path: FilePath = "/home/ada/.claude/settings.json"
    let scripted = scripted([path: "{}"])
    scripted.fault(path, .denied(path))
    let found = SettingsFile.all(in: scripted.world, for: ClientHabits(nil))
    #expect(found.map(\.content) == [.failure(.init(reason: "permission denied"))])
  }

  @Test func theTableHasOneWinnerInEachLayerAndNamesWhatIsPassedOver() async throws {
    let scripted = scripted([
      "/home/ada/.claude/settings.json":
        #"{"env": {"ANTHROPIC_MODEL": "a", "ANTHROPIC_MODEL": "b"}}"#,
      "/home/ada/.claude.json": #"{"env": {"ANTHROPIC_MODEL": "c", "ANTHROPIC_BETAS": "d"}}"#,
      FilePath(Self.base): #"{"permissions": {"allow": "x"}, "env": {"ANTHROPIC_MODEL": "e"}}"#,
    ])
    let table = await VariableTable.read(in: scripted.world)
    func entries(_ name: String) -> [String] {
      table.rows.filter { $0.name == name }.flatMap(\.entries).map { "\($0.layer) \($0.shown)" }
    }
    #expect(entries("ANTHROPIC_MODEL") == ["user b", "state c"])
    #expect(entries("ANTHROPIC_BETAS") == ["state d"])
    #expect(entries("settings") == ["managed permissions.allow is not a list"])
    #expect(
      table.rows.first { $0.name == "settings" }?.problem?.contains("nothing in it counts") == true)
  }

  private static let ours = """
    {"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:11434", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}}
    """

  private func table(
    _ files: [FilePath: String], _ variables: [String: String] = [:]
  ) async -> VariableTable {
    let scripted = ScriptedWorld(
      home: "/home/ada", variables: variables, workingFolder: "/home/ada/work")
    scripted.file("/home/ada/.config/ccl-setup/claude-settings.json", Self.ours)
    for (path, text) in files { scripted.file(path, text) }
    return await VariableTable.read(in: scripted.world)
  }

  @Test func whatClaudeLocalMakesOfTheListsIsShown() async throws {
    let table = await table([:], ["HTTPS_PROXY": "http://p:1", "NO_PROXY": "corp"])
    let row = try #require(table.rows.first { $0.name == "NO_PROXY" })
    #expect(row.entries.map(\.shown) == ["corp,127.0.0.1,localhost", "corp"])
    #expect(row.entries.map(\.isWinner) == [true, false])
    #expect(table.rows.first { $0.name == "HTTPS_PROXY" }?.problem == nil)
  }

  @Test(arguments: [
    ("no_proxy", "corp", false), ("no_proxy", "127.0.0.1", true), ("NO_PROXY", "corp", true),
  ])
  func aListOfAProjectDecides(name: String, list: String, isRight: Bool) async throws {
    let table = await table([
      "/home/ada/work/.claude/settings.json":
        #"{"env": {"HTTPS_PROXY": "http://p:1", "\#(name)": "\#(list)"}}"#
    ])
    let row = try #require(table.rows.first { $0.name == "HTTPS_PROXY" })
    #expect((row.problem == nil) == isRight)
  }

  @Test func whatIsManagedAgainstOneOfOursIsNotRight() async throws {
    let table = await table([
      FilePath(Self.base): #"{"env": {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "0"}}"#
    ])
    let row = try #require(
      table.rows.first { $0.name == "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC" })
    #expect(
      row.problem
        == "claude-local sets it to 1. Only whoever administers this machine can change it.")
  }

  @Test(
    arguments: [
      ("2.1.330", false), ("2.1.142", true), ("2.1.81", true), ("2.1.1", true), (nil, false),
    ] as [(String?, Bool)])
  func aForcedLoginIsObeyedByTheNewestAlone(version: String?, isOvercome: Bool) {
    let conflict = Conflict(
      variable: "forceLoginMethod",
      place: .settings(path: Self.base, layer: .managed, key: "forceLoginMethod"), shown: "",
      consequence: "It refuses.", isOvercome: false)
    #expect(conflict.met(by: ClientHabits(version)).isOvercome == isOvercome)
  }

  @Test(arguments: [("2.1.330", true), ("2.1.142", false), ("2.1.81", false), ("2.1.1", true)])
  func aSocketThatTheClientRemembersIsTakenByTwo(version: String, isOvercome: Bool) {
    for layer in [Conflict.SettingsLayer.user, .state] {
      let conflict = Conflict(
        variable: "ANTHROPIC_UNIX_SOCKET",
        place: .settings(path: "/x", layer: layer, key: "env.ANTHROPIC_UNIX_SOCKET"), shown: "",
        consequence: "", isOvercome: true)
      #expect(conflict.met(by: ClientHabits(version)).isOvercome == isOvercome)
    }
  }
}
