import NIOCore
import NIOPosix
import NIOSSL

/// A server behind TLS that answers every head with a test's script.
struct TLSEngine {
  let port: Int
  private let server: any Channel

  /// The end of a connection that a script plays.
  struct Peer {
    fileprivate let context: ChannelHandlerContext

    func send(_ text: String) {
      context.writeAndFlush(NIOAny(ByteBuffer(string: text)), promise: nil)
    }

    /// Says goodbye as TLS wants it.
    func close() { context.close(promise: nil) }

    /// Goes as a killed process goes: without a word of TLS.
    func vanish() throws {
      try context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)
        .close(promise: nil)
    }
  }

  enum Event {
    case head(String)
    case clientEnded
  }

  init(
    host: String = "127.0.0.1", _ script: @escaping @Sendable (Event, Peer) throws -> Void
  ) async throws {
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(Self.certificate.utf8)).map {
        .certificate($0)
      },
      privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(Self.key.utf8), format: .pem)))
    configuration.minimumTLSVersion = .tlsv12
    let tls = try NIOSSLContext(configuration: configuration)
    server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandlers(
            NIOSSLServerHandler(context: tls), Handler(script))
        }
      }
      .bind(host: host, port: 0).get()
    port = server.localAddress!.port!
  }

  func stop() async throws { try await server.close() }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let script: @Sendable (Event, Peer) throws -> Void
    private var text = ""

    init(_ script: @escaping @Sendable (Event, Peer) throws -> Void) { self.script = script }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      text += String(buffer: unwrapInboundIn(data))
      guard text.hasSuffix("\r\n\r\n") else { return }
      try? script(.head(text), Peer(context: context))
      text = ""
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
      guard case .inputClosed? = event as? ChannelEvent else { return }
      try? script(.clientEnded, Peer(context: context))
    }
  }

  /// Of 127.0.0.1, from 2020 to 2120, signed with the key below, which is nobody's.
  static let certificate = """
    -----BEGIN CERTIFICATE-----
    MIIBYDCCAQagAwIBAgIBATAKBggqhkjOPQQDAjAWMRQwEgYDVQQDDAtlbmdpbmUu
    dGVzdDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowFjEUMBIGA1UE
    AwwLZW5naW5lLnRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATvGttsUKaO
    eFWZ7FnFCVEEIYz+LhzUDjd1hJSZwXsyjL22GEV/6wn8jDTCGP4jAMWMV0Wsu19T
    96e11Eueg+qso0MwQTAPBgNVHREECDAGhwR/AAABMA8GA1UdEwEB/wQFMAMBAf8w
    HQYDVR0OBBYEFEkW+p5g1h+1hRKTjZ+pSaTwitS2MAoGCCqGSM49BAMCA0gAMEUC
    ID1V36gdLh7t5U5aTDp7dohjhjcVeEDQgkEb3sNk/QoZAiEAnY7M4PhBBqUNGGxQ
    Buarx7l/yVKhXAGvy8AV+F13pbs=
    -----END CERTIFICATE-----
    """
  private static let key = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgq2inRnSALdvJkRl5
    SsCOt1qiDBXCBLWm90PffDqLdQuhRANCAATvGttsUKaOeFWZ7FnFCVEEIYz+LhzU
    Djd1hJSZwXsyjL22GEV/6wn8jDTCGP4jAMWMV0Wsu19T96e11Eueg+qs
    -----END PRIVATE KEY-----
    """
}
