import NIOCore
import NIOHTTP1
import NIOPosix
import Setup
import Support
import Synchronization

/// An engine with the Anthropic API whose model always tells the same story: it thinks, reads two files (one of which is
/// not there), sends two subagents off at once, and sums up. No model that can be had here does this of itself.
///
/// It has one slot, so that the second subagent waits, and a prompt cache, whose hits it tells in its usage.
actor StoryEngine {
  nonisolated let port: Int
  private let channel: any Channel
  private let gate: Gate
  private var isBusy = false
  private var cached: [String] = []

  /// What an answer is made of.
  private enum Block {
    case thinking(String)
    case text(String)
    case call(String, JSON)
  }

  init(in network: Namespace) async throws {
    let (socket, port) = try network.listeningSocket()
    let gate = Gate()
    let late = Late()
    channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.configureHTTPServerPipeline()
          try pipeline.addHandler(Handler(late))
        }
      }
      .withBoundSocket(socket).get()
    self.port = Int(port)
    self.gate = gate
    late.engine.withLock { $0 = self }
  }

  func end() async throws { try await channel.close() }

  /// A prompt with `slowly` in it gets half of its answer, and the rest when this is called.
  nonisolated func goOn() { gate.isOpen.withLock { $0 = true } }

  // MARK: - The story

  private func blocks(for request: JSON) -> [Block] {
    let messages = request["messages"]?.elements ?? []
    let first = messages.first.map(Self.text) ?? ""
    let results = messages.flatMap { $0["content"]?.elements ?? [] }
      .count { $0["type"]?.text == "tool_result" }
    if first.contains("slowly") {
      return [
        .thinking("Slow and steady. "),
        .text(String(repeating: "One word after the other. ", count: 8)),
      ]
    }
    if let bed = ["north", "south"].first(where: { first.contains("the \($0) bed") }) {
      guard results == 0 else {
        return [
          .text("The \(bed) bed has \(bed == "north" ? "three rows of leeks" : "two of beans").")
        ]
      }
      return [
        .thinking("The file for this bed should be \(bed).txt."),
        .call("Read", ["file_path": .string("\(Self.folder(in: request))/\(bed).txt")]),
      ]
    }
    switch results {
    case 0:
      return [
        .thinking(
          "The person wants to know what grows where. There may be notes in this folder, and perhaps an index. "
            + "I read both before I decide."),
        .text("I look at the notes first."),
        .call("Read", ["file_path": .string("\(Self.folder(in: request))/notes.txt")]),
        .call("Read", ["file_path": .string("\(Self.folder(in: request))/index.txt")]),
      ]
    case 1...2:
      return [
        .text("There are two beds. Two subagents look at one each."),
        .call("Agent", Self.errand("north")), .call("Agent", Self.errand("south")),
      ]
    default:
      return [
        .thinking("Both are back. Three and two make five."),
        .text(
          "**Five rows in all.**\n\n- north bed: three rows of leeks\n- south bed: two rows of beans\n"
        ),
      ]
    }
  }

  private static func errand(_ bed: String) -> JSON {
    [
      "description": .string("Look at the \(bed) bed"),
      "prompt": .string("Find out what grows in the \(bed) bed of the garden."),
      "subagent_type": "general-purpose",
    ]
  }

  private static func text(of message: JSON) -> String {
    if let text = message["content"]?.text { return text }
    return (message["content"]?.elements ?? []).compactMap { $0["text"]?.text }.joined()
  }

  /// The client's working folder, which it tells in its prompt.
  private static func folder(in request: JSON) -> String {
    let all = request.compact
    guard let range = all.firstRange(of: "working directory: ") else { return "/nowhere" }
    return String(all[range.upperBound...].prefix { !"\\\"<\n ".contains($0) })
  }

  /// The prompt as a template puts it to the model, which sees no cache mark and not how a text was wrapped.
  private static func rendered(_ request: JSON) -> String {
    func pieces(_ content: JSON?) -> String {
      guard let pieces = content?.elements else { return content?.text ?? "" }
      return pieces.map { $0["text"]?.text ?? $0.compact }.joined(separator: "\n")
    }
    let messages = (request["messages"]?.elements ?? []).map {
      ($0["role"]?.text ?? "") + ": " + pieces($0["content"])
    }
    return ([pieces(request["system"]), request["tools"]?.compact ?? ""] + messages)
      .joined(separator: "\n")
  }

  // MARK: - Answering

  fileprivate func answer(_ path: String, _ body: [UInt8], to channel: any Channel) async throws {
    guard path.hasPrefix("/v1/messages"), let request = try? JSON.parse(body) else {
      return try await write(.notFound, "application/json", ["{}"], to: channel)
    }
    while isBusy { try await Task.sleep(for: .milliseconds(5)) }
    isBusy = true
    defer { isBusy = false }
    let prompt = Self.rendered(request)
    let tokens = prompt.utf8.count / 4
    let hit = cached.map { zip($0.utf8, prompt.utf8).prefix { $0 == $1 }.count / 4 }.max() ?? 0
    cached.append(prompt)
    let evaluated = max(1, tokens - hit)
    // 20,000 tokens a second.
    try await Task.sleep(for: .microseconds(evaluated * 50))
    let head = HTTPResponseHead(
      version: .http1_1, status: .ok,
      headers: ["Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"])
    try await channel.writeAndFlush(HTTPServerResponsePart.head(head))
    let name = request["model"]?.text ?? ""
    try await event(
      "message_start",
      [
        "message": [
          "id": .string("msg_\(cached.count)"), "type": "message", "role": "assistant",
          "model": .string(name),
          "content": [],
          "usage": [
            "input_tokens": .number("\(evaluated)"), "cache_read_input_tokens": .number("\(hit)"),
            "output_tokens": 0,
          ],
        ]
      ], to: channel)
    let blocks = blocks(for: request)
    var count = 0
    for (index, block) in blocks.enumerated() {
      let index = JSON.number("\(index)")
      let (start, deltas) = Self.pieces(of: block, number: cached.count * 10 + count)
      try await event(
        "content_block_start", ["index": index, "content_block": start], to: channel)
      for (place, delta) in deltas.enumerated() {
        try await Task.sleep(for: .milliseconds(8))
        if prompt.contains("slowly"), case .text = block, place == deltas.count / 2 {
          try await eventually(within: .seconds(30)) { gate.isOpen.withLock { $0 } ? true : nil }
        }
        count += 1
        try await event("content_block_delta", ["index": index, "delta": delta], to: channel)
      }
      try await event("content_block_stop", ["index": index], to: channel)
    }
    let calls = blocks.contains { if case .call = $0 { true } else { false } }
    try await event(
      "message_delta",
      [
        "delta": ["stop_reason": calls ? "tool_use" : "end_turn"],
        "usage": ["output_tokens": .number("\(count)")],
      ], to: channel)
    try await event("message_stop", [:], to: channel)
    try await channel.writeAndFlush(HTTPServerResponsePart.end(nil))
  }

  private static func pieces(of block: Block, number: Int) -> (start: JSON, deltas: [JSON]) {
    func words(_ text: String) -> [String] {
      text.split(separator: " ", omittingEmptySubsequences: false).enumerated()
        .map { ($0.offset > 0 ? " " : "") + $0.element }
    }
    switch block {
    case .thinking(let text):
      return (
        ["type": "thinking", "thinking": "", "signature": ""],
        words(text).map { ["type": "thinking_delta", "thinking": .string($0)] }
      )
    case .text(let text):
      return (
        ["type": "text", "text": ""],
        words(text).map { ["type": "text_delta", "text": .string($0)] }
      )
    case .call(let name, let input):
      return (
        [
          "type": "tool_use", "id": .string("toolu_\(number)"), "name": .string(name), "input": [:],
        ],
        words(input.compact).map { ["type": "input_json_delta", "partial_json": .string($0)] }
      )
    }
  }

  private func event(_ type: String, _ members: JSON, to channel: any Channel) async throws {
    var data: JSON = ["type": .string(type)]
    for member in members.members ?? [] { data[member.key] = member.value }
    let bytes = ByteBuffer(string: "event: \(type)\ndata: \(data.compact)\n\n")
    try await channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(bytes)))
  }

  private func write(
    _ status: HTTPResponseStatus, _ type: String, _ parts: [String], to channel: any Channel
  ) async throws {
    let text = parts.joined()
    let head = HTTPResponseHead(
      version: .http1_1, status: status,
      headers: ["Content-Type": type, "Content-Length": "\(text.utf8.count)"])
    try await channel.writeAndFlush(HTTPServerResponsePart.head(head))
    try await channel.writeAndFlush(
      HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: text))))
    try await channel.writeAndFlush(HTTPServerResponsePart.end(nil))
  }

  private final class Gate: Sendable {
    let isOpen = Mutex(false)
  }

  /// The engine is made after the socket that its connections come from.
  fileprivate final class Late: Sendable {
    let engine = Mutex<StoryEngine?>(nil)
  }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    private let late: Late
    private var path = ""
    private var body: [UInt8] = []

    init(_ late: Late) { self.late = late }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head):
        path = head.uri
        body = []
      case .body(let part): body += part.readableBytesView
      case .end:
        let (engine, path, body) = (late.engine.withLock { $0 }, path, body)
        let channel = context.channel
        // A client that hung up gets no more; that is how its test ends.
        Task { try? await engine?.answer(path, body, to: channel) }
      }
    }
  }
}
