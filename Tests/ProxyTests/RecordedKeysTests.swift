import Synchronization
import Testing

@testable import Proxy

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension OverTheWire {
  /// Keys do not get into what is recorded, listed and shown.
  @Suite struct RecordedKeysTests {
    let folder = TemporaryFolder()

    @Test("Keys do not get into the record, the engine gets them")
    func redaction() async throws {
      let path = folder.path + "/record.jsonl"
      let key = "sk-ant-api03-" + String(repeating: "aB3_", count: 20)
      let seen = Mutex("")
      try await withEngine { wire in
        let head = try wire.receive(until: "\r\n\r\n")
        let body = try wire.receive(count: 2 + key.utf8.count)
        seen.withLock { $0 = head + String(decoding: body, as: UTF8.self) }
        try wire.send("HTTP/1.1 200 OK\r\nSet-Cookie: s=\(key)\r\nContent-Length: 0\r\n\r\n")
      } change: {
        $0.record = path
      } proxy: { proxy in
        try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send(
            "POST /x?api_key=secretvalue&beta=true HTTP/1.1\r\nHost: h\r\nx-api-key: \(key)\r\n"
              + "Authorization: Bearer hunter2hunter2\r\nX-Odd: \(key)\r\n"
              + "Referer: http://x/?api_key=hunter2\r\n"
              + [
                "api_key", "x_api_key", "Token", "Secret", "Key", "Password", "X-Auth", "api-key-2",
              ]
              .map { "\($0): hunter2\r\n" }.joined()
              + "Content-Length: \(key.utf8.count + 2)\r\n\r\n\"\(key)\"")
          _ = try client.receive(until: "\r\n\r\n")
        }
      }
      #expect(seen.withLock { $0.components(separatedBy: key).count } == 4)
      let text = try String(contentsOfFile: path, encoding: .utf8)
      for secret in [key, "hunter2", "secretvalue", "aB3_aB3_"] { #expect(!text.contains(secret)) }
      #expect(text.contains("Bearer [redacted]"))
      #expect(text.contains("beta=true"))
      #expect(try recorded(path).first?.sent.body == "\"[redacted]\"")
    }

    @Test("Keys get into no summary: not the record's, not the list's, not the terminal's")
    func redactedSummary() async throws {
      let path = folder.path + "/record.jsonl"
      let key = "sk-ant-api03-" + String(repeating: "aB3_", count: 20)
      let answer =
        #"{"model":"m \#(key)","stop_reason":"\#(key)","content":[{"type":"tool_use","name":"\#(key)"}],"#
        + #""error":{"message":"Incorrect API key provided: \#(key)."}}"#
      let body =
        #"{"model":"\#(key)","system":"s","tools":[{"name":"\#(key)","x":1}],"messages":[]}"#
      try await withEngine { wire in
        for _ in 0..<2 {
          _ = try wire.receive(until: "\r\n\r\n")
          _ = try wire.receive(count: body.utf8.count)
          try wire.send(
            "HTTP/1.1 401 No\r\nContent-Length: \(answer.utf8.count)\r\n\r\n\(answer)")
        }
      } change: {
        $0.record = path
      } proxy: { proxy in
        let list = try await blocking {
          let client = try Wire(to: proxy.port)
          for round in 0..<2 {
            // The tool that differs is named where the prefix breaks.
            let sent = round == 0 ? body : body.replacing("\"x\":1", with: "\"x\":2")
            try client.send(
              "POST /v1/messages HTTP/1.1\r\nHost: h\r\nX-Claude-Code-Session-Id: \(key)\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(sent)")
            _ = try client.receive(until: "\r\n\r\n\(answer)")
          }
          let page = try Wire(to: proxy.port)
          try page.send(
            "GET /_proxy/list HTTP/1.1\r\nHost: 127.0.0.1:\(proxy.port)\r\nConnection: close\r\n\r\n"
          )
          return String(decoding: try page.receiveAll(), as: UTF8.self)
        }
        let summary = try #require(try await proxy.events.summaries(2).last)
        #expect(summary.answer.error == "Incorrect API key provided: [redacted].")
        #expect(summary.request.model == "[redacted]" && summary.request.session == "[redacted]")
        #expect(summary.prefix?.place == "tools[0] [redacted]")
        #expect(list.contains("API key provided") && !list.contains("aB3_"))
      }
      #expect(try !String(contentsOfFile: path, encoding: .utf8).contains("aB3_"))
    }

    @Test("One byte that is no text does not keep a key in", arguments: [1, 40_000])
    func binarySecrets(_ rounds: Int) async throws {
      let path = folder.path + "/record.jsonl"
      let key = "sk-ant-api03-" + String(repeating: "k9", count: 30)
      let round = Array("words \(key) and \u{e9} ".utf8) + [0xFF]
      let body = (0..<rounds).flatMap { _ in round }
      try await withEngine { wire in
        _ = try wire.receive(until: "\r\n\r\n")
        try wire.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n")
        try wire.send(body)
      } change: {
        $0.record = path
      } proxy: { proxy in
        try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
          _ = try client.receive(until: "\r\n\r\n")
          _ = try client.receive(count: body.count)
        }
      }
      let base64 = try #require(try recorded(path).first?.received?.base64)
      let clean = Array("words [redacted] and \u{e9} ".utf8) + [0xFF]
      let expected = (0..<rounds).flatMap { _ in clean }
      #expect(Data(base64Encoded: base64) == Data(expected))
    }

    @Test("A compressed body, which hides its keys, is not recorded, and that is said")
    func compressed() async throws {
      let path = folder.path + "/record.jsonl"
      try await withEngine { wire in
        for coding in ["gzip", "identity"] {
          _ = try wire.receive(until: "\r\n\r\n")
          try wire.send(
            "HTTP/1.1 200 OK\r\nContent-Encoding: \(coding)\r\nContent-Length: 4\r\n\r\nbody")
        }
      } change: {
        $0.record = path
      } proxy: { proxy in
        try await blocking {
          let client = try Wire(to: proxy.port)
          for _ in 0..<2 {
            try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            _ = try client.receive(until: "\r\n\r\nbody")
          }
        }
      }
      let lines = try recorded(path)
      #expect(lines.map { $0.received?.body } == [nil, "body"])
      #expect(lines.map { $0.received?.leftOut } == ["gzip", nil])
      #expect(lines.map(\.responseSize) == [4, 4])
    }
  }
}
