public import Setup

/// The wizard as a pure state machine: lines in, replies out. libedit only supplies the lines, and whoever drives it
/// carries the replies out, so that whole transcripts are tested without a terminal.
public struct Wizard: Sendable {
  public enum Input: Sendable, Hashable {
    case line(String)
    /// Ctrl-C.
    case interrupt
    /// Ctrl-D, or the end of the input.
    case end
  }

  public enum Reply: Sendable {
    case say([Text])
    /// Ask for a line, with this prompt.
    case prompt(String)
    /// Work out the plan for these choices and show it; asked at the end, and by the command `plan`.
    case showPlan(Choices, isWhole: Bool)
    /// Ask the server at this address what it is. The driver answers with `looked`.
    case look(url: String)
    /// Show what was found.
    case showStatus
    /// Do it. The driver answers with `applied`.
    case apply(Choices)
    /// Start over as a rehearsal.
    case rehearse
    case finish(ExitCode)
  }

  private enum Place: Sendable, Hashable {
    case question(Question.ID)
    /// The plan is on the screen: shall it be done?
    case go
    case over
  }

  public var questionnaire: Questionnaire
  public private(set) var answers: Answers
  /// Questions that a flag has answered: they are not asked.
  private let given: Answers
  private var place: Place = .over
  /// The questions asked so far, for `back`.
  private var trail: [Question.ID] = []

  public init(_ questionnaire: Questionnaire, given: Answers) {
    self.questionnaire = questionnaire
    self.given = given
    answers = given
  }

  /// The first screen.
  public mutating func begin() -> [Reply] {
    [
      .say([
        Text(""),
        "Return takes the answer in brackets. \("?", .command) explains; \("back", .command), \("plan", .command), \("status", .command), \("skip", .command), \("quit", .command) work everywhere.",
      ])
    ] + advance()
  }

  /// What Tab offers now.
  public var completions: [String] {
    let commands = ["?", "back", "plan", "status", "skip", "quit"]
    switch place {
    case .question(let id):
      let question = questionnaire.question(id, answers)
      let values = question.options.map(\.value)
      return (id == .shells ? values + ["all", "none"] : values) + commands
    case .go: return ["yes", "no"] + commands
    case .over: return []
    }
  }

  public mutating func receive(_ input: Input) -> [Reply] {
    switch input {
    case .end:
      place = .over
      return [
        .say(["", "Nothing was changed. Run \(command: "ccl-setup") again at any time."]),
        .finish(.done),
      ]
    case .interrupt:
      return [
        .say(["", "Cancelled. \("quit", .command) leaves, Return takes the answer in brackets."]),
        again(),
      ]
    case .line(let line):
      return receive(line)
    }
  }

  private mutating func receive(_ line: String) -> [Reply] {
    let typed = line.trimmingBlanks
    switch typed.lowercased() {
    case "?", "help": return [.say(help()), again()]
    case "quit", "exit", "q": return receive(.end)
    case "back": return back()
    case "status": return [.showStatus, again()]
    case "plan": return plan()
    case "skip": return skip()
    default: break
    }
    switch place {
    case .question(let id): return answer(typed, id)
    case .go: return decide(typed)
    case .over: return [.finish(.done)]
    }
  }

  // MARK: - Moving

  private mutating func advance() -> [Reply] {
    guard let id = questionnaire.next(after: answers) else {
      place = .go
      guard let choices = answers.choices else { return [.finish(.failed)] }
      return [.showPlan(choices, isWhole: false), again()]
    }
    place = .question(id)
    return [.say(questionScreen(questionnaire.question(id, answers))), again()]
  }

  private mutating func answer(_ typed: String, _ id: Question.ID) -> [Reply] {
    if questionnaire.asksForRehearsal(typed, id, answers) {
      place = .over
      return [.rehearse]
    }
    do {
      try questionnaire.accept(typed, for: id, &answers)
    } catch {
      return [.say(failureScreen(error)), again()]
    }
    trail.append(id)
    if id == .engine, let url = answers.serverURL, questionnaire.findings?.url != url {
      return [.look(url: url)]
    }
    return advance()
  }

  /// Goes on once the server that was named has been asked what it is; one that is of no use is asked for again.
  public mutating func looked(
    _ outcome: Result<ServerFindings, Failure>, access: ServerAccess?
  ) -> [Reply] {
    switch outcome {
    case .success(let findings):
      questionnaire.findings = findings
      answers.learn(findings, access: access)
      return advance()
    case .failure(let failure):
      trail.removeAll { $0 == .engine }
      answers.forget(.engine)
      for id in Question.ID.answerable where given.holds(id) && id != .engine {
        answers.take(given, id)
      }
      place = .question(.engine)
      return [.say(failureScreen(failure)), again()]
    }
  }

  private mutating func back() -> [Reply] {
    guard let last = trail.popLast() else {
      return [.say(["This is the first question."]), again()]
    }
    answers.forget(last)
    // What a flag has answered is never asked again.
    for id in Question.ID.answerable where given.holds(id) { answers.take(given, id) }
    return advance()
  }

  private mutating func skip() -> [Reply] {
    switch place {
    case .question(let id): return answer(id == .shells ? "none" : "", id)
    case .go: return decide("no")
    case .over: return [.finish(.done)]
    }
  }

  private mutating func plan() -> [Reply] {
    do {
      return [.showPlan(try questionnaire.completed(answers), isWhole: true), again()]
    } catch {
      return [.say(failureScreen(error)), again()]
    }
  }

  private mutating func decide(_ typed: String) -> [Reply] {
    switch typed.lowercased() {
    case "", "y", "yes":
      guard let choices = answers.choices else { return [.finish(.failed)] }
      place = .over
      return [.apply(choices)]
    case "n", "no":
      return receive(.end)
    default:
      return [.say(["Please answer \("yes", .command) or \("no", .command)."]), again()]
    }
  }

  /// Comes back to the last question after an apply that failed or was interrupted.
  public mutating func resume() -> [Reply] {
    place = .go
    return [again(question: "Try again?")]
  }

  private func again(question: String? = nil) -> Reply {
    switch place {
    case .question(let id):
      let recommended = questionnaire.question(id, answers).recommended
      return .prompt("\(id.rawValue)\(recommended.map { " [\(printable($0))]" } ?? "") ▸ ")
    case .go: return .prompt("\(question ?? "Do it?") [yes] ▸ ")
    case .over: return .prompt("▸ ")
    }
  }

  private func help() -> [Text] {
    let words: [Text] = [
      "",
      "\("back", .command) returns to the question before; \("plan", .command) shows what would be done with the recommended answers for the rest;",
      "\("status", .command) shows what was found; \("skip", .command) leaves this out or takes the recommended answer; \("quit", .command) leaves without a change.",
    ]
    switch place {
    case .question(let id): return questionnaire.question(id, answers).help + words
    case .go:
      return [
        "Nothing has been changed so far. \("yes", .command) makes the changes above, each recorded with its undo; \(command: "ccl-setup uninstall") takes them back."
      ] + words
    case .over: return words
    }
  }
}

extension Answers {
  /// Takes one answer over from others.
  mutating func take(_ other: Answers, _ id: Question.ID) {
    switch id {
    case .engine: engine = other.engine
    case .model: model = other.model
    case .context: contextWindow = other.contextWindow
    case .profile: profile = other.profile
    case .clientFolder: clientFolder = other.clientFolder
    case .shells: shells = other.shells
    case .proxy: proxied = other.proxied
    }
  }
}

extension String {
  var trimmingBlanks: String {
    String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
  }
}
