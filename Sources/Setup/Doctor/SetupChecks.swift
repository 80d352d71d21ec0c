import SystemPackage

extension Facts {
  /// Every check of a setup, in the order of the sections.
  var checks: [Check] {
    let all =
      [receiptCheck] + fileChecks + withdrawnChecks + dockerChecks + resourceChecks + serverChecks
      + [proxyCheck] + modelChecks + tokenChecks + [aliasCheck]
      + choices.shells.flatMap(functionChecks) + answerChecks
      + machine.checks + onboardingChecks + contractChecks
    return Check.Section.allCases.flatMap { section in all.filter { $0.section == section } }
  }

  private var changes: [Change] {
    if case .success(let plan) = plan { plan.changes } else { [] }
  }

  private func write(to path: FilePath) -> FileWrite? {
    for case .writeFile(let write) in changes where write.path == path { return write }
    return nil
  }

  // MARK: - Installation

  private var receiptCheck: Check {
    if case .failure(let failure) = plan, !isToldOfServer {
      return Check(
        .plan, .installation, "The setup", .fail, "\(failure.what): \(failure.why)",
        remedy: failure.tryNext.isEmpty
          ? .setUp : Remedy("Try", tryNext: failure.tryNext))
    }
    let count = receipt.entries.count
    return Check(
      .receipt, .installation, "The receipt", .pass,
      "\(folders.receipt): \(count) changes recorded, \(choices.engine.title), \(printable(choices.model)), context \(contextInWords(choices.contextWindow))"
    )
  }

  /// Whether a line of its own says what keeps a server elsewhere from being planned with.
  private var isToldOfServer: Bool {
    switch choices.engine {
    case .server, .compatible: (serverChecks + modelChecks).contains { $0.outcome == .fail }
    case .docker, .native, .rehearsal: false
    }
  }

  /// The files that are ours alone, other than the shells'.
  private var fileChecks: [Check] {
    let files = [
      OwnFile(
        .settingsFile, folders.clientSettings,
        "The client's own settings files have their say, and can send it elsewhere."
      ),
      OwnFile(
        .composeFile, folders.engine.appending("docker-compose.yml"),
        "The container is not started as the setup wants it."
      ),
      OwnFile(
        .composeGPUFile, folders.graphicsOverlay,
        "The container does not get the GPU."
      ),
      OwnFile(
        .composeEnvFile, folders.engine.appending(".env"),
        "The container is not published on the port that claude-local asks."
      ),
    ]
    return fileChecks(files, .fail) + fileChecks(helpFiles, .warn)
  }

  /// What helps at the prompt: claude-local works without it.
  private var helpFiles: [OwnFile] {
    let completions = choices.shells.flatMap { folders.completions(for: $0) }.map(\.path)
    return [OwnFile(.manual, folders.manual, "`man ccl-setup` has no page.")]
      + completions.map {
        OwnFile(.completions, of: $0.stem, $0, "Tab offers nothing for it in fish.")
      }
  }

  /// A file of ours, and what follows where it is not as it was written.
  private struct OwnFile {
    var kind: Check.Kind
    var subject: String?
    var path: FilePath
    var consequence: String

    init(
      _ kind: Check.Kind, of subject: String? = nil, _ path: FilePath, _ consequence: String
    ) {
      self.kind = kind
      self.subject = subject
      self.path = path
      self.consequence = consequence
    }
  }

  private func fileChecks(_ files: [OwnFile], _ outcome: Check.Outcome) -> [Check] {
    files.compactMap { file in
      let path = file.path
      let title = path.lastComponent?.string ?? file.kind.rawValue
      guard receipt["file:\(path)"] != nil || write(to: path) != nil else { return nil }
      guard let write = write(to: path) else {
        return Check(
          file.kind, of: file.subject, .installation, title, .pass,
          "\(path)" + (file.kind == .manual ? wayToManual : ""))
      }
      return Check(
        file.kind, of: file.subject, .installation, title, outcome, evidence(write),
        consequence: file.consequence, remedy: .fix)
    }
  }

  /// `man` looks for a person's own pages beside the folders on the `PATH`.
  private var wayToManual: String {
    let folders = (environment.variables["PATH"] ?? "").split(separator: ":")
    let isFound = folders.contains {
      FilePath(String($0)) == environment.home.appending(".local/bin")
    }
    return isFound
      ? ""
      : "; `man ccl-setup` finds it once ~/.local/bin is on the PATH, until then `man` with its path does"
  }

  /// What became of a file of ours.
  private func evidence(_ write: FileWrite) -> String {
    guard let before = write.before else { return "\(write.path) is missing" }
    let written: Digest? =
      switch receipt["file:\(write.path)"]?.undo {
      case .removeFile(_, let after, _), .restoreFile(_, _, _, let after): after
      default: nil
      }
    return Digest(of: before) == written
      ? "\(write.path) is that of an earlier version or of other choices"
      : "\(write.path) was changed since it was written"
  }

  private var withdrawnChecks: [Check] {
    guard case .success(let plan) = plan, server != nil else { return [] }
    return plan.withdrawn.map { entry in
      Check(
        .leftOver, of: entry.subject, .installation, "Left over", .warn, printable(entry.title),
        consequence: "It belongs to earlier choices.", remedy: .fix)
    }
  }

  // MARK: - Docker, server, port

  private var dockerChecks: [Check] {
    guard case .docker = choices.engine else { return [] }
    let docker = Check(.docker, .docker, machine.docker.probe(on: machine.system))
    switch container {
    case .failure(let failure):
      return [
        docker,
        Check(
          .container, .docker, "The container", .fail, failure.why,
          consequence: "Whether the model's server runs is not known.",
          remedy: machine.docker.remedies(on: machine.system).first),
      ]
    case .success(nil):
      return [
        docker,
        Check(
          .containerMissing, .docker, "The container", .fail, "there is none of ours",
          consequence: "No server, and so no model.", remedy: repairOfEngine),
      ]
    case .success(let found?) where !found.isRunning:
      return [
        docker,
        Check(
          .containerStopped, .docker, "The container", .fail, "\(found.name): \(found.status)",
          consequence: "No server, and so no model.", remedy: repairOfEngine),
      ]
    case .success(let found?):
      return [
        docker,
        Check(
          found.isUnhealthy ? .containerUnhealthy : .container, .docker, "The container",
          found.isUnhealthy ? (server == nil ? .fail : .warn) : .pass,
          "\(found.name): \(found.status)",
          consequence: found.isUnhealthy ? "Docker's own check of the server fails." : nil,
          remedy: found.isUnhealthy ? repairOfEngine : nil),
      ]
    }
  }

  /// What `fix` can do about an engine that does not run; where it cannot, what the person can.
  var repairOfEngine: Remedy? {
    if isDockerInTheWay { return machine.docker.remedies(on: machine.system).first }
    switch choices.engine {
    case .docker, .native: return .fix
    case .server(let url), .compatible(let url):
      return Remedy(
        "Start it there", [.say("Start the server at \(url), or see why it is out of reach.")])
    case .rehearsal: return Remedy("Rehearse again", run: "ccl-setup rehearse")
    }
  }

  /// A container is made anew by `fix`; everything else is updated in the way in which it was installed.
  private var updateOfServer: Remedy? {
    switch choices.engine {
    case .docker: return repairOfEngine
    case .native:
      var remedy = machine.ollama.updateRemedy
      // None that we started: that is looked at when it starts.
      remedy.steps.append(.say("Restart it, where that was not done with it."))
      return remedy
    case .server(let url), .compatible(let url), .rehearsal(let url):
      return Remedy("Update it there", [.say("Update the Ollama at \(url).")])
    }
  }

  private var serverChecks: [Check] {
    let url = choices.engine.url
    if let portHolder {
      return [
        Check(
          .portTaken, .server, "The port", .fail,
          "\(url): \(printable(portHolder)) listens there",
          consequence: "Our own server cannot start, and claude-local asks the wrong one.",
          remedy: repairOfEngine)
      ]
    }
    if !choices.engine.isOllama { return servedChecks }
    if let change, server == nil {
      return [
        Check(
          .serverMoved, .server, "The server", .fail,
          "nothing answers at \(url), an Ollama answers at \(change.choices.engine.url)",
          consequence: "claude-local asks where nobody listens.", remedy: .fix)
      ]
    }
    guard let server else {
      return [
        Check(
          .serverDown, .server, "The server", .fail,
          "no Ollama answers at \(url)" + (surveyed?.serverProblem.map { ": \($0.why)" } ?? ""),
          consequence: "claude-local cannot reach a model.", remedy: repairOfEngine)
      ]
    }
    if server.isTooOld {
      return [
        Check(
          .serverTooOld, .server, "The server", .fail,
          "\(url) is Ollama \(printable(server.version)), the Messages API came with \(Engine.oldestVersion)",
          consequence: "Claude Code cannot talk to it.", remedy: updateOfServer)
      ]
    }
    return [
      Check(
        .server, .server, "The server", .pass,
        "\(url) is Ollama \(printable(server.version)), \(counted(server.models.count, "model"))")
    ]
  }

  // MARK: - Models

  static let unknown = "not known while the server does not answer"

  private var modelChecks: [Check] {
    let model = printable(choices.model)
    if !choices.engine.isOllama { return servedModelChecks }
    guard let server else {
      return [Check(.model, .models, model, .warn, Facts.unknown)]
    }
    var checks: [Check] = []
    var isPulled = true
    for case .pullModel(let pull) in changes {
      let isChosen = pull.model == choices.model
      if isChosen { isPulled = false }
      checks.append(
        Check(
          .modelMissing, .models, printable(pull.model), isChosen ? .fail : .warn,
          "\(choices.engine.url) does not have it",
          consequence: isChosen
            ? "Every request is answered with a 404." : "ccl-setup pull was asked for it.",
          remedy: .fix))
    }
    if isPulled {
      let found = server.models.first(named: choices.model)
      checks.append(
        Check(
          .model, .models, model, .pass, found.map { ByteCount($0.size).inWords } ?? "there"))
    }
    checks += contextChecks(server)
    if lacksTools {
      checks.append(
        Check(
          .modelWithoutTools, .models, model, .fail,
          "it can do: \(printable((description?.capabilities ?? []).joined(separator: ", ")))",
          consequence: "Claude Code works with tools only: every request is refused.",
          remedy: change != nil ? .fix : Remedy("Choose another model", run: "ccl-setup")))
    }
    return checks
  }

  private var derivedName: String? { (try? Plan.derivedName(choices))?.description }

  private func contextChecks(_ server: Survey.Server) -> [Check] {
    var checks: [Check] = []
    var isMade = true
    for case .createModel(let creation) in changes {
      let isChosen = creation.name == derivedName
      if isChosen { isMade = false }
      let found = server.contexts[creation.name]
      let evidence =
        found.map {
          "its context is \($0), asked were \(creation.contextWindow)"
        } ?? "\(choices.engine.url) does not have it"
      checks.append(
        Check(
          found == nil ? .derivedModelMissing : .contextWrong, .models,
          printable(creation.name), isChosen ? .fail : .warn, evidence,
          consequence: found != nil
            ? "Longer prompts are cut off silently."
            : isChosen
              ? "It is the model that claude-local asks for."
              : "ccl-setup context was asked for it.", remedy: .fix))
    }
    if isMade, let derivedName {
      checks.append(
        Check(
          .context, .models, printable(derivedName), .pass,
          "its context of \(choices.contextWindow) tokens is baked in"))
    }
    if let words = client.shortage(of: choices) {
      checks.append(
        Check(
          .contextTooSmall, .models, "The context", .warn, words,
          consequence: "Little or no room is left for files and the conversation.",
          remedy: remedyOfShortage(trained: server.trained[choices.model])))
    }
    return checks
  }

  /// More room for the client's own prompt, as far as the model allows it.
  private func remedyOfShortage(trained: Int?) -> Remedy {
    if change != nil { return .fix }
    let least = client.smallestContext(choices.profile)
    if least <= trained ?? .max {
      return Remedy(
        "Choose a larger one", run: "ccl-setup --yes --context \(contextInWords(least))")
    }
    return choices.profile == .full && client.smallestContext(.lean) <= choices.contextWindow
      ? Remedy("Use six tools", run: "ccl-setup profile lean")
      : Remedy("Choose another model", run: "ccl-setup")
  }

  private var aliasCheck: Check {
    if !choices.engine.isOllama {
      return Check(
        .aliases, .aliases, "Aliases", .pass,
        "none: the server serves its own names, and claude-local sends every tier to one of them")
    }
    guard server != nil else {
      return Check(.aliases, .aliases, "Aliases", .warn, Facts.unknown)
    }
    let all = Tier.allCases.flatMap(\.anthropicNames)
    var missing: [String] = []
    for case .copyModel(_, _, let to) in changes { missing.append(to) }
    let isModelMadeAnew = changes.contains { change in
      if case .createModel(let creation) = change { creation.name == derivedName } else { false }
    }
    if isModelMadeAnew {
      return Check(
        .aliases, .aliases, "Aliases", .warn,
        "they are names of the model that is to be made anew, and follow it", remedy: .fix)
    }
    guard missing.isEmpty else {
      return Check(
        .aliasMissing, .aliases, "Aliases", .fail,
        "missing, or of another model: \(printable(missing.joined(separator: ", ")))",
        consequence: "Other clients that ask for these names get a 404 or the wrong model.",
        remedy: .fix)
    }
    return Check(
      .aliases, .aliases, "Aliases", .pass,
      "\(all.count) names for \(Tier.allCases.map(\.rawValue).joined(separator: ", "))")
  }

  // MARK: - Client and prompt

  private var answerChecks: [Check] {
    answers.map { proof in
      let kind = proof.subject == .context ? Check.Kind.loadedContext : .prompt
      switch proof.outcome {
      case .success(let evidence):
        var words = evidence.words.isEmpty ? [] : ["“\(evidence.words)”"]
        if let first = evidence.secondsToFirstToken {
          words.append("first token after \(Duration.seconds(first).inWords)")
        }
        return Check(kind, .prompt, proof.title, .pass, words.joined(separator: ", "))
      case .failure(let failure):
        return Check(
          kind, .prompt, proof.title, .fail, "\(failure.what): \(failure.why)",
          remedy: failure.tryNext.isEmpty
            ? nil : Remedy("Try", tryNext: failure.tryNext))
      }
    }
  }
}
