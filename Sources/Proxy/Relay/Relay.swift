import NIOCore
import NIOPosix

/// One client connection and the engine connection that belongs to it.
///
/// The two are a pair for life, both on one event loop: a hang-up of either side means the other, an answer cannot
/// reach the wrong client, and a connection that the engine has closed is never used for somebody else's request.
/// Bodies pass as the bytes they came as, chunk framing included; only heads are looked into.
final class Relay {
  let shared: RelayShared
  var client: ChannelHandlerContext?
  private let engine = EngineEnd()

  /// Bytes of the client that cannot be passed on yet: part of a head, or a request sent ahead of its turn.
  var input: ByteBuffer?
  /// Part of the head of the engine's answer.
  private var output: ByteBuffer?

  private var exchange: Exchange?
  private var request: RequestHead?
  private var requestBody: BodyScanner?
  var response: ResponseHead?
  private var responseBody: BodyScanner?
  var clientInputClosed = false
  private var draining = false
  /// The engine's answer is not HTTP and passes as it is.
  private var isUnframed = false
  var page: PageConversation?
  /// The recorder is behind: no more is read until it has caught up, or for a moment at most.
  private var isHeldBack = false

  init(shared: RelayShared) { self.shared = shared }

  // MARK: - The client

  /// Whether the client may send more now.
  var clientMayRead: Bool {
    if draining || page != nil { return true }
    if isHeldBack { return false }
    if !engine.takesMore { return false }
    return engine.isConnecting || requestBody != nil || (input?.readableBytes ?? 0) <= inputLimit
  }

  /// Bytes that are taken before they can be passed on: a head until it is whole, or a request ahead of its turn.
  private var inputLimit: Int { exchange == nil ? longestHead : RelayShared.aheadLimit }

  func clientRead(_ buffer: ByteBuffer) {
    guard !draining else { return }
    var buffer = buffer
    if var earlier = input {
      input = nil
      earlier.writeBuffer(&buffer)
      buffer = earlier
    }
    passRequests(buffer)
  }

  func passRequests(_ bytes: ByteBuffer) {
    var buffer = bytes
    while buffer.readableBytes > 0, !draining, client != nil {
      if page != nil {
        input = buffer
        return
      }
      if exchange == nil {
        guard beginRequest(&buffer) else { return }
      } else if requestBody != nil {
        passRequestBody(&buffer)
      } else if isUnframed {
        // Nobody knows where the answer ends, but the client does: it has to come again on another connection.
        return closeBoth(.complete)
      } else {
        // The next request has to wait for the answer to this one.
        input = buffer
        return
      }
    }
  }

  /// Reads a head; false if it is not whole yet or cannot be used.
  private func beginRequest(_ buffer: inout ByteBuffer) -> Bool {
    let parsed: (RequestHead, ByteBuffer, Rewrite)? = buffer.withUnsafeReadableBytes { bytes in
      switch scanHead(bytes) {
      case .incomplete:
        return nil
      case .malformed(let reason):
        refuse(bytes, reason)
        return nil
      case .found(let head):
        do throws(MalformedHead) {
          let request = try RequestHead(head, in: bytes)
          let rewrite = shared.rewrite(request)
          var forwarded = shared.allocator.buffer(capacity: head.length + 256)
          writeForwarded(head, bytes, rewrite.changes, into: &forwarded)
          return (request, forwarded, rewrite)
        } catch {
          refuse(bytes, error.reason)
          return nil
        }
      }
    }
    guard let (request, forwarded, rewrite) = parsed else {
      if !draining { input = buffer }
      return false
    }
    let head = buffer.readSlice(length: request.head.length)!
    if shared.page.isAddressed(by: request, head: head) {
      answerFromPage(request, head: head, rest: buffer)
      return false
    }
    // A slice would keep the whole buffer that it was read into.
    beginExchange(ByteBuffer(bytes: head.readableBytesView), framing: request.framing)
    exchange?.facts.repairedTarget = rewrite.repairedTarget
    self.request = request
    requestBody = BodyScanner(request.framing)
    sendToEngine(forwarded)
    if requestBody?.isAtEnd ?? false { finishRequest() }
    return true
  }

  private func beginExchange(_ head: ByteBuffer, framing: Framing) {
    var exchange = Exchange(
      id: shared.recorder.nextID(), client: client?.channel.remoteAddress, start: .now(),
      startedAt: wallClock(), framing: framing, others: shared.recorder.began())
    exchange.parcel.requestHead = head
    exchange.parcel.weight = head.readableBytes
    self.exchange = exchange
  }

  /// Answers what cannot be passed on: nobody knows where it ends. Its first line is recorded.
  private func refuse(_ bytes: UnsafeRawBufferPointer, _ reason: String) {
    let line = bytes.drop { $0 == .newline || $0 == .return }.prefix(2048)
      .prefix { $0 != .newline && $0 != .return }
    beginExchange(ByteBuffer(bytes: Array(line) + Array("\r\n\r\n".utf8)), framing: .none)
    exchange?.facts.remark = reason
    refuse("\(reason), so the request was not passed on")
    record(.refused)
  }

  private func passRequestBody(_ buffer: inout ByteBuffer) {
    let consumed = buffer.withUnsafeReadableBytes { requestBody!.consume($0) }
    var piece: ByteBuffer
    if consumed.state == .malformed {
      // The engine shall see and answer what the client really sent.
      exchange?.facts.remark = "the request's chunks are malformed"
      requestBody = .untilClose
      piece = buffer
      buffer.clear()
    } else {
      piece = buffer.readSlice(length: consumed.count)!
    }
    if shared.recorder.keepsBodies { exchange?.keepRequest(piece) }
    sendToEngine(piece)
    handOverIfHeavy()
    if consumed.state == .complete || (requestBody?.isAtEnd ?? false) { finishRequest() }
  }

  private func finishRequest() {
    guard requestBody != nil else { return }
    requestBody = nil
    let now = exchange?.elapsed()
    exchange?.facts.requestDone = now
    if shared.recorder.isWatched { report() }
    finishIfComplete()
  }

  func clientReadComplete() { engine.flush() }

  /// The client sends no more; it may still be listening.
  func clientInputEnded() {
    clientInputClosed = true
    guard exchange != nil, requestBody == nil, !draining else { return closeBoth(.clientHungUp) }
    engine.endOutput()
  }

  func clientEnded() {
    client = nil
    closeBoth(.clientHungUp)
  }

  // MARK: - The engine

  var engineMayRead: Bool { !isHeldBack && client?.channel.isWritable ?? true }

  private func sendToEngine(_ bytes: ByteBuffer) {
    if engine.send(bytes) { connect() }
  }

  private func connect() {
    guard let client else { return }
    shared.connect(for: self, on: client.eventLoop).assumeIsolated().whenFailure { error in
      self.engineUnreachable(ConnectionProblem(error))
    }
  }

  /// The engine's connection is there; what waited for it goes out.
  func engineStarted(_ context: ChannelHandlerContext) {
    guard client != nil else { return context.close(promise: nil) }
    engine.opened(context)
    if clientInputClosed { engine.endOutput() }
    resumeClient()
  }

  /// There is no connection to the engine: nothing listens, or its certificate is not trusted, or it does not speak TLS.
  func engineUnreachable(_ problem: ConnectionProblem) {
    engine.forget()
    guard exchange != nil, client != nil else { return }
    exchange?.facts.remark = problem.reason
    reply(
      status: "502 Bad Gateway", type: "api_error",
      message: "ccl-setup proxy: no connection to the engine at \(shared.upstream): "
        + "\(problem.reason). \(problem.advice)")
    record(.engineUnreachable)
    closeClient()
  }

  func engineRead(_ buffer: ByteBuffer) {
    var buffer = buffer
    if var earlier = output {
      output = nil
      earlier.writeBuffer(&buffer)
      buffer = earlier
    }
    while buffer.readableBytes > 0 {
      guard exchange != nil, client != nil, !responseDone else {
        // Nobody asked for this, or for so much.
        engine.context?.close(promise: nil)
        return
      }
      if responseBody == nil {
        guard beginResponse(&buffer) else { return }
      } else {
        passResponseBody(&buffer)
      }
    }
  }

  private func beginResponse(_ buffer: inout ByteBuffer) -> Bool {
    let method = request?.method ?? ""
    let clientCloses = request?.closes ?? false
    let isOld = request?.isOld ?? false
    let parsed: (ResponseHead, ByteBuffer)?? = buffer.withUnsafeReadableBytes { bytes in
      switch scanHead(bytes, folds: true) {
      case .incomplete: return .some(nil)
      case .malformed: return nil
      case .found(let head):
        guard let response = try? ResponseHead(head, in: bytes, to: method) else { return nil }
        var changes = HeadChanges()
        if !response.isInterim {
          let ends = clientCloses || response.framing == .untilClose
          if ends {
            changes.connection = "close"
          } else if isOld {
            changes.connection = "keep-alive"
          }
          if response.status == 101 { changes.connection = nil }
        }
        var forwarded = shared.allocator.buffer(capacity: head.length + 32)
        writeForwarded(head, bytes, changes, into: &forwarded)
        return (response, forwarded)
      }
    }
    guard let found = parsed else {
      // Not HTTP: the client shall see what the engine really sent.
      exchange?.facts.remark = "the engine's answer is not HTTP/1"
      noteFirstByte()
      exchange?.facts.responseFraming = .untilClose
      responseBody = .untilClose
      isUnframed = true
      return true
    }
    guard let (response, forwarded) = found else {
      output = buffer
      return false
    }
    let head = buffer.readSlice(length: response.head.length)!
    noteFirstByte()
    client?.write(NIOAny(forwarded), promise: nil)
    if response.isInterim { return true }
    exchange?.parcel.responseHead = ByteBuffer(bytes: head.readableBytesView)
    exchange?.facts.responseFraming = response.framing
    self.response = response
    responseBody = BodyScanner(response.framing)
    if response.status == 101 || (method == "CONNECT" && response.status / 100 == 2) {
      requestBody = .untilClose
    }
    if response.framing == .none || response.framing == .length(0) { finishResponse() }
    return true
  }

  /// The proxy itself answers.
  func tellOfAnswer(status: Int?) {
    exchange?.facts.ownStatus = status
    noteFirstByte()
  }

  private func noteFirstByte() {
    guard exchange?.facts.firstByte == nil else { return }
    let now = exchange?.elapsed()
    exchange?.facts.firstByte = now
  }

  private func passResponseBody(_ buffer: inout ByteBuffer) {
    let consumed = buffer.withUnsafeReadableBytes { responseBody!.consume($0) }
    let piece: ByteBuffer
    switch consumed.state {
    case .malformed:
      exchange?.facts.remark = "the answer's chunks are malformed"
      responseBody = .untilClose
      piece = buffer
      buffer.clear()
    case .more:
      piece = buffer
      buffer.clear()
    case .complete:
      piece = buffer.readSlice(length: consumed.count)!
    }
    client?.write(NIOAny(piece), promise: nil)
    if shared.recorder.keepsBodies { exchange?.keepResponse(piece) }
    handOverIfHeavy()
    if consumed.state == .complete { finishResponse() }
  }

  func engineReadComplete() { client?.flush() }

  private func finishResponse() {
    responseBody = .length(0)
    response?.framing = .none
    responseDone = true
    finishIfComplete()
  }

  private var responseDone = false

  func engineEnded(_ context: ChannelHandlerContext, hasFailed: Bool) {
    guard engine.context === context else { return }
    engine.forget()
    guard exchange != nil, client != nil else { return }
    if responseDone {
      // The answer came before the request was all there, and the engine wants no more of it.
      record(.complete)
      return closeClient(lingering: requestBody != nil)
    }
    let ended = !hasFailed && exchange?.facts.responseFraming == .untilClose
    if let output { client?.write(NIOAny(output), promise: nil) }
    record(ended ? .complete : .engineHungUp)
    closeClient(lingering: false)
  }

  /// Reads of a side that was held back go on, if they may.
  func resumeClient() { client?.channel.pipeline.read() }
  func resumeEngine() { engine.read() }

  // MARK: - Ends

  private func finishIfComplete() {
    guard requestBody == nil, responseDone, exchange != nil else { return }
    let ends = (request?.closes ?? true) || clientInputClosed || response?.framing == .untilClose
    let engineCloses = response?.closes ?? true
    client?.flush()
    record(.complete)
    if ends { return closeClient() }
    if engineCloses { engine.close() }
    if let next = input {
      input = nil
      passRequests(next)
      clientReadComplete()
    }
    resumeClient()
  }

  /// Ends the exchange for the relay and hands what is known of it to the recorder.
  private func record(_ ending: Ending) {
    guard var exchange else { return }
    exchange.facts.end = exchange.elapsed()
    exchange.facts.ending = ending
    exchange.parcel.facts = exchange.facts
    handOver(exchange.handOver())
    self.exchange = nil
    request = nil
    requestBody = nil
    response = nil
    responseBody = nil
    responseDone = false
  }

  private func handOverIfHeavy() {
    guard let weight = exchange?.parcel.weight else { return }
    if weight > Exchange.parcelWeight {
      handOver(exchange!.handOver())
    } else if shared.recorder.isWatched, exchange!.isNews {
      report()
    }
  }

  /// Tells those who watch how far the exchange is.
  func report() {
    guard exchange != nil, requestBody == nil else { return }
    handOver(exchange!.report())
  }

  /// Gives bytes to the recorder. If it is behind, this connection waits for it, but not for longer than a moment: a slow
  /// disk may smooth a burst, and never stop the traffic.
  private func handOver(_ parcel: Parcel) {
    guard shared.recorder.accept(parcel), !isHeldBack, let loop = client?.eventLoop else { return }
    isHeldBack = true
    let release = loop.makePromise(of: Void.self)
    shared.recorder.tellWhenCaughtUp(release)
    release.futureResult.assumeIsolated().whenComplete { _ in
      self.isHeldBack = false
      self.resumeClient()
      self.resumeEngine()
    }
  }

  /// Closes the client's connection once everything for it has been sent.
  func closeClient(lingering: Bool = false) {
    engine.close()
    guard let client else { return }
    draining = true
    let sent = client.eventLoop.makePromise(of: Void.self)
    client.writeAndFlush(NIOAny(ByteBuffer()), promise: sent)
    sent.futureResult.assumeIsolated().whenComplete { _ in
      guard lingering else { return client.close(promise: nil) }
      // Closing while the client still sends would destroy the answer on its way (RFC 9112, 9.6).
      client.close(mode: .output, promise: nil)
      client.eventLoop.assumeIsolated().scheduleTask(in: .seconds(5)) { client.close(promise: nil) }
    }
  }

  private func closeBoth(_ ending: Ending) {
    record(ending)
    page = nil
    engine.close()
    if let client {
      self.client = nil
      client.close(promise: nil)
    }
  }

  /// The proxy itself is being stopped.
  func stop() { closeBoth(.stopped) }
}

extension BodyScanner {
  /// Nothing more belongs to the body.
  var isAtEnd: Bool { if case .length(0) = self { true } else { false } }
}
