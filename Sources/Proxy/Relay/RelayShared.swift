import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// What all relays of a proxy have in common.
final class RelayShared: Sendable {
  let upstream: Upstream
  let strict: Bool
  let recorder: Recorder
  let page: PageResponder
  let allocator = ByteBufferAllocator()
  /// Names by which a client addresses the proxy itself, with the port.
  private let ownNames: Set<String>
  private let address: SocketAddress?
  private let tls: NIOSSLContext?

  /// Bytes that may wait for a slower side before the faster one is no longer read.
  static let highWaterMark = 256 * 1024
  static let lowWaterMark = 64 * 1024
  /// Bytes of a request that a client may send before the answer to the one before.
  static let aheadLimit = 64 * 1024

  init(_ configuration: ProxyConfiguration, port: Int, recorder: Recorder, page: PageResponder)
    throws
  {
    upstream = configuration.upstream
    strict = configuration.strict
    self.recorder = recorder
    self.page = page
    ownNames = Set(
      ["127.0.0.1", "localhost", "[::1]", inBrackets(configuration.host)].map { "\($0):\(port)" })
    // An address needs no name look-up, which NIO does on another thread.
    let literal = upstream.host == "localhost" ? "127.0.0.1" : upstream.host
    address = try? SocketAddress(ipAddress: literal, port: upstream.port)
    tls = upstream.isSecure ? try trusting(configuration.authorities) : nil
  }

  /// How a request's head differs on its way to the engine.
  func rewrite(_ request: RequestHead) -> Rewrite {
    var target = request.target
    // A client that believes it talks to a forward proxy sends the whole URL (RFC 9112, 3.2.2).
    if target.utf8.starts(with: "http://".utf8) {
      target = String(target.dropFirst(7).drop { $0 != "/" })
      if target.isEmpty { target = "/" }
    }
    let repaired = strict ? nil : repairedTarget(target)
    var changes = HeadChanges()
    if repaired != nil || !upstream.path.isEmpty || target.utf8.count != request.target.utf8.count {
      let path = upstream.path + (repaired ?? target)
      changes.startLine = "\(request.method) \(path) HTTP/\(request.isOld ? "1.0" : "1.1")"
    }
    // A Host that names the proxy becomes the one that a direct client sends; a foreign one stays, since engines
    // use it to tell a page of a foreign site from a program of this machine.
    if let host = request.host,
      upstream.isSecure || ownNames.contains(host)
        || ownNames.contains(host.lowercased())
    {
      changes.host = upstream.authority
    }
    if request.isOld, !request.closes { changes.connection = "keep-alive" }
    return Rewrite(changes: changes, repairedTarget: repaired)
  }

  /// Connects to the engine for `relay`, which hears of it by its handler.
  func connect(for relay: Relay, on loop: any EventLoop) -> EventLoopFuture<Void> {
    let bound = NIOLoopBound(relay, eventLoop: loop)
    let connected =
      if let address {
        bootstrap(bound, on: loop).connect(to: address).flatMapError { [self] error in
          // A server may listen on ::1 alone.
          upstream.host == "localhost"
            ? bootstrap(bound, on: loop).connect(host: "::1", port: upstream.port)
            : loop.makeFailedFuture(error)
        }
      } else {
        bootstrap(bound, on: loop).connect(host: upstream.host, port: upstream.port)
      }
    return connected.map { _ in }
  }

  private func bootstrap(_ relay: NIOLoopBound<Relay>, on loop: any EventLoop) -> ClientBootstrap {
    ClientBootstrap(group: loop)
      .connectTimeout(.hours(24))
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(
        .writeBufferWaterMark, value: .init(low: Self.lowWaterMark, high: Self.highWaterMark)
      )
      .channelOption(.recvAllocator, value: receiveBuffers)
      .channelInitializer { [tls, upstream] channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let tls {
            try pipeline.addHandler(
              NIOSSLClientHandler(
                context: tls, serverHostname: upstream.host.isAddress ? nil : upstream.host))
          }
          try pipeline.addHandler(EngineHandler(relay.value, awaitsHandshake: tls != nil))
        }
      }
  }
}

private func trusting(_ authorities: String?) throws -> NIOSSLContext {
  var configuration = TLSConfiguration.makeClientConfiguration()
  if let authorities { configuration.additionalTrustRoots = [.file(authorities)] }
  do {
    return try NIOSSLContext(configuration: configuration)
  } catch {
    let file = authorities ?? "the system's certificates"
    throw ProxyError(description: "cannot take authorities from \(file): \(error)")
  }
}

struct Rewrite {
  var changes: HeadChanges
  var repairedTarget: String?
}

/// Small for the many events of a stream, large for bodies.
let receiveBuffers = AdaptiveRecvByteBufferAllocator(
  minimum: 2048, initial: 64 * 1024, maximum: 64 * 1024)

extension String {
  /// An IP address, for which TLS knows no server name.
  fileprivate var isAddress: Bool { (try? SocketAddress(ipAddress: self, port: 0)) != nil }
}
