/// Every question with its options, its recommended answer and its reading, as pure functions of what was found.
public struct Questionnaire: Sendable {
  public var machine: Machine
  public var catalogue: Catalogue
  /// The choices of an earlier run, which become the recommended answers.
  public var previous: Choices?
  /// The first port from 11434 on that is free.
  public var freePort: Int
  /// The embedded stand-in, when this is a rehearsal: then it is the only engine.
  public var rehearsalURL: String?
  /// Models on the engine in question, where it answers already.
  public var present: [PresentModel]
  /// What the server that the person named was found to be.
  public var findings: ServerFindings?

  public init(
    machine: Machine, catalogue: Catalogue, previous: Choices?, freePort: Int,
    rehearsalURL: String? = nil, present: [PresentModel] = []
  ) {
    self.machine = machine
    self.catalogue = catalogue
    self.previous = previous
    self.freePort = freePort
    self.rehearsalURL = rehearsalURL
    self.present = present
  }

  /// The first question that has no answer yet.
  public func next(after answers: Answers) -> Question.ID? {
    Question.ID.allCases.first { asks($0) && !answers.holds($0) }
  }

  /// Whether a question arises on this machine. To keep the client's settings and history apart is offered where its
  /// first start would ask questions of its own; elsewhere a flag or an answers file can say so.
  private func asks(_ id: Question.ID) -> Bool {
    id != .clientFolder
      || !machine.claude.hasCompletedOnboarding && !machine.claude.installations.isEmpty
  }

  /// What is not asked on this machine stays as an earlier run has left it.
  public var standing: Answers {
    var answers = Answers()
    if !asks(.clientFolder) { answers.clientFolder = previous?.clientFolder }
    answers.proxied = previous?.proxied
    return answers
  }

  public func question(_ id: Question.ID, _ answers: Answers) -> Question {
    switch id {
    case .engine: engineQuestion()
    case .model: modelQuestion(answers)
    case .context: contextQuestion(answers)
    case .profile: profileQuestion(answers)
    case .clientFolder: clientFolderQuestion()
    case .shells: shellsQuestion()
    case .proxy: proxyQuestion()
    }
  }

  /// Reads an answer; an empty one takes what is recommended. Throws what is wrong with it and what would do.
  public func accept(
    _ text: String, for id: Question.ID, _ answers: inout Answers
  ) throws(Failure) {
    let question = question(id, answers)
    let typed = text.trimmed
    guard let value = typed.isEmpty ? question.recommended : typed else {
      throw Failure(
        "There is nothing to recommend here", why: "none of the answers fits this machine",
        tryNext: ["Type one of the answers all the same, or `quit`."], code: .usage)
    }
    let meant = question.row(value)?.value ?? value
    switch id {
    case .engine: answers.engine = try readEngine(meant)
    case .model:
      var chosen = answers
      chosen.model = try readModel(meant, answers)
      // A flag may have said how much before it was known of what.
      try refuseUnusable(chosen.contextWindow, chosen)
      answers = chosen
    case .context: answers.contextWindow = try readContext(value, meant, answers)
    case .profile:
      guard let profile = Profile(rawValue: meant) else {
        throw notOneOf(question, typed)
      }
      answers.profile = profile
    case .clientFolder:
      guard let folder = ClientFolder(rawValue: meant) else { throw notOneOf(question, typed) }
      answers.clientFolder = folder
    case .shells: answers.shells = try readShells(meant, question)
    case .proxy:
      guard ["on", "off"].contains(meant) else { throw notOneOf(question, typed) }
      answers.proxied = meant == "on"
    }
  }

  /// All that is still open, answered as recommended.
  public func completed(_ answers: Answers) throws(Failure) -> Choices {
    var answers = answers
    while let id = next(after: answers) { try accept("", for: id, &answers) }
    guard let choices = answers.choices else {
      throw Failure("The choices are incomplete", why: "a question has no answer")
    }
    return choices
  }

  func notOneOf(_ question: Question, _ typed: String) -> Failure {
    Failure(
      "“\(printable(typed))” is no answer to this question",
      why: "the answers are: \(question.options.map(\.value).joined(separator: ", "))",
      code: .usage)
  }
}

extension String {
  /// Without white space at both ends.
  var trimmed: String {
    var rest = Substring(self)
    while rest.first?.isWhitespace == true { rest.removeFirst() }
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return String(rest)
  }
}
