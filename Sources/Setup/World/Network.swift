/// HTTP as a client, and the question whether a port is free.
public struct Network: Sendable {
  /// One exchange, the body read whole (at most `request.bodyLimit` bytes) within `request.limit`.
  public var exchange: @Sendable (WebRequest) async throws(NetworkProblem) -> WebResponse
  /// One exchange whose body is handed over piece by piece as it arrives; `request.limit` bounds the wait for the
  /// head and then each silence. `receive` throws to hang up.
  public var stream:
    @Sendable (
      _ request: WebRequest, _ head: @escaping @Sendable (WebResponse) async throws -> Void,
      _ receive: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws -> Void
  /// Whether a listener could be bound to this address now.
  public var isPortFree: @Sendable (_ host: String, _ port: Int) -> Bool

  public init(
    exchange: @escaping @Sendable (WebRequest) async throws(NetworkProblem) -> WebResponse,
    stream:
      @escaping @Sendable (
        WebRequest, @escaping @Sendable (WebResponse) async throws -> Void,
        @escaping @Sendable ([UInt8]) async throws -> Void
      ) async throws -> Void,
    isPortFree: @escaping @Sendable (String, Int) -> Bool
  ) {
    self.exchange = exchange
    self.stream = stream
    self.isPortFree = isPortFree
  }
}

/// One HTTP request.
public struct WebRequest: Sendable, Hashable {
  public var method: String
  public var url: String
  public var headers: [WebHeader]
  public var body: [UInt8]
  public var limit: Duration
  /// Bytes of an answer past which it is refused.
  public var bodyLimit: Int
  /// A PEM file of certificate authorities that count beside the system's own.
  public var authority: String?

  public init(
    _ method: String, _ url: String, headers: [WebHeader] = [], body: [UInt8] = [],
    limit: Duration = .seconds(5), bodyLimit: Int = 16 << 20
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.limit = limit
    self.bodyLimit = bodyLimit
  }
}

public struct WebHeader: Sendable, Hashable {
  public var name: String
  public var value: String
  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// Status, headers and (for `exchange`) the whole body of an answer.
public struct WebResponse: Sendable, Hashable {
  public var status: Int
  public var headers: [WebHeader]
  public var body: [UInt8]

  public init(status: Int, headers: [WebHeader] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// The first header of that name, case-insensitively.
  public func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }

  public var text: String { String(decoding: body, as: UTF8.self) }
}

/// Why there was no usable answer.
public enum NetworkProblem: Error, Sendable, Hashable {
  /// Nothing listens there.
  case refused(String)
  case unknownHost(String)
  case tookTooLong(String, limit: Duration)
  case tooLarge(String, limit: Int)
  /// The connection ended before the answer did.
  case cut(String)
  case other(String, reason: String)
  /// Our own task was cancelled.
  case cancelled(String)
}
