import Dispatch
import Proxy
import Synchronization
import Testing

extension OverTheWire {
  @Suite struct HangUpTests {
    /// Where in an exchange one side goes away.
    enum Moment: CaseIterable {
      case inRequestBody, afterRequest, inResponseHead, inStream, inChunk
    }

    enum Way: CaseIterable { case close, reset }

    @Test(
      "A client that hangs up is gone for the engine too", arguments: Moment.allCases, Way.allCases)
    func client(_ moment: Moment, _ way: Way) async throws {
      let (ends, end) = AsyncStream.makeStream(of: Bool.self)
      let arrived = DispatchSemaphore(value: 0)
      try await withEngine { wire in
        _ = try wire.receive(until: "\r\n\r\n")
        if moment != .inRequestBody { _ = try wire.receive(count: 4) }
        try sendAnswer(to: wire, until: moment)
        arrived.signal()
        end.yield(wire.waitForEnd())
      } proxy: { proxy in
        try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send("POST /v1/messages HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab")
          if moment != .inRequestBody { try client.send("cd") }
          switch moment {
          case .inStream, .inChunk: _ = try client.receive(until: "first")
          // A client that has gone before its request came this far would leave the engine waiting for it.
          default: #expect(arrived.wait(timeout: .now() + 60) == .success)
          }
          if way == .close { client.close() } else { client.reset() }
        }
        var results = ends.makeAsyncIterator()
        #expect(await results.next() == true)
        let summary = try #require(try await proxy.events.summaries(1).first)
        #expect(summary.ending == "client hung up" || summary.ending == "engine hung up")
      }
    }

    @Test(
      "An engine that hangs up is gone for the client too", arguments: Moment.allCases, Way.allCases
    )
    func engine(_ moment: Moment, _ way: Way) async throws {
      try await withEngine { wire in
        _ = try wire.receive(until: "\r\n\r\n")
        if moment != .inRequestBody { _ = try wire.receive(count: 4) }
        try sendAnswer(to: wire, until: moment)
        usleepMillisecond(20)
        if way == .close { wire.close() } else { wire.reset() }
      } proxy: { proxy in
        try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send("POST /v1/messages HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab")
          if moment != .inRequestBody { try client.send("cd") }
          if moment == .inStream || moment == .inChunk { _ = try client.receive(until: "first") }
          #expect(client.waitForEnd())
        }
        #expect(try await proxy.events.summaries(1).first?.ending == "engine hung up")
      }
    }

    @Test("A client that only ends its sending still gets its answer")
    func halfClosed() async throws {
      try await withEngine { wire in
        _ = try wire.receive(until: "\r\n\r\n")
        #expect(try wire.receive().isEmpty)
        try wire.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")
      } proxy: { proxy in
        let answer = try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
          client.endSending()
          return String(decoding: try client.receiveAll(), as: UTF8.self)
        }
        #expect(answer.hasSuffix("\r\n\r\nlate"))
        #expect(try await proxy.events.summaries(1).first?.ending == "complete")
      }
    }

    @Test("An engine that closes idle connections costs no request")
    func idleClose() async throws {
      try await withEngine { wire in
        _ = try wire.receive(until: "\r\n\r\n")
        try wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
      } proxy: { proxy in
        try await blocking {
          let client = try Wire(to: proxy.port)
          for _ in 0..<5 {
            try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            _ = try client.receive(until: "\r\n\r\nok")
            usleepMillisecond(30)
          }
        }
        #expect(try await proxy.events.summaries(5).allSatisfy { $0.ending == "complete" })
      }
    }

    @Test("A body that ends with the connection ends there, whole")
    func untilClose() async throws {
      let body = String(repeating: "line\n", count: 100_000)
      try await withEngine { wire in
        _ = try wire.receive(until: "\r\n\r\n")
        try wire.send("HTTP/1.1 200 OK\r\n\r\n\(body)")
      } proxy: { proxy in
        let answer = try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
          return String(decoding: try client.receiveAll(), as: UTF8.self)
        }
        #expect(answer == "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n\(body)")
        #expect(try await proxy.events.summaries(1).first?.ending == "complete")
      }
    }

    @Test("A slow reader holds the engine back, not memory")
    func backpressure() async throws {
      let total = 64 << 20
      let sent = Mutex(0)
      try await withEngine { wire in
        _ = try wire.receive(until: "\r\n\r\n")
        try wire.send("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
        let piece = [UInt8](repeating: 7, count: 1 << 20)
        for _ in 0..<(total >> 20) {
          try wire.send(piece)
          sent.withLock { $0 += piece.count }
        }
        _ = wire.waitForEnd()
      } proxy: { proxy in
        let client = try Wire(to: proxy.port)
        try await blocking {
          try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
          _ = try client.receive(until: "\r\n\r\n")
        }
        try await Task.sleep(for: .milliseconds(700))
        // What the kernel's buffers hold is a few megabytes.
        #expect(sent.withLock { $0 } < total / 2)
        let count = try await blocking {
          try client.receive(count: total).reduce(into: 0) { $0 += $1 == 7 ? 1 : 0 }
        }
        #expect(count == total)
      }
    }
  }
}

/// Sends an answer up to a moment and leaves it there.
private func sendAnswer(to wire: Wire, until moment: OverTheWire.HangUpTests.Moment) throws {
  switch moment {
  case .inRequestBody, .afterRequest: break
  case .inResponseHead: try wire.send("HTTP/1.1 200 OK\r\nContent-")
  case .inStream, .inChunk:
    try wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
    if moment == .inChunk { try wire.send("5\r\nse") }
  }
}
