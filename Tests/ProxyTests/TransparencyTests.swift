import Proxy
import Synchronization
import Testing

extension OverTheWire {
  @Suite struct TransparencyTests {
    @Test("Heads pass as they are, without the lines that are of one hop only")
    func heads() async throws {
      let seen = Mutex("")
      try await withEngine { wire in
        let head = try wire.receive(until: "\r\n\r\n")
        seen.withLock { $0 = head }
        try wire.send(
          "HTTP/1.1 200 Fine\r\nx-ODD:  kept \r\nKeep-Alive: timeout=5\r\nConnection: x-mine\r\n"
            + "X-Mine: 1\r\nContent-Length: 2\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\nok")
      } proxy: { proxy in
        let answer = try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send(
            "GET /a%2fb?x=1&x=2 HTTP/1.1\r\nhOST: other.example\r\nConnection: keep-alive, X-Hop\r\n"
              + "X-Hop: 1\r\nTE: trailers\r\nUpgrade: h2c\r\nProxy-Authorization: x\r\n"
              + "proxy-connection: x\r\nAccept:*/*\r\nX-Empty:\r\nX-Twice: 1\r\nX-Twice: 2\r\n\r\n")
          return try client.receive(until: "\r\n\r\nok")
        }
        #expect(
          seen.withLock { $0 }
            == "GET /a%2fb?x=1&x=2 HTTP/1.1\r\nhOST: other.example\r\nAccept:*/*\r\nX-Empty:\r\n"
            + "X-Twice: 1\r\nX-Twice: 2\r\n\r\n")
        #expect(
          answer == "HTTP/1.1 200 Fine\r\nx-ODD:  kept \r\nContent-Length: 2\r\nSet-Cookie: a\r\n"
            + "Set-Cookie: b\r\n\r\nok")
      }
    }

    @Test("A Host that names the proxy becomes the engine's")
    func host() async throws {
      let seen = Mutex("")
      try await withEngine { wire in
        let head = try wire.receive(until: "\r\n\r\n")
        seen.withLock { $0 = head }
        try wire.send("HTTP/1.1 204 None\r\n\r\n")
      } proxy: { proxy in
        _ = try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send("GET / HTTP/1.1\r\nHost: localhost:\(proxy.port)\r\n\r\n")
          return try client.receive(until: "\r\n\r\n")
        }
        #expect(seen.withLock { $0.contains("Host: 127.0.0.1:") && !$0.contains("\(proxy.port)") })
      }
    }

    static let samples: [(name: String, head: String, body: [UInt8])] = [
      ("empty", "Content-Length: 0", []),
      ("one byte", "Content-Length: 1", [0]),
      ("binary", "Content-Length: 256", Array(0...255)),
      (
        "large", "Content-Length: 3000000",
        (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      ),
      ("chunks", "Transfer-Encoding: chunked", Array("3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n".utf8)),
      (
        "chunks with trailers", "Transfer-Encoding: chunked",
        Array("A\r\n0123456789\r\n000\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n".utf8)
      ),
      (
        "a long chunk", "Transfer-Encoding: chunked",
        Array("100000\r\n".utf8) + [UInt8](repeating: 10, count: 0x100000)
          + Array("\r\n0\r\n\r\n".utf8)
      ),
    ]

    @Test("Bodies pass byte for byte in both directions", arguments: samples.indices)
    func bodies(_ index: Int) async throws {
      let (_, head, body) = Self.samples[index]
      let seen = Mutex<[UInt8]>([])
      try await withEngine { wire in
        for _ in 0..<2 {
          _ = try wire.receive(until: "\r\n\r\n")
          let received = try wire.receive(count: body.count)
          seen.withLock { $0 = received }
          try wire.send("HTTP/1.1 200 OK\r\n\(head)\r\n\r\n")
          try wire.send(body)
        }
      } proxy: { proxy in
        let client = try Wire(to: proxy.port)
        for _ in 0..<2 {
          let answer = try await blocking {
            try client.send("POST /x HTTP/1.1\r\nHost: h\r\n\(head)\r\n\r\n")
            try client.send(body)
            _ = try client.receive(until: "\r\n\r\n")
            return try client.receive(count: body.count)
          }
          #expect(answer == body)
          #expect(seen.withLock { $0 } == body)
        }
      }
    }

    @Test(
      "A body may come in the smallest pieces",
      arguments: samples.indices.filter { $0 != 3 && $0 != 6 })
    func pieces(_ index: Int) async throws {
      let (_, head, body) = Self.samples[index]
      try await withEngine { wire in
        _ = try wire.receive(until: "\r\n\r\n")
        let received = try wire.receive(count: body.count)
        for byte in Array("HTTP/1.1 200 OK\r\n\(head)\r\n\r\n".utf8) + received {
          try wire.send([byte])
        }
        // The next request on the same connection shows that the end was found.
        _ = try wire.receive(until: "\r\n\r\n")
        try wire.send("HTTP/1.1 204 Next\r\n\r\n")
      } proxy: { proxy in
        let answer = try await blocking {
          let client = try Wire(to: proxy.port)
          for byte in Array("POST /x HTTP/1.1\r\nHost: h\r\n\(head)\r\n\r\n".utf8) + body {
            try client.send([byte])
          }
          _ = try client.receive(until: "\r\n\r\n")
          let answer = try client.receive(count: body.count)
          try client.send("GET /next HTTP/1.1\r\nHost: h\r\n\r\n")
          _ = try client.receive(until: "204 Next\r\n\r\n")
          return answer
        }
        #expect(answer == body)
      }
    }

    @Test("The first event is at the client before the second leaves the engine")
    func unbuffered() async throws {
      let (turns, turn) = AsyncStream.makeStream(of: Int.self)
      let go = Mutex(0)
      try await withEngine { wire in
        _ = try wire.receive(until: "\r\n\r\n")
        try wire.send(
          "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        for number in 0..<5 {
          while go.withLock({ $0 }) < number { usleepMillisecond() }
          try wire.send("a\r\ndata: \(number) \n\n\r\n")
          turn.yield(number)
        }
        try wire.send("0\r\n\r\n")
      } proxy: { proxy in
        let client = try Wire(to: proxy.port)
        try await blocking {
          try client.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n")
          _ = try client.receive(until: "\r\n\r\n")
          for number in 0..<5 {
            #expect(try client.receive(until: "\n\n\r\n") == "a\r\ndata: \(number) \n\n\r\n")
            go.withLock { $0 = number + 1 }
          }
          #expect(try client.receive(until: "\r\n\r\n") == "0\r\n\r\n")
        }
      }
      turn.finish()
      var seen: [Int] = []
      for await number in turns { seen.append(number) }
      #expect(seen == [0, 1, 2, 3, 4])
    }

    @Test("Requests sent ahead are answered in order")
    func pipelined() async throws {
      try await withEngine { wire in
        for _ in 0..<3 {
          let head = try wire.receive(until: "\r\n\r\n")
          let path = head.split(separator: " ")[1]
          try wire.send("HTTP/1.1 200 OK\r\nContent-Length: \(path.utf8.count)\r\n\r\n\(path)")
        }
      } proxy: { proxy in
        try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send(
            ["/a", "/bb", "/ccc"].map { "GET \($0) HTTP/1.1\r\nHost: h\r\n\r\n" }.joined())
          for path in ["/a", "/bb", "/ccc"] {
            #expect(try client.receive(until: "\r\n\r\n\(path)").hasSuffix(path))
          }
        }
      }
    }

    @Test("A request of no bytes ends with its head, and the connection stays")
    func noBytes() async throws {
      try await withEngine { wire in
        for _ in 0..<2 {
          _ = try wire.receive(until: "\r\n\r\n")
          try wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        }
        _ = wire.waitForEnd()
      } proxy: { proxy in
        try await blocking {
          let client = try Wire(to: proxy.port)
          for _ in 0..<2 {
            try client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
            _ = try client.receive(until: "\r\n\r\nok")
          }
        }
        #expect(try await proxy.events.summaries(2).map(\.ending) == ["complete", "complete"])
      }
    }

    @Test("100 Continue and the final answer both pass")
    func interim() async throws {
      try await withEngine { wire in
        _ = try wire.receive(until: "\r\n\r\n")
        try wire.send("HTTP/1.1 100 Continue\r\n\r\n")
        _ = try wire.receive(count: 3)
        try wire.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!")
      } proxy: { proxy in
        try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send(
            "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
          #expect(try client.receive(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
          try client.send("abc")
          #expect(try client.receive(until: "\r\n\r\n!").hasPrefix("HTTP/1.1 200 OK"))
        }
      }
    }

    @Test("Every interim answer passes, in order")
    func earlyHints() async throws {
      let interim = "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
      try await withEngine { wire in
        _ = try wire.receive(until: "\r\n\r\n")
        try wire.send(interim)
        usleepMillisecond(20)
        try wire.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!")
      } proxy: { proxy in
        let answer = try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
          return try client.receive(until: "\r\n\r\n!")
        }
        #expect(answer == interim + "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!")
      }
    }

    @Test("An upgrade is not asked of the engine, whose answer then says what it wants")
    func upgrade() async throws {
      try await withEngine { wire in
        let head = try wire.receive(until: "\r\n\r\n")
        let asks = head.lowercased().contains("upgrade")
        try wire.send(
          "HTTP/1.1 \(asks ? "101" : "426 Upgrade Required")\r\nContent-Length: 0\r\n\r\n")
      } proxy: { proxy in
        let answer = try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send(
            "GET /socket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
          return try client.receive(until: "\r\n\r\n")
        }
        #expect(answer.hasPrefix("HTTP/1.1 426 Upgrade Required\r\n"))
      }
    }

    @Test("A head of 100 kB passes, however slowly it comes, first and later on a connection")
    func longHead() async throws {
      let seen = Mutex<[Int]>([])
      try await withEngine { wire in
        for _ in 0..<2 {
          let head = try wire.receive(until: "\r\n\r\n")
          seen.withLock { $0.append(head.utf8.count) }
          try wire.send("HTTP/1.1 204 None\r\n\r\n")
        }
      } proxy: { proxy in
        let value = String(repeating: "v", count: 10_000)
        let lines = (0..<10).map { "X-Line-\($0): \(value)\r\n" }
        try await blocking {
          let client = try Wire(to: proxy.port)
          for _ in 0..<2 {
            try client.send("GET / HTTP/1.1\r\nHost: h\r\n")
            for line in lines {
              try client.send(line)
              usleepMillisecond(5)
            }
            try client.send("\r\n")
            _ = try client.receive(until: "204 None\r\n\r\n")
          }
        }
        let length = "GET / HTTP/1.1\r\nHost: h\r\n\r\n".utf8.count + lines.joined().utf8.count
        #expect(seen.withLock { $0 } == [length, length])
      }
    }

    @Test(
      "Answers without a body leave the connection usable",
      arguments: [
        ("HEAD", "200 OK\r\nContent-Length: 17"), ("GET", "204 No Content"),
        ("GET", "304 Not Modified\r\nContent-Length: 9"),
      ])
    func bodiless(_ method: String, _ answer: String) async throws {
      try await withEngine { wire in
        for _ in 0..<2 {
          _ = try wire.receive(until: "\r\n\r\n")
          try wire.send("HTTP/1.1 \(answer)\r\n\r\n")
        }
      } proxy: { proxy in
        try await blocking {
          let client = try Wire(to: proxy.port)
          for _ in 0..<2 {
            try client.send("\(method) / HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try client.receive(until: "\r\n\r\n") == "HTTP/1.1 \(answer)\r\n\r\n")
          }
        }
      }
    }

    @Test(
      "Malformed chunks pass as they are", arguments: ["zz\r\n", "3\r\nabcd\r\n", "-1\r\n", "\r\n"])
    func malformedChunks(_ chunks: String) async throws {
      let seen = Mutex("")
      try await withEngine { wire in
        let head = try wire.receive(until: "\r\n\r\n")
        let body = try wire.receive(count: chunks.utf8.count)
        seen.withLock { $0 = String(decoding: body, as: UTF8.self) }
        #expect(head.contains("Transfer-Encoding: chunked"))
        try wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)and more")
      } proxy: { proxy in
        let answer = try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send(
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)")
          return String(decoding: try client.receiveAll(), as: UTF8.self)
        }
        #expect(seen.withLock { $0 } == chunks)
        #expect(answer.hasSuffix("\r\n\r\n\(chunks)and more"))
        let summary = try #require(try await proxy.events.summaries(1).first)
        #expect(summary.remark?.contains("malformed") == true)
      }
    }

    @Test("A folded line in an answer's head passes, and the connection goes on")
    func folded() async throws {
      let answer = "HTTP/1.1 200 OK\r\nX-Long: a\r\n  b\r\nContent-Length: 2\r\n\r\nok"
      try await withEngine { wire in
        for _ in 0..<2 {
          _ = try wire.receive(until: "\r\n\r\n")
          try wire.send(answer)
        }
      } proxy: { proxy in
        try await blocking {
          let client = try Wire(to: proxy.port)
          for _ in 0..<2 {
            try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try client.receive(until: "ok") == answer)
          }
        }
        #expect(try await proxy.events.summaries(2).map(\.status) == [200, 200])
      }
    }

    @Test("After an answer of which nobody knows the end the next request does not wait for ever")
    func unframed() async throws {
      try await withEngine { wire in
        _ = try wire.receive(until: "\r\n\r\n")
        try wire.send("HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok")
        _ = wire.waitForEnd()
      } proxy: { proxy in
        let ended = try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
          _ = try client.receive(until: "ok")
          try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
          return client.waitForEnd()
        }
        #expect(ended)
        #expect(try await proxy.events.summaries(1).first?.remark?.contains("not HTTP") == true)
      }
    }

    @Test("An engine that does not speak HTTP is heard as it is")
    func notHTTP() async throws {
      try await withEngine { wire in
        _ = try wire.receive(until: "\r\n\r\n")
        try wire.send("220 mail.example ESMTP\r\n\r\n")
      } proxy: { proxy in
        let answer = try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
          return String(decoding: try client.receiveAll(), as: UTF8.self)
        }
        #expect(answer == "220 mail.example ESMTP\r\n\r\n")
      }
    }

    @Test(
      "What is no request is refused, and the engine does not hear of it",
      arguments: [
        "\u{16}\u{3}\u{1}\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/2.0\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length : 5\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\r\n Content-Length: 5\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET / HTTP/1.1\r\n" + String(repeating: "a: b\r\n", count: 40_000),
      ])
    func refused(_ request: String) async throws {
      try await withEngine { _ in
        Issue.record("the engine was asked")
      } proxy: { proxy in
        let answer = try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send(request)
          return String(decoding: try client.receiveAll(), as: UTF8.self)
        }
        #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        #expect(answer.contains("ccl-setup proxy: ") && answer.contains("was not passed on"))
        let summary = try #require(try await proxy.events.summaries(1).first)
        #expect(summary.ending == "request refused" && summary.status == 400)
        #expect(summary.remark.map { answer.contains($0) } == true)
        #expect(summary.target == (request.hasPrefix("GET /") ? "/" : ""))
        #expect(answer.contains("invalid_request_error"))
      }
    }

    @Test("An engine that answers early and hangs up is heard although the request goes on")
    func earlyAnswer() async throws {
      try await withEngine { wire in
        _ = try wire.receive(until: "\r\n\r\n")
        try wire.send("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!")
        wire.endSending()
        _ = wire.waitForEnd()
      } proxy: { proxy in
        let answer = try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 90000000\r\n\r\n")
          try client.send([UInt8](repeating: 1, count: 100_000))
          return try client.receive(until: "no!")
        }
        #expect(answer.hasPrefix("HTTP/1.1 413 Too Large\r\n"))
      }
    }

    @Test("An engine that sends more than its answer is cut off, and the answer stands")
    func moreThanAnswered() async throws {
      try await withEngine { wire in
        _ = try wire.receive(until: "\r\n\r\n")
        try wire.send("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno! and more")
        #expect(wire.waitForEnd())
      } proxy: { proxy in
        let answer = try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 90000\r\n\r\nabc")
          return String(decoding: try client.receiveAll(), as: UTF8.self)
        }
        #expect(answer.hasSuffix("\r\n\r\nno!"))
      }
    }

    @Test(
      "A client of HTTP/1.0 is answered, with and without keep-alive", arguments: [true, false])
    func oldClient(_ keepsAlive: Bool) async throws {
      try await withEngine { wire in
        while let head = try? wire.receive(until: "\r\n\r\n") {
          let stays = head.lowercased().contains("keep-alive")
          try wire.send(
            "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n"
              + (stays ? "Connection: keep-alive\r\n" : "") + "\r\nok")
          if !stays { return }
        }
      } proxy: { proxy in
        try await blocking {
          let client = try Wire(to: proxy.port)
          let connection = keepsAlive ? "Connection: keep-alive\r\n" : ""
          try client.send("GET / HTTP/1.0\r\n\(connection)\r\n")
          #expect(try client.receive(until: "\r\n\r\nok").contains("200"))
          if keepsAlive {
            try client.send("GET / HTTP/1.0\r\n\(connection)\r\n")
            #expect(try client.receive(until: "\r\n\r\nok").contains("200"))
          } else {
            #expect(client.waitForEnd())
          }
        }
      }
    }
  }
}
