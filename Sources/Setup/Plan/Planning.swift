import Assets
import SystemPackage

extension Plan {
  /// What would be done for these choices, given what was found: a pure function.
  ///
  /// What the receipt holds and these choices no longer want is withdrawn; what is there already is not made again,
  /// and so is never taken away later.
  public init(
    _ choices: Choices, machine: Machine, catalogue: Catalogue, survey: Survey,
    environment: Environment
  ) throws(Failure) {
    var survey = survey
    if survey.isServerToBeWithdrawn(for: choices) { survey.server = nil }
    let planner = Planner(
      choices: choices, machine: machine, catalogue: catalogue, survey: survey,
      environment: environment,
      folders: Folders(environment))
    self = try planner.plan()
  }

  /// The name of the model that `claude-local` uses: the chosen one with its context baked in.
  public static func derivedName(_ choices: Choices) throws(Failure) -> ModelName {
    try choices.variant.name()
  }

  /// Every file that a plan for these choices may write, for the survey to read.
  static func files(for choices: Choices, _ environment: Environment) -> [FilePath] {
    let folders = Folders(environment)
    var files = [
      folders.engine.appending("docker-compose.yml"),
      folders.graphicsOverlay, folders.engine.appending(".env"),
      folders.clientSettings, folders.manual,
    ]
    if choices.clientFolder == .own { files.append(ClientState.file(folders.client)) }
    files += Self.files(for: [choices.variant] + choices.additions.contexts, folders)
    for shell in choices.shells {
      files.append(folders.function(for: shell))
      files += folders.completions(for: shell).map(\.path)
      files += startUpFiles(of: shell, environment)
    }
    return files
  }

  /// The Modelfiles of models with a context of their own.
  static func files(for variants: [ContextVariant], _ folders: Folders) -> [FilePath] {
    variants.compactMap { variant in (try? variant.name()).map(folders.modelfile) }
  }
}

extension Choices {
  /// The model that `claude-local` uses.
  var variant: ContextVariant { ContextVariant(model: model, contextWindow: contextWindow) }
}

extension Folders {
  /// The Modelfile of a derived model.
  func modelfile(_ name: ModelName) -> FilePath {
    let plain = name.description.map { $0 == "/" || $0 == ":" ? "-" : String($0) }.joined()
    return modelfiles.appending("Modelfile.\(plain)")
  }
}

struct Planner {
  let choices: Choices
  let machine: Machine
  let catalogue: Catalogue
  let survey: Survey
  let environment: Environment
  let folders: Folders

  private var models: ModelPlanner {
    ModelPlanner(
      url: choices.engine.url, additions: choices.additions, survey: survey, catalogue: catalogue,
      folders: folders)
  }

  func plan() throws(Failure) -> Plan {
    var notes: [Plan.Note] = []
    var wanted: [Plan.Step] = []
    wanted.append(try engineStep(&notes))
    if choices.engine.isOllama {
      let pulls = modelStep(&notes)
      let creations = Plan.Step(
        id: .context, title: "The context window",
        changes: try models.creations(choices.variant, &notes))
      wanted += [pulls, creations]
      wanted.append(
        aliasStep(
          try Plan.derivedName(choices), planned: names(pulls.changes + creations.changes), &notes))
    }
    if survey.isTokenBeaten(for: choices) {
      notes.append(
        .init(
          .warning,
          "Your own settings.json of Claude Code sets ANTHROPIC_AUTH_TOKEN, which beats the server's: take it out there."
        ))
    }
    let settings = try clientSettings()
    wanted.append(try clientStep(settings))
    wanted.append(try shellStep(settings, &notes))
    let subjects = Set(wanted.flatMap(\.changes).map(\.subject))
    var withdrawn =
      survey.receipt?.entries.filter { entry in
        !subjects.contains(entry.subject) && !isStillWanted(entry)
      } ?? []
    withdrawn += movedBlocks(besides: subjects.union(withdrawn.map(\.subject)))
    let steps = wanted.map { step in
      Plan.Step(id: step.id, title: step.title, changes: step.changes.filter { !isInPlace($0) })
    }
    return Plan(
      choices: choices, additions: choices.additions, withdrawn: withdrawn, steps: steps,
      notes: notes)
  }

  // MARK: - Engine

  private func engineStep(_ notes: inout [Plan.Note]) throws(Failure) -> Plan.Step {
    var changes: [Change] = []
    switch choices.engine {
    case .docker(let port, let graphics):
      let isNameTaken = survey.isContainerNameTaken
      changes.append(
        survey.ours(folders.engine.appending("docker-compose.yml"), Asset.compose.bytes))
      if graphics {
        changes.append(
          survey.ours(
            folders.graphicsOverlay, Asset.composeGraphics.bytes))
      }
      let container = ComposeProject.containers[isNameTaken ? 1 : 0]
      changes.append(
        survey.ours(
          folders.engine.appending(".env"),
          ComposeProject.variables(port: port, container: container)))
      changes.append(
        .startEngine(
          EngineStart(
            name: "docker",
            how: .commands([
              compose(
                ["up", "--detach"] + (isContainerToBeMadeAnew ? ["--force-recreate"] : []),
                graphics: graphics)
            ]),
            url: choices.engine.url,
            // A proxy that was started beside it holds on to the network. The file with the cards comes and goes, and what
            // it adds to the container is of no account here.
            undo: [compose(["--profile", "proxy", "down"], graphics: false)],
            // A volume from before holds somebody's models.
            undoStorage: survey.isVolumeThere ? [] : [ComposeProject.storageRemoval])))
      if isContainerToBeMadeAnew, let server = survey.server, server.isTooOld {
        notes.append(
          .init(
            .information,
            "The container is made anew with Ollama \(Update.pinnedServer ?? "") in the place of \(printable(server.version)); its models stay."
          ))
      }
      if port != Engine.defaultPort {
        notes.append(
          .init(
            .information,
            "Port \(Engine.defaultPort) is taken, so everything here uses port \(port)."))
      }
      if isNameTaken {
        notes.append(
          .init(
            .information,
            "Another container is named ollama, so ours is \(container, .emphasis)."))
      }
    case .native(let port):
      if survey.server == nil {
        changes.append(.startEngine(try nativeStart(port: port)))
      }
    case .server(let url):
      guard let server = survey.server else {
        throw Failure(
          "No Ollama answers at \(url)", why: survey.serverProblem?.why ?? "nobody has asked it",
          tryNext: ["Check the address, and that the server listens on more than its own loopback."]
        )
      }
      if server.isTooOld {
        throw Failure(
          "The Ollama at \(url) is too old",
          why:
            "it is \(printable(server.version)); the Messages API came with \(Engine.oldestVersion)"
        )
      }
    case .compatible: try noteServed(&notes)
    case .rehearsal: break
    }
    return Plan.Step(id: .engine, title: choices.engine.title, changes: changes)
  }

  private func compose(_ arguments: [String], graphics: Bool) -> Invocation {
    ComposeProject(folder: folders.engine, graphics: graphics, without: survey.composeVariables)
      .call(arguments)
  }

  private func nativeStart(port: Int) throws(Failure) -> EngineStart {
    guard let program = machine.ollama.program else {
      throw Failure(
        "There is no Ollama on this machine", why: "no program named ollama was found",
        tryNext: ["`ccl-setup --engine docker`"])
    }
    // The same settings as the container's, and for the same reasons (docker-compose.yml).
    return EngineStart(
      name: "native",
      how: .detached(
        Invocation(
          program, ["serve"],
          environment: [
            "OLLAMA_HOST": "127.0.0.1:\(port)", "OLLAMA_KEEP_ALIVE": "30m",
            "OLLAMA_NUM_PARALLEL": "1", "OLLAMA_CONTEXT_LENGTH": "32768",
            "LLAMA_ARG_CACHE_RAM": "2048",
          ]), log: folders.nativeLog),
      url: choices.engine.url, undo: [])
  }

  // MARK: - Models

  private func modelStep(_ notes: inout [Plan.Note]) -> Plan.Step {
    let known = (try? ModelName(choices.model)).flatMap { catalogue.model(named: $0) }
    let pulls = models.pulls(choices.model)
    let bytes = pulls.reduce(UInt64(0)) { sum, change in
      guard case .pullModel(let pull) = change, !models.isInPlace(change) else { return sum }
      return sum + (pull.bytes ?? 0)
    }
    if bytes > 0, case .server = choices.engine {
      notes.append(
        .init(.information, "\(ByteCount(bytes).inWords) will be downloaded by that server."))
    } else if machine.disk.isKnown, bytes > machine.disk.free {
      notes.append(
        .init(
          .warning,
          "The download needs \(ByteCount(bytes).inWords), and \(ByteCount(machine.disk.free).inWords) are free at \(path: machine.disk.place)."
        ))
    }
    // What was said before the first time is not said again by every word of daily use.
    let isChosenBefore = survey.receipt?.choices?.variant == choices.variant
    if let need = known?.memoryNeed(context: choices.contextWindow), !isElsewhere, !isChosenBefore {
      let budget = machine.memoryBudget(for: choices.engine)
      let words: Text =
        "In memory: \(Bytes.memory(need)) for \(choices.model) at \(contextInWords(choices.contextWindow)), of \(Bytes.memory(budget.bytes)) of \(budget.owner)."
      notes.append(.init(need > budget.bytes ? .warning : .information, words))
    }
    if let known, catalogue.notForAgents.contains(known.name), !isChosenBefore {
      notes.append(
        .init(
          .warning,
          "\(choices.model) is on Ollama's own list of models that do not work well with Claude Code."
        ))
    }
    if known?.setupOnly == true, !isChosenBefore {
      notes.append(
        .init(
          .warning,
          "\(choices.model) only proves that the setup works; it is too small for real work."))
    }
    if let words = machine.claude.shortage(of: choices), !isChosenBefore {
      notes.append(.init(.warning, "\(words)"))
    }
    return Plan.Step(id: .model, title: "The model", changes: pulls)
  }

  private var isElsewhere: Bool { if case .server = choices.engine { true } else { false } }

  private func aliasStep(
    _ derived: ModelName, planned: Set<ModelName>, _ notes: inout [Plan.Note]
  ) -> Plan.Step {
    var changes: [Change] = []
    for name in Tier.allCases.flatMap(\.anthropicNames)
    where choices.additions.aliases[name] == nil {
      let there = survey.present(name)
      let subject = Receipt.subject(ofModel: name, on: choices.engine.url)
      let isForeign = there != nil && survey.receipt?[subject] == nil
      if isForeign, there?.digest != survey.present(derived.description)?.digest {
        notes.append(
          .init(
            .information, "\(name) is there already and not of our making: it stays as it is."))
        continue
      }
      changes.append(
        .copyModel(server: choices.engine.url, from: derived.description, to: name))
    }
    changes += models.aliases(planned: planned, &notes)
    return Plan.Step(
      id: .aliases, title: "Anthropic names, for other clients", changes: changes)
  }

  // MARK: - Client and shells

  private func clientStep(_ settings: ClientSettings) throws(Failure) -> Plan.Step {
    do {
      let document = try settings.document()
      var changes = [survey.ours(folders.clientSettings, Array(document.utf8), mode: 0o600)]
      // Where there is none yet, the function writes it.
      let state = ClientState.file(folders.client)
      if choices.clientFolder == .own, case .present(let bytes)? = survey.files[state],
        let repaired = ClientState.repaired(bytes, home: environment.home)
      {
        changes.append(survey.ours(state, repaired, mode: 0o600))
      }
      return Plan.Step(
        id: .client, title: "Claude Code's settings for claude-local", changes: changes)
    } catch {
      throw Failure("The client's settings could not be written", why: "\(error)")
    }
  }

  private func clientSettings() throws(Failure) -> ClientSettings {
    try ClientSettings(
      choices, demands: machine.claude.demands,
      folder: choices.clientFolder == .own ? folders.client : nil,
      document: survey.clientSettings)
  }

  private func shellStep(
    _ settings: ClientSettings, _ notes: inout [Plan.Note]
  ) throws(Failure) -> Plan.Step {
    var changes: [Change] = []
    var edited: [FilePath: [UInt8]] = [:]
    let client = machine.claude.installations.first.map { FilePath($0.path) }
    for shell in choices.shells {
      let function: String
      do {
        function = try settings.function(
          for: shell, document: folders.clientSettings, proxyDocument: folders.proxyDocument,
          client: client, home: environment.home)
      } catch {
        throw Failure("The function for \(shell.rawValue) could not be written", why: "\(error)")
      }
      changes.append(survey.ours(folders.function(for: shell), Array(function.utf8), mode: 0o644))
      for (path, content) in folders.completions(for: shell) {
        changes.append(survey.ours(path, content.bytes))
      }
      changes += try blockChanges(shell, &notes, &edited)
    }
    // The page explains the function and goes with it.
    if !choices.shells.isEmpty { changes.append(survey.ours(folders.manual, Asset.manual.bytes)) }
    return Plan.Step(id: .shells, title: "The function claude-local", changes: changes)
  }

  // MARK: - What is there already

  /// Whether a change would change nothing.
  private func isInPlace(_ change: Change) -> Bool {
    guard case .startEngine(let start) = change else { return models.isInPlace(change) }
    // A compose file that changes wants a new `up`, even where the old container answers.
    guard survey.server != nil, survey.receipt?[start.name.engineSubject] != nil else {
      return false
    }
    return !engineFilesChange && !isContainerToBeMadeAnew
  }

  private var isContainerToBeMadeAnew: Bool {
    survey.isContainerToBeMadeAnew
      || survey.server?.isTooOld == true && survey.receipt?["docker".engineSubject] != nil
  }

  private var engineFilesChange: Bool {
    guard case .docker(let port, let graphics) = choices.engine else { return false }
    let container = ComposeProject.containers[survey.isContainerNameTaken ? 1 : 0]
    let wanted: [(String, [UInt8])] =
      [
        ("docker-compose.yml", Asset.compose.bytes),
        (".env", ComposeProject.variables(port: port, container: container)),
      ] + (graphics ? [("docker-compose.gpu.yml", Asset.composeGraphics.bytes)] : [])
    // Cards are taken away from a container by starting it anew, without the file that gives them.
    let isGiven = survey.receipt?["file:\(folders.graphicsOverlay)"] != nil
    return isGiven && !graphics
      || wanted.contains { name, bytes in
        survey.files[folders.engine.appending(name)] != .present(bytes)
      }
  }

  /// Whether an entry that no change of this plan is about must stay all the same.
  private func isStillWanted(_ entry: Receipt.Entry) -> Bool {
    // An alias whose model has gone still means what it meant.
    let url = choices.engine.url
    if choices.additions.aliases.keys.contains(where: {
      entry.subject == Receipt.subject(ofModel: $0, on: url)
    }) {
      return true
    }
    return switch entry.undo {
    // The client goes on writing into its folder, which stays until `uninstall`.
    case .restoreFile(let path, _, _, _): FilePath(path).starts(with: folders.client)
    // A native server that we started goes on running for a plan that found it answering.
    case .endProcess: if case .native = choices.engine { true } else { false }
    case .stopEngine(let commands, _) where commands.isEmpty:
      if case .native = choices.engine { true } else { false }
    // What cannot be edited cannot be made right, and is no reason to take out what is there.
    case .removeBlock(let path, let shell, _, _):
      choices.shells.contains(shell) && survey.reasonToLeave(FilePath(path)) != nil
    // Made by `proxy image`, beside a container that stays.
    case .removeProxyImage: if case .docker = choices.engine { true } else { false }
    // Downloads cost hours: other choices leave them, `uninstall` and `clean` remove them.
    case .deleteModel(_, _, .some): true
    default: false
    }
  }
}

extension String {
  fileprivate var engineSubject: String { "engine:\(self)" }
}

extension ModelName {
  /// Whether the client's late system message would be refused or dropped: Qwen3.5's kind of GGUF template answers it
  /// with a 400, the qwen3-coder renderer loses its text (measured, docs/measurements.md).
  var dropsLateSystemMessages: Bool {
    family.hasPrefix("qwen3") || host != Self.defaultHost
  }
}
