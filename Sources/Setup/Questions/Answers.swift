/// What is decided so far: by flags, an answers file, the person, or an earlier run.
public struct Answers: Sendable, Hashable {
  public var engine: Engine?
  public var model: String?
  public var contextWindow: Int?
  public var profile: Profile?
  public var clientFolder: ClientFolder?
  public var shells: [Shell]?
  /// Not asked for: a flag, an answers file or `ccl-setup proxy on` says so.
  public var proxied: Bool?
  /// How the server that `engine` names is reached; comes with it, from flags or an earlier run.
  public var access: ServerAccess?

  public init() {}

  /// The answers that lead to these choices again.
  public init(_ choices: Choices) {
    engine = choices.engine
    model = choices.model
    contextWindow = choices.contextWindow
    profile = choices.profile
    clientFolder = choices.clientFolder
    shells = choices.shells
    proxied = choices.proxied
    access = choices.access
  }

  /// The choices, once every question has its answer.
  public var choices: Choices? {
    guard let engine, let model, let contextWindow, let shells else { return nil }
    return Choices(
      engine: engine, model: model, contextWindow: contextWindow, shells: shells,
      profile: profile ?? .full, clientFolder: clientFolder ?? .yours, access: access,
      proxied: proxied ?? false)
  }

  /// The server elsewhere that was named, if one was.
  public var serverURL: String? {
    switch engine {
    case .server(let url), .compatible(let url): url
    default: nil
    }
  }

  /// Takes in what the server was found to be.
  public mutating func learn(_ findings: ServerFindings, access: ServerAccess?) {
    guard findings.url == serverURL else { return }
    engine =
      findings.product == .ollama ? .server(url: findings.url) : .compatible(url: findings.url)
    self.access = access
  }

  public func holds(_ id: Question.ID) -> Bool {
    switch id {
    case .engine: engine != nil
    case .model: model != nil
    case .context: contextWindow != nil
    case .profile: profile != nil
    case .clientFolder: clientFolder != nil
    case .shells: shells != nil
    case .proxy: proxied != nil
    }
  }

  /// Forgets an answer and those that were chosen with it in mind.
  public mutating func forget(_ id: Question.ID) {
    switch id {
    case .engine: self = Answers()
    case .model:
      model = nil
      contextWindow = nil
    case .context: contextWindow = nil
    case .profile: profile = nil
    case .clientFolder: clientFolder = nil
    case .shells: shells = nil
    case .proxy: proxied = nil
    }
  }
}

/// One question of the setup, the same for the wizard, the flags and an answers file.
public struct Question: Sendable {
  /// In the order in which they are asked; the raw value is the flag's and the answers file's key.
  public enum ID: String, Sendable, Hashable, Codable, CaseIterable {
    case engine, model, context, profile
    case clientFolder = "client-folder"
    case shells, proxy

    /// Those that the wizard may ask.
    public static let allCases: [ID] = [
      .engine, .model, .context, .profile, .clientFolder, .shells,
    ]
    /// Those that flags and an answers file may answer.
    public static let answerable = allCases + [.proxy]
  }
  public struct Option: Sendable {
    /// What one types.
    public var value: String
    public var title: Text
    public var reason: Text
    public var isRecommended: Bool
    /// Whether it would do; the others are shown, with the reason why not.
    public var isAdvised: Bool

    public init(
      value: String, title: Text, reason: Text, isRecommended: Bool = false,
      isAdvised: Bool = true
    ) {
      self.value = value
      self.title = title
      self.reason = reason
      self.isRecommended = isRecommended
      self.isAdvised = isAdvised
    }
  }
  public var id: ID
  public var title: String
  public var options: [Option]
  /// What Return takes, `nil` when nothing can be recommended.
  public var recommended: String?
  /// What `?` says.
  public var help: [Text]
  /// Whether something other than the options may be typed.
  public var isOpen: Bool

  /// The option that a number names, counted from 1.
  func row(_ typed: some StringProtocol) -> Option? {
    Int(typed).flatMap { (1...).contains($0) && $0 <= options.count ? options[$0 - 1] : nil }
  }
}
