import Conversation
import Setup

/// A whole conversation with the wizard as a person sees it, without a terminal: what is typed stands behind its prompt.
struct Transcript {
  let machine: FixedMachine
  let terminal: Terminal
  private var wizard: Wizard
  private(set) var text = ""
  /// Whether the wizard has come to its end.
  private(set) var isOver = false

  enum Event: Sendable {
    case line(String)
    case controlC
    case controlD
  }

  init(_ machine: FixedMachine, on terminal: Terminal) throws {
    self.machine = machine
    self.terminal = terminal
    let found = machine.machine
    let questionnaire = Questionnaire(
      machine: found, catalogue: try Catalogue.embedded(), previous: nil,
      freePort: found.ollama.port == .free ? 11434 : 11435,
      present: found.ollama.models.compactMap { model in
        (try? ModelName(model.name)).map { PresentModel(name: $0, bytes: Int(model.size)) }
      })
    wizard = Wizard(questionnaire, given: Answers())
    say([Text("What is on this machine", .heading)] + statusScreen(found))
    try show(wizard.begin())
  }

  /// What Return at every question chooses.
  var recommended: Choices {
    get throws { try wizard.questionnaire.completed(Answers()) }
  }

  mutating func receive(_ events: [Event]) throws {
    for event in events {
      switch event {
      case .line(let line):
        text += line + "\n"
        try show(wizard.receive(.line(line)))
      case .controlC:
        text += "^C\n"
        try show(wizard.receive(.interrupt))
      case .controlD:
        text += "^D\n"
        try show(wizard.receive(.end))
      }
    }
  }

  private mutating func say(_ lines: [Text]) { text += terminal.render(lines) }

  private mutating func show(_ replies: [Wizard.Reply]) throws {
    for reply in replies {
      switch reply {
      case .say(let lines): say(lines)
      case .prompt(let prompt): text += prompt
      case .look(let url):
        // What a server says of itself is a matter of the tests with real servers.
        try show(
          wizard.looked(
            .success(ServerFindings(url: url, product: .ollama, models: [])), access: nil))
      case .showStatus: say(statusScreen(machine.machine))
      case .showPlan(let choices, let isWhole):
        let plan = try machine.plan(choices)
        say(
          planScreen(plan, freeDisk: machine.machine.disk.free, isWhole: isWhole)
            .map(withoutCount))
      case .apply(let choices):
        text += "[apply: \(choices.engine.url), \(choices.model), \(choices.contextWindow) tokens, "
        text += "\(choices.profile.rawValue), \(choices.shells.map(\.rawValue))]\n"
        isOver = true
      case .rehearse:
        text += "[rehearse]\n"
        isOver = true
      case .finish(let code):
        text += "[exit code \(code.rawValue)]\n"
        isOver = true
      }
    }
  }
}

/// How many lines of a template are not shown changes with the template, and is no matter of a conversation.
private func withoutCount(_ line: Text) -> Text {
  var line = line
  for index in line.spans.indices {
    let words = line.spans[index].text.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count > 2, words[0] == "⋯", words[2] == "more" else { continue }
    line.spans[index].text = (["⋯", "N"] + words.dropFirst(2)).joined(separator: " ")
  }
  return line
}
