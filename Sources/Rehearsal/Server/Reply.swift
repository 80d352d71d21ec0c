import HTTPTypes
import Hummingbird
import NIOCore

/// What a handler answers, before it is known how it is framed.
struct Reply: Sendable {
  enum Body: Sendable {
    case bytes([UInt8])
    /// Each chunk is flushed by itself.
    case stream(@Sendable (inout Pipe) async throws -> Void)
  }

  var status = 200
  var headers: [(name: HTTPField.Name, value: String)] = []
  var body: Body

  /// gin's `c.JSON`.
  static func json(_ status: Int = 200, _ json: JSON) -> Reply {
    Reply(
      status: status, headers: [(.contentType, "application/json; charset=utf-8")],
      body: .bytes(json.bytes))
  }

  static func error(_ status: Int, _ message: String) -> Reply {
    .json(status, ["error": .string(message)])
  }

  static func plain(_ status: Int, _ text: String, headers: [(HTTPField.Name, String)] = [])
    -> Reply
  {
    Reply(
      status: status, headers: headers.map { ($0.0, $0.1) } + [(.contentType, "text/plain")],
      body: .bytes(Array(text.utf8)))
  }

  static func empty(_ status: Int, headers: [(HTTPField.Name, String)] = []) -> Reply {
    Reply(status: status, headers: headers.map { ($0.0, $0.1) }, body: .bytes([]))
  }

  static let notFound = plain(404, "404 page not found")

  /// One line of JSON for each value, as Ollama streams its own protocol.
  static func lines(_ body: @escaping @Sendable (inout Pipe) async throws -> Void) -> Reply {
    Reply(headers: [(.contentType, "application/x-ndjson")], body: .stream(body))
  }
}

/// The stream ends here, cleanly, although more was to come.
struct StreamEnd: Error {}

/// The connection is cut.
struct ConnectionCut: Error {}

extension Reply {
  /// Go's framing: a body up to 2,048 bytes has a length, a longer one comes in chunks.
  func response(to method: HTTPRequest.Method, faults: [Fault.Kind]) -> Response {
    var fields = HTTPFields()
    for (name, value) in headers { fields.append(HTTPField(name: name, value: value)) }
    let status = HTTPResponse.Status(code: self.status)
    switch body {
    case .bytes(let bytes) where bytes.count <= 2048:
      fields[.contentLength] = String(bytes.count)
      let body = method == .head ? [] : bytes
      return Response(
        status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    case .bytes(let bytes):
      return Response(
        status: status, headers: fields,
        body: ResponseBody { writer in
          try await writer.write(ByteBuffer(bytes: bytes))
          try await writer.finish(nil)
        })
    case .stream(let stream):
      return Response(
        status: status, headers: fields,
        body: ResponseBody { writer in
          var pipe = Pipe(writer, faults: faults)
          do {
            try await stream(&pipe)
          } catch is StreamEnd {}
          try await pipe.finish()
        })
    }
  }
}

/// Takes the chunks of one stream to the client, and spoils them where a fault says so.
///
/// Without a writer it keeps the last value instead, for requests that do not stream.
struct Pipe {
  private var writer: (any ResponseBodyWriter)?
  private let faults: [Fault.Kind]
  private var count = 0
  private(set) var last: JSON?

  init(_ writer: (any ResponseBodyWriter)? = nil, faults: [Fault.Kind] = []) {
    self.writer = writer
    self.faults = faults
  }

  mutating func write(line json: JSON) async throws {
    last = json
    if writer != nil { try await write(json.line) }
  }

  mutating func write(_ chunk: [UInt8]) async throws {
    for fault in faults {
      switch fault {
      case .cut(let after) where count >= after: throw ConnectionCut()
      case .stall(let after) where count >= after: try await Task.sleep(for: .seconds(86_400))
      case .runnerDies(let after) where count >= after: throw StreamEnd()
      default: break
      }
    }
    count += 1
    try await writer?.write(ByteBuffer(bytes: chunk))
  }

  consuming func finish() async throws { try await writer?.finish(nil) }
}
