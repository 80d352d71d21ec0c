import NIOCore
import NIOHTTP1
import NIOPosix
public import Setup

extension PromptRelay {
  /// Listens on a free port of 127.0.0.1 and passes everything on to the server at `upstream`, reached by `world`, until
  /// it is stopped.
  public static func listen(
    to upstream: String, in world: World
  ) async throws(Failure) -> PromptRelay {
    let seen = Shared([Exchange]())
    do {
      let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        .childChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.configureHTTPServerPipeline()
            try pipeline.addHandler(RelayHandler(upstream, world, seen))
          }
        }
        .bind(host: "127.0.0.1", port: 0).get()
      guard let port = channel.localAddress?.port else {
        throw ChannelError.unknownLocalAddress
      }
      return PromptRelay(
        url: "http://127.0.0.1:\(port)", exchanges: { seen.value },
        // Its port is given back by the end of the process at the latest.
        stop: { try? await channel.close() })
    } catch {
      throw Failure("No listener could be started on 127.0.0.1", why: "\(error)")
    }
  }
}

private final class RelayHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let upstream: String
  private let world: World
  private let seen: Shared<[PromptRelay.Exchange]>
  private var head: HTTPRequestHead?
  private var body: [UInt8] = []
  private var work: Task<Void, Never>?

  init(_ upstream: String, _ world: World, _ seen: Shared<[PromptRelay.Exchange]>) {
    self.upstream = upstream
    self.world = world
    self.seen = seen
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      body = []
    case .body(let part):
      guard body.count < 32 << 20 else { return context.close(promise: nil) }
      body += part.readableBytesView
    case .end:
      guard let head else { return }
      // A web page may reach this port under a name of its own (DNS rebinding); the client never does.
      let host = "127.0.0.1:\(context.channel.localAddress?.port ?? 0)"
      guard head.headers["host"] == [host], !head.headers.contains(name: "origin") else {
        return context.close(promise: nil)
      }
      pass(
        ClientContract.Request(
          method: head.method.rawValue, path: head.uri,
          headers: head.headers.map { WebHeader($0.name, $0.value) }, body: body), context)
    }
  }

  /// The client went away: so do we, which frees the server's slot.
  func channelInactive(context: ChannelHandlerContext) {
    work?.cancel()
    context.fireChannelInactive()
  }

  private func pass(_ request: ClientContract.Request, _ context: ChannelHandlerContext) {
    let index = seen.update { seen in
      seen.append(PromptRelay.Exchange(request: request))
      return seen.count - 1
    }
    var onward = WebRequest(
      request.method, upstream + request.path, body: request.body, limit: .seconds(3600))
    // The server's own credentials are added by whoever reaches it.
    onward.headers = request.headers.filter { !Self.ownHeaders.contains($0.name.lowercased()) }
    let (world, seen) = (world, seen)
    let writer = Writer(context)
    let began = ContinuousClock.now
    work = Task { [onward] in
      do {
        try await world.network.stream(onward) { head in
          seen.update { $0[index].status = head.status }
          writer.head(head, isAlone: request.method == "HEAD")
        } _: { bytes in
          seen.update { seen in
            if seen[index].secondsToFirstByte == nil {
              seen[index].secondsToFirstByte = began.duration(to: .now).seconds
            }
            if seen[index].answer.count < 1 << 20 { seen[index].answer += bytes }
          }
          writer.body(bytes)
        }
        writer.end()
      } catch {
        // The client sees the connection end, as it would have without us.
        writer.close()
      }
    }
  }

  private static let ownHeaders: Set<String> = [
    "host", "connection", "content-length", "authorization", "x-api-key", "accept-encoding",
  ]

  /// Answers from whatever thread, on the channel's own.
  private struct Writer: Sendable {
    private let context: NIOLoopBound<ChannelHandlerContext>
    private let loop: any EventLoop

    init(_ context: ChannelHandlerContext) {
      self.context = NIOLoopBound(context, eventLoop: context.eventLoop)
      loop = context.eventLoop
    }

    /// - Parameter isAlone: whether no body follows, which the encoder cannot know.
    func head(_ head: WebResponse, isAlone: Bool) {
      write { _ in
        var headers = HTTPHeaders(
          head.headers.filter {
            !["connection", "content-length", "transfer-encoding"].contains($0.name.lowercased())
          }.map { ($0.name, $0.value) })
        if isAlone { headers.add(name: "Content-Length", value: "0") }
        return .head(
          .init(version: .http1_1, status: .init(statusCode: head.status), headers: headers))
      }
    }

    func body(_ bytes: [UInt8]) {
      write { .body(.byteBuffer($0.channel.allocator.buffer(bytes: bytes))) }
    }

    func end() { write { _ in .end(nil) } }

    func close() { loop.execute { context.value.close(promise: nil) } }

    private func write(
      _ part: @escaping @Sendable (ChannelHandlerContext) -> HTTPServerResponsePart
    ) {
      loop.execute {
        let context = context.value
        context.writeAndFlush(NIOAny(part(context)), promise: nil)
      }
    }
  }
}
