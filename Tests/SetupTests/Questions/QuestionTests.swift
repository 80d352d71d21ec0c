import Support
import Testing

@testable import Setup

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

private func questions(
  _ previous: Choices? = nil, port: Int = 11_434, rehearsal: String? = nil,
  present: [PresentModel] = [], _ change: (inout Machine) -> Void = { _ in }
) throws -> Questionnaire {
  Questionnaire(
    machine: .example(change), catalogue: try .embedded(), previous: previous, freePort: port,
    rehearsalURL: rehearsal, present: present)
}

@Suite("Questions: the engine")
struct EngineQuestionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var previous: Choices?
    var machine: @Sendable (inout Machine) -> Void = { _ in }
    var options: [String]
    var recommended: String
    /// What the recommended answer is read as; `nil` where it asks for a rehearsal.
    var engine: Engine?
  }

  private static let card = Graphics.Card(
    name: "NVIDIA GeForce RTX 4090", memory: 24 << 30, memoryInUse: 0)

  @Test(arguments: [
    Case(
      testDescription: "Linux with Docker", options: ["docker", "rehearse"],
      recommended: "docker", engine: .docker(port: 11_434, graphics: false)),
    Case(
      testDescription: "Linux with Docker and a card that it reaches",
      machine: {
        $0.graphics.nvidia = [card]
        $0.graphics.toolkit = .working
      }, options: ["docker", "rehearse"], recommended: "docker",
      engine: .docker(port: 11_434, graphics: true)),
    Case(
      testDescription: "a card without the container toolkit",
      machine: {
        $0.graphics.nvidia = [card]
        $0.graphics.toolkit = .missing
      }, options: ["docker", "rehearse"], recommended: "docker",
      engine: .docker(port: 11_434, graphics: false)),
    Case(
      testDescription: "an Ollama that answers",
      machine: {
        $0.ollama.port = .ollama(version: "0.32.15")
        $0.ollama.program = "/usr/bin/ollama"
      }, options: ["native", "docker", "rehearse"], recommended: "native",
      engine: .native(port: 11_434)),
    Case(
      testDescription: "the oldest Ollama that will do",
      machine: { $0.ollama.port = .ollama(version: "0.14.0") },
      options: ["native", "docker", "rehearse"], recommended: "native",
      engine: .native(port: 11_434)),
    Case(
      testDescription: "an old Ollama, and Docker",
      machine: { $0.ollama.port = .ollama(version: "0.13.9") },
      options: ["native", "docker", "rehearse"], recommended: "docker",
      engine: .docker(port: 11_434, graphics: false)),
    Case(
      testDescription: "an old Ollama alone",
      machine: {
        $0.ollama.port = .ollama(version: "0.13.9")
        $0.docker.state = .notInstalled
      }, options: ["native", "rehearse"], recommended: "rehearse"),
    Case(
      testDescription: "an old program that is not running",
      machine: {
        $0.ollama.program = "/usr/bin/ollama"
        $0.ollama.programVersion = "0.5.1"
        $0.docker.state = .notInstalled
      }, options: ["native", "rehearse"], recommended: "rehearse"),
    Case(
      testDescription: "an installed Ollama, and Docker",
      machine: { $0.ollama.program = "/usr/bin/ollama" },
      options: ["native", "docker", "rehearse"], recommended: "docker",
      engine: .docker(port: 11_434, graphics: false)),
    Case(
      testDescription: "an installed Ollama alone",
      machine: {
        $0.ollama.program = "/usr/bin/ollama"
        $0.docker.state = .notRunning("no socket")
      }, options: ["native", "rehearse"], recommended: "native", engine: .native(port: 11_434)),
    Case(
      testDescription: "a Mac with both",
      machine: {
        $0.system.family = .macOS
        $0.graphics.appleSilicon = true
        $0.ollama.program = "/opt/homebrew/bin/ollama"
      }, options: ["native", "docker", "rehearse"], recommended: "native",
      engine: .native(port: 11_434)),
    Case(
      testDescription: "a Mac with Docker alone",
      machine: {
        $0.system.family = .macOS
        $0.graphics.appleSilicon = true
      }, options: ["docker", "rehearse"], recommended: "docker",
      engine: .docker(port: 11_434, graphics: false)),
    Case(
      testDescription: "nothing at all", machine: { $0.docker.state = .notInstalled },
      options: ["rehearse"], recommended: "rehearse"),
    Case(
      testDescription: "our own container answers on its port",
      previous: .example { $0.engine = .docker(port: 11_436, graphics: false) },
      machine: { $0.ollama.port = .ollama(version: "0.32.15") },
      options: ["docker", "rehearse"], recommended: "docker",
      engine: .docker(port: 11_436, graphics: false)),
    Case(
      testDescription: "a server chosen before",
      previous: .example { $0.engine = .server(url: "http://10.0.0.5:11434") },
      options: ["docker", "http://10.0.0.5:11434", "rehearse"],
      recommended: "http://10.0.0.5:11434", engine: .server(url: "http://10.0.0.5:11434")),
    Case(
      testDescription: "Docker chosen before, and gone since", previous: .example(),
      machine: {
        $0.docker.state = .notInstalled
        $0.ollama.program = "/usr/bin/ollama"
      }, options: ["native", "rehearse"], recommended: "native", engine: .native(port: 11_434)),
  ])
  func machines(_ example: Case) throws {
    let questions = try questions(example.previous, example.machine)
    var answers = Answers()
    let question = questions.question(.engine, answers)
    #expect(question.options.map(\.value) == example.options)
    #expect(question.options.filter(\.isRecommended).map(\.value) == [example.recommended])
    #expect(question.recommended == example.recommended)
    #expect(!question.help.isEmpty)
    #expect(
      questions.asksForRehearsal("", .engine, answers) == (example.engine == nil))
    guard let engine = example.engine else {
      let failure = #expect(throws: Failure.self) {
        try questions.accept("", for: .engine, &answers)
      }
      #expect(failure?.tryNext.contains { $0.contains("ccl-setup rehearse") } == true)
      return
    }
    try questions.accept("", for: .engine, &answers)
    #expect(answers.engine == engine)
    // The row's number is the same answer.
    var numbered = Answers()
    let row = try #require(example.options.firstIndex(of: example.recommended)) + 1
    try questions.accept("\(row)", for: .engine, &numbered)
    #expect(numbered == answers)
  }

  @Test("In a rehearsal the stand-in is the only engine")
  func rehearsal() throws {
    let questions = try questions(rehearsal: "http://127.0.0.1:40001")
    var answers = Answers()
    #expect(questions.question(.engine, answers).options.map(\.value) == ["rehearse"])
    try questions.accept("", for: .engine, &answers)
    #expect(answers.engine == .rehearsal(url: "http://127.0.0.1:40001"))
  }

  @Test("What another program holds is left to it: the next port is ours")
  func takenPort() throws {
    let questions = try questions(port: 11_435) {
      $0.ollama.port = .taken(by: "a web server")
      $0.ollama.program = "/usr/bin/ollama"
    }
    for (answer, engine) in [
      ("docker", Engine.docker(port: 11_435, graphics: false)), ("native", .native(port: 11_435)),
    ] {
      var answers = Answers()
      try questions.accept(answer, for: .engine, &answers)
      #expect(answers.engine == engine)
    }
  }

  @Test(
    "An address is read as people write it",
    arguments: [
      ("http://192.168.1.20:11434", "http://192.168.1.20:11434"),
      ("http://192.168.1.20:11434/", "http://192.168.1.20:11434"),
      ("http://192.168.1.20:11434//", "http://192.168.1.20:11434"),
      ("http://192.168.1.20:11434/v1", "http://192.168.1.20:11434"),
      ("http://192.168.1.20:11434/v1/", "http://192.168.1.20:11434"),
      ("192.168.1.20:8080", "http://192.168.1.20:8080"),
      // Without a scheme the port that Ollama itself takes (facts/ollama.md: OLLAMA_HOST).
      ("192.168.1.20", "http://192.168.1.20:11434"), ("localhost", "http://localhost:11434"),
      ("https://ollama.example.org", "https://ollama.example.org"),
      ("HTTP://Ollama.example.org:11434", "http://Ollama.example.org:11434"),
      ("http://[::1]:11434", "http://[::1]:11434"),
    ])
  func addresses(typed: String, url: String) throws {
    var answers = Answers()
    try questions().accept(typed, for: .engine, &answers)
    #expect(answers.engine == .server(url: url))
  }

  @Test(
    "What is neither an engine nor an address is refused as wrong usage",
    arguments: [
      "dokcer", "ftp://host:1", "http://", "http://host:1/path", "http://user:pw@host:1",
      "http://a b:1", "http://host:1;rm -rf", "$(id).example", "http://host.example:99999",
      "http://:11434", "9", "0", "-1", "-9223372036854775808", "file:///etc/passwd",
    ])
  func refused(typed: String) throws {
    var answers = Answers()
    let questions = try questions()
    #expect(!questions.asksForRehearsal(typed, .engine, answers))
    let failure = #expect(throws: Failure.self) {
      try questions.accept(typed, for: .engine, &answers)
    }
    #expect(failure?.code == .usage)
    #expect(answers == Answers())
  }

  @Test("An engine that cannot be used says why, and what to do")
  func unusable() throws {
    let questions = try questions {
      $0.docker.state = .notRunning("Cannot connect to the Docker daemon")
      $0.ollama.port = .ollama(version: "0.1.0")
    }
    for answer in ["docker", "native"] {
      var answers = Answers()
      let failure = #expect(throws: Failure.self) {
        try questions.accept(answer, for: .engine, &answers)
      }
      #expect(failure?.why.isEmpty == false)
      #expect(failure?.tryNext.isEmpty == false, "\(answer)")
    }
  }
}

@Suite("Questions: model, context, tools and shells")
struct OtherQuestionTests {
  private static let docker: Answers = {
    var answers = Answers()
    answers.engine = .docker(port: 11_434, graphics: false)
    return answers
  }()

  @Test("Every model of the catalogue is a row, with figures and a reason; the best is recommended")
  func models() throws {
    let questions = try questions()
    let question = questions.question(.model, Self.docker)
    #expect(question.options.count == questions.catalogue.models.count)
    #expect(
      question.options.allSatisfy {
        !$0.reason.plain.isEmpty && $0.title.plain.contains("download")
      })
    #expect(question.options.first?.isRecommended == true)
    #expect(question.recommended == question.options.first?.value)
    for (index, option) in question.options.enumerated() where option.isAdvised {
      var answers = Self.docker
      try questions.accept("\(index + 1)", for: .model, &answers)
      #expect(answers.model == option.value)
    }
  }

  @Test("A machine too small for any of them is told so, and no model is taken by Return")
  func nothingFits() throws {
    let questions = try questions {
      $0.memory = Memory(total: 1 << 30, available: 1 << 29)
      $0.disk.free = 1_000_000
    }
    #expect(questions.question(.model, Self.docker).recommended == nil)
    var answers = Self.docker
    let failure = #expect(throws: Failure.self) { try questions.accept("", for: .model, &answers) }
    #expect(failure?.what == "There is nothing to recommend here")
    #expect(throws: Failure.self) { try questions.completed(Self.docker) }
  }

  @Test(
    "Hostile and mistaken names are refused, and shown harmlessly",
    arguments: [
      "", "../../etc/passwd", "a b", "-rf", "--help", "$(id)", "`id`", "a;b", "a\u{1b}[2Jb", "a\nb",
      "'quoted'", "a:b:c", "a/b/c/d", "ünïcode", "\u{202e}nevar", "a\u{0}b",
      String(repeating: "a", count: 600), "x:cloud", "qwen3-coder:480b-cloud",
    ])
  func names(typed: String) throws {
    let questions = try questions {
      $0.memory = Memory(total: 1 << 30, available: 1 << 29)
      $0.disk.free = 1_000_000
    }
    var answers = Self.docker
    let failure = #expect(throws: Failure.self) {
      try questions.accept(typed, for: .model, &answers)
    }
    let told = (failure.map { $0.what + $0.why + $0.tryNext.joined() } ?? "")
    #expect(
      told.unicodeScalars.allSatisfy {
        ($0.value >= 0x20 || $0.value == 0x0a) && $0.value != 0x202e
      })
    #expect(answers == Self.docker)
  }

  @Test(
    "Names are taken in their shortest spelling",
    arguments: [
      ("qwen3:1.7b", "qwen3:1.7b"), ("mistral:latest", "mistral"),
      ("registry.ollama.ai/library/mistral:7b", "mistral:7b"), ("  qwen3:1.7b ", "qwen3:1.7b"),
      ("hf.co/a/b:Q4", "hf.co/a/b:Q4"),
    ])
  func spelling(typed: String, model: String) throws {
    var answers = Self.docker
    try questions().accept(typed, for: .model, &answers)
    #expect(answers.model == model)
  }

  @Test("A model without tools is refused, by the server's word before the catalogue's")
  func noTools() throws {
    let name = try ModelName("mymodel:1b")
    for (tools, isRefused) in [(false, true), (true, false)] {
      let questions = try questions(present: [
        PresentModel(name: name, bytes: 1 << 30, tools: tools)
      ])
      var answers = Self.docker
      let accept = { try questions.accept("mymodel:1b", for: .model, &answers) }
      if isRefused {
        let failure = #expect(throws: Failure.self) { try accept() }
        #expect(failure?.why.contains("does not support tools") == true)
      } else {
        try accept()
      }
    }
    let listed = try Catalogue.embedded().models.filter { !$0.tools }
    for model in listed {
      var answers = Self.docker
      #expect(throws: Failure.self, "\(model.name)") {
        try questions().accept(model.name.description, for: .model, &answers)
      }
    }
  }

  @Test(
    "A context is a size, a plain number, or a row",
    arguments: [
      ("64k", "x", 65_536), ("64K", "x", 65_536), ("65536", "x", 65_536), ("1m", "x", 1_048_576),
      ("40000", "qwen3:1.7b", 40_000), ("40k", "qwen3:1.7b", 40_960), ("1", "qwen3:1.7b", 8_192),
      (" 32k ", "qwen3:1.7b", 32_768),
    ])
  func contexts(typed: String, model: String, tokens: Int) throws {
    var answers = Self.docker
    answers.model = model
    try questions().accept(typed, for: .context, &answers)
    #expect(answers.contextWindow == tokens)
  }

  @Test(arguments: ["0", "-5", "64kb", "ten", "99999999999999999999", "5m1", "0k", "100", "9000m"])
  func noContexts(typed: String) throws {
    var answers = Self.docker
    answers.model = "qwen3:1.7b"
    let failure = #expect(throws: Failure.self) {
      try questions().accept(typed, for: .context, &answers)
    }
    #expect(failure?.code == .usage)
    #expect(answers.contextWindow == nil)
  }

  @Test("A context beyond what the model was trained for is refused with what would do")
  func beyondTraining() throws {
    var answers = Self.docker
    answers.model = "qwen3:8b"
    for typed in ["64k", "40961"] {
      let failure = #expect(throws: Failure.self) {
        try questions().accept(typed, for: .context, &answers)
      }
      #expect(failure?.what.hasPrefix("qwen3:8b cannot use a context of") == true)
      #expect(failure?.why.contains("40960") == true)
      #expect(failure?.tryNext.first?.contains("`40k`") == true)
      #expect(failure?.code == .usage)
    }
    #expect(answers.contextWindow == nil)
    #expect(
      try questions().question(.context, answers).help.contains { $0.plain.contains("40960") })
    // A model that is here tells more than the catalogue knows.
    let mine = PresentModel(
      name: try ModelName("mine"), bytes: 1_000_000_000, nativeContext: 16_384)
    answers.model = "mine"
    #expect(throws: Failure.self) {
      try questions(present: [mine]).accept("32k", for: .context, &answers)
    }
    try questions(present: [mine]).accept("", for: .context, &answers)
    #expect(answers.contextWindow == 16_384)
    // What an earlier version accepted is not recommended again.
    let before = Choices.example {
      $0.model = "qwen3:8b"
      $0.contextWindow = 65_536
    }
    answers.model = "qwen3:8b"
    #expect(try questions(before).question(.context, answers).recommended == "40k")
  }

  @Test("A flag that says how much before it is known of what is held against the model")
  func contextBeforeModel() throws {
    var answers = Self.docker
    try questions().accept("128k", for: .context, &answers)
    let given = answers
    let failure = #expect(throws: Failure.self) {
      try questions().accept("qwen3:8b", for: .model, &answers)
    }
    #expect(failure?.code == .usage)
    #expect(answers == given)
    try questions().accept("gpt-oss:20b", for: .model, &answers)
    #expect(answers.model == "gpt-oss:20b")
  }

  @Test("A model that nobody knows has contexts to choose from all the same")
  func unknownModel() throws {
    var answers = Self.docker
    answers.model = "somebody/model:1b"
    let question = try questions().question(.context, answers)
    #expect(question.options.map(\.value) == ["32k", "64k"])
    #expect(question.recommended == "64k")
  }

  @Test(
    "Shells",
    arguments: [
      ("", [Shell.bash, .zsh]), ("bash", [.bash]), ("zsh,bash", [.bash, .zsh]),
      ("fish bash fish", [.bash, .fish]), ("ALL", [.bash, .zsh]), ("none", []), ("2", [.zsh]),
      ("1,2", [.bash, .zsh]), ("Zsh", [.zsh]),
    ])
  func shells(typed: String, expected: [Shell]) throws {
    let questions = try questions {
      $0.shells.append(
        ShellFindings(shell: .zsh, isLoginShell: false, files: ["/home/ada/.zshrc"]))
    }
    var answers = Answers()
    try questions.accept(typed, for: .shells, &answers)
    #expect(answers.shells == expected)
  }

  @Test(
    "A shell that was never used is not recommended, and is one of all",
    arguments: [("", [Shell.bash]), ("all", [.bash, .fish]), ("2", [.fish])])
  func unusedShell(typed: String, expected: [Shell]) throws {
    let questions = try questions {
      $0.shells.append(
        ShellFindings(
          shell: .fish, program: "/usr/bin/fish", isLoginShell: false,
          files: ["/home/ada/.profile"]))
    }
    #expect(
      questions.question(.shells, Answers()).options.map(\.title.plain)
        == ["bash, your login shell", "fish, not used so far"])
    var answers = Answers()
    try questions.accept(typed, for: .shells, &answers)
    #expect(answers.shells == expected)
  }

  @Test(
    "Other shells are not written for",
    arguments: ["tcsh", "bash,ksh", "3", "-9223372036854775808"])
  func otherShells(typed: String) throws {
    var answers = Answers()
    let failure = #expect(throws: Failure.self) {
      try questions().accept(typed, for: .shells, &answers)
    }
    #expect(failure?.code == .usage)
  }

  @Test("Nobody's shells are none")
  func noShells() throws {
    let questions = try questions { $0.shells = [] }
    #expect(questions.question(.shells, Answers()).recommended == "none")
    var answers = Answers()
    try questions.accept("", for: .shells, &answers)
    #expect(answers.shells == [])
  }

  @Test("On a CPU fewer tools are recommended; all of them or six may be had")
  func profile() throws {
    #expect(try questions().question(.profile, Self.docker).recommended == "lean")
    let native = try questions()
    var answers = Self.docker
    #expect(throws: Failure.self) { try native.accept("medium", for: .profile, &answers) }
    try native.accept("2", for: .profile, &answers)
    #expect(answers.profile == .lean)
  }

  @Test("What is open is answered as recommended, and what was answered stays")
  func completed() throws {
    var answers = Answers()
    answers.model = "qwen3:1.7b"
    answers.shells = [.fish]
    let choices = try questions().completed(answers)
    #expect(choices.engine == .docker(port: 11_434, graphics: false))
    #expect(choices.model == "qwen3:1.7b")
    #expect(choices.contextWindow == 32_768)
    #expect(choices.shells == [.fish])
    #expect(choices.profile == .lean)
  }

  @Test("Earlier choices are the recommended answers")
  func earlier() throws {
    let previous = Choices(
      engine: .server(url: "http://10.0.0.5:11434"), model: "mistral:7b", contextWindow: 40_000,
      shells: [.zsh], profile: .full)
    #expect(try questions(previous).completed(Answers()) == previous)
    #expect(Answers(previous).choices == previous)
  }

  @Test("What is not asked stays as an earlier run has left it, unless a flag says otherwise")
  func standing() throws {
    let previous = Choices(
      engine: .server(url: "http://10.0.0.5:11434"), model: "mistral:7b", contextWindow: 40_000,
      shells: [.zsh], profile: .full, clientFolder: .own, proxied: true)
    let questions = try questions(previous) { $0.claude.hasCompletedOnboarding = true }
    #expect(try questions.completed(questions.standing) == previous)
    var answers = questions.standing
    try questions.accept("off", for: .proxy, &answers)
    try questions.accept("yours", for: .clientFolder, &answers)
    let other = try questions.completed(answers)
    #expect(!other.proxied && other.clientFolder == .yours)
    #expect(throws: Failure.self) { try questions.accept("perhaps", for: .proxy, &answers) }
    // A receipt of a version that knew no proxy.
    var text = String(decoding: try JSONEncoder().encode(previous), as: UTF8.self)
    text = text.replacing(/,?"proxied":true/, with: "").replacing("{,", with: "{")
    #expect(try !JSONDecoder().decode(Choices.self, from: Data(text.utf8)).proxied)
  }

  @Test(
    "Forgetting an answer forgets those chosen with it in mind", arguments: Question.ID.allCases)
  func forget(id: Question.ID) {
    var answers = Answers(.example())
    answers.forget(id)
    let forgotten = Question.ID.allCases.filter { !answers.holds($0) }
    switch id {
    case .engine: #expect(forgotten == Question.ID.allCases)
    case .model: #expect(forgotten == [.model, .context])
    default: #expect(forgotten == [id])
    }
    #expect(answers.choices == nil || id == .profile || id == .clientFolder)
  }
}
