import NIOCore
import NIOHTTP1
import NIOPosix
public import Setup

extension ProbeListener {
  /// Listens on a free port of 127.0.0.1 until it is stopped.
  public static func listen() async throws(Failure) -> ProbeListener {
    let (requests, seen) = AsyncStream.makeStream(of: ClientContract.Request.self)
    do {
      let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        .childChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.configureHTTPServerPipeline()
            try pipeline.addHandler(ProbeHandler(seen))
          }
        }
        .bind(host: "127.0.0.1", port: 0).get()
      guard let port = channel.localAddress?.port else {
        throw ChannelError.unknownLocalAddress
      }
      return ProbeListener(
        url: "http://127.0.0.1:\(port)", requests: requests,
        stop: {
          // Its port is given back by the end of the process at the latest.
          try? await channel.close()
          seen.finish()
        })
    } catch {
      throw Failure("No listener could be started on 127.0.0.1", why: "\(error)")
    }
  }
}

private final class ProbeHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let seen: AsyncStream<ClientContract.Request>.Continuation
  private var head: HTTPRequestHead?
  private var body: [UInt8] = []

  init(_ seen: AsyncStream<ClientContract.Request>.Continuation) { self.seen = seen }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      body = []
    case .body(let part):
      // A client's whole first prompt is a tenth of that.
      guard body.count < 8 << 20 else { return context.close(promise: nil) }
      body += part.readableBytesView
    case .end:
      guard let head else { return }
      // A web page may reach this port under a name of its own (DNS rebinding); the client never does.
      let host = "127.0.0.1:\(context.channel.localAddress?.port ?? 0)"
      guard head.headers["host"] == [host], !head.headers.contains(name: "origin") else {
        return answer(context, .forbidden, "")
      }
      let request = ClientContract.Request(
        method: head.method.rawValue, path: head.uri,
        headers: head.headers.map { WebHeader($0.name, $0.value) }, body: body)
      seen.yield(request)
      switch ProbeAnswer(to: request) {
      case .stream(let events): answer(context, .ok, events)
      case .notFound: answer(context, .notFound, "")
      }
    }
  }

  private func answer(
    _ context: ChannelHandlerContext, _ status: HTTPResponseStatus, _ text: String
  ) {
    let headers: HTTPHeaders = [
      "Content-Type": "text/event-stream", "Content-Length": "\(text.utf8.count)",
    ]
    context.write(
      wrapOutboundOut(.head(.init(version: .http1_1, status: status, headers: headers))),
      promise: nil)
    context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }
}
