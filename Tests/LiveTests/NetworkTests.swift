import Live
import NIOCore
import NIOPosix
import Setup
import Support
import Synchronization
import SystemPackage
import Testing

/// A small server on loopback that does to each connection what its test says.
final class Listener: Sendable {
  enum Step: Sendable {
    case send(String)
    case repeated(String, times: Int)
    /// One byte at a time, this far apart, for ever.
    case drip(String, every: TimeAmount)
    case close
  }
  let port: Int
  let heads = Mutex<[String]>([])
  private let channel: any Channel

  init(_ steps: [Step]) async throws {
    let (said, saying) = AsyncStream<String>.makeStream()
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelOption(.maxMessagesPerRead, value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Answerer(steps: steps, heads: saying))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    port = channel.localAddress?.port ?? 0
    Task { [self] in for await head in said { heads.withLock { $0.append(head) } } }
  }

  var url: String { "http://127.0.0.1:\(port)/x" }
  func stop() async throws { try await channel.close() }
}

private final class Answerer: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer
  private let steps: [Listener.Step]
  private let heads: AsyncStream<String>.Continuation
  private var received = ""
  private var dripping: RepeatedTask?

  init(steps: [Listener.Step], heads: AsyncStream<String>.Continuation) {
    self.steps = steps
    self.heads = heads
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    received += String(buffer: unwrapInboundIn(data))
    guard received.contains("\r\n\r\n") else { return }
    heads.yield(received)
    received = ""
    func send(_ text: String) {
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    }
    for step in steps {
      switch step {
      case .send(let text): send(text)
      case .repeated(let text, let times): for _ in 0..<times { send(text) }
      case .drip(let text, let pause):
        let loop = NIOLoopBound(context, eventLoop: context.eventLoop)
        dripping = context.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: pause) { _ in
          loop.value.writeAndFlush(NIOAny(ByteBuffer(string: text)), promise: nil)
        }
      case .close: context.close(promise: nil)
      }
    }
  }

  func channelInactive(context: ChannelHandlerContext) { dripping?.cancel() }
  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

@Suite("Live: the network", .timeLimit(.minutes(4)))
struct NetworkTests {
  private static func network(_ variables: [String: String] = [:]) -> Network {
    .live(
      in: Environment(
        variables: variables, home: "/home/ada", workingFolder: "/",
        account: .init(name: "ada", userID: 1000, home: "/home/ada", loginShell: nil),
        platform: .linux))
  }

  private static let head = "HTTP/1.1 200 OK\r\n"

  /// The outcome of both ways to ask, which must agree: the problem, or the body.
  private func ask(
    _ listener: Listener, limit: Duration = .seconds(20)
  ) async -> (exchange: Result<String, NetworkProblem>, stream: Result<String, NetworkProblem>) {
    let network = Self.network()
    let request = WebRequest("GET", listener.url, limit: limit)
    let exchange: Result<String, NetworkProblem>
    do throws(NetworkProblem) {
      exchange = .success(try await network.exchange(request).text)
    } catch { exchange = .failure(error) }
    let body = Mutex<[UInt8]>([])
    let stream: Result<String, NetworkProblem>
    do {
      try await network.stream(request) { _ in
      } _: { bytes in
        body.withLock { $0 += bytes }
      }
      stream = .success(body.withLock { String(decoding: $0, as: UTF8.self) })
    } catch let problem as NetworkProblem {
      stream = .failure(problem)
    } catch {
      stream = .failure(.other(listener.url, reason: "\(error)"))
    }
    return (exchange, stream)
  }

  @Test("An answer comes whole, with its status and headers")
  func whole() async throws {
    let listener = try await Listener([
      .send("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nX-Odd: 1\r\n\r\nhello")
    ])
    let response = try await Self.network().exchange(
      WebRequest("POST", listener.url, headers: [WebHeader("x-a", "b")], body: [0x61]))
    #expect(response.status == 404 && response.text == "hello" && response.header("x-odd") == "1")
    let head = try await eventually(within: .seconds(5)) {
      listener.heads.withLock { $0.first }
    }
    #expect(head.hasPrefix("POST /x HTTP/1.1\r\n") && head.contains("x-a: b"))
    try await listener.stop()
  }

  @Test("Nobody there is refused, at once")
  func refused() async throws {
    let listener = try await Listener([])
    try await listener.stop()
    let (exchange, stream) = await ask(listener)
    #expect(exchange == .failure(.refused(listener.url)))
    #expect(stream == .failure(.refused(listener.url)))
  }

  struct Trouble: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var steps: [Listener.Step]
    var limit = Duration.seconds(20)
    var problem: @Sendable (String) -> NetworkProblem

    init(
      _ testDescription: String, _ steps: [Listener.Step], limit: Duration = .seconds(20),
      _ problem: @escaping @Sendable (String) -> NetworkProblem
    ) {
      self.testDescription = testDescription
      self.steps = steps
      self.limit = limit
      self.problem = problem
    }
  }

  private static let short = Duration.milliseconds(300)

  @Test(arguments: [
    Trouble("cut before the head", [.close]) { .cut($0) },
    Trouble("cut in the head", [.send("HTTP/1.1 200 O"), .close]) { .cut($0) },
    Trouble(
      "cut in a body of known length",
      [.send(head + "Content-Length: 100\r\n\r\nhello"), .close]
    ) { .cut($0) },
    Trouble(
      "cut in a chunked body",
      [.send(head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), .close]
    ) { .cut($0) },
    Trouble("silence", [], limit: short) { .tookTooLong($0, limit: short) },
    Trouble("silence after the head", [.send(head + "Content-Length: 5\r\n\r\n")], limit: short) {
      .tookTooLong($0, limit: short)
    },
    Trouble(
      "a head that drips in", [.drip("H", every: .milliseconds(20))]
    ) { .other($0, reason: "the answer is not HTTP") },
    Trouble("not HTTP", [.send("220 mail.example ESMTP\r\n"), .close]) {
      .other($0, reason: "the answer is not HTTP")
    },
  ])
  func trouble(_ trouble: Trouble) async throws {
    let listener = try await Listener(trouble.steps)
    let (exchange, stream) = await ask(listener, limit: trouble.limit)
    #expect(exchange == .failure(trouble.problem(listener.url)))
    #expect(stream == .failure(trouble.problem(listener.url)))
    try await listener.stop()
  }

  @Test("A body that drips without end is given up in time as a whole, and read on as a stream")
  func slowLoris() async throws {
    let listener = try await Listener([
      .send(Self.head + "Transfer-Encoding: chunked\r\n\r\n"),
      .drip("1\r\nx\r\n", every: .milliseconds(20)),
    ])
    let request = WebRequest("GET", listener.url, limit: .milliseconds(600))
    await #expect(throws: NetworkProblem.tookTooLong(listener.url, limit: .milliseconds(600))) {
      try await Self.network().exchange(request)
    }
    struct Enough: Error {}
    let pieces = Mutex(0)
    await #expect(throws: (any Error).self) {
      try await Self.network().stream(request) { _ in
      } _: { _ in
        let count = pieces.withLock {
          $0 += 1
          return $0
        }
        if count == 60 { throw Failure("enough", why: "") }
      }
    }
    #expect(pieces.withLock { $0 } == 60, "a stream lives as long as something comes")
    try await listener.stop()
  }

  @Test("An answer larger than asked for is refused, not kept")
  func huge() async throws {
    let listener = try await Listener([
      .send(Self.head + "Transfer-Encoding: chunked\r\n\r\n"),
      .repeated("400\r\n" + String(repeating: "x", count: 1024) + "\r\n", times: 2000),
    ])
    await #expect(throws: NetworkProblem.tooLarge(listener.url, limit: 100_000)) {
      try await Self.network().exchange(
        WebRequest("GET", listener.url, limit: .seconds(20), bodyLimit: 100_000))
    }
    try await listener.stop()
  }

  @Test("A captive portal's page is an answer like any other: who asked must look at it")
  func html() async throws {
    let page = "<!DOCTYPE html><title>Log in</title>"
    let listener = try await Listener([
      .send(Self.head + "Content-Length: \(page.utf8.count)\r\n\r\n" + page)
    ])
    let server = OllamaServer(url: "http://127.0.0.1:\(listener.port)", network: Self.network())
    let failure = await #expect(throws: Failure.self) { try await server.version() }
    #expect(failure?.why.contains("<!DOCTYPE html>") == true)
    try await listener.stop()
  }

  @Test("A cancelled request ends at once, as cancelled")
  func cancelled() async throws {
    let listener = try await Listener([])
    let network = Self.network()
    let call = Task {
      try await network.exchange(WebRequest("GET", listener.url, limit: .seconds(60)))
    }
    try await eventually(within: .seconds(10)) { listener.heads.withLock { $0.first } }
    call.cancel()
    let outcome = await call.result
    #expect(throws: NetworkProblem.cancelled(listener.url)) { try outcome.get() }
    try await listener.stop()
  }

  @Test(
    "What is said to loopback never goes to a proxy",
    arguments: ["127.0.0.1", "localhost", "127.0.0.2"])
  func proxy(host: String) async throws {
    let listener = try await Listener([.send(Self.head + "Content-Length: 2\r\n\r\nok")])
    let proxy = try await Listener([.send("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")])
    var variables: [String: String] = [:]
    for name in [
      "http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY",
    ] {
      variables[name] = "http://127.0.0.1:\(proxy.port)"
    }
    let network = Self.network(variables)
    // 127.0.0.2 is loopback too, and nobody listens there: refused, and still not sent through the proxy.
    let request = WebRequest("GET", "http://\(host):\(listener.port)/x")
    if host == "127.0.0.2" {
      await #expect(throws: NetworkProblem.self) { try await network.exchange(request) }
    } else {
      #expect(try await network.exchange(request).text == "ok")
    }
    #expect(proxy.heads.withLock { $0 } == [])
    // Another machine's https is asked for through it.
    _ = try? await network.exchange(WebRequest("GET", "https://registry.example/"))
    let head = try await eventually(within: .seconds(5)) { proxy.heads.withLock { $0.first } }
    #expect(head.hasPrefix("CONNECT registry.example:443 "))
    for server in [listener, proxy] { try await server.stop() }
  }

  @Test("A port is free when nobody holds it")
  func ports() async throws {
    let listener = try await Listener([])
    #expect(!Self.network().isPortFree("127.0.0.1", listener.port))
    try await listener.stop()
    #expect(Self.network().isPortFree("127.0.0.1", listener.port))
    #expect(!Self.network().isPortFree("127.0.0.1", 70_000))
    #expect(!Self.network().isPortFree("not an address", 1))
  }
}
