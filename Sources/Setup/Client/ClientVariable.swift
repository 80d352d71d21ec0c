/// An environment variable by which Claude Code, or the connection under it, can be led away from a local server.
///
/// The one table of these names: detection, `ccl-setup env` and `fix` read it. What each does was measured with four
/// versions of the client (`docs/measurements`); "no effect was seen" is measured too.
public struct ClientVariable: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    /// A switch to another provider.
    case provider
    case address
    case credential
    case model
    /// Headers of every request.
    case header
    case socket
    case proxy
    /// Hosts that no proxy is asked for.
    case direct
    case certificate
    /// How much the client sends, and how long it waits.
    case limit
    /// Where the client keeps its settings.
    case folder
  }

  public var name: String
  public var kind: Kind
  /// Whether the value must never be shown.
  public var isSecret: Bool
  /// What any value but an empty one does to a local setup, in one sentence; `problem(with:)` knows the values.
  public var consequence: String

  init(_ name: String, _ kind: Kind, isSecret: Bool = false, _ consequence: String) {
    self.name = name
    self.kind = kind
    self.isSecret = isSecret
    self.consequence = consequence
  }

  /// The variable of that name, exactly spelt; `nil` when it does not concern the client.
  public static func named(_ name: some StringProtocol) -> ClientVariable? {
    byName[String(name)]
  }

  private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  public static let all: [ClientVariable] =
    providers + addresses + credentials + models + connections + limits

  private static let providers =
    [
      ("BEDROCK", "Amazon Bedrock"), ("VERTEX", "Google Vertex AI"),
      ("FOUNDRY", "Microsoft Foundry"), ("MANTLE", "Amazon Bedrock (Mantle)"),
      ("ANTHROPIC_AWS", "Anthropic on AWS"),
      ("ANTHROPIC_GOOGLE_CLOUD", "Anthropic on Google Cloud"),
    ].map {
      ClientVariable(
        "CLAUDE_CODE_USE_\($0.0)", .provider,
        "Every request goes to \($0.1): none reaches the local server.")
    } + [
      ClientVariable(
        "CLAUDE_CODE_USE_GATEWAY", .provider,
        "Switches the client to a gateway; no effect on a local server was seen.")
    ]

  private static let addresses = [
    ClientVariable(
      "ANTHROPIC_BASE_URL", .address, "Plain `claude`, too, sends every request to this address."),
    ClientVariable(
      "ANTHROPIC_UNIX_SOCKET", .socket, "Every request goes to this socket, none to the server."),
    ClientVariable(
      "CLAUDE_CONFIG_DIR", .folder, "The client keeps its settings and login in this folder."),
  ]

  private static let credentials = [
    ClientVariable(
      "ANTHROPIC_AUTH_TOKEN", .credential, isSecret: true,
      "The token is sent to whatever server the address names, the local one included."),
    ClientVariable(
      "ANTHROPIC_API_KEY", .credential, isSecret: true,
      "The key is sent beside the token; interactively the client asks about it and warns."),
    ClientVariable(
      "CLAUDE_CODE_OAUTH_TOKEN", .credential, isSecret: true,
      "Without another credential this login token is sent to the local server."),
  ]

  private static let models =
    [
      ClientVariable(
        "ANTHROPIC_MODEL", .model,
        "Plain `claude` asks for this model, whatever the settings files say."),
      ClientVariable(
        "ANTHROPIC_DEFAULT_MODEL", .model, "The model where none is chosen."),
    ]
    + ["OPUS", "SONNET", "HAIKU", "FABLE"].map {
      ClientVariable(
        "ANTHROPIC_DEFAULT_\($0)_MODEL", .model,
        "\($0.lowercased()) means this model, in plain `claude` too.")
    } + [
      ClientVariable(
        "ANTHROPIC_SMALL_FAST_MODEL", .model,
        "Background requests ask for this model: unless the server has it, they fail."),
      ClientVariable(
        "CLAUDE_CODE_SUBAGENT_MODEL", .model,
        "Subagents ask for this model: unless the server has it, they fail."),
      ClientVariable(
        "CLAUDE_CODE_AUTO_MODE_MODEL", .model, "The auto mode's check asks for this model."),
    ]

  private static let connections =
    [
      ClientVariable(
        "ANTHROPIC_CUSTOM_HEADERS", .header, isSecret: true,
        "These headers go along with every request and can replace the credential."),
      ClientVariable(
        "ANTHROPIC_BETAS", .header, "Asks the server for beta features that it may not know."),
    ]
    + ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].map {
      ClientVariable(
        $0, .proxy,
        "The client sends even requests to 127.0.0.1 to this proxy, since NO_PROXY leaves that out."
      )
    }
    + ["NO_PROXY", "no_proxy"].map {
      ClientVariable($0, .direct, "The hosts that are reached without a proxy.")
    } + [
      ClientVariable(
        "NODE_EXTRA_CA_CERTS", .certificate,
        "The file is not there, so the client prints a warning at every start.")
    ]

  private static let limits = [
    ClientVariable(
      "CLAUDE_CODE_MAX_CONTEXT_TOKENS", .limit,
      "The client believes in a context of this size: larger than the model's, the server cuts silently."
    ),
    ClientVariable(
      "CLAUDE_CODE_MAX_OUTPUT_TOKENS", .limit,
      "The client keeps this much of the context free (20,000 at most)."),
    ClientVariable(
      "CLAUDE_CODE_BLOCKING_LIMIT_OVERRIDE", .limit,
      "The client sends prompts up to this size: larger than the model's context, the server cuts silently."
    ),
    ClientVariable(
      "CLAUDE_CODE_ATTRIBUTION_HEADER", .limit,
      "Unless it is 0, a changing line at the start of the prompt makes the server read it all again."
    ),
    ClientVariable(
      "CLAUDE_CODE_ENABLE_TELEMETRY", .limit,
      "The client reports each session to the collector that OTEL_… names."),
    ClientVariable(
      "API_TIMEOUT_MS", .limit, "A short limit cuts off the first answer of a slow model."),
    ClientVariable(
      "CLAUDE_STREAM_IDLE_TIMEOUT_MS", .limit,
      "A short limit cuts off a model that reads a long prompt."),
    ClientVariable(
      "CLAUDE_CODE_DISABLE_EXPERIMENTAL_BETAS", .limit,
      "Switches tool search off: the first prompt grows from 47 kB to 87 kB."),
    ClientVariable(
      "ENABLE_TOOL_SEARCH", .limit,
      "Switched off, the first prompt grows from 47 kB to 87 kB."),
    ClientVariable(
      "CLAUDE_CODE_SIMPLE_SYSTEM_PROMPT", .limit,
      "Switched off, the first prompt grows from 47 kB to 85 kB."),
  ]
}

extension ClientVariable {
  /// What this value does to a local setup, `nil` when it does nothing.
  ///
  /// A proxy counts only where 127.0.0.1 is not exempt (`reachesLoopbackDirectly`), `NODE_EXTRA_CA_CERTS` only where
  /// the file is missing (`isMissing`).
  public func problem(
    with value: String, reachesLoopbackDirectly: Bool, isMissing: (String) -> Bool
  ) -> String? {
    let value = value.trimmed
    guard !value.isEmpty else { return nil }
    switch kind {
    case .provider:
      return ClientVariable.isOn(value) && name != "CLAUDE_CODE_USE_GATEWAY" ? consequence : nil
    case .address: return ClientVariable.problem(withBaseURL: value)
    case .proxy: return reachesLoopbackDirectly ? nil : consequence
    case .certificate: return isMissing(value) ? consequence : nil
    case .limit: return limitProblem(value)
    case .direct, .folder: return nil
    case .credential, .model, .header, .socket: return consequence
    }
  }

  private func limitProblem(_ value: String) -> String? {
    switch name {
    case "CLAUDE_CODE_ATTRIBUTION_HEADER":
      return ["0", "false"].contains(value.lowercased()) ? nil : consequence
    case "ENABLE_TOOL_SEARCH", "CLAUDE_CODE_SIMPLE_SYSTEM_PROMPT":
      return ["0", "false"].contains(value.lowercased()) ? consequence : nil
    case "CLAUDE_CODE_DISABLE_EXPERIMENTAL_BETAS", "CLAUDE_CODE_ENABLE_TELEMETRY":
      return ClientVariable.isOn(value) ? consequence : nil
    case "API_TIMEOUT_MS", "CLAUDE_STREAM_IDLE_TIMEOUT_MS":
      // The client's own 600 s were measured to be enough only where the prompt is short.
      return Int(value).map { $0 < 600_000 } == true ? consequence : nil
    default: return consequence
    }
  }

  /// Whether a switch with this value is on: `1`, `true`, `yes`, `on` are, `0`, `false`, `no`, `2` are not (measured).
  public static func isOn(_ value: String) -> Bool {
    ["1", "true", "yes", "on"].contains(value.trimmed.lowercased())
  }

  /// What a global `ANTHROPIC_BASE_URL` of this value does.
  static func problem(withBaseURL value: String) -> String {
    let url = value.hasSuffix("/") ? String(value.dropLast()) : value
    if url.hasSuffix("/v1/messages") || url.hasSuffix("/messages") {
      return
        "The client appends /v1/messages to it: every request is a 404 that looks like a wrong "
        + "model name. Only scheme, host and port belong there."
    }
    if url.hasSuffix("/v1") {
      return
        "With /v1 at its end the client posts to /v1/v1/messages: a 404 that looks like a wrong "
        + "model name."
    }
    guard let separator = url.firstRange(of: "://") else {
      return "Without http:// in front the client calls it an invalid URL (a bare IP address) or "
        + "guesses."
    }
    let scheme = url[..<separator.lowerBound].lowercased()
    let host = url[separator.upperBound...].prefix { $0 != "/" }
    if scheme == "https", isLoopback(host) {
      return "https to a server on this machine that speaks http: no connection comes about."
    }
    return "Plain `claude`, too, sends every request to this address instead of Anthropic's."
  }

  private static func isLoopback(_ authority: Substring) -> Bool {
    let host = authority.hasPrefix("[") ? authority : authority.prefix { $0 != ":" }
    return host == "localhost" || host.hasPrefix("127.") || host.hasPrefix("[::1]")
  }

  /// Whether a `NO_PROXY` list exempts 127.0.0.1: that address, `127.0.0.0/8` or `*`; `localhost` does not (measured).
  public static func exemptsLoopback(_ noProxy: String) -> Bool {
    noProxy.split { $0 == "," || $0 == " " }
      .contains { ["127.0.0.1", "127.0.0.0/8", "*"].contains($0.lowercased()) }
  }
}

extension StringProtocol {
  /// Without white space at its ends.
  var trimmed: String {
    var rest = self[...]
    while rest.first?.isWhitespace == true { rest.removeFirst() }
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return String(rest)
  }
}
