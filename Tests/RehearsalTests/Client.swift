import NIOCore
import NIOPosix
import Rehearsal

/// What came over the wire, byte for byte.
struct Wire: Sendable {
  var text: String
  /// From the request's last byte to the answer's first.
  var firstByte: Duration
  /// Whether the answer's framing was complete.
  var isComplete: Bool

  var head: String {
    text.firstRange(of: "\r\n\r\n").map { String(text[..<$0.lowerBound]) } ?? text
  }
  var statusLine: String { head.split(separator: "\r\n").first.map(String.init) ?? "" }
  var status: Int { statusLine.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0 }

  /// Names in lower case; the date is left out, since it differs each time.
  var headers: [String: String] {
    Dictionary(
      head.split(separator: "\r\n").dropFirst().compactMap { line in
        let parts = line.split(separator: ":", maxSplits: 1)
        let name = parts[0].lowercased()
        return name == "date" ? nil : (name, String(parts.count > 1 ? parts[1].dropFirst() : ""))
      }, uniquingKeysWith: { $0 + ", " + $1 })
  }

  /// What stands behind the head, as it was sent.
  var rawBody: Substring {
    guard let end = text.firstRange(of: "\r\n\r\n") else { return "" }
    return text[end.upperBound...]
  }

  /// The chunks of a chunked body, each as it was flushed; or the whole body as one.
  var chunks: [String] {
    guard headers["transfer-encoding"] == "chunked" else { return [String(rawBody)] }
    var rest = Array(rawBody.utf8)[...]
    var chunks: [String] = []
    while let end = rest.indices.first(where: { rest[$0] == 0x0d }) {
      guard let size = Int(String(decoding: rest[..<end], as: UTF8.self), radix: 16), size > 0
      else { break }
      let start = end + 2
      guard start + size <= rest.endIndex else { break }
      chunks.append(String(decoding: rest[start..<(start + size)], as: UTF8.self))
      rest = rest[min(start + size + 2, rest.endIndex)...]
    }
    return chunks
  }

  var body: String { chunks.joined() }
  var lines: [String] { body.split(separator: "\n").map(String.init) }
}

/// A client that sends what it is told and keeps every byte of the answer.
struct Client: Sendable {
  var port: Int
  var server: RehearsalServer

  /// - Parameter limit: gives up after so long, with what came until then.
  func send(
    _ method: String, _ path: String, _ body: String? = nil, headers: [String: String] = [:],
    limit: Duration = .seconds(30)
  ) async throws -> Wire {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelOption(.allowRemoteHalfClosure, value: true)
      .connect(host: "127.0.0.1", port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
        }
      }
    var fields = ["Host": "127.0.0.1:\(port)", "Connection": "close"]
    if let body { fields["Content-Length"] = String(body.utf8.count) }
    fields.merge(headers) { $1 }
    let request =
      "\(method) \(path) HTTP/1.1\r\n" + fields.map { "\($0): \($1)\r\n" }.joined() + "\r\n"
      + (body ?? "")
    return try await channel.executeThenClose { inbound, outbound in
      try await outbound.write(ByteBuffer(string: request))
      let sent = ContinuousClock.now
      let received = Received()
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          do {
            for try await part in inbound { await received.append(part) }
            await received.end()
          } catch is IOError {
            // The connection was reset: what came, came.
          }
        }
        group.addTask { try await Task.sleep(for: limit) }
        try await group.next()
        group.cancelAll()
      }
      return await received.wire(since: sent)
    }
  }

  func post(_ path: String, _ body: String) async throws -> Wire {
    try await send("POST", path, body)
  }

  func pull(_ name: String) async throws {
    _ = try await post("/api/pull", #"{"model":"\#(name)"}"#)
  }

  /// The last request to `/v1/messages` that the server recorded.
  var lastMessages: ServedRequest? { server.record.last { $0.path == "/v1/messages" } }
}

private actor Received {
  private var buffer = ByteBuffer()
  private var first: ContinuousClock.Instant?
  private var ended = false

  func append(_ part: ByteBuffer) {
    if first == nil { first = .now }
    buffer.writeImmutableBuffer(part)
  }

  func end() { ended = true }

  func wire(since sent: ContinuousClock.Instant) -> Wire {
    let text = String(buffer: buffer)
    let isChunked = text.contains("transfer-encoding: chunked")
    return Wire(
      text: text, firstByte: (first ?? .now) - sent,
      isComplete: ended && (!isChunked || text.hasSuffix("0\r\n\r\n")))
  }
}

extension RehearsalConfiguration {
  /// Two toy models, no waiting, a port of its own.
  static func test(version: String = "0.32.15", _ change: (inout Self) -> Void = { _ in }) -> Self {
    var configuration = RehearsalConfiguration(version: version)
    configuration.listen.port = 0
    configuration.pace = .instant
    configuration.catalogue = [.toy("tiny"), .toy("notools") { $0.tools = false }]
    change(&configuration)
    return configuration
  }
}

extension CatalogueModel {
  static func toy(_ name: String, _ change: (inout Self) -> Void = { _ in }) -> Self {
    var model = CatalogueModel(
      name: name, size: 3_131_040, architecture: "llama", parameters: "1.5M", quantization: "F16",
      geometry: .init(
        layers: 4, heads: 4, keyValueHeads: 2, headLength: 64, context: 131_072, embedding: 256))
    // Two toys are two blobs.
    model.size += name.utf8.count
    change(&model)
    return model
  }
}

/// Runs a server for as long as the body takes.
func withServer<Value: Sendable>(
  _ configuration: RehearsalConfiguration = .test(),
  _ body: @escaping @Sendable (Client) async throws -> Value
) async throws -> Value {
  let server = try RehearsalServer(configuration)
  let (ports, ready) = AsyncStream<Int>.makeStream()
  return try await withThrowingTaskGroup(of: Value?.self) { group in
    group.addTask {
      try await server.run { ready.yield($0) }
      return nil
    }
    group.addTask {
      var iterator = ports.makeAsyncIterator()
      guard let port = await iterator.next() else { return nil }
      return try await body(Client(port: port, server: server))
    }
    defer { group.cancelAll() }
    while let value = try await group.next() {
      if let value { return value }
    }
    throw CancellationError()
  }
}
