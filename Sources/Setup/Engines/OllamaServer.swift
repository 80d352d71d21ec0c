#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A running Ollama, asked over HTTP. Its behaviour, traps included, was measured on 0.14.3 and 0.32.15
/// (docs/measurements): statuses say little, a 200 stream may end in an error line.
public struct OllamaServer: Sendable {
  /// Scheme, host and port, without a trailing slash.
  public var url: String
  /// What it is called when it does not answer.
  var title = "Ollama"
  /// Whether `ccl-setup start` brings it back.
  var isOurs = true
  let network: Network

  public init(url: String, title: String = "Ollama", isOurs: Bool = true, network: Network) {
    self.url = url
    self.title = title
    self.isOurs = isOurs
    self.network = network
  }

  /// A model as `/api/tags` lists it.
  public struct Model: Sendable, Hashable, Codable {
    public struct Details: Sendable, Hashable, Codable {
      public var family: String?
      public var parameterSize: String?
      public var quantizationLevel: String?
      public var contextLength: Int?
    }
    public var name: String
    public var size: UInt64
    public var digest: String
    public var details: Details?
    public var capabilities: [String]?
  }

  /// A loaded model as `/api/ps` lists it. `expires_at` moves with every request: the server's own record of use.
  public struct LoadedModel: Sendable, Hashable, Codable {
    public var name: String
    public var size: UInt64
    public var sizeVram: UInt64?
    public var contextLength: Int?
    public var expiresAt: String
    public var digest: String?
  }

  /// What `/api/show` says of a model.
  public struct Description: Sendable, Hashable, Codable {
    /// `num_ctx                        65536` and the like, one a line.
    public var parameters: String?
    public var capabilities: [String]?

    /// The context window baked into the model, `nil` when none is.
    public var contextWindow: Int? {
      parameters?.split(separator: "\n").lazy.compactMap { line -> Int? in
        let words = line.split(separator: " ", omittingEmptySubsequences: true)
        // From seven digits on it is written with an exponent: 1.048576e+06.
        guard words.count == 2, words[0] == "num_ctx" else { return nil }
        return Double(words[1]).flatMap { Int(exactly: $0.rounded()) }
      }.first
    }
  }

  public func version(within limit: Duration = .seconds(3)) async throws(Failure) -> String {
    struct Answer: Decodable { var version: String }
    let answer = try await ask("GET", "/api/version", limit: limit, as: Answer.self)
    return answer.version
  }

  public func models(within limit: Duration = .seconds(10)) async throws(Failure) -> [Model] {
    struct Answer: Decodable { var models: [Model] }
    return try await ask("GET", "/api/tags", limit: limit, as: Answer.self).models
  }

  public func loadedModels() async throws(Failure) -> [LoadedModel] {
    struct Answer: Decodable { var models: [LoadedModel] }
    return try await ask("GET", "/api/ps", as: Answer.self).models
  }

  /// `nil` when the server has no such model.
  public func describe(_ model: String) async throws(Failure) -> Description? {
    let response = try await send("POST", "/api/show", ["model": .string(model)])
    if response.status == 404 { return nil }
    return try decode(Description.self, response, "/api/show")
  }

  /// Makes a model of the same blob with `num_ctx` set. An existing model of that name is replaced.
  public func create(_ creation: ModelCreation) async throws(Failure) {
    // Without a source on the server, create silently turns into a pull: ask first.
    guard let source = try await details(creation.from) else {
      throw Failure(
        "The model \(printable(creation.name)) cannot be made",
        why: "\(url) has no model \(printable(creation.from)) to make it from",
        tryNext: ["`ccl-setup pull \(printable(creation.from))`"])
    }
    // Of a model that no catalogue knows this is told only now that it is here.
    if let trained = source.info?.nativeContext, creation.contextWindow > trained {
      throw contextBeyondTraining(
        of: creation.from, creation.contextWindow, trained: trained,
        tryNext: [
          "Choose \(contextInWords(trained)) or less: `--context \(contextInWords(trained))`."
        ])
    }
    let response = try await send(
      "POST", "/api/create",
      [
        "model": .string(creation.name), "from": .string(creation.from),
        "parameters": ["num_ctx": .number("\(creation.contextWindow)")],
        "stream": .bool(false),
      ], limit: .seconds(120))
    try check(response, "The model \(printable(creation.name)) could not be made")
  }

  public func copy(from source: String, to name: String) async throws(Failure) {
    let response = try await send(
      "POST", "/api/copy", ["source": .string(source), "destination": .string(name)])
    try check(response, "The alias \(printable(name)) could not be made")
    try checkIsOllamas(response, "/api/copy")
  }

  /// Removes a model; one that is not there is no error.
  public func delete(_ model: String) async throws(Failure) {
    let response = try await send("DELETE", "/api/delete", ["model": .string(model)])
    if response.status == 404 { return }
    try check(response, "The model \(printable(model)) could not be removed")
    try checkIsOllamas(response, "/api/delete")
  }

  /// Loads a model without generating anything, and keeps it loaded for the server's keep-alive time.
  public func load(_ model: String, within limit: Duration) async throws(Failure) {
    let response = try await send(
      "POST", "/api/generate", ["model": .string(model), "stream": .bool(false)], limit: limit)
    try check(response, "The model \(printable(model)) could not be loaded")
  }

  // MARK: - Asking

  func request(
    _ method: String, _ path: String, _ body: JSON?, limit: Duration
  ) -> WebRequest {
    var request = WebRequest(method, url + path, limit: limit)
    if let body {
      request.headers = [WebHeader("content-type", "application/json")]
      request.body = Array(body.compact.utf8)
    }
    return request
  }

  func send(
    _ method: String, _ path: String, _ body: JSON? = nil, limit: Duration = .seconds(10)
  ) async throws(Failure) -> WebResponse {
    let request = request(method, path, body, limit: limit)
    do { return try await network.exchange(request) } catch { throw failure(error) }
  }

  private func ask<Answer: Decodable>(
    _ method: String, _ path: String, limit: Duration = .seconds(10), as type: Answer.Type
  ) async throws(Failure) -> Answer {
    let response = try await send(method, path, limit: limit)
    return try decode(type, response, path)
  }

  private func decode<Answer: Decodable>(
    _ type: Answer.Type, _ response: WebResponse, _ path: String
  ) throws(Failure) -> Answer {
    try check(response, "\(url)\(path) did not answer as Ollama does")
    do { return try JSONDecoder.snakeCase.decode(type, from: Data(response.body)) } catch {
      throw notOllamas(response, path)
    }
  }

  private func notOllamas(_ response: WebResponse, _ path: String) -> Failure {
    Failure(
      "\(url)\(path) did not answer as Ollama does",
      why: "the answer begins “\(printable(String(response.text.prefix(80))))”",
      tryNext: ["Is another program on that port? `ccl-setup doctor` says which."])
  }

  /// Ollama answers what it has done with nothing at all (measured); the page of a captive portal has a 200 too.
  private func checkIsOllamas(_ response: WebResponse, _ path: String) throws(Failure) {
    guard response.body.isEmpty || (try? JSON.parse(response.body)) != nil else {
      throw notOllamas(response, path)
    }
  }

  private func check(_ response: WebResponse, _ what: String) throws(Failure) {
    guard response.status != 200 else { return }
    struct Refusal: Decodable { var error: String }
    let words = try? JSONDecoder().decode(Refusal.self, from: Data(response.body)).error
    throw Failure(
      what,
      why:
        "\(url) answered \(response.status): \(printable(words ?? String(response.text.prefix(200))))"
    )
  }

  /// A network problem, told as a problem with this server.
  public func failure(_ problem: NetworkProblem) -> Failure {
    switch problem {
    case .refused:
      Failure(
        "\(title) does not answer at \(url)", why: "nothing listens there",
        tryNext: isOurs
          ? ["`ccl-setup start`"] : ["Start it: `ollama serve`", "`ccl-setup` sets one up."])
    case .unknownHost:
      Failure(
        "\(title) does not answer at \(url)", why: "the host's name is not known",
        tryNext: ["Check the spelling of the address."])
    case .tookTooLong(_, let limit):
      Failure(
        "\(title) does not answer at \(url)", why: "no answer within \(limit.inWords)",
        tryNext: ["`ccl-setup status`", "`ccl-setup logs`"])
    case .tooLarge(let url, let limit):
      Failure(
        "The answer of \(url) was refused", why: "it is larger than \(ByteCount(limit).inWords)")
    case .cut:
      Failure(
        "The connection to \(url) was cut", why: "the server hung up before its answer was whole",
        tryNext: ["`ccl-setup logs`"])
    case .other(_, let reason):
      Failure("\(title) could not be asked at \(url)", why: printable(reason))
    case .cancelled:
      Failure("The request to \(url) was stopped", why: "you asked for it", code: .interrupted)
    }
  }
}

extension [OllamaServer.Model] {
  /// The model of that name, however it is written: with or without `:latest`.
  func first(named name: String) -> OllamaServer.Model? {
    guard let wanted = try? ModelName(name) else { return nil }
    return first { (try? ModelName($0.name)) == wanted }
  }
}

extension JSONDecoder {
  /// For answers whose keys are written `like_this`.
  static var snakeCase: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return decoder
  }
}
