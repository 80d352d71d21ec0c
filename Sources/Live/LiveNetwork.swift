import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
public import Setup
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Network {
  /// The real network. The proxy variables of the environment are honoured for other machines, never for loopback:
  /// a corporate proxy must not see what is said to the model.
  public static func live(in environment: Environment) -> Network {
    let clients = Clients(environment)
    return Network(
      exchange: { request throws(NetworkProblem) in
        let answer = Mutex(WebResponse(status: 0))
        do {
          try await withLimit(request.limit, request.url) {
            try await transfer(
              request, clients, head: { response in answer.withLock { $0 = response } },
              receive: { bytes in
                let size = answer.withLock {
                  $0.body += bytes
                  return $0.body.count
                }
                if size > request.bodyLimit {
                  throw NetworkProblem.tooLarge(request.url, limit: request.bodyLimit)
                }
              }, activity: {})
          }
        } catch {
          throw networkProblem(error, request)
        }
        return answer.withLock { $0 }
      },
      stream: { request, head, receive in
        let activity = Activity()
        do {
          try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
              try await transfer(
                request, clients, head: head, receive: receive,
                activity: { activity.last.withLock { $0 = .now } })
            }
            group.addTask {
              while true {
                let silence = activity.last.withLock { $0.duration(to: .now) }
                if silence >= request.limit {
                  throw NetworkProblem.tookTooLong(request.url, limit: request.limit)
                }
                try await ContinuousClock().sleep(for: request.limit - silence)
              }
            }
            defer { group.cancelAll() }
            try await group.next()
          }
        } catch let error as Failure {
          throw error
        } catch is CancellationError {
          throw CancellationError()
        } catch {
          throw networkProblem(error, request)
        }
      },
      isPortFree: canBind)
  }
}

/// When a stream was last heard of.
private final class Activity: Sendable {
  let last = Mutex(ContinuousClock.now)
}

/// One client without a proxy and one with, made at first use and kept until the process ends: a client must not be
/// given up while it holds connections.
private struct Clients: Sendable {
  private static let made = Mutex<[String: HTTPClient]>([:])
  private let proxy: (url: String, host: String, port: Int)?

  init(_ environment: Environment) {
    let named = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].lazy
      .compactMap { environment.nonEmpty($0) }.first
    proxy = named.flatMap { named in
      guard let url = URL(string: named), let host = url.host, url.scheme != "socks5" else {
        return nil
      }
      return (named, host, url.port ?? 80)
    }
  }

  func client(for request: WebRequest) throws -> HTTPClient {
    guard let proxy, let parsed = URL(string: request.url), parsed.scheme == "https",
      let host = parsed.host, !isLoopback(host)
    else { return try Self.client("", proxy: nil, request.authority) }
    return try Self.client(
      proxy.url, proxy: .server(host: proxy.host, port: proxy.port), request.authority)
  }

  private static func client(
    _ place: String, proxy: HTTPClient.Configuration.Proxy?, _ authority: String?
  ) throws -> HTTPClient {
    let key = "\(place) \(authority ?? "")"
    // Read each time: a file that cannot be read must not be forgotten about because it once could.
    let roots = try authority.map { try NIOSSLCertificate.fromPEMFile($0) }
    return made.withLock { made in
      if let client = made[key] { return client }
      var configuration = HTTPClient.Configuration()
      configuration.timeout.connect = .seconds(5)
      // A refused connection is an answer: it must come at once, not after retries.
      configuration.connectionPool.retryConnectionEstablishment = false
      configuration.httpVersion = .http1Only
      configuration.proxy = proxy
      if let roots {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.additionalTrustRoots = [.certificates(roots)]
        configuration.tlsConfiguration = tls
      }
      let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
      made[key] = client
      return client
    }
  }
}

/// Whether a host name or address is this machine's loopback.
private func isLoopback(_ host: String) -> Bool {
  host == "localhost" || host.hasPrefix("127.") || host == "::1" || host == "[::1]"
}

private func transfer(
  _ request: WebRequest, _ clients: Clients,
  head: @Sendable (WebResponse) async throws -> Void,
  receive: @Sendable ([UInt8]) async throws -> Void, activity: @Sendable () -> Void
) async throws {
  var outgoing = HTTPClientRequest(url: request.url)
  outgoing.method = HTTPMethod(rawValue: request.method)
  for header in request.headers { outgoing.headers.add(name: header.name, value: header.value) }
  if !request.body.isEmpty { outgoing.body = .bytes(request.body) }
  // The limit is ours (`withLimit`, the silence watch): the client's own would end long pulls.
  let client = try clients.client(for: request)
  let response: HTTPClientResponse
  do {
    response = try await client.execute(outgoing, deadline: .distantFuture)
  } catch ChannelError.ioOnClosedChannel {
    // A kept connection that the server closed at this very moment (llama.cpp's does so after 5 s): nothing was sent.
    response = try await client.execute(outgoing, deadline: .distantFuture)
  }
  activity()
  try await head(
    WebResponse(
      status: Int(response.status.code),
      headers: response.headers.map { WebHeader($0.name, $0.value) }))
  for try await part in response.body {
    activity()
    try await receive(Array(part.readableBytesView))
  }
}

private func withLimit(
  _ limit: Duration, _ url: String, _ work: @escaping @Sendable () async throws -> Void
) async throws {
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { try await work() }
    group.addTask {
      try await ContinuousClock().sleep(for: limit)
      throw NetworkProblem.tookTooLong(url, limit: limit)
    }
    defer { group.cancelAll() }
    try await group.next()
  }
}

private func networkProblem(_ error: any Error, _ request: WebRequest) -> NetworkProblem {
  let url = request.url
  if Task.isCancelled { return .cancelled(url) }
  switch error {
  case let problem as NetworkProblem: return problem
  case let error as HTTPClientError:
    if error == .remoteConnectionClosed { return .cut(url) }
    if error == .connectTimeout { return .tookTooLong(url, limit: .seconds(5)) }
    return .other(url, reason: error.description)
  case let error as NIOConnectionError:
    if error.connectionErrors.isEmpty { return .unknownHost(url) }
    return .refused(url)
  case let error as IOError:
    return error.errnoCode == ECONNREFUSED
      ? .refused(url) : error.errnoCode == ECONNRESET ? .cut(url) : .other(url, reason: "\(error)")
  // The connection ended in the middle of a chunk.
  case HTTPParserError.invalidEOFState: return .cut(url)
  case is HTTPParserError: return .other(url, reason: "the answer is not HTTP")
  default: return .other(url, reason: "\(error)")
  }
}

private func canBind(_ host: String, _ port: Int) -> Bool {
  guard let port = in_port_t(exactly: port) else { return false }
  #if canImport(Darwin)
    let kind = SOCK_STREAM
  #else
    let kind = Int32(SOCK_STREAM.rawValue)
  #endif
  let descriptor = socket(AF_INET, kind, 0)
  guard descriptor >= 0 else { return false }
  defer { close(descriptor) }
  // As servers do: a port in TIME_WAIT counts as free.
  var on: Int32 = 1
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  guard inet_pton(AF_INET, host == "localhost" ? "127.0.0.1" : host, &address.sin_addr) == 1
  else { return false }
  return withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
    }
  }
}
