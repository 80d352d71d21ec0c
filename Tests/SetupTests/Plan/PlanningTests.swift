import Support
import SystemPackage
import Testing

@testable import Setup

@Suite("Plan: what would be done")
struct PlanningTests {
  private static let home = FilePath("/home/ada")

  /// Every engine, with what has to be found for it.
  struct Situation: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var engine: Engine
    var program: String?
    var survey = Survey()
    /// The kinds of the engine step's changes.
    var engineChanges: [String]
  }

  static let answering = Survey(
    server: Survey.Server(version: "0.32.15", models: [], contexts: [:]))
  static let situations = [
    Situation(
      testDescription: "docker", engine: .docker(port: 11434, graphics: false),
      engineChanges: ["docker-compose.yml", ".env", "docker compose up"]),
    Situation(
      testDescription: "docker with the GPU", engine: .docker(port: 11434, graphics: true),
      engineChanges: [
        "docker-compose.yml", "docker-compose.gpu.yml", ".env", "docker compose up",
      ]),
    Situation(
      testDescription: "native, not running", engine: .native(port: 11434),
      program: "/usr/bin/ollama", engineChanges: ["/usr/bin/ollama serve"]),
    Situation(
      testDescription: "native, running", engine: .native(port: 11434),
      program: "/usr/bin/ollama", survey: answering, engineChanges: []),
    Situation(
      testDescription: "a server", engine: .server(url: "http://192.168.1.20:11434"),
      survey: answering, engineChanges: []),
    Situation(
      testDescription: "rehearsal", engine: .rehearsal(url: "http://127.0.0.1:40001"),
      engineChanges: []),
  ]

  private static func kinds(_ changes: [Change]) -> [String] {
    changes.map { change in
      switch change {
      case .writeFile(let write): return write.path.lastComponent?.string ?? ""
      case .startEngine(let start):
        switch start.how {
        case .commands(let commands):
          return commands.map {
            "\($0.program) \($0.arguments[0]) \($0.arguments.contains("up") ? "up" : "")"
          }
          .joined()
        case .detached(let command, _): return "\(command.program) \(command.arguments[0])"
        }
      case .pullModel(let pull): return "pull \(pull.model)"
      case .createModel(let creation): return "create \(creation.name)"
      case .copyModel(_, _, let to): return "copy \(to)"
      case .replaceModel(let replacement): return "replace \(replacement.name)"
      }
    }
  }

  private static func plan(_ situation: Situation, _ survey: Survey? = nil) throws -> Plan {
    try planned(
      .example { $0.engine = situation.engine },
      machine: .example { $0.ollama.program = situation.program },
      survey: survey ?? situation.survey)
  }

  @Test("A fresh machine gets everything, in order", arguments: situations)
  func fresh(situation: Situation) throws {
    let plan = try Self.plan(situation)
    #expect(plan.withdrawn.isEmpty)
    #expect(plan.steps.map(\.id) == Plan.Step.ID.allCases)
    #expect(Self.kinds(plan.steps[0].changes) == situation.engineChanges)
    #expect(Self.kinds(plan.steps[1].changes) == ["pull qwen3:1.7b"])
    #expect(
      Self.kinds(plan.steps[2].changes)
        == ["Modelfile.qwen3-1.7b-32k", "create qwen3:1.7b-32k"])
    #expect(
      Self.kinds(plan.steps[3].changes)
        == Tier.allCases.flatMap(\.anthropicNames).map { "copy \($0)" })
    #expect(Self.kinds(plan.steps[4].changes) == ["claude-settings.json"])
    #expect(
      Self.kinds(plan.steps[5].changes) == [
        "claude-local.bash", ".bashrc", ".profile", "claude-local.zsh", ".zshrc",
        "claude-local.fish", "ccl-setup.fish", "claude-local.fish", "ccl-setup.1",
      ])
  }

  @Test("What is as the choices want it needs no second plan", arguments: situations)
  func second(situation: Situation) throws {
    let survey = situation.survey.after(try Self.plan(situation))
    let second = try Self.plan(situation, survey)
    #expect(second.isEmpty, "\(second.changes.map(\.title)) \(second.withdrawn.map(\.title))")
    #expect(second.downloadBytes == 0)
  }

  @Test(
    "Every request and every file of a plan names the engine's own port",
    arguments: [11434, 11435, 43_210])
  func port(port: Int) throws {
    let plan = try planned(.example { $0.engine = .docker(port: port, graphics: false) })
    let url = "http://127.0.0.1:\(port)"
    for change in plan.changes {
      switch change {
      case .writeFile(let write):
        let text = String(decoding: write.after, as: UTF8.self)
        if write.path.lastComponent == ".env" { #expect(text.contains("OLLAMA_PORT=\(port)\n")) }
        if write.path.lastComponent == "claude-settings.json" { #expect(text.contains(url)) }
        // The compose file's default is the only other port that may be named.
        let isCompose = write.path.lastComponent == "docker-compose.yml"
        if port != 11434, !isCompose { #expect(!text.contains("11434"), "\(write.path)") }
      case .startEngine(let start): #expect(start.url == url)
      case .pullModel(let pull): #expect(pull.server == url)
      case .createModel(let creation): #expect(creation.server == url)
      case .copyModel(let server, _, _): #expect(server == url)
      case .replaceModel(let replacement): #expect(replacement.server == url)
      }
    }
    let told = plan.notes.contains { $0.text.plain.contains("uses port \(port)") }
    #expect(told == (port != 11434))
  }

  @Test(
    "The overlay for the GPU is in every compose command that starts the container, and in none that ends it"
  )
  func graphics() throws {
    let plan = try planned(.example { $0.engine = .docker(port: 11434, graphics: true) })
    let starts = plan.changes.compactMap { change -> EngineStart? in
      if case .startEngine(let start) = change { return start } else { return nil }
    }
    let start = try #require(starts.first)
    guard case .commands(let up) = start.how else {
      Issue.record("docker is not started by commands")
      return
    }
    for command in up {
      #expect(command.arguments.filter { $0 == "--file" }.count == 2, "\(command.commandLine)")
      #expect(command.arguments.contains { $0.hasSuffix("/engine/docker-compose.gpu.yml") })
    }
    // `start --no-gpu` takes the overlay away: what ends the container must not need it.
    for command in start.undo {
      #expect(!command.arguments.contains { $0.hasSuffix(".gpu.yml") }, "\(command.commandLine)")
    }
  }

  @Test("Compose variables of the person do not reach our commands")
  func composeVariables() throws {
    let exported = ["OLLAMA_PORT", "COMPOSE_FILE"]
    let plan = try planned(.example(), survey: Survey(composeVariables: exported))
    let commands = plan.changes.flatMap { change -> [Invocation] in
      guard case .startEngine(let start) = change, case .commands(let up) = start.how else {
        return []
      }
      return up + start.undo
    }
    #expect(commands.count == 2)
    #expect(commands.allSatisfy { $0.without == exported })
  }

  @Test("A container of another person's making keeps its name")
  func containerName() throws {
    let plan = try planned(.example(), survey: Survey(isContainerNameTaken: true))
    let files = plan.changes.compactMap { change -> String? in
      guard case .writeFile(let write) = change, write.path.lastComponent == ".env" else {
        return nil
      }
      return String(decoding: write.after, as: UTF8.self)
    }
    #expect(files == ["OLLAMA_PORT=11434\nOLLAMA_CONTAINER=ccl-setup-ollama\n"])
    #expect(plan.notes.contains { $0.text.plain.contains("ccl-setup-ollama") })
  }

  // MARK: - Changed choices

  struct Turn: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var turn: @Sendable (inout Choices) -> Void
    /// Subjects taken back, and kinds of what is done anew.
    var withdrawn: [String]
    var made: [String]
  }

  private static let copies = Tier.allCases.flatMap(\.anthropicNames).map { "copy \($0)" }
  static let turns = [
    Turn(
      testDescription: "another context", turn: { $0.contextWindow = 40_960 },
      withdrawn: [
        "file:/home/ada/.config/ccl-setup/models/Modelfile.qwen3-1.7b-32k",
        "model:qwen3:1.7b-32k on http://127.0.0.1:11434",
      ],
      made: ["Modelfile.qwen3-1.7b-40k", "create qwen3:1.7b-40k"] + copies
        + ["claude-settings.json", "claude-local.bash", "claude-local.zsh", "claude-local.fish"]),
    Turn(
      testDescription: "another model", turn: { $0.model = "llama3.2:1b" },
      withdrawn: [
        "file:/home/ada/.config/ccl-setup/models/Modelfile.qwen3-1.7b-32k",
        "model:qwen3:1.7b-32k on http://127.0.0.1:11434",
      ],
      made: ["pull llama3.2:1b", "Modelfile.llama3.2-1b-32k", "create llama3.2:1b-32k"] + copies
        + ["claude-settings.json", "claude-local.bash", "claude-local.zsh", "claude-local.fish"]),
    Turn(
      testDescription: "fewer shells", turn: { $0.shells = [.fish] },
      withdrawn: [
        "file:/home/ada/.config/ccl-setup/claude-local.bash", "file:/home/ada/.bashrc",
        "file:/home/ada/.profile", "file:/home/ada/.config/ccl-setup/claude-local.zsh",
        "file:/home/ada/.zshrc",
      ], made: []),
    Turn(
      testDescription: "the GPU", turn: { $0.engine = .docker(port: 11434, graphics: true) },
      withdrawn: [], made: ["docker-compose.gpu.yml", "docker compose up"]),
  ]

  @Test("A context beyond what the model was trained for is refused, with what would do")
  func beyondTraining() throws {
    func refusal(_ survey: Survey) -> Failure? {
      #expect(throws: Failure.self) {
        try planned(.example { $0.contextWindow = 65_536 }, survey: survey)
      }
    }
    // As the catalogue knows before the model is here, and as a server tells that knows better.
    var server = Survey.Server(version: "0.32.15", models: [], contexts: [:])
    for (trained, most) in [(nil, "40k"), (50_000, "50000"), (51_200, "50k")] as [(Int?, String)] {
      server.trained["qwen3:1.7b"] = trained
      let failure = refusal(Survey(server: trained == nil ? nil : server))
      #expect(failure?.what == "qwen3:1.7b cannot use a context of 64k")
      #expect(failure?.tryNext == ["`ccl-setup --yes --context \(most)`"])
      #expect(failure?.code == .usage)
    }
    server.trained["qwen3:1.7b"] = 65_536
    _ = try planned(.example { $0.contextWindow = 65_536 }, survey: Survey(server: server))
    // One that an earlier version made stays, and is spoken of.
    server.trained["qwen3:1.7b"] = 40_960
    server.contexts["qwen3:1.7b-64k"] = 65_536
    let notes = try planned(
      .example { $0.contextWindow = 65_536 }, survey: Survey(server: server)
    ).notes
    #expect(
      notes.contains {
        $0.kind == .warning && $0.text.plain.contains("ccl-setup --yes --context 40k")
      })
  }

  @Test("Changed choices take back what they no longer want, and do the rest", arguments: turns)
  func turned(turn: Turn) throws {
    let first = try planned(.example())
    var survey = Survey().after(first)
    let choices = Choices.example(turn.turn)
    // A look for other choices finds no derived model of theirs.
    if try Plan.derivedName(choices) != Plan.derivedName(.example()) {
      survey.server?.contexts = [:]
    }
    let second = try planned(choices, survey: survey)
    #expect(second.withdrawn.map(\.subject) == turn.withdrawn)
    let made = Self.kinds(second.changes)
    // Which of the rendered files name the model is the templates' business; none may be missed that changed.
    #expect(Set(turn.made).isSuperset(of: made), "\(made)")
    #expect(Set(made).isSuperset(of: turn.made.filter { !$0.hasPrefix("claude-local.") }))
    #expect(try planned(choices, survey: survey.after(second)).isEmpty)
  }

  @Test("From our container to the native Ollama on the same port, nothing in the container counts")
  func fromContainerToNative() throws {
    let survey = Survey().after(try planned(.example()))
    let plan = try planned(
      .example { $0.engine = .native(port: 11434) },
      machine: .example { $0.ollama.program = "/usr/bin/ollama" }, survey: survey)
    #expect(plan.withdrawn.contains { $0.subject == "engine:docker" })
    #expect(Self.kinds(plan.changes).contains("/usr/bin/ollama serve"))
    #expect(Self.kinds(plan.changes).contains("pull qwen3:1.7b"))
  }

  // MARK: - What is there already

  @Test(
    "A model that is there is not pulled, however it is spelled",
    arguments: [("qwen3:1.7b", "qwen3:1.7b"), ("mistral", "mistral:latest")])
  func present(model: String, listed: String) throws {
    var survey = Self.answering
    survey.server?.models = [.example(listed, digest: "sha256:1")]
    survey.registryBytes = [model: 1_400_000_000]
    let plan = try planned(.example { $0.model = model }, survey: survey)
    #expect(plan.steps[1].changes.isEmpty)
    #expect(plan.downloadBytes == 0)
  }

  @Test("An alias of somebody else's making stays, and is told")
  func foreignAlias() throws {
    var survey = Self.answering
    survey.server?.models = [.example("claude-opus-5-5:latest", digest: "sha256:other")]
    let plan = try planned(.example(), survey: survey)
    let copies = Self.kinds(plan.steps[3].changes)
    #expect(!copies.contains("copy claude-opus-5-5"))
    #expect(copies.count == Self.copies.count - 1)
    #expect(plan.notes.contains { $0.text.plain.hasPrefix("claude-opus-5-5 is there already") })
  }

  @Test("A derived model with another context is refused, unless it is ours")
  func foreignDerived() throws {
    var survey = Self.answering
    survey.server?.contexts = ["qwen3:1.7b-32k": 4096]
    let failure = #expect(throws: Failure.self) { try planned(.example(), survey: survey) }
    #expect(failure?.what == "A model named qwen3:1.7b-32k is there already")
    #expect(failure?.why.contains("4096") == true)
    survey = Survey().after(try planned(.example()))
    survey.server?.contexts = ["qwen3:1.7b-32k": 4096]
    #expect(
      Self.kinds(try planned(.example(), survey: survey).changes) == ["create qwen3:1.7b-32k"])
  }

  @Test("A changed file of ours is put right, and wants a new `up` where it is the engine's")
  func repaired() throws {
    var survey = Survey().after(try planned(.example()))
    let compose = FilePath("/home/ada/.config/ccl-setup/engine/docker-compose.yml")
    survey.files[compose] = .present(Array("edited\n".utf8))
    let plan = try planned(.example(), survey: survey)
    #expect(Self.kinds(plan.changes) == ["docker-compose.yml", "docker compose up"])
    guard case .writeFile(let write)? = plan.changes.first else { return }
    #expect(write.before == Array("edited\n".utf8))
  }

  // MARK: - Start-up files

  @Test(
    "A start-up file that cannot be edited stays, with the line to add",
    arguments: ["locked", "unreadable", "not ended"])
  func untouchable(kind: String) throws {
    var survey = Survey()
    let rc = Self.home.appending(".zshrc")
    switch kind {
    case "locked":
      survey.files[rc] = .present(Array("# mine\n".utf8))
      survey.locked = [rc]
    case "unreadable": survey.files[rc] = .unreadable("permission denied")
    default:
      let block = try #require(
        try RCBlock(.zsh, function: "/home/ada/claude-local.zsh", home: Self.home))
      let whole = try block.installing(in: nil).bytes
      let lines = whole.split(separator: 0x0a)
      survey.files[rc] = .present(Array(lines.dropLast().joined(separator: [0x0a])))
    }
    let plan = try planned(.example { $0.shells = [.zsh] }, survey: survey)
    let kinds = Self.kinds(plan.steps[5].changes)
    #expect(kinds == ["claude-local.zsh", "ccl-setup.1"])
    let note = try #require(plan.notes.first { $0.text.plain.contains("stays as it is") })
    #expect(note.kind == .warning)
    let line = note.text.spans.first { $0.role == .command }?.text
    #expect(line?.contains("claude-local.zsh") == true, "\(note.text.plain)")
  }

  @Test("Two start-up files that are links to one file get both blocks in it")
  func linked() throws {
    var survey = Survey()
    let place = Self.home.appending("dotfiles/rc")
    let mine = Array("# mine\n".utf8)
    for name in [".bashrc", ".zshrc"] {
      survey.files[Self.home.appending(name)] = .present(mine)
      survey.places[Self.home.appending(name)] = place
    }
    let plan = try planned(.example { $0.shells = [.bash, .zsh] }, survey: survey)
    let writes = plan.changes.compactMap { change -> FileWrite? in
      if case .writeFile(let write) = change, case .block = write.ownership { write } else { nil }
    }.filter { $0.path.lastComponent != ".profile" }
    try #require(writes.count == 2)
    #expect(writes[0].before == mine)
    #expect(writes[1].before == writes[0].after)
    #expect(writes[1].after.count > writes[0].after.count)
    var edit = try RCBlock.removing(.zsh, from: writes[1].after)
    edit = try RCBlock.removing(.bash, from: edit.bytes)
    #expect(edit.bytes == mine)
  }

  // MARK: - Refusals, notes and warnings

  @Test("A server that is too old, or that nobody answers at, is refused before anything is done")
  func refused() throws {
    let choices = Choices.example { $0.engine = .server(url: "http://192.168.1.20:11434") }
    var survey = Self.answering
    survey.server?.version = "0.13.9"
    let old = #expect(throws: Failure.self) { try planned(choices, survey: survey) }
    #expect(old?.what == "The Ollama at http://192.168.1.20:11434 is too old")
    let gone = #expect(throws: Failure.self) { try planned(choices) }
    #expect(gone?.what == "No Ollama answers at http://192.168.1.20:11434")
    #expect(gone?.tryNext.isEmpty == false)
    let none = #expect(throws: Failure.self) {
      try planned(.example { $0.engine = .native(port: 11434) })
    }
    #expect(none?.what == "There is no Ollama on this machine")
  }

  struct Remark: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var choices = Choices.example()
    var survey = Survey()
    var free: UInt64 = 500_000_000_000
    var kind: Plan.Note.Kind?
    var words: String
  }

  @Test(arguments: [
    Remark(
      testDescription: "too little disk",
      survey: Survey(registryBytes: ["qwen3:1.7b": 20_000_000_000]),
      free: 5_000_000_000, kind: .warning,
      words: "The download needs 20.0 GB, and 5.0 GB are free at /var/lib/docker."),
    Remark(
      testDescription: "enough disk", survey: Survey(registryBytes: ["qwen3:1.7b": 20_000_000_000]),
      words: "The download needs"),
    Remark(
      testDescription: "a download on another machine",
      choices: .example { $0.engine = .server(url: "http://192.168.1.20:11434") },
      survey: Survey(server: answering.server, registryBytes: ["qwen3:1.7b": 20_000_000_000]),
      free: 5,
      kind: .information, words: "20.0 GB will be downloaded by that server."),
    Remark(
      testDescription: "too small a context", choices: .example { $0.contextWindow = 16_384 },
      kind: .warning, words: "A context of 16k is too small for Claude Code's own prompt"),
    Remark(testDescription: "32k", words: "is too small for Claude Code's own prompt"),
    Remark(
      testDescription: "a model that only proves the setup", kind: .warning,
      words: "qwen3:1.7b only proves that the setup works"),
    Remark(
      testDescription: "a model for real work",
      choices: .example { $0.model = "qwen3-coder:30b" }, words: "only proves that the setup works"),
  ])
  func noted(_ remark: Remark) throws {
    let plan = try planned(
      remark.choices, machine: .example { $0.disk.free = remark.free }, survey: remark.survey)
    let note = plan.notes.first { $0.text.plain.contains(remark.words) }
    #expect(note?.kind == remark.kind, "\(plan.notes.map(\.text.plain))")
  }

  @Test("The registry's figure beats the catalogue's, and says so")
  func figures() throws {
    func pull(_ plan: Plan) -> ModelPull? {
      plan.changes.lazy.compactMap { if case .pullModel(let pull) = $0 { pull } else { nil } }.first
    }
    let exact = try #require(
      pull(try planned(.example(), survey: Survey(registryBytes: ["qwen3:1.7b": 1_234_567_890]))))
    #expect(exact.bytes == 1_234_567_890 && exact.isBytesFromRegistry)
    let known = try #require(pull(try planned(.example())))
    #expect(known.bytes != nil && !known.isBytesFromRegistry)
    let unknown = try #require(pull(try planned(.example { $0.model = "somebody/model:1b" })))
    #expect(unknown.bytes == nil)
  }
}
