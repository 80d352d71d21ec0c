#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a server elsewhere is and can do, found out by asking it; nothing is assumed from a product's name but the
/// place where it tells its context.
public struct ServerFindings: Sendable, Hashable, Codable {
  public enum Product: String, Sendable, Hashable, Codable {
    case ollama, vLLM, llamaCpp, lmStudio, other

    public var title: String {
      switch self {
      case .ollama: "Ollama"
      case .vLLM: "vLLM"
      case .llamaCpp: "llama.cpp"
      case .lmStudio: "LM Studio"
      case .other: "a server with the Messages API"
      }
    }
  }
  /// A model as the server names it.
  public struct Model: Sendable, Hashable, Codable {
    public var name: String
    /// Tokens; `nil` when the server does not tell.
    public var contextWindow: Int?

    public init(name: String, contextWindow: Int? = nil) {
      self.name = name
      self.contextWindow = contextWindow
    }
  }
  /// Where the server's own record of its work can be read: it proves that an answer came from there.
  public enum Record: String, Sendable, Hashable, Codable {
    /// Prometheus counters; the prompt's tokens are among them.
    case metrics
    /// llama.cpp's slots, each with the number of its last task.
    case slots
  }
  public var url: String
  public var product: Product
  public var version: String?
  public var models: [Model]
  /// Whether `/v1/messages/count_tokens` is there; without it the client estimates.
  public var countsTokens: Bool
  public var record: Record?

  public init(
    url: String, product: Product, version: String? = nil, models: [Model],
    countsTokens: Bool = false, record: Record? = nil
  ) {
    self.url = url
    self.product = product
    self.version = version
    self.models = models
    self.countsTokens = countsTokens
    self.record = record
  }

  public var title: String {
    version.map { "\(product.title) \(printable($0))" } ?? product.title
  }

  public subscript(model: String) -> Model? { models.first { $0.name == model } }
}

extension ServerFindings {
  /// Asks everything at once.
  /// - Throws: a `Failure` for a server that is out of reach, wants a token, or has no Messages API.
  public static func ask(_ url: String, in world: World) async throws(Failure) -> ServerFindings {
    let inquiry = Inquiry(url: url, network: world.network)
    let version = try await inquiry.get("/api/version", limit: .seconds(5))
    if version.status == 200, let number = version.json?["version"]?.text {
      return ServerFindings(url: url, product: .ollama, version: number, models: [])
    }
    let list = try await inquiry.get("/v1/models", limit: .seconds(10))
    guard list.status == 200, let entries = list.json?["data"]?.elements else {
      throw Failure(
        "There is no server for Claude Code at \(url)",
        why: "it is not Ollama, and /v1/models answers \(list.status)",
        tryNext: ["Check the address: it ends before /v1."])
    }
    async let counting = inquiry.has("/v1/messages/count_tokens")
    async let properties = inquiry.optional("/props")
    async let number = inquiry.optional("/version")
    async let details = inquiry.optional("/api/v0/models")
    async let metrics = inquiry.optional("/metrics")
    async let slots = inquiry.optional("/slots")
    guard await inquiry.has("/v1/messages") else {
      throw Failure(
        "The server at \(url) has no Anthropic Messages API",
        why: "/v1/models answers, and /v1/messages is not there",
        tryNext: [
          "Update it: vLLM, llama.cpp and LM Studio have it in their newer versions.",
          "Put a gateway in front of it that has it.",
        ])
    }
    var findings = ServerFindings(url: url, product: .other, models: [])
    let props = await properties?.json
    let studio = await details?.json?["data"]?.elements
    let vLLM = await number?.json?["version"]?.text
    if let props, props["default_generation_settings"] != nil {
      findings.product = .llamaCpp
      findings.version = props["build_info"]?.text
    } else if let studio, !studio.isEmpty {
      findings.product = .lmStudio
    } else if let vLLM {
      findings.product = .vLLM
      findings.version = vLLM
    }
    findings.models = entries.compactMap { entry in
      guard let name = entry["id"]?.text else { return nil }
      let told = studio?.first { $0["id"]?.text == name }
      let window =
        entry["max_model_len"]?.int ?? props?["default_generation_settings"]?["n_ctx"]?.int
        ?? told?["loaded_context_length"]?.int ?? told?["max_context_length"]?.int
      return Model(name: name, contextWindow: window)
    }
    findings.countsTokens = await counting
    if await metrics?.text.contains("prompt_tokens_total") == true {
      findings.record = .metrics
    } else if await slots?.json?.elements != nil {
      findings.record = .slots
    }
    return findings
  }

  /// The server's own record of its work so far; one more prompt changes it. `nil` where it keeps none that can be read.
  func workSoFar(in world: World) async -> String? {
    let inquiry = Inquiry(url: url, network: world.network)
    switch record {
    case nil: return nil
    case .metrics:
      let text = await inquiry.optional("/metrics")?.text
      return text?.split(separator: "\n").filter {
        $0.contains("prompt_tokens_total") && $0.first != "#"
      }
      .joined(separator: "\n")
    case .slots:
      let slots = await inquiry.optional("/slots")?.json?.elements
      return slots?.map { "\($0["id_task"]?.int ?? -1)" }.joined(separator: " ")
    }
  }
}

/// Questions to one server.
private struct Inquiry: Sendable {
  struct Answer: Sendable {
    var status: Int
    var text: String
    var json: JSON? { try? JSON.parse(Array(text.utf8)) }
  }
  var url: String
  var network: Network

  func get(_ path: String, limit: Duration) async throws(Failure) -> Answer {
    let response: WebResponse
    do {
      response = try await exchange(
        WebRequest("GET", url + path, limit: limit, bodyLimit: 4 << 20))
    } catch {
      throw failure(error)
    }
    if response.status == 401 || response.status == 403 {
      throw Failure(
        "The server at \(url) wants a token", why: "\(path) answers \(response.status)",
        tryNext: [
          "Put it into a file that only you can read, then `ccl-setup --engine \(url) --token-file FILE`",
          "On a Mac: `--token-keychain SERVICE` reads it from the keychain.",
        ])
    }
    return Answer(status: response.status, text: response.text)
  }

  /// llama.cpp closes a kept connection after 5 s, at times while a question is on its way: that one is asked again.
  private func exchange(_ request: WebRequest) async throws(NetworkProblem) -> WebResponse {
    do { return try await network.exchange(request) } catch {
      guard case .cut = error else { throw error }
      return try await network.exchange(request)
    }
  }

  /// An answer that is welcome and not needed.
  func optional(_ path: String) async -> Answer? {
    guard let answer = try? await get(path, limit: .seconds(5)), answer.status == 200 else {
      return nil
    }
    return answer
  }

  /// Whether something takes a POST there: an empty request is refused in another way than a missing page.
  func has(_ path: String) async -> Bool {
    let request = WebRequest(
      "POST", url + path, headers: [WebHeader("content-type", "application/json")],
      body: Array("{}".utf8), limit: .seconds(10))
    // One that answered a moment ago and does not now cannot be used either.
    guard let answer = try? await exchange(request) else { return false }
    return ![404, 405, 501].contains(answer.status)
  }

  private func failure(_ problem: NetworkProblem) -> Failure {
    if case .other(_, let reason) = problem, reason.uppercased().contains("CERTIFICATE") {
      return Failure(
        "The certificate of \(url) is not trusted", why: printable(String(reason.prefix(120))),
        tryNext: [
          "With an authority of your own: `ccl-setup --engine \(url) --ca FILE`, the authority's certificate as PEM."
        ])
    }
    var failure = OllamaServer(url: url, title: "A server", network: network).failure(problem)
    failure.tryNext = [
      "Check the address, and that the server listens on more than its own loopback."
    ]
    return failure
  }
}
