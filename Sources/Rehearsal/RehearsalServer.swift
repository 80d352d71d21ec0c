import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The stand-in for Ollama: a server that speaks as Ollama does, without a model.
///
/// It behaves as two measured versions of the real server do, traps included, and says of each
/// request what it did with it (``record``), so that a caller can prove where an answer came from.
public struct RehearsalServer: Sendable {
  private let house: House

  /// - Throws: when the folder of models cannot be made or read.
  public init(_ configuration: RehearsalConfiguration) throws {
    house = try House(configuration)
  }

  /// What was served so far, oldest first.
  public var record: [ServedRequest] { house.ledger.requests }

  /// Replaces the faults that are set.
  public func setFaults(_ faults: [Fault]) { house.faults.withLock { $0 = faults } }

  /// Serves until its task is cancelled.
  ///
  /// - Parameter onReady: is told the port, once connections are accepted.
  /// - Throws: when the address cannot be bound.
  public func run(onReady: @escaping @Sendable (Int) async -> Void = { _ in }) async throws {
    let listen = house.configuration.listen
    var logger = Logger(label: "rehearsal")
    logger.logLevel = .critical
    let application = Application(
      responder: CallbackResponder<Connection> { [house] request, context in
        await house.respond(to: request, context: context)
      },
      server: .http1(
        configuration: .init(additionalChannelHandlers: [CloseWatch()])),
      configuration: ApplicationConfiguration(
        address: .hostname(listen.host, port: listen.port)),
      onServerRunning: { channel in await onReady(channel.localAddress?.port ?? listen.port) },
      logger: logger)
    try await application.run()
  }
}

/// The connection that a request came by.
private struct Connection: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
  }
}

/// Closes the connection when the client has: Go gives a request up then, and so do we.
private final class CloseWatch: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = NIOAny

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed? = event as? ChannelEvent {
      context.close(promise: nil)
    }
    context.fireUserInboundEventTriggered(event)
  }
}

extension House {
  fileprivate func respond(to request: Request, context: Connection) async -> Response {
    let work = Task { try await answer(request, context) }
    context.channel.closeFuture.whenComplete { _ in work.cancel() }
    do {
      return try await work.value
    } catch {
      // The client is gone, or the disk is full: who is still there is told.
      return Reply.error(500, "\(error)").response(to: request.method, faults: [])
    }
  }

  private func answer(_ request: Request, _ context: Connection) async throws -> Response {
    let method = request.method.rawValue
    let path = request.uri.path
    var body = try await request.body.collect(upTo: 1 << 30)
    let bytes = body.readBytes(length: body.readableBytes) ?? []
    let faults = faults.withLock { $0.take(path: path) }
    let call = Call(
      method: method, path: path, query: request.uri.query, body: bytes, faults: faults,
      closed: context.channel.closeFuture)
    var record = ServedRequest(
      time: Date().timeIntervalSince1970, method: method, path: path, requestBytes: bytes.count)

    let host = request.head.authority ?? ""
    let origin = request.headers[.origin]
    // No page of the web may reach the control routes, however the server is bound.
    if Guard(boundTo: "127.0.0.1").admits(host: host, origin: origin, method: method).reply == nil,
      let reply = try control(call, from: context.channel.remoteAddress)
    {
      return reply.response(to: request.method, faults: [])
    }
    let guardian = Guard(boundTo: configuration.listen.host)
    let (refusal, headers) = guardian.admits(
      host: host, origin: origin, method: method)
    var reply: Reply
    if let refusal {
      reply = refusal
    } else if let spoiled = try await spoiled(faults) {
      reply = spoiled
    } else {
      do {
        reply = try await serve(call, record: &record)
      } catch let refusal as Refusal {
        reply = refusal.reply
      }
    }
    reply.headers.append(contentsOf: headers.map { (name: $0.0, value: $0.1) })
    record.status = reply.status
    try ledger.append(record)
    return reply.response(to: request.method, faults: faults)
  }

  /// The faults that stand in the place of an answer.
  private func spoiled(_ faults: [Fault.Kind]) async throws -> Reply? {
    for fault in faults {
      switch fault {
      case .silence: try await Task.sleep(for: .seconds(86_400))
      case .delay(let delay): try await Task.sleep(for: delay)
      case .status(let status, let message): return .error(status, message)
      case .html:
        return Reply(
          headers: [(.contentType, "text/html; charset=utf-8")],
          body: .bytes(Array("<html><body>Please log in to the network.</body></html>\n".utf8)))
      case .hugeBody(let count):
        return Reply(
          headers: [(.contentType, "application/json; charset=utf-8")],
          body: .stream { pipe in
            let chunk = [UInt8](repeating: UInt8(ascii: " "), count: 1 << 16)
            var rest = count
            while rest > 0 {
              try await pipe.write(rest < chunk.count ? Array(chunk.prefix(rest)) : chunk)
              rest -= chunk.count
            }
          })
      default: break
      }
    }
    return nil
  }

  /// `GET /rehearsal/record`, `POST /rehearsal/faults`: not Ollama's, and only for loopback.
  private func control(_ call: Call, from address: SocketAddress?) throws -> Reply? {
    guard configuration.control, call.path.hasPrefix("/rehearsal/"), address?.isLoopback ?? true
    else {
      return nil
    }
    switch (call.method, call.path) {
    case ("GET", "/rehearsal/record"):
      return Reply(
        headers: [(.contentType, "application/json; charset=utf-8")],
        body: .bytes([UInt8](try Ledger.encode(ledger.requests))))
    case ("POST", "/rehearsal/faults"):
      let text = String(decoding: call.body, as: UTF8.self).trimmed
      faults.withLock { $0 = Fault.parse(text) }
      return .empty(204)
    default: return nil
    }
  }
}

extension SocketAddress {
  fileprivate var isLoopback: Bool {
    guard let address = ipAddress else { return true }
    return address.hasPrefix("127.") || address == "::1"
  }
}
