import NIOCore
import NIOHTTP1
import NIOPosix
public import Setup

extension ProbeListener {
  /// Listens on a free port of 127.0.0.1 until it is stopped.
  public static func listen() async throws(Failure) -> ProbeListener {
    let seen = Shared([ClientContract.Request]())
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
        url: "http://127.0.0.1:\(port)", requests: { seen.value },
        // Its port is given back by the end of the process at the latest.
        stop: { try? await channel.close() })
    } catch {
      throw Failure("No listener could be started on 127.0.0.1", why: "\(error)")
    }
  }
}

private final class ProbeHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let seen: Shared<[ClientContract.Request]>
  private var head: HTTPRequestHead?
  private var body: [UInt8] = []

  init(_ seen: Shared<[ClientContract.Request]>) { self.seen = seen }

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
      seen.update { $0.append(request) }
      let path = head.uri.prefix { $0 != "?" }
      let isPrompt = head.method == .POST && path.hasSuffix("/messages")
      answer(context, isPrompt ? .ok : .notFound, isPrompt ? pong : "")
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

/// A whole answer of one word, as the Messages API streams it.
private let pong: String = {
  let events = [
    (
      "message_start",
      #""message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"#
        + #""usage":{"input_tokens":3,"output_tokens":0}}"#
    ),
    ("content_block_start", #""index":0,"content_block":{"type":"text","text":""}"#),
    ("content_block_delta", #""index":0,"delta":{"type":"text_delta","text":"pong"}"#),
    ("content_block_stop", #""index":0"#),
    (
      "message_delta",
      #""delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":14,"output_tokens":1}"#
    ),
  ]
  return events.map { "event: \($0)\ndata: {\"type\":\"\($0)\",\($1)}\n\n" }.joined()
    + "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
}()
