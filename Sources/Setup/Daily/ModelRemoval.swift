/// Takes one model, alias or context of ours back, and leaves the rest: what `ccl-setup remove NAME` does.
public struct ModelRemoval: Sendable, Hashable {
  public let name: ModelName
  /// What is wanted afterwards.
  public let additions: Additions
  /// The entry of the receipt that goes; `nil` for a model that was there before us, which stays.
  public let entry: Receipt.Entry?
  /// The subjects of all entries that go with it.
  let subjects: Set<String>

  /// Bytes to download again should it be wanted again; `nil` where nothing was downloaded.
  public var downloadedBytes: UInt64? {
    if case .deleteModel(_, _, let bytes?) = entry?.undo { bytes } else { nil }
  }

  /// - Throws: a usage failure for what is in use, and for what ccl-setup did not make.
  public init(
    _ text: String, of engine: EngineAtHand, _ environment: Environment
  ) throws(Failure) {
    let name = try ModelName.read(text)
    self.name = name
    let word = name.description
    let choices = engine.choices
    if word == choices?.model || name == (try? choices?.variant.name()) {
      throw Failure(
        "\(word) is in use", why: "claude-local works with it",
        tryNext: [
          "`ccl-setup --model NAME` chooses another model first.",
          "`ccl-setup uninstall` takes everything back.",
        ], code: .usage)
    }
    var wanted = engine.additions
    let isAlias = wanted.aliases.removeValue(forKey: word) != nil
    if !isAlias, Tier(anthropicName: word) != nil, engine.entry(ofModel: word) != nil {
      throw Failure(
        "\(word) belongs to the setup", why: "it is one of the names that every setup makes",
        tryNext: ["`ccl-setup alias MODEL \(word)` lets it mean another model."], code: .usage)
    }
    let isKnown =
      isAlias || wanted.models.contains(word)
      || wanted.contexts.contains { (try? $0.name()) == name }
    let entry = engine.entry(ofModel: word)
    guard isKnown || entry != nil else {
      throw Failure(
        "ccl-setup did not make \(word)", why: "the receipt has no such model, alias or context",
        tryNext: [
          engine.isInDocker
            ? "`ccl-setup shell ollama rm \(word)`"
            : "`OLLAMA_HOST=\(engine.url) ollama rm \(word)`"
        ], code: .usage)
    }
    wanted.models.removeAll { $0 == word }
    wanted.contexts.removeAll { (try? $0.name()) == name }
    let users = wanted.users(of: word)
    guard isAlias || users.isEmpty else {
      throw Failure(
        "\(word) is in use",
        why: "\(users.joined(separator: ", ")) \(users.count == 1 ? "is" : "are") made of it",
        tryNext: users.map { "`ccl-setup remove \($0)`" }, code: .usage)
    }
    additions = wanted
    self.entry = entry
    let modelfile = "file:\(Folders(environment).modelfile(name))"
    let subject = Receipt.subject(ofModel: word, on: engine.url)
    subjects = isAlias ? [subject] : [subject, modelfile]
  }
}

extension Additions {
  /// The aliases and contexts that are made of a model.
  fileprivate func users(of model: String) -> [String] {
    let aliases = aliases.filter { $0.value == model }.keys.sorted()
    let contexts = contexts.filter { $0.model == model }
      .compactMap { (try? $0.name())?.description }
    return aliases + contexts.filter { $0 != model }
  }
}

extension Plan {
  /// This plan, which also takes back what a removal names.
  public func removing(_ removal: ModelRemoval, from receipt: Receipt?) -> Plan {
    var plan = self
    let known = Set(withdrawn.map(\.subject))
    plan.withdrawn += (receipt?.entries ?? []).filter {
      removal.subjects.contains($0.subject) && !known.contains($0.subject)
    }
    return plan
  }
}
