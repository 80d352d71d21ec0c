import NIOCore
import Synchronization
import Testing

@testable import Proxy

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension OverTheWire {
  @Suite struct PageTests {
    let folder = TemporaryFolder()

    private func answer(_ proxy: RunningProxy, _ head: String) async throws -> String {
      try await blocking {
        let client = try Wire(to: proxy.port)
        try client.send(
          head.replacing("PORT", with: "\(proxy.port)").replacing("\n", with: "\r\n")
            + "\r\nConnection: close\r\n\r\n")
        return String(decoding: try unchunked(client.receiveAll()), as: UTF8.self)
      }
    }

    /// A head and its body, taken out of its chunks.
    private func unchunked(_ bytes: [UInt8]) throws -> [UInt8] {
      let end = try #require(bytes.firstRange(of: "\r\n\r\n".utf8)?.upperBound)
      let head = bytes[..<end]
      guard head.contains("Transfer-Encoding: chunked".utf8) else { return bytes }
      var (whole, rest) = (Array(head), bytes[end...])
      while true {
        let line = try #require(rest.firstRange(of: "\r\n".utf8))
        let size = try #require(
          Int(String(decoding: rest[..<line.lowerBound], as: UTF8.self), radix: 16))
        whole += rest[line.upperBound...].prefix(size)
        rest = rest[line.upperBound...].dropFirst(size)
        try #require(rest.starts(with: "\r\n".utf8))
        rest = rest.dropFirst(2)
        guard size > 0 else { break }
      }
      #expect(rest.isEmpty)
      return whole
    }

    @Test(
      "The page answers this machine by its loopback names",
      arguments: [
        "GET /_proxy/ HTTP/1.1\nHost: 127.0.0.1:PORT",
        "GET /_proxy HTTP/1.1\nHost: localhost:PORT",
        "GET / HTTP/1.1\nHost: 127.0.0.1:PORT\nAccept: text/html,application/xhtml+xml",
        "GET /_proxy/list HTTP/1.1\nHost: 127.0.0.1:PORT\nOrigin: http://127.0.0.1:PORT",
        "GET /_proxy/list HTTP/1.1\nHost: 127.0.0.1:PORT\nSec-Fetch-Site: same-origin",
        "GET /_proxy/ HTTP/1.1\nHost: 127.0.0.1:PORT\nSec-Fetch-Site: cross-site\n"
          + "Sec-Fetch-Mode: navigate\nSec-Fetch-Dest: document",
      ])
    func served(_ head: String) async throws {
      try await withEngine { _ in
        Issue.record("the engine was asked")
      } proxy: { proxy in
        let text = try await answer(proxy, head)
        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(text.contains("frame-ancestors 'none'"))
        #expect(text.contains("default-src 'none'"))
        #expect(text.contains("X-Frame-Options: DENY"))
        #expect(!text.contains("unsafe-inline'; style-src") && !text.contains("Access-Control"))
      }
    }

    @Test(
      "It answers nobody else",
      arguments: [
        ("GET /_proxy/list HTTP/1.1\nHost: evil.example:PORT", "403"),
        ("GET /_proxy/list HTTP/1.1\nHost: 127.0.0.1:1", "403"),
        ("GET /_proxy/list HTTP/1.1\nHost: 127.0.0.1.evil.example:PORT", "403"),
        ("GET /_proxy/list HTTP/1.1\nX-No: host", "403"),
        ("GET /_proxy/list HTTP/1.1\nHost: 127.0.0.1:PORT\nHost: evil.example", "403"),
        ("GET /_proxy/list HTTP/1.1\nHost: 127.0.0.1:PORT\nOrigin: http://evil.example", "403"),
        ("GET /_proxy/list HTTP/1.1\nHost: 127.0.0.1:PORT\nOrigin: null", "403"),
        ("GET /_proxy/feed HTTP/1.1\nHost: 127.0.0.1:PORT\nSec-Fetch-Site: cross-site", "403"),
        (
          "GET /_proxy/ HTTP/1.1\nHost: 127.0.0.1:PORT\nSec-Fetch-Site: cross-site\n"
            + "Sec-Fetch-Mode: navigate\nSec-Fetch-Dest: iframe", "403"
        ),
        ("POST /_proxy/list HTTP/1.1\nHost: 127.0.0.1:PORT", "405"),
        ("GET /_proxy/nothing HTTP/1.1\nHost: 127.0.0.1:PORT", "404"),
        ("GET /_proxy/exchange/7 HTTP/1.1\nHost: 127.0.0.1:PORT", "404"),
        ("GET /_proxy/../etc/passwd HTTP/1.1\nHost: 127.0.0.1:PORT", "404"),
      ])
    func refused(_ head: String, _ status: String) async throws {
      try await withEngine { _ in
        Issue.record("the engine was asked")
      } proxy: { proxy in
        let text = try await answer(proxy, head)
        #expect(text.hasPrefix("HTTP/1.1 \(status) "))
      }
    }

    @Test("The engine's own root stays the client's")
    func engineRoot() async throws {
      try await withEngine { wire in
        _ = try wire.receive(until: "\r\n\r\n")
        try wire.send("HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\nOllama is running")
      } proxy: { proxy in
        let text = try await answer(proxy, "GET / HTTP/1.1\nHost: 127.0.0.1:PORT\nAccept: */*")
        #expect(text.hasSuffix("Ollama is running"))
      }
    }

    @Test("What passed is listed, told as it happens, shown whole, and exported")
    func data() async throws {
      let record = folder.path + "/record.jsonl"
      let body = #"{"model":"tiny","messages":[{"role":"user","content":"</script>"}]}"#
      let script: @Sendable (Wire) throws -> Void = { wire in
        while let head = try? wire.receive(until: "\r\n\r\n") {
          let count = head.contains("POST") ? body.utf8.count : 0
          _ = try wire.receive(count: count)
          try wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        }
      }
      let post: @Sendable (Int) throws -> Void = { port in
        let client = try Wire(to: port)
        try client.send(
          "POST /v1/messages HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        )
        _ = try client.receive(until: "\r\n\r\n{}")
      }
      try await withEngine(script) {
        $0.record = record
      } proxy: { proxy in
        try await blocking { try post(proxy.port) }
      }
      // The second proxy knows what the first has recorded.
      try await withEngine(script) {
        $0.record = record
      } proxy: { proxy in
        try await blocking {
          let feed = try Wire(to: proxy.port)
          try feed.send("GET /_proxy/feed HTTP/1.1\r\nHost: 127.0.0.1:\(proxy.port)\r\n\r\n")
          _ = try feed.receive(until: "as they end\n\n")
          try post(proxy.port)
          let event = try feed.receive(until: "\n\n")
          #expect(event.hasPrefix(#"data: {"id":2,"#))
        }
        let list = try await answer(proxy, "GET /_proxy/list HTTP/1.1\nHost: 127.0.0.1:PORT")
        #expect(list.contains(#""exchanges":[{"id":1,"#) && list.contains(#",{"id":2,"#))
        for id in 1...2 {
          let whole = try await answer(
            proxy, "GET /_proxy/exchange/\(id) HTTP/1.1\nHost: 127.0.0.1:PORT")
          let line = try JSONDecoder().decode(
            RecordedLine.self, from: Data(whole.components(separatedBy: "\r\n\r\n")[1].utf8))
          #expect(line.id == id)
          #expect(line.sent.body == body)
        }
        let html = try await answer(proxy, "GET /_proxy/export.html HTTP/1.1\nHost: 127.0.0.1:PORT")
        // An element for each exchange and the page's own; the recorded text ends none of them.
        #expect(html.components(separatedBy: "</script>").count == 4)
        let har = try await answer(proxy, "GET /_proxy/export.har HTTP/1.1\nHost: 127.0.0.1:PORT")
        let log = try JSONDecoder().decode(
          HAR.self, from: Data(har.components(separatedBy: "\r\n\r\n")[1].utf8)
        ).log
        #expect(log.entries.map(\.request.postData?.text) == [body, body])
        #expect(log.entries.map(\.response.status) == [200, 200])
      }
      let summaries = try ProxyReport(record: record).summaries()
      #expect(summaries.map(\.id) == [1, 2])
      #expect(summaries.map(\.request.model) == ["tiny", "tiny"])
    }

    @Test("What is on its way is told of and shown as far as it has come, if somebody watches")
    func running() async throws {
      let body = #"{"model":"tiny","stream":true,"messages":[{"role":"user","content":"hi"}]}"#
      let start =
        #"{"type":"message_start","message":{"model":"tiny","usage":{"input_tokens":12}}}"#
      let delta =
        #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"one é"}}"#
      let gate = Gate()
      try await withEngine { wire in
        _ = try wire.receive(until: "\r\n\r\n")
        _ = try wire.receive(count: body.utf8.count)
        try wire.send(
          "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: \(start)\n\n")
        try wire.send("data: \(delta)\n\n")
        // Half of the next character.
        try wire.send([0xC3])
        for _ in 0..<5000 where !gate.isOpen.withLock({ $0 }) { usleepMillisecond() }
        try wire.send("data: {\"type\":\"message_stop\"}\n\n")
      } change: {
        $0.record = folder.path + "/running.jsonl"
      } proxy: { proxy in
        let client = try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send(
            "POST /v1/messages HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
          )
          _ = try client.receive(until: "one é")
          return client
        }
        let feed = try await blocking {
          // Whoever does not ask for it hears of its end only.
          let follower = try Wire(to: proxy.port)
          try follower.send("GET /_proxy/feed HTTP/1.1\r\nHost: 127.0.0.1:\(proxy.port)\r\n\r\n")
          _ = try follower.receive(until: "as they end\n\n")
          let feed = try Wire(to: proxy.port)
          try feed.send(
            "GET /_proxy/feed?running=1 HTTP/1.1\r\nHost: 127.0.0.1:\(proxy.port)\r\n\r\n")
          _ = try feed.receive(until: "event: running\ndata: {\"id\":1,")
          return (feed, follower)
        }
        let whole = try await answer(
          proxy, "GET /_proxy/exchange/1 HTTP/1.1\nHost: 127.0.0.1:PORT")
        let line = try JSONDecoder().decode(
          RecordedLine.self, from: Data(whole.components(separatedBy: "\r\n\r\n")[1].utf8))
        #expect(line.sent.body == body)
        #expect(line.received?.body == "data: \(start)\n\ndata: \(delta)\n\n")
        #expect(whole.contains(#""ending":"running""#) && whole.contains(#""inputTokens":12"#))
        gate.isOpen.withLock { $0 = true }
        try await blocking {
          _ = try client.receiveAll()
          for wire in [feed.0, feed.1] {
            let last = try wire.receive(until: #""ending":"complete""#)
            #expect(
              last.contains("\ndata: {\"id\":1,") || last.hasPrefix("data: {\"id\":1,"), "\(last)")
          }
        }
        #expect(try await proxy.events.summaries(1).first?.ending == "complete")
      }
    }

    private final class Gate: Sendable {
      let isOpen = Mutex(false)
    }

    private struct HAR: Decodable {
      struct Log: Decodable { var entries: [Entry] }
      struct Entry: Decodable {
        struct Request: Decodable { var postData: PostData? }
        struct PostData: Decodable { var text: String }
        struct Response: Decodable { var status: Int }
        var request: Request
        var response: Response
        var time: Double
      }
      var log: Log
    }
  }
}

@Suite struct TerminalLineTests {
  static var summary: ExchangeSummary {
    var summary = ExchangeSummary(
      id: 7, at: "2026-11-23T05:00:00.123456Z", client: "127.0.0.1:1", method: "POST",
      target: "/v1/messages", ending: "complete", others: 0, end: 3_250_000, requestSize: 50_000,
      responseSize: 1000)
    summary.status = 200
    summary.firstToken = 1_250_000
    summary.request.model = "qwen3:1.7b"
    summary.request.kind = "chat"
    summary.request.messagesBytes = 1000
    summary.answer.inputTokens = 21
    summary.answer.cacheRead = 12_000
    summary.answer.outputTokens = 41
    summary.answer.called = ["Read", "Bash"]
    summary.answer.stop = "tool_use"
    return summary
  }

  @Test("A line says model, tokens, cache, speed, tools and time")
  func line() {
    // Half an hour east of Delhi; 1,795,410,000 is 05:00 UTC.
    let style = TerminalStyle(color: false) { $0 == 1_795_410_000 ? "11:00:00" : "wrong \($0)" }
    #expect(
      terminalLine(Self.summary, style)
        == "11:00:00  200  qwen3:1.7b  12,021 tokens (12,000 cached, 21 evaluated)  "
        + "first token 1.3 s  41 at 20.0 tok/s  → Read, Bash  in 3.3 s")
    #expect(localClock(secondsSince1970: 0).wholeMatch(of: /[0-9]{2}(:[0-9]{2}){2}/) != nil)
    // An alias names its tier; the setup's own model stands for all of them.
    var summary = Self.summary
    summary.request.model = "claude-haiku-4-5"
    summary.request.kind = "agent"
    #expect(terminalLine(summary, style).contains("200  haiku claude-haiku-4-5  subagent  12,021"))
    // An answer that is no stream tells of no token.
    summary.firstToken = nil
    summary.firstByte = 12_000
    #expect(terminalLine(summary, style).contains("first byte 12 ms"))
  }

  @Test("Colours are there only where they are wanted, and never the other side's")
  func colours() {
    var summary = Self.summary
    summary.request.model = "evil\u{1B}[2Jmodel\u{202E}"
    #expect(!terminalLine(summary, TerminalStyle(color: false)).contains("\u{1B}"))
    let coloured = terminalLine(summary, TerminalStyle(color: true))
    #expect(coloured.contains("\u{1B}[32m200") && !coloured.contains("\u{1B}[2J"))
  }

  @Test("What went wrong has a line of its own")
  func warnings() {
    var summary = Self.summary
    summary.answer.cut = true
    summary.ending = "client hung up"
    let lines = terminalLine(summary, TerminalStyle(color: false)).split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines[1].contains("! client hung up"))
    #expect(lines[2].contains("longer than the model's context"))
  }
}
