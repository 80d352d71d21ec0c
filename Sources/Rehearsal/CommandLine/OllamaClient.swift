import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// What the subset of `ollama` asks a server.
struct OllamaClient: Sendable {
  struct Failure: Error {
    var message: String
  }

  /// Such as `http://127.0.0.1:11434`.
  var base: String

  init(environment: [String: String]) {
    let text = environment["OLLAMA_HOST"]?.trimmed ?? ""
    let listen = RehearsalConfiguration.Listen(ollamaHost: text)
    // A client reaches a server that is bound to every address by loopback.
    let host = listen.host == "0.0.0.0" ? "127.0.0.1" : listen.host
    let shown = host.contains(":") ? "[\(host)]" : host
    base = "\(text.hasPrefix("https://") ? "https" : "http")://\(shown):\(listen.port)"
  }

  /// One request whose whole answer is one value, or nothing.
  ///
  /// - Throws: ``Failure`` with the server's sentence.
  func ask(_ method: String, _ path: String, _ body: JSON? = nil) async throws -> JSON {
    var answer = JSON.null
    try await lines(method, path, body) { answer = $0 }
    return answer
  }

  /// One request whose answer is a value on each line.
  ///
  /// - Throws: ``Failure`` with the server's sentence, also when it is the last line of a 200.
  func lines(
    _ method: String, _ path: String, _ body: JSON? = nil, _ each: (JSON) throws -> Void
  ) async throws {
    var request = HTTPClientRequest(url: base + path)
    request.method = .RAW(value: method)
    if let body { request.body = .bytes(ByteBuffer(bytes: body.bytes)) }
    var configuration = HTTPClient.Configuration.singletonConfiguration
    // A server that is not there is said to be so at once.
    configuration.connectionPool.retryConnectionEstablishment = false
    let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    do {
      try await exchange(request, by: http, each)
    } catch {
      try await http.shutdown()
      throw error
    }
    try await http.shutdown()
  }

  private func exchange(
    _ request: HTTPClientRequest, by http: HTTPClient, _ each: (JSON) throws -> Void
  ) async throws {
    let response: HTTPClientResponse
    do {
      response = try await http.execute(request, timeout: .hours(24))
    } catch {
      throw Failure(message: "could not connect to ollama server, run 'ollama serve' to start it")
    }
    var pending: [UInt8] = []
    func take(_ line: [UInt8]) throws {
      guard !line.isEmpty else { return }
      guard let json = try? JSON.parse(line) else {
        throw Failure(message: String(decoding: line, as: UTF8.self))
      }
      if let message = json["error"]?.text { throw Failure(message: message) }
      try each(json)
    }
    for try await part in response.body {
      pending += part.readableBytesView
      while let end = pending.firstIndex(of: 0x0a) {
        try take(Array(pending[..<end]))
        pending.removeSubrange(...end)
      }
    }
    try take(pending)
    guard (200..<300).contains(response.status.code) else {
      throw Failure(message: "\(response.status.code) \(response.status.reasonPhrase)")
    }
  }
}
