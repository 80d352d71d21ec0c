extension ClientContract {
  /// One request as the listener saw it.
  public struct Request: Sendable {
    public var method: String
    /// With the query.
    public var path: String
    public var headers: [WebHeader]
    public var body: [UInt8]

    public init(method: String, path: String, headers: [WebHeader], body: [UInt8]) {
      self.method = method
      self.path = path
      self.headers = headers
      self.body = body
    }
  }

  /// Reads what a client does off its requests; `nil` without a first prompt of the run with a token.
  ///
  /// - Parameter options: those that the client took in the run for the tiers.
  init?(version: String, _ requests: [Request], options: [Option]) {
    let prompts = requests.compactMap(Prompt.init)
    let first = prompts.first { $0.run == .token && $0.label != nil }
    guard let first else { return nil }
    clientVersion = version
    path = first.path
    full = PromptSize(first.request, first.document)
    let tiers = prompts.filter { $0.run == .tiers && $0.turn != nil }
    lean =
      options.contains(.tools)
      ? tiers.first.map { PromptSize($0.request, $0.document) } : nil
    settingsWin = tiers.first?.layer == .settings
    let spawning = prompts.first { $0.run == .both && $0.label != nil }
    contextWindow = spawning?.isSecondAttempt == true ? .heeded : .ignored
    self.options = options
    models = ["none": first.model]
    for prompt in tiers {
      if let turn = prompt.turn, turn != "none" { models[turn] = models[turn] ?? prompt.model }
    }
    subagentModels = [:]
    for prompt in prompts {
      if let tier = prompt.subagent { subagentModels[tier] = prompt.model }
    }
    backgroundModels = Set(prompts.filter { $0.label == nil }.map(\.model)).sorted()
    let ways: [(CredentialWay, ClientProbe.Run)] = [
      (.token, .token), (.key, .tiers), (.both, .both), (.login, .login),
    ]
    credentials = [:]
    for (way, run) in ways {
      let given =
        way == .login ? [ClientProbe.login] : [ClientProbe.token(run), ClientProbe.key(run)]
      let prompt = prompts.first { $0.run == run && $0.label != nil }
      credentials[way] = (prompt?.request.headers ?? [])
        .filter { given.contains(where: $0.value.contains) }
        .map { $0.name.lowercased() }.sorted()
    }
    sendsLogin = requests.contains { request in
      ClientProbe.base(of: request.path)?.run != .login
        && request.headers.contains { $0.value.contains(ClientProbe.login) }
    }
  }
}

/// A prompt of the probe, with what tells it from the others.
struct Prompt {
  var request: ClientContract.Request
  var document: JSON
  var model: String
  var run: ClientProbe.Run
  var layer: ClientProbe.Layer
  /// After the base URL, without the query.
  var path: String

  /// `nil` for anything but a prompt that was sent to a base URL of ours. Counting tokens is no prompt.
  init?(_ request: ClientContract.Request) {
    guard request.method == "POST", let document = try? JSON.parse(request.body),
      let model = document["model"]?.text, document["messages"] != nil,
      let base = ClientProbe.base(of: request.path), !base.path.hasSuffix("/count_tokens"),
      !Self.carriesAnothers(request, than: base.run)
    else { return nil }
    self.request = request
    self.document = document
    self.model = model
    (run, layer, path) = base
  }

  /// Whether a credential of another run is in it: the settings of this one have reached the client in part only.
  private static func carriesAnothers(
    _ request: ClientContract.Request, than run: ClientProbe.Run
  ) -> Bool {
    ClientProbe.Run.allCases.filter { $0 != run }.flatMap {
      [ClientProbe.token($0), ClientProbe.key($0)]
    }.contains { word in request.headers.contains { $0.value.contains(word) } }
  }

  /// The words of ours in it; `nil` for a request that nobody asked for.
  var label: String? { turn ?? subagent ?? (isSpawning ? "spawn" : nil) }

  /// The latest of the turns that stand in the conversation.
  var turn: String? {
    guard run != .both else { return nil }
    return ClientProbe.tiers.reversed().first { contains(ClientProbe.words(for: $0)) }
  }

  /// Of a subagent's conversation, the tier that it was started with.
  var subagent: String? {
    guard run == .both, !isSpawning else { return nil }
    return ClientProbe.subagents.first { contains(ClientProbe.words(for: $0)) }
  }

  private var isSpawning: Bool { contains(ClientProbe.spawning) }

  /// Whether the first attempt, in a context far too small for it, was refused by the client itself.
  var isSecondAttempt: Bool { contains(ClientProbe.spawningAgain) }

  /// Whether the agents are still to be started.
  var asksForAgents: Bool {
    let latest = document["messages"]?.elements?.last?["content"]?.elements ?? []
    return run == .both && isSpawning && !latest.contains { $0["type"]?.text == "tool_result" }
  }

  /// What this client calls its tool for subagents; `nil` where it offers none.
  var toolForAgents: String? {
    let names = (document["tools"]?.elements ?? []).compactMap { $0["name"]?.text }
    return names.first { ["Agent", "Task"].contains($0) }
  }

  private func contains(_ words: String) -> Bool {
    request.body.contains(sequence: Array(words.utf8))
  }
}
