import NIOCore
import Synchronization

/// Answers the proxy's own page and its data, to a browser on this machine and nobody else.
///
/// The page is under `/_proxy/`, which no engine uses, and at `/` for a browser that navigates there (it asks for
/// `text/html`; the client and curl do not, so the engine's own `/` stays reachable).
final class PageResponder: Sendable {
  private let configuration: ProxyConfiguration
  private let recorder: Recorder
  private let port: Int
  /// Has every exchange that is on its way told of.
  private let askAround: @Sendable () -> Void

  static let prefix = "/_proxy"

  init(
    _ configuration: ProxyConfiguration, port: Int, recorder: Recorder,
    askAround: @escaping @Sendable () -> Void
  ) {
    self.configuration = configuration
    self.port = port
    self.recorder = recorder
    self.askAround = askAround
  }

  func isAddressed(by request: RequestHead, head: ByteBuffer) -> Bool {
    if request.target.utf8.starts(with: Self.prefix.utf8) {
      let path = request.path
      return path == Self.prefix || path.hasPrefix(Self.prefix + "/")
    }
    guard request.target == "/", request.method == "GET" else { return false }
    return HeadFields(head).first("accept")?.contains("text/html") ?? false
  }

  /// Answers one request.
  /// - Returns: when the answer has been written, or the watcher of a feed has gone.
  func answer(
    _ request: RequestHead, head: ByteBuffer, _ conversation: PageConversation
  ) -> EventLoopFuture<Void> {
    let channel = conversation.channel
    guard
      let refusal = pageRefusal(
        HeadFields(head), peer: channel.remoteAddress, port: port,
        audience: configuration.audience, method: request.method)
    else { return route(request, conversation) }
    return reply(conversation, .text(refusal.status, refusal.reason))
  }

  private func route(
    _ request: RequestHead, _ conversation: PageConversation
  ) -> EventLoopFuture<Void> {
    let loop = conversation.channel.eventLoop
    let isHead = request.method == "HEAD"
    let parts = request.path.dropFirst(Self.prefix.count).split(separator: "/").map(String.init)
    func later(_ make: @escaping @Sendable (Keeper) throws -> PageReply) -> EventLoopFuture<Void> {
      recorder.ask(make).hop(to: loop)
        .flatMapErrorThrowing { .text("500 Internal Server Error", "\($0)") }
        .assumeIsolated().flatMap { self.reply(conversation, $0, isHead: isHead) }.nonisolated()
    }
    if request.target == "/" || parts.isEmpty {
      let nonce = randomName()
      return reply(
        conversation,
        PageReply(
          type: "text/html; charset=utf-8", nonce: nonce, parts: [.bytes(pageBytes(nonce: nonce))]),
        isHead: isHead)
    }
    switch (parts[0], parts.count) {
    case ("list", 1):
      let after = request.query("after").flatMap { Int($0) } ?? 0
      return later { [configuration, recorder] keeper in
        try .list(keeper, configuration, after: after, recording: recorder.keepsBodies)
      }
    case ("exchange", 2):
      guard let id = Int(parts[1]) else { break }
      return later { try .exchange($0, id) }
    case ("feed", 1) where !isHead:
      return feed(conversation, running: request.query("running") == "1")
    case ("export.jsonl", 1), ("export.har", 1), ("export.html", 1):
      return later { [port] in
        try .export($0, format: parts[0], base: "http://127.0.0.1:\(port)")
      }
    default: break
    }
    return reply(conversation, .text("404 Not Found", "There is no such page."), isHead: isHead)
  }

  private func reply(
    _ conversation: PageConversation, _ reply: PageReply, isHead: Bool = false
  ) -> EventLoopFuture<Void> {
    let channel = conversation.channel
    var head = ByteBuffer(
      string: "HTTP/1.1 \(reply.status)\r\n\(securityHeaders(nonce: reply.nonce))")
    head.writeString("Content-Type: \(reply.type)\r\n")
    let length = reply.length
    head.writeString(
      length.map { "Content-Length: \($0)\r\n" } ?? "Transfer-Encoding: chunked\r\n")
    if let name = reply.fileName {
      head.writeString("Content-Disposition: attachment; filename=\"\(name)\"\r\n")
    }
    head.writeString(conversation.closes ? "Connection: close\r\n\r\n" : "\r\n")
    guard !isHead else { return channel.writeAndFlush(head) }
    channel.write(head, promise: nil)
    let written = write(reply.parts[...], inChunks: length == nil, to: channel)
    // Whoever waits for the rest of a body shall not take the next answer for it.
    written.assumeIsolated().whenFailure { _ in conversation.closes = true }
    return written
  }

  /// Writes one part after the other has gone out, so that an export needs the memory of one part.
  private func write(
    _ parts: ArraySlice<PageReply.Part>, inChunks: Bool, to channel: any Channel
  ) -> EventLoopFuture<Void> {
    guard let part = parts.first else {
      guard inChunks else { return channel.eventLoop.makeSucceededVoidFuture() }
      return channel.writeAndFlush(ByteBuffer(string: "0\r\n\r\n"))
    }
    let bytes: EventLoopFuture<ByteBuffer> =
      switch part {
      case .bytes(let buffer): channel.eventLoop.makeSucceededFuture(buffer)
      case .recorded(let segment, let offset, let length):
        recorder.loop.submit { ByteBuffer(bytes: try segment.read(length, at: offset)) }
          .hop(to: channel.eventLoop)
      case .made(let make): recorder.loop.submit(make).hop(to: channel.eventLoop)
      }
    return bytes.flatMap { channel.writeAndFlush(inChunks ? chunk($0) : $0) }
      .flatMap { self.write(parts.dropFirst(), inChunks: inChunks, to: channel) }
  }

  private func feed(_ conversation: PageConversation, running: Bool) -> EventLoopFuture<Void> {
    let channel = conversation.channel
    conversation.closes = true
    channel.writeAndFlush(
      ByteBuffer(
        string:
          "HTTP/1.1 200 OK\r\n\(securityHeaders(nonce: nil))Content-Type: text/event-stream\r\n"
          + "Connection: close\r\n\r\n: the exchanges as they end\n\n"), promise: nil)
    return recorder.subscribe(channel, running: running)
      .map { [askAround] in if running { askAround() } }
      .hop(to: channel.eventLoop)
      .flatMap { channel.closeFuture }
      .always { [recorder] _ in recorder.unsubscribe(channel) }
  }
}

/// A request for the page while it is being answered.
final class PageConversation {
  let channel: any Channel
  var closes: Bool

  init(channel: any Channel, closes: Bool) {
    self.channel = channel
    self.closes = closes
  }
}

/// What the page's requests are answered with.
struct PageReply: Sendable {
  enum Part: Sendable {
    case bytes(ByteBuffer)
    case recorded(RecordSegment, offset: Int, length: Int)
    /// Made when its turn comes, on the recorder's thread; how long it is, is not known before.
    case made(@Sendable () throws -> ByteBuffer)

    var length: Int? {
      switch self {
      case .bytes(let buffer): buffer.readableBytes
      case .recorded(_, _, let length): length
      case .made: nil
      }
    }
  }

  var status = "200 OK"
  var type: String
  var fileName: String?
  /// Names the page's own script and style to the browser.
  var nonce: String?
  var parts: [Part]

  /// Bytes of the body; nil if a part's are not known.
  var length: Int? {
    parts.reduce(0) { sum, part in sum.flatMap { sum in part.length.map { sum + $0 } } }
  }

  static func text(_ status: String, _ text: String) -> PageReply {
    PageReply(
      status: status, type: "text/plain; charset=utf-8", parts: [.bytes(ByteBuffer(string: text))])
  }

  static func list(
    _ keeper: Keeper, _ configuration: ProxyConfiguration, after: Int, recording: Bool
  ) throws -> PageReply {
    let entries = try keeper.journal.all()
    var text = JSONText(capacity: 64 * 1024)
    text.object {
      $0.field("upstream", "\(configuration.upstream)")
      $0.field("record", configuration.record)
      $0.field("stopped", keeper.stopped)
      $0.field("bodyLimit", configuration.bodyLimit)
      $0.array("exchanges") {
        for entry in entries where entry.id > after { $0.element(entry.row) }
      }
    }
    return PageReply(type: "application/json", parts: [.bytes(text.buffer)])
  }

  static func exchange(_ keeper: Keeper, _ id: Int) throws -> PageReply {
    if let line = keeper.unfinished(id) {
      return PageReply(type: "application/json", parts: [.bytes(line)])
    }
    guard let entry = try keeper.journal.entry(id) else {
      return .text("404 Not Found", "There is no such exchange.")
    }
    guard let segment = entry.segment else {
      return PageReply(type: "application/json", parts: [.bytes(entry.row)])
    }
    return PageReply(
      type: "application/json",
      parts: [.recorded(segment, offset: entry.offset, length: entry.length)])
  }

  static func export(_ keeper: Keeper, format: String, base: String) throws -> PageReply {
    let entries = try keeper.journal.all()
    let recorded = entries.filter { $0.segment != nil }
    /// A part for each recorded line, made one after the other so that an export needs the memory of one.
    func parts(_ make: @escaping @Sendable ([UInt8]) throws -> ByteBuffer) -> [Part] {
      recorded.map { entry in
        .made { try make(try entry.segment!.read(entry.length, at: entry.offset)) }
      }
    }
    switch format {
    case "export.jsonl":
      return PageReply(
        type: "application/x-ndjson", fileName: "proxy.jsonl",
        parts: recorded.map {
          .recorded($0.segment!, offset: $0.offset, length: $0.length + 1)
        })
    case "export.html":
      let (before, after) = reportFrame()
      return PageReply(
        type: "text/html; charset=utf-8", fileName: "proxy.html",
        parts: [.bytes(before)] + parts(reportElement) + [.bytes(after)])
    default:
      let har = SharedHAR(base: base)
      return PageReply(
        type: "application/json", fileName: "proxy.har",
        parts: parts(har.add) + [.made(har.finish)])
    }
  }
}

/// An archive that grows part by part.
private final class SharedHAR: Sendable {
  private let writer: Mutex<HARWriter>

  init(base: String) { writer = Mutex(HARWriter(base: base)) }

  @Sendable func add(line: [UInt8]) -> ByteBuffer {
    writer.withLock {
      $0.add(line: line)
      return $0.take()
    }
  }

  @Sendable func finish() -> ByteBuffer { writer.withLock { $0.finish() } }
}

/// Bytes as a chunk of a body; an empty one would be its end.
private func chunk(_ bytes: ByteBuffer) -> ByteBuffer {
  guard bytes.readableBytes > 0 else { return bytes }
  var chunk = ByteBuffer(string: String(bytes.readableBytes, radix: 16) + "\r\n")
  chunk.writeImmutableBuffer(bytes)
  chunk.writeString("\r\n")
  return chunk
}

extension RequestHead {
  func query(_ name: String) -> String? {
    guard let mark = target.firstIndex(of: "?") else { return nil }
    for parameter in target[target.index(after: mark)...].split(separator: "&") {
      let parts = parameter.split(separator: "=", maxSplits: 1)
      if parts.count == 2, parts[0] == name { return String(parts[1]) }
    }
    return nil
  }
}

/// 128 random bits in hexadecimal.
func randomName() -> String {
  let numbers = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))
  return String(numbers.0, radix: 16) + String(numbers.1, radix: 16)
}
