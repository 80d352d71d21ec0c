/// What one version of Claude Code was seen to do with a server: asked of the installed client, not assumed.
public struct ClientContract: Sendable, Hashable, Codable {
  public var clientVersion: String
  /// The path after the base URL to which a prompt is posted.
  public var path: String
  /// The header that carries `ANTHROPIC_AUTH_TOKEN`, in lower case; `nil` when none did.
  public var credentialHeader: String?
  /// The model that is asked for, by the word after `--model`; `none` without one.
  public var models: [String: String]
  /// Bytes of the system prompt and of the tools that go with a first prompt.
  public var systemBytes: Int
  public var toolBytes: Int
  public var toolCount: Int

  /// What a base URL has to end with after the port, so that the prompt reaches `/v1/messages`; `nil` when no ending
  /// leads there.
  public var baseURLEnding: String? {
    path == "/v1/messages" ? "" : path == "/messages" ? "/v1" : nil
  }
}

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

  static let token = "probe-token"
  static let tiers = Tier.allCases.map(\.rawValue) + ["none"]

  /// Reads the first prompt of each tier off the requests, whose paths begin with the tier; `nil` without any.
  init?(version: String, _ requests: [Request]) {
    var first: (path: String, request: Request, prompt: JSON)?
    models = [:]
    for tier in ClientContract.tiers {
      let start = "/\(tier)/"
      for request in requests where request.method == "POST" && request.path.hasPrefix(start) {
        guard let prompt = try? JSON.parse(request.body), let model = prompt["model"]?.text,
          prompt["messages"] != nil
        else { continue }
        models[tier] = model
        let path = request.path.dropFirst(start.count - 1).prefix { $0 != "?" }
        first = first ?? (String(path), request, prompt)
        break
      }
    }
    guard let first else { return nil }
    clientVersion = version
    path = first.path
    credentialHeader =
      first.request.headers.first { $0.value.contains(ClientContract.token) }?.name.lowercased()
    systemBytes = first.prompt["system"]?.compact.utf8.count ?? 0
    toolBytes = first.prompt["tools"]?.compact.utf8.count ?? 0
    toolCount = first.prompt["tools"]?.elements?.count ?? 0
  }

  /// Words after `--model` that this client takes for a model's name: it is older than the tier.
  public var unknownTiers: [String] { ClientContract.tiers.filter { models[$0] == $0 } }

  /// What of it does not fit the way `claude-local` is made; empty when all does.
  public var surprises: [String] {
    var surprises: [String] = []
    if baseURLEnding != "" { surprises.append("it posts prompts to \(printable(path))") }
    if credentialHeader != "authorization" {
      surprises.append("it sends the token as \(credentialHeader.map(printable) ?? "nothing")")
    }
    for tier in ClientContract.tiers
    where models[tier] != "probe-\(tier)" && !unknownTiers.contains(tier) {
      surprises.append("for \(tier) it asks for \(models[tier].map(printable) ?? "no model")")
    }
    return surprises
  }
}
