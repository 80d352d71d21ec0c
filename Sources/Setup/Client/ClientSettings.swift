/// What `claude-local` tells the client: variables set, variables taken away, a `--settings` document, arguments.
///
/// Hard-won facts behind it (measured with four versions of the client; the figures stand with each entry):
/// - A settings file's `env` beats the process environment, and `--settings` beats every settings file but managed
///   ones. So everything that is set or taken away is repeated in the document.
/// - A document with one value that the client does not accept is dropped whole: nothing in it may be a guess.
/// - A `--settings` given by the person replaces ours, which is why the process environment says all of it too.
/// - In the document a variable can only be emptied, not removed: each name in `Variable.Action.unset` was tried empty.
public struct ClientSettings: Sendable, Hashable {
  public var variables: [Variable]
  public var settings: [Setting]
  public var arguments: [Argument]
  /// Whether `claude-local` goes through the proxy without being told to.
  public var isProxied = false

  /// One environment variable of the client.
  public struct Variable: Sendable, Hashable {
    public enum Action: Sendable, Hashable {
      case set(String)
      /// Removed from the process; emptied in the document.
      case unset
      /// Set where the person has not set it; not in the document, which would beat the person's own value.
      case preset(String)
      /// Hosts added to the person's own list. In the document only where a settings file has such a list, which would
      /// beat the process: then that list with the hosts added.
      case append([String], document: String?)
      /// Read at each call from where the person keeps it; never written down by us, and so not in the document.
      case read(ServerAccess.Token)
    }
    public var name: String
    public var action: Action
    /// Why, in one sentence.
    public var reason: String
    /// The measurement or statement that says so.
    public var source: String
  }

  /// One key of the document other than `env`.
  public struct Setting: Sendable, Hashable {
    public enum Content: Sendable, Hashable {
      case text(String)
      case list([String])
    }
    /// The key's path in the document: `permissions.disableAutoMode`.
    public var key: String
    public var content: Content
    public var reason: String
    public var source: String
  }

  /// One argument in front of the person's own.
  public struct Argument: Sendable, Hashable {
    public var text: String
    public var reason: String
    public var source: String
  }

  /// What the settings follow from.
  public struct Input: Sendable, Hashable {
    /// As the client was seen to want it (`ClientContract.baseURLEnding`), with scheme, without a trailing slash.
    public var baseURL: String
    /// The engine's own name of the derived model; a `claude-*` name makes the newest client send 1.9 times the prompt.
    public var model: String
    /// What `--model fable` asks for: another spelling of the same model, where the engine knows one. Told of the very
    /// name that it uses, 2.1.330 writes 580 bytes about “Claude Fable 5” into every prompt (measured).
    public var fableModel: String
    /// Tokens; what the derived model has baked in.
    public var contextWindow: Int
    /// Tokens of one answer.
    public var maxOutputTokens: Int
    public var profile: Profile
    public var lateSystemMessage: LateSystemMessage
    /// A configuration folder of its own for the client; `nil` shares the person's.
    public var configurationFolder: String?
    /// How a server elsewhere is reached.
    public var access: ServerAccess?
    /// A list `availableModels` that a settings file of the person restricts the client to.
    public var availableModels: [String]?
    /// Whether the client takes `--tools`; without it the lean profile cannot be had.
    public var takesTools = true
    /// The `NO_PROXY` that a settings file of the person sets, which beats the process environment.
    public var settingsNoProxy: String?

    public init(
      baseURL: String, model: String, contextWindow: Int, maxOutputTokens: Int? = nil,
      profile: Profile = .full, lateSystemMessage: LateSystemMessage = .keep,
      configurationFolder: String? = nil,
      access: ServerAccess? = nil, availableModels: [String]? = nil, settingsNoProxy: String? = nil
    ) {
      self.baseURL = baseURL
      self.model = model
      fableModel = model
      self.contextWindow = contextWindow
      self.maxOutputTokens =
        maxOutputTokens ?? ClientSettings.outputTokens(inContextOf: contextWindow)
      self.profile = profile
      self.lateSystemMessage = lateSystemMessage
      self.configurationFolder = configurationFolder
      self.access = access
      self.availableModels = availableModels
      self.settingsNoProxy = settingsNoProxy
    }
  }

  /// What becomes of the client's `role: "system"` message in mid-conversation.
  public enum LateSystemMessage: String, Sendable, Hashable, Codable, CaseIterable {
    case keep
    /// For models whose template refuses it (a 400 on every request) or whose renderer drops it.
    case avoid
  }

  /// The answer length that leaves the client room to work: an eighth of the context, at most the client's own 32,000.
  public static func outputTokens(inContextOf contextWindow: Int) -> Int {
    min(32_000, contextWindow / 8)
  }

  /// The prompt above which the client sends nothing more: it makes the conversation shorter, or asks for that.
  ///
  /// The client's own limit (3,000 tokens below what an answer leaves of the context), less what a last message and the
  /// request for a summary add.
  static func blockingLimit(inContextOf contextWindow: Int) -> Int {
    contextWindow - min(20_000, outputTokens(inContextOf: contextWindow)) - 5_000
  }

  /// The prompt above which a conversation is made shorter; one that heeds its context does it 13,000 tokens before what
  /// an answer leaves of it (measured: docs/measurements/claude-code.md §7a).
  static func fullAt(_ contextWindow: Int, isHeeded: Bool) -> Int {
    let limit = blockingLimit(inContextOf: contextWindow)
    return isHeeded ? limit - 8_000 : limit
  }

  /// The context below which the newest client refuses every prompt ("Prompt is too long", nothing is sent).
  ///
  /// Measured with the full tool set: 26.3k tokens for an output limit of 32,000, 10.4k for 4,096; the client's rule is
  /// min(output limit, 20,000) + 3,000 + its estimate of the messages.
  public static func smallestContext(maxOutputTokens: Int) -> Int {
    min(maxOutputTokens, 20_000) + 3_000 + 3_300
  }
}

extension ClientSettings.Input {
  /// - Parameter document: the person's own settings file, whose lists can beat ours.
  init(
    baseURL: String, model: String, contextWindow: Int, profile: Profile,
    lateSystemMessage: ClientSettings.LateSystemMessage, access: ServerAccess? = nil,
    document: JSON?, configurationFolder: String? = nil
  ) {
    // Which of the two a client asks is its own affair.
    let lists = ["NO_PROXY", "no_proxy"].compactMap { document?["env"]?[$0]?.text }
    self.init(
      baseURL: baseURL, model: model, contextWindow: contextWindow, profile: profile,
      lateSystemMessage: lateSystemMessage, configurationFolder: configurationFolder,
      access: access, availableModels: document?["availableModels"]?.elements?.compactMap(\.text),
      settingsNoProxy: lists.first == lists.last
        ? lists.first : lists.filter { !$0.isEmpty }.joined(separator: ","))
  }
}
