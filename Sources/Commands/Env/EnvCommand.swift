import ArgumentParser
import Conversation
import Live
import Setup
import SystemPackage

/// `ccl-setup env`: who sets what, and who wins.
struct EnvCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "env",
    abstract: "Show every variable and setting that decides where Claude Code goes.",
    discussion: """
      Each in every place that sets it: managed settings, claude-local's own document, the settings files of the \
      project and of the person, the environment, the start-up files with their lines. The place that wins is marked. \
      Values of keys and tokens are never shown.
      """)

  @Flag(help: "Leave out what only claude-local sets.") var conflicts = false
  @Flag(help: "Print a document on stdout and prose on stderr.") var json = false

  func run() async throws {
    let world = World.live
    let console = Console(isJSON: json, variables: world.environment.variables)
    let isShort = conflicts
    try await report(on: console) {
      var table = await VariableTable.read(in: world)
      if isShort { table.rows.removeAll { $0.plainWinner == nil } }
      console.say(
        variableScreen(
          table, home: world.environment.home.string, width: console.terminal.width))
      if console.isJSON { console.document(EnvDocument(table)) }
      return .done
    }
  }
}

/// What `env --json` prints; docs/json.md describes it.
struct EnvDocument: Encodable {
  struct Row: Encodable {
    struct Entry: Encodable {
      var layer: VariableTable.Layer
      var place: String
      var value: String
      var isWinner: Bool
    }
    var name: String
    var isRight: Bool
    var problem: String?
    var plainWinner: VariableTable.Layer?
    var entries: [Entry]
  }
  /// Whether the winners are those of claude-local; without a setup they are plain claude's.
  var isSetUp: Bool
  var rows: [Row]

  init(_ table: VariableTable) {
    isSetUp = table.isSetUp
    rows = table.rows.map { row in
      Row(
        name: row.name, isRight: row.problem == nil, problem: row.problem,
        plainWinner: row.plainWinner,
        entries: row.entries.map {
          .init(layer: $0.layer, place: $0.place, value: $0.shown, isWinner: $0.isWinner)
        })
    }
  }
}
