/// What one version of Claude Code was seen to do with a server: asked of the installed client, not assumed.
public struct ClientContract: Sendable, Hashable, Codable {
  public var clientVersion: String
  /// The path after the base URL to which a prompt is posted.
  public var path: String
  /// The headers that carried a credential, in lower case, by the way in which it was given; empty where none was sent.
  public var credentials: [CredentialWay: [String]]
  /// Whether a stored login or a login token was sent although another credential was given.
  public var sendsLogin: Bool
  /// The model that is asked for, by the word after `--model`; `none` without one.
  public var models: [String: String]
  /// The model that a subagent asks for, by the tier it is started with; `none` without one.
  public var subagentModels: [String: String]
  /// The models of requests that nobody asked for: titles, agents that are warmed up.
  public var backgroundModels: [String]
  /// The first prompt with every tool.
  public var full: PromptSize
  /// The first prompt with the lean profile's tools; `nil` where it was not seen.
  public var lean: PromptSize?
  /// The options of `claude-local` that this client takes.
  public var options: [Option]
  /// Whether a document of `--settings` beats the user's settings file and the process environment.
  public var settingsWin: Bool
  /// Whether the client keeps to the context that it is told of.
  public var contextWindow: WindowUse

  public enum WindowUse: String, Sendable, Hashable, Codable {
    /// It refuses a prompt that does not fit, and shortens a conversation before it gets there.
    case heeded
    /// It believes in a context of its own (200,000 tokens).
    case ignored
  }

  public enum CredentialWay: String, Sendable, Hashable, Codable, CaseIterable,
    CodingKeyRepresentable
  {
    /// `ANTHROPIC_AUTH_TOKEN`, beside a stored login and `CLAUDE_CODE_OAUTH_TOKEN`.
    case token
    /// `ANTHROPIC_API_KEY`, beside a stored login.
    case key
    /// Both variables.
    case both
    /// `CLAUDE_CODE_OAUTH_TOKEN` alone.
    case login
  }

  public enum Option: String, Sendable, Hashable, Codable, CaseIterable {
    case settings = "--settings"
    case tools = "--tools"
    case permissionMode = "--permission-mode"
  }

  /// A first prompt, in bytes of JSON.
  public struct PromptSize: Sendable, Hashable, Codable {
    public var system: Int
    public var tools: Int
    public var toolCount: Int
    /// The whole request.
    public var all: Int

    public init(system: Int, tools: Int, toolCount: Int, all: Int) {
      self.system = system
      self.tools = tools
      self.toolCount = toolCount
      self.all = all
    }
  }
}

extension ClientContract {
  /// What a base URL has to end with after the port, so that the prompt reaches `/v1/messages`; `nil` when no ending
  /// leads there.
  public var baseURLEnding: String? {
    path == "/v1/messages" ? "" : path == "/messages" ? "/v1" : nil
  }

  /// Words after `--model` that this client takes for a model's name: it is older than the tier.
  public var unknownTiers: [String] { ClientProbe.tiers.filter { models[$0] == $0 } }

  /// What of it does not fit the way `claude-local` is made; empty when all does.
  public var surprises: [String] {
    var surprises: [String] = []
    if baseURLEnding == nil { surprises.append("it posts prompts to \(printable(path))") }
    let headers = credentials[.token] ?? []
    if headers != ["authorization"] {
      let sent = headers.isEmpty ? "nothing" : headers.map(printable).joined(separator: " and ")
      surprises.append("it sends the token as \(sent)")
    }
    if sendsLogin { surprises.append("it sends the stored login beside the token") }
    for tier in ClientProbe.tiers
    where models[tier] != ClientProbe.model(tier) && !unknownTiers.contains(tier) {
      surprises.append("for \(tier) it asks for \(models[tier].map(printable) ?? "no model")")
    }
    for (tier, model) in subagentModels.sorted(by: { $0.key < $1.key })
    where !ClientProbe.isOurs(model) && tier != model {
      surprises.append("a subagent (\(tier)) asks for \(printable(model))")
    }
    for model in backgroundModels where !ClientProbe.isOurs(model) {
      surprises.append("in the background it asks for \(printable(model))")
    }
    for option in Option.allCases where !options.contains(option) {
      surprises.append("it does not know \(option.rawValue)")
    }
    if options.contains(.settings), !settingsWin {
      surprises.append("--settings does not beat its own settings file")
    }
    return surprises
  }

  /// Whether another client asks for other settings than this one.
  func asksOtherwise(than other: ClientContract) -> Bool {
    baseURLEnding != other.baseURLEnding || surprises != other.surprises
  }

  /// What the client's first prompt was seen to be, `nil` where that was not seen.
  public func prompt(_ profile: Profile) -> PromptSize? { profile == .full ? full : lean }

  /// The smallest of the usual contexts in which the client can work: its first prompt, and 5,000 tokens of files and
  /// answers before the conversation is made shorter (docs/measurements/claude-code.md §7a): 64k for 2.1.330 with every
  /// tool, 32k with the lean profile.
  public func smallestContext(_ profile: Profile) -> Int? {
    guard let tokens = prompt(profile)?.tokens else { return nil }
    return stride(from: 13, through: 22, by: 1).map { 1 << $0 }.first { context in
      ClientSettings.fullAt(context, isHeeded: contextWindow == .heeded) >= tokens + 5_000
    }
  }
}

extension ClientContract.PromptSize {
  /// About as many tokens: 4.2 to 4.5 bytes each were measured with the tokenizers of local models.
  public var tokens: Int { all * 10 / 43 }

  init(_ request: ClientContract.Request, _ prompt: JSON) {
    self.init(
      system: prompt["system"]?.compact.utf8.count ?? 0,
      tools: prompt["tools"]?.compact.utf8.count ?? 0,
      toolCount: prompt["tools"]?.elements?.count ?? 0, all: request.body.count)
  }
}
