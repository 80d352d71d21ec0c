/// What the person *wants*: made by the wizard, the flags or an answers file, kept in the receipt.
public struct Choices: Sendable, Hashable, Codable {
  public var engine: Engine
  /// The model as the engine's registry names it: `qwen3-coder:30b`.
  public var model: String
  /// Tokens, baked into the derived model.
  public var contextWindow: Int
  public var shells: [Shell]
  public var profile: Profile
  public var clientFolder: ClientFolder
  /// What the words of daily use asked for since; a later run of the wizard keeps it.
  public var additions: Additions
  /// How a server elsewhere is reached; `nil` where its address is enough.
  public var access: ServerAccess?
  /// Whether `claude-local` always goes through the proxy, not only with `--proxy`.
  public var proxied: Bool

  public init(
    engine: Engine, model: String, contextWindow: Int, shells: [Shell], profile: Profile = .full,
    clientFolder: ClientFolder = .yours, additions: Additions = Additions(),
    access: ServerAccess? = nil, proxied: Bool = false
  ) {
    self.engine = engine
    self.model = model
    self.contextWindow = contextWindow
    self.shells = shells
    self.profile = profile
    self.clientFolder = clientFolder
    self.additions = additions
    self.access = access
    self.proxied = proxied
  }

  /// Receipts of the first versions have no additions, no folder and no proxy.
  public init(from decoder: any Decoder) throws {
    let box = try decoder.container(keyedBy: CodingKeys.self)
    engine = try box.decode(Engine.self, forKey: .engine)
    model = try box.decode(String.self, forKey: .model)
    contextWindow = try box.decode(Int.self, forKey: .contextWindow)
    shells = try box.decode([Shell].self, forKey: .shells)
    profile = try box.decode(Profile.self, forKey: .profile)
    clientFolder =
      try box.decodeIfPresent(ClientFolder.self, forKey: .clientFolder) ?? .yours
    additions = try box.decodeIfPresent(Additions.self, forKey: .additions) ?? Additions()
    access = try box.decodeIfPresent(ServerAccess.self, forKey: .access)
    proxied = try box.decodeIfPresent(Bool.self, forKey: .proxied) ?? false
  }

  /// The model that the client asks for: the one with the context baked in, or with a server that takes none of our
  /// models the one that it serves.
  public func clientModel() throws(Failure) -> String {
    if case .compatible = engine { return model }
    return try variant.name().description
  }
}

/// Where the model runs.
public enum Engine: Sendable, Hashable, Codable {
  /// Ollama in a container that we start, published on 127.0.0.1 at this port.
  case docker(port: Int, graphics: Bool)
  /// An Ollama installed on this machine; we start it where nothing answers.
  case native(port: Int)
  /// An Ollama that already runs at this base URL (no trailing slash, no `/v1`).
  case server(url: String)
  /// Another server with the Messages API at this base URL: vLLM, llama.cpp, LM Studio, a gateway. It serves what it was
  /// started with, at the context it was started with.
  case compatible(url: String)
  /// The embedded stand-in of a rehearsal.
  case rehearsal(url: String)

  /// The base URL: scheme, host and port, without a trailing slash.
  public var url: String {
    switch self {
    case .docker(let port, _), .native(let port): "http://127.0.0.1:\(port)"
    case .server(let url), .compatible(let url), .rehearsal(let url): url
    }
  }

  public var title: String {
    switch self {
    case .docker(_, let graphics): graphics ? "Ollama in Docker, on the GPU" : "Ollama in Docker"
    case .native: "Ollama on this machine"
    case .server(let url): "the Ollama at \(url)"
    case .compatible(let url): "the server at \(url)"
    case .rehearsal: "rehearsal: an embedded stand-in for Ollama, not a real model"
    }
  }

  /// Whether it runs models of ours: only Ollama pulls, derives and names them.
  public var isOllama: Bool { if case .compatible = self { false } else { true } }

  /// The smallest Ollama with the Anthropic Messages API (`facts`: v0.14.0).
  public static let oldestVersion = "0.14.0"

  /// Whether a server of this version is from before that; one whose version cannot be read is believed.
  static func isTooOld(_ version: String) -> Bool {
    guard let found = Version(version), let oldest = Version(oldestVersion) else { return false }
    return found < oldest
  }

  public static let defaultPort = 11434
}

/// How many tools the client offers to the model.
public enum Profile: String, Sendable, Hashable, Codable, CaseIterable {
  /// Everything the client has: 10,800 to 24,000 tokens of prompt.
  case full
  /// Six tools: less than half of that.
  case lean
}

/// Where the client keeps its settings, login and history when `claude-local` starts it.
public enum ClientFolder: String, Sendable, Hashable, Codable, CaseIterable {
  /// Where plain `claude` keeps them: they are shared.
  case yours
  /// A folder of the setup's own, in which the questions about theme and trust are answered; uninstall removes it with
  /// the history in it.
  case own
}
