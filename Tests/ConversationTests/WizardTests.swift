import Setup
import Testing

@testable import Conversation

private let machine = FixedMachine.ubuntu.machine

/// The replies in short: what kind each is, and what a prompt says.
private func kinds(_ replies: [Wizard.Reply]) -> [String] {
  replies.map { reply in
    switch reply {
    case .say: "say"
    case .prompt(let text): text
    case .showPlan(_, let isWhole): isWhole ? "whole plan" : "plan"
    case .look(let url): "look \(url)"
    case .showStatus: "status"
    case .apply: "apply"
    case .rehearse: "rehearse"
    case .finish(let code): "finish \(code.rawValue)"
    }
  }
}

private func words(_ replies: [Wizard.Reply]) -> String {
  replies.flatMap { reply -> [String] in
    if case .say(let lines) = reply { return lines.map(\.plain) }
    return []
  }.joined(separator: "\n")
}

@Suite("Wizard: lines in, replies out")
struct WizardTests {
  private let engine = "engine [docker] ▸ "
  private let go = "Do it? [yes] ▸ "

  /// A wizard that has come to a place by recommended answers: a question, or (nil) the plan.
  private func wizard(at place: Question.ID?, given: Answers = Answers()) throws -> Wizard {
    var wizard = Wizard(
      Questionnaire(
        machine: machine, catalogue: try .embedded(), previous: nil, freePort: 11_434),
      given: given)
    _ = wizard.begin()
    for id in Question.ID.allCases {
      if id == place { break }
      _ = wizard.receive(.line(""))
    }
    return wizard
  }

  private func prompt(_ wizard: Wizard) -> String {
    var wizard = wizard
    return kinds(wizard.receive(.interrupt)).last ?? ""
  }

  static let places: [Question.ID?] = Question.ID.allCases + [nil]

  @Test("Return at every question leads to the plan, and to doing it")
  func straight() throws {
    var wizard = try wizard(at: .engine)
    var prompts = [prompt(wizard)]
    for _ in 1...5 { prompts.append(kinds(wizard.receive(.line(""))).last ?? "") }
    #expect(
      prompts.map { $0.prefix { $0 != " " } } == [
        "engine", "model", "context", "profile", "client-folder", "shells",
      ])
    let plan = wizard.receive(.line(""))
    #expect(kinds(plan) == ["plan", go])
    guard case .showPlan(let choices, _)? = plan.first else { return }
    let done = wizard.receive(.line(""))
    #expect(kinds(done) == ["apply"])
    guard case .apply(let applied)? = done.first else { return }
    #expect(applied == choices)
    #expect(try wizard.questionnaire.completed(Answers()) == choices)
  }

  @Test(
    "Every command that only looks stays where it was", arguments: places,
    ["?", "help", "status", "plan", "STATUS", "  plan  "])
  func looking(place: Question.ID?, command: String) throws {
    var wizard = try wizard(at: place)
    let before = (prompt(wizard), wizard.answers)
    let replies = wizard.receive(.line(command))
    let shown =
      switch command.lowercased().trimmingBlanks {
      case "status": "status"
      case "plan": "whole plan"
      default: "say"
      }
    #expect(kinds(replies) == [shown, before.0])
    #expect((prompt(wizard), wizard.answers) == before)
    if shown == "say" {
      for word in ["back", "plan", "status", "skip", "quit"] {
        #expect(words(replies).contains(word))
      }
    }
    if case .showPlan(let choices, _)? = replies.first {
      #expect(try choices == wizard.questionnaire.completed(wizard.answers))
    }
  }

  @Test(
    "Leaving changes nothing, from everywhere", arguments: places,
    ["quit", "exit", "q", "QUIT", nil])
  func leaving(place: Question.ID?, command: String?) throws {
    var wizard = try wizard(at: place)
    let replies = wizard.receive(command.map { .line($0) } ?? .end)
    #expect(kinds(replies) == ["say", "finish 0"])
    #expect(words(replies).contains("Nothing was changed"))
    #expect(wizard.completions == [])
    // Whoever goes on all the same is told once more that it is over, and nothing is done.
    #expect(kinds(wizard.receive(.line(""))) == ["finish 0"])
    #expect(kinds(wizard.receive(.line("skip"))) == ["finish 0"])
  }

  @Test("A client that was started before is not offered a folder of its own")
  func noFolderIsOfferedWhereTheClientAsksNothing() throws {
    var wizard = try wizard(at: .clientFolder)
    #expect(prompt(wizard).hasPrefix("client-folder [yours]"))
    wizard.questionnaire.machine.claude.hasCompletedOnboarding = true
    _ = wizard.receive(.line("back"))
    #expect(kinds(wizard.receive(.line(""))).last?.hasPrefix("shells") == true)
  }

  @Test("Ctrl-C cancels the line, not the wizard", arguments: places)
  func interrupt(place: Question.ID?) throws {
    var wizard = try wizard(at: place)
    let before = (prompt(wizard), wizard.answers)
    #expect(kinds(wizard.receive(.interrupt)) == ["say", before.0])
    #expect(wizard.answers == before.1)
  }

  @Test(
    "back returns to the question before, with its answer and those after it forgotten",
    arguments: places)
  func back(place: Question.ID?) throws {
    var wizard = try wizard(at: place)
    let replies = wizard.receive(.line("back"))
    let all = Question.ID.allCases
    let index = place.flatMap { all.firstIndex(of: $0) } ?? all.count
    guard index > 0 else {
      #expect(kinds(replies) == ["say", engine])
      #expect(words(replies) == "This is the first question.")
      return
    }
    #expect(kinds(replies).last?.hasPrefix(all[index - 1].rawValue) == true)
    #expect(!wizard.answers.holds(all[index - 1]))
    // And forward again to where it was.
    #expect(kinds(wizard.receive(.line(""))).last == prompt(try self.wizard(at: place)))
  }

  @Test("back all the way leads to the first question, from everywhere", arguments: places)
  func allTheWayBack(place: Question.ID?) throws {
    var wizard = try wizard(at: place)
    for _ in Question.ID.allCases { _ = wizard.receive(.line("back")) }
    #expect(prompt(wizard) == engine)
    #expect(wizard.answers == Answers())
  }

  @Test("skip takes the recommended answer, no shell, or no", arguments: places)
  func skip(place: Question.ID?) throws {
    var wizard = try wizard(at: place)
    let replies = kinds(wizard.receive(.line("skip")))
    switch place {
    case .shells:
      #expect(wizard.answers.shells == [])
      #expect(replies == ["plan", go])
    case .some(let id):
      #expect(wizard.answers.holds(id))
      #expect(replies.first == "say" && replies.count == 2)
    case nil: #expect(replies == ["say", "finish 0"])
    }
  }

  @Test("A wrong answer is told, and asked for again", arguments: Question.ID.allCases)
  func wrong(id: Question.ID) throws {
    var wizard = try wizard(at: id)
    let before = (prompt(wizard), wizard.answers)
    let replies = wizard.receive(.line("no such\u{1b}[2J thing"))
    #expect(kinds(replies) == ["say", before.0])
    #expect(words(replies).hasPrefix("✗"))
    #expect(!words(replies).contains("\u{1b}"))
    #expect(wizard.answers == before.1)
  }

  @Test("At the plan, yes does it, no leaves it, and anything else is asked again")
  func decision() throws {
    for (typed, kind) in [
      ("yes", ["apply"]), ("Y", ["apply"]), ("no", ["say", "finish 0"]),
      ("N", ["say", "finish 0"]), ("perhaps", ["say", go]),
    ] {
      var wizard = try wizard(at: nil)
      #expect(kinds(wizard.receive(.line(typed))) == kind, "\(typed)")
    }
  }

  @Test("After a failure it asks whether to try again, and back still works")
  func resume() throws {
    var wizard = try wizard(at: nil)
    _ = wizard.receive(.line("yes"))
    #expect(kinds(wizard.resume()) == ["Try again? [yes] ▸ "])
    var other = wizard
    #expect(kinds(wizard.receive(.line(""))) == ["apply"])
    #expect(kinds(other.receive(.line("back"))).last?.hasPrefix("shells") == true)
  }

  @Test("A rehearsal is a run of its own", arguments: ["rehearse", "Rehearsal", "2"])
  func rehearse(typed: String) throws {
    var wizard = try wizard(at: .engine)
    #expect(kinds(wizard.receive(.line(typed))) == ["rehearse"])
  }

  @Test("What a flag has answered is not asked, nor forgotten on the way back")
  func given() throws {
    var given = Answers()
    given.engine = .docker(port: 11_434, graphics: false)
    given.contextWindow = 65_536
    var wizard = Wizard(
      Questionnaire(
        machine: machine, catalogue: try .embedded(), previous: nil, freePort: 11_434),
      given: given)
    #expect(kinds(wizard.begin()).last?.hasPrefix("model") == true)
    #expect(kinds(wizard.receive(.line(""))).last?.hasPrefix("profile") == true)
    _ = wizard.receive(.line("back"))
    #expect(wizard.answers == given)
    #expect(prompt(wizard).hasPrefix("model"))
  }

  @Test("With everything given, the plan comes at once")
  func allGiven() throws {
    let given = Answers(
      Choices(
        engine: .docker(port: 11_434, graphics: false), model: "qwen3:1.7b",
        contextWindow: 32_768, shells: []))
    var wizard = Wizard(
      Questionnaire(
        machine: machine, catalogue: try .embedded(), previous: nil, freePort: 11_434),
      given: given)
    #expect(kinds(wizard.begin()) == ["say", "plan", go])
    #expect(kinds(wizard.receive(.line("back"))) == ["say", go])
  }

  @Test("Tab offers the answers of the question, and the commands", arguments: places)
  func completions(place: Question.ID?) throws {
    let wizard = try wizard(at: place)
    let commands = ["?", "back", "plan", "status", "skip", "quit"]
    #expect(wizard.completions.suffix(commands.count) == commands[...])
    let answers = Array(wizard.completions.dropLast(commands.count))
    switch place {
    case nil: #expect(answers == ["yes", "no"])
    case .shells:
      let shells = wizard.questionnaire.question(.shells, wizard.answers).options.map(\.value)
      #expect(answers == shells + ["all", "none"])
    case .some(let id):
      #expect(answers == wizard.questionnaire.question(id, wizard.answers).options.map(\.value))
    }
  }
}
