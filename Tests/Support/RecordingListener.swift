import NIOCore
public import NIOHTTP1
import NIOPosix
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A server that answers every `POST …/v1/messages` as an Anthropic one would, at once and always the same, and keeps
/// what it was asked: the headers too, which the stand-in for Ollama has no use for.
public struct RecordingListener: Sendable {
  public struct Request: Sendable {
    public var method: String
    public var path: String
    public var headers: HTTPHeaders
    public var body: [UInt8]
    public var size: Int { body.count }
    /// `nil` when there was none that reads as a prompt.
    public var prompt: Prompt?
  }

  /// What of a prompt the tests look at.
  public struct Prompt: Sendable, Decodable {
    public struct Message: Sendable, Decodable { public var role: String }
    public struct Tool: Sendable, Decodable { public var name: String }
    public struct Block: Sendable, Decodable { public var text: String? }
    public var model: String
    public var maxTokens: Int?
    public var messages: [Message]
    public var tools: [Tool]?
    public var system: [Block]?
  }

  /// What becomes of a prompt.
  public enum Answering: Sendable {
    case pong
    /// A 500, as of a server that is broken for a moment.
    case failure
    /// The request is taken, and nothing is ever said.
    case silence
  }

  private let record: Record
  private let channel: any Channel

  /// Serves on a socket that listens.
  public init(socket: CInt, answering: Answering = .pong) async throws {
    let record = Record()
    self.record = record
    channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.configureHTTPServerPipeline()
          try pipeline.addHandler(Handler(record, answering))
        }
      }
      .withBoundSocket(socket).get()
  }

  /// Every request so far, in order.
  public var requests: [Request] { record.requests.withLock { $0 } }

  public func end() async throws { try await channel.close() }
}

private final class Record: Sendable {
  let requests = Mutex<[RecordingListener.Request]>([])
}

private final class Handler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let record: Record
  private var head: HTTPRequestHead?
  private var body = ByteBuffer()

  private let answering: RecordingListener.Answering

  init(_ record: Record, _ answering: RecordingListener.Answering) {
    self.record = record
    self.answering = answering
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      body.clear()
    case .body(var part): body.writeBuffer(&part)
    case .end:
      guard let head else { return }
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      let prompt = try? decoder.decode(
        RecordingListener.Prompt.self, from: Data(body.readableBytesView))
      record.requests.withLock {
        $0.append(
          .init(
            method: head.method.rawValue, path: head.uri, headers: head.headers,
            body: Array(body.readableBytesView), prompt: prompt))
      }
      let isPrompt = head.method == .POST && head.uri.hasPrefix("/v1/messages?")
      guard isPrompt else { return answer(context, .notFound, "") }
      switch answering {
      case .pong: answer(context, .ok, Self.pong)
      case .failure: answer(context, .internalServerError, "boom")
      case .silence: return
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

  private static let pong: String = {
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
}
