import Synchronization
import Testing

@testable import Proxy

extension OverTheWire {
  @Suite struct PathRepairTests {
    @Test("An engine's URL may end in /v1, which the client's paths begin with")
    func version() {
      for (url, without) in [
        ("http://h/v1", "http://h"), ("http://h/v1/", "http://h"), ("http://h/a/v1", "http://h/a"),
        ("http://h/v12", "http://h/v12"), ("http://h", "http://h"),
      ] {
        #expect(Upstream(url)?.withoutVersion.description == without)
      }
    }

    @Test(
      "A path that shows a wrong base URL is repaired, every other stays",
      arguments: [
        ("/messages", "/v1/messages"),
        ("/messages?beta=true", "/v1/messages?beta=true"),
        ("/messages/count_tokens?beta=true", "/v1/messages/count_tokens?beta=true"),
        ("/v1/v1/messages?beta=true", "/v1/messages?beta=true"),
        ("/v1/v1/v1/messages", "/v1/messages"),
        ("/v1/v1/models", "/v1/models"),
        ("/v1/messages/v1/messages?beta=true", "/v1/messages?beta=true"),
        ("/v1/messages", nil), ("/v1/messages/", nil), ("//v1/messages", nil), ("/", nil),
        ("/v1", nil), ("/v1/v1", nil), ("/api/chat", nil), ("/anthropic/v1/messages", nil),
        ("*", nil), ("/v1/messages?x=/v1/v1/messages", nil), ("/messagesx", nil),
      ] as [(String, String?)])
    func repair(_ target: String, _ repaired: String?) {
      #expect(repairedTarget(target) == repaired)
    }

    @Test(
      "A repaired request says so; a strict proxy passes it as it is", arguments: [true, false])
    func repaired(_ strict: Bool) async throws {
      let seen = Mutex("")
      try await withEngine { wire in
        let head = try wire.receive(until: "\r\n\r\n")
        seen.withLock { $0 = head }
        try wire.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
      } change: {
        $0.strict = strict
      } proxy: { proxy in
        try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send("POST /v1/v1/messages HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
          _ = try client.receive(until: "\r\n\r\n")
        }
        let path = strict ? "/v1/v1/messages" : "/v1/messages"
        #expect(seen.withLock { $0.hasPrefix("POST \(path) HTTP/1.1\r\n") })
        let summary = try #require(try await proxy.events.summaries(1).first)
        #expect(summary.repaired == (strict ? nil : "/v1/messages"))
        let line = terminalLine(summary, TerminalStyle(color: false))
        #expect(line.contains("ANTHROPIC_BASE_URL") != strict)
      }
    }

    @Test(
      "An engine is named by a URL",
      arguments: [
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434"), ("http://LOCAL:80/", "http://LOCAL"),
        ("https://engine.example/anthropic/", "https://engine.example/anthropic"),
        ("http://[::1]:8080", "http://[::1]:8080"), ("engine:11434", nil), ("ftp://x", nil),
        ("http://", nil), ("http://a:b", nil), ("http://user@host", nil), ("http://a:0", nil),
        ("http://a/?q", nil),
      ] as [(String, String?)])
    func upstream(_ url: String, _ description: String?) {
      #expect(Upstream(url)?.description == description)
    }
  }
}
