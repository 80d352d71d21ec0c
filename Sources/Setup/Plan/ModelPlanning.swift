import Assets
import SystemPackage

/// The part of planning that is about the models of one server: what is to be pulled, made and named.
struct ModelPlanner {
  /// The server's base URL.
  let url: String
  let additions: Additions
  let survey: Survey
  let catalogue: Catalogue
  let folders: Folders

  /// The models to have: the wizard's first, each once.
  func pulls(_ chosen: String?) -> [Change] {
    distinct([chosen].compactMap { $0 } + additions.models).map { model in
      let known = (try? ModelName(model)).flatMap { catalogue.model(named: $0) }
      let registryBytes = survey.registryBytes[model]
      return .pullModel(
        ModelPull(
          server: url, model: model, bytes: registryBytes ?? known.map { UInt64($0.downloadBytes) },
          isBytesFromRegistry: registryBytes != nil))
    }
  }

  /// The models with a context of their own, each with its Modelfile.
  func creations(
    _ chosen: ContextVariant?, _ notes: inout [Plan.Note]
  ) throws(Failure) -> [Change] {
    var changes: [Change] = []
    var made: Set<ModelName> = []
    for variant in [chosen].compactMap({ $0 }) + additions.contexts {
      let name = try variant.name()
      guard made.insert(name).inserted else { continue }
      try refuseForeign(variant, name)
      changes.append(survey.ours(folders.modelfile(name), try variant.modelfile()))
      let creation = Change.createModel(
        ModelCreation(
          server: url, name: name.description, from: variant.model,
          contextWindow: variant.contextWindow))
      if let (problem, instead) = beyondTraining(variant, isChosen: variant == chosen) {
        // What is there already can be used, with less than its name says.
        guard isInPlace(creation) else { throw problem }
        notes.append(
          .init(
            .warning,
            "\(problem.what): \(problem.why). \(command: instead) chooses what it can use."))
      }
      changes.append(creation)
    }
    return changes
  }

  /// Why the model cannot use the variant's context, and the command for one that it can; `nil` where it can.
  private func beyondTraining(
    _ variant: ContextVariant, isChosen: Bool
  ) -> (problem: Failure, instead: String)? {
    guard let trained = survey.trainedContext(of: variant.model, catalogue),
      variant.contextWindow > trained
    else { return nil }
    let most = contextInWords(trained)
    let instead =
      isChosen
      ? "ccl-setup --yes --context \(most)" : "ccl-setup context \(variant.model) \(most)"
    let problem = contextBeyondTraining(
      of: variant.model, variant.contextWindow, trained: trained, tryNext: ["`\(instead)`"])
    return (problem, instead)
  }

  private func refuseForeign(_ variant: ContextVariant, _ name: ModelName) throws(Failure) {
    guard let found = survey.server?.contexts[name.description], found != variant.contextWindow,
      survey.receipt?[Receipt.subject(ofModel: name.description, on: url)] == nil
    else { return }
    throw foreignModel(name.description, found, wanted: variant.contextWindow)
  }

  /// The names that were asked for. `planned` are the names that will be there once this plan's models are.
  func aliases(planned: Set<ModelName>, _ notes: inout [Plan.Note]) -> [Change] {
    // A name for another alias comes after it.
    let inOrder = additions.aliases.sorted { a, b in
      let (first, second) = (
        additions.aliases[a.value] != nil, additions.aliases[b.value] != nil
      )
      return first == second ? a.key < b.key : second
    }
    return inOrder.compactMap { name, model -> Change? in
      let isComing =
        additions.aliases[model] != nil || (try? ModelName(model)).map(planned.contains) == true
      guard survey.present(model) != nil || isComing else {
        if survey.present(name) == nil {
          notes.append(
            .init(.warning, "The alias \(name) waits: there is no model \(model) on this server."))
        }
        return nil
      }
      let isForeign = survey.receipt?[Receipt.subject(ofModel: name, on: url)] == nil
      if isForeign, let there = survey.present(name),
        there.digest != survey.present(model)?.digest
      {
        return .replaceModel(
          ModelReplacement(server: url, name: name, from: model, keptAs: keptName(of: name)))
      }
      return .copyModel(server: url, from: model, to: name)
    }
  }

  /// Where the old meaning of a name is kept: `claude-sonnet-4-6` as `ccl-setup-before/claude-sonnet-4-6`.
  private func keptName(of name: String) -> String {
    "ccl-setup-before/" + name.map { $0 == "/" ? "-" : String($0) }.joined()
  }

  private func distinct(_ models: [String]) -> [String] {
    var seen: Set<ModelName> = []
    return models.filter { model in
      (try? ModelName(model)).map { seen.insert($0).inserted } ?? true
    }
  }

  // MARK: - What is there already

  /// Whether a change of a model would change nothing.
  func isInPlace(_ change: Change) -> Bool {
    switch change {
    case .pullModel(let pull): return survey.present(pull.model) != nil
    case .createModel(let creation):
      return survey.server?.contexts[creation.name] == creation.contextWindow
    case .copyModel(_, let from, let to):
      guard let source = survey.present(from), let copy = survey.present(to) else { return false }
      return source.digest == copy.digest
    case .writeFile(let write): return write.before == write.after
    case .startEngine, .replaceModel: return false
    }
  }
}

extension ContextVariant {
  /// The Modelfile that would make it by hand.
  func modelfile() throws(Failure) -> [UInt8] {
    do {
      return Array(
        try render(
          .modelfile, ["from": .word(model), "contextWindow": .word("\(contextWindow)")]
        ).utf8)
    } catch {
      throw Failure("The Modelfile could not be written", why: "\(error)")
    }
  }
}

extension Survey {
  /// The model as the server lists it, `nil` when it has none of this name.
  func present(_ name: String) -> OllamaServer.Model? {
    server?.models.first(named: name)
  }

  /// A file of ours with these bytes.
  func ours(_ path: FilePath, _ bytes: [UInt8], mode: UInt16 = 0o644) -> Change {
    let before: [UInt8]? = if case .present(let bytes)? = files[path] { bytes } else { nil }
    return .writeFile(
      FileWrite(path: path, before: before, after: bytes, mode: mode, ownership: .ours))
  }
}

extension Plan {
  /// What would be done for additions on a server that we did not set up: its models and names, and nothing else.
  public init(
    _ additions: Additions, on url: String, catalogue: Catalogue, survey: Survey,
    environment: Environment
  ) throws(Failure) {
    let models = ModelPlanner(
      url: url, additions: additions, survey: survey, catalogue: catalogue,
      folders: Folders(environment))
    var notes: [Note] = []
    let pulls = models.pulls(nil)
    let creations = try models.creations(nil, &notes)
    let aliases = models.aliases(planned: names(pulls + creations), &notes)
    let steps = [
      Step(id: .model, title: "Models", changes: pulls),
      Step(id: .context, title: "Context windows", changes: creations),
      Step(id: .aliases, title: "Further names", changes: aliases),
    ].map { step in
      Step(
        id: step.id, title: step.title, changes: step.changes.filter { !models.isInPlace($0) })
    }
    self.init(choices: nil, additions: additions, withdrawn: [], steps: steps, notes: notes)
  }
}

/// The models that are there once these changes are made.
func names(_ changes: [Change]) -> Set<ModelName> {
  Set(
    changes.compactMap { change in
      switch change {
      case .pullModel(let pull): try? ModelName(pull.model)
      case .createModel(let creation): try? ModelName(creation.name)
      default: nil
      }
    })
}
