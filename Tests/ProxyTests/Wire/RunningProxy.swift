import Proxy
import Synchronization

/// A proxy in this process for the time of a test.
struct RunningProxy: Sendable {
  let port: Int
  let events: Events

  final class Events: Sendable {
    private let all = Mutex<[ProxyEvent]>([])
    func add(_ event: ProxyEvent) { all.withLock { $0.append(event) } }

    var summaries: [ExchangeSummary] {
      all.withLock {
        $0.compactMap { if case .exchange(let summary, _) = $0 { summary } else { nil } }
      }
    }
    var transcripts: [[Transcript.Part]] {
      all.withLock {
        $0.compactMap { if case .exchange(_, let shown) = $0 { shown?.parts } else { nil } }
      }
    }
    var urls: [String] {
      all.withLock { $0.compactMap { if case .ready(let url, _) = $0 { url } else { nil } } }
    }
    var notices: [String] {
      all.withLock { $0.compactMap { if case .notice(let text) = $0 { text } else { nil } } }
    }

    /// The exchanges, as soon as `count` of them have ended.
    func summaries(_ count: Int) async throws -> [ExchangeSummary] {
      for _ in 0..<1000 {
        let found = summaries
        if found.count >= count { return found }
        try await Task.sleep(for: .milliseconds(10))
      }
      throw WireError(description: "\(summaries.count) exchanges of \(count) have ended")
    }
  }
}

/// Runs `body` with a proxy before the engine that `script` plays.
func withEngine(
  _ script: @escaping @Sendable (Wire) throws -> Void,
  change: (inout ProxyConfiguration) -> Void = { _ in },
  proxy body: @Sendable (RunningProxy) async throws -> Void
) async throws {
  let engine = try ScriptedEngine(script)
  defer { engine.stop() }
  try await withProxy(to: "http://127.0.0.1:\(engine.port)", change, body)
}

func withProxy(
  to upstream: String, _ change: (inout ProxyConfiguration) -> Void = { _ in },
  _ body: @Sendable (RunningProxy) async throws -> Void
) async throws {
  var configuration = ProxyConfiguration(port: 0, upstream: Upstream(upstream)!)
  change(&configuration)
  let events = RunningProxy.Events()
  let server = ProxyServer(configuration) { events.add($0) }
  let (ports, ready) = AsyncStream.makeStream(of: Int.self)
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask {
      defer { ready.finish() }
      try await server.run { ready.yield($0) }
    }
    var first = ports.makeAsyncIterator()
    if let port = await first.next() {
      do {
        try await body(RunningProxy(port: port, events: events))
      } catch {
        group.cancelAll()
        throw error
      }
    }
    group.cancelAll()
    try await group.waitForAll()
  }
}
