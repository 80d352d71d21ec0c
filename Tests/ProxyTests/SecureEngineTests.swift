import Proxy
import Synchronization
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension OverTheWire {
  /// An engine of `https`: the client speaks HTTP to the proxy, the proxy TLS to the engine.
  @Suite struct SecureEngineTests {
    let folder = TemporaryFolder()

    private func withSecureProxy(
      trusts: Bool = true,
      _ script: @escaping @Sendable (TLSEngine.Event, TLSEngine.Peer) throws -> Void,
      _ body: @Sendable (RunningProxy) async throws -> Void
    ) async throws {
      let authority = folder.path + "/authority.pem"
      try Data(TLSEngine.certificate.utf8).write(to: URL(filePath: authority))
      let engine = try await TLSEngine(script)
      try await withProxy(
        to: "https://127.0.0.1:\(engine.port)", { $0.authorities = trusts ? authority : nil }, body)
      try await engine.stop()
    }

    private static let get = "GET /v1/models HTTP/1.1\r\nHost: h\r\n\r\n"
    private static let streamHead =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    @Test("An answer passes as it is, and the Host is the engine's")
    func passes() async throws {
      let heads = Mutex<[String]>([])
      try await withSecureProxy { event, peer in
        guard case .head(let head) = event else { return peer.close() }
        heads.withLock { $0.append(head) }
        peer.send(Self.streamHead + "3\r\nabc\r\n0\r\n\r\n")
      } _: { proxy in
        try await blocking {
          let client = try Wire(to: proxy.port)
          for _ in 0..<2 {
            try client.send(Self.get)
            let answer = try client.receive(until: "\r\n0\r\n\r\n")
            #expect(answer == Self.streamHead + "3\r\nabc\r\n0\r\n\r\n")
          }
        }
        #expect(heads.withLock { $0 }.allSatisfy { $0.contains("Host: 127.0.0.1:") })
        #expect(try await proxy.events.summaries(2).allSatisfy { $0.ending == "complete" })
      }
    }

    @Test("A client that only ends its sending is passed on as such, and still gets its answer")
    func halfClosed() async throws {
      try await withSecureProxy { event, peer in
        guard case .clientEnded = event else { return }
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")
        peer.close()
      } _: { proxy in
        let answer = try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send(Self.get)
          client.endSending()
          return String(decoding: try client.receiveAll(), as: UTF8.self)
        }
        #expect(answer.hasSuffix("\r\n\r\nlate"))
      }
    }

    @Test("An engine that goes in the middle is gone for the client", arguments: [true, false])
    func vanishes(_ saysGoodbye: Bool) async throws {
      try await withSecureProxy { event, peer in
        guard case .head = event else { return }
        peer.send(Self.streamHead + "3\r\nabc\r\n")
        saysGoodbye ? peer.close() : try peer.vanish()
      } _: { proxy in
        let answer = try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send(Self.get)
          return String(decoding: try client.receiveAll(), as: UTF8.self)
        }
        // No last chunk that the engine did not send.
        #expect((Self.streamHead + "3\r\nabc\r\n").hasPrefix(answer))
        #expect(try await proxy.events.summaries(1).first?.ending == "engine hung up")
      }
    }

    @Test(
      "An engine whose certificate nobody vouches for gets no request, and the client hears why")
    func untrusted() async throws {
      try await withSecureProxy(trusts: false) { _, _ in
        Issue.record("the engine was asked")
      } _: { proxy in
        let answer = try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send(Self.get)
          return String(decoding: try client.receiveAll(), as: UTF8.self)
        }
        #expect(answer.hasPrefix("HTTP/1.1 502 Bad Gateway\r\n"))
        #expect(
          answer.contains("its certificate is not trusted. --ca FILE (PEM) names the authority"))
      }
    }

    @Test("An engine that speaks no TLS, or whose certificate is another's, is told in plain words")
    func plainWords() async throws {
      @Sendable func ask(_ proxy: RunningProxy) async throws -> String {
        try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send(Self.get)
          return String(decoding: try client.receiveAll(), as: UTF8.self)
        }
      }
      let engine = try ScriptedEngine { wire in
        _ = try wire.receive()
        try wire.send("HTTP/1.1 400 Bad Request\r\n\r\n")
      }
      defer { engine.stop() }
      try await withProxy(to: "https://127.0.0.1:\(engine.port)") { proxy in
        let answer = try await ask(proxy)
        #expect(answer.contains("there is no TLS. Is it http instead of https?"))
      }
      #if os(Linux)
        let authority = folder.path + "/authority.pem"
        try Data(TLSEngine.certificate.utf8).write(to: URL(filePath: authority))
        // It is for 127.0.0.1.
        let secure = try await TLSEngine(host: "127.0.0.2") { _, _ in }
        try await withProxy(
          to: "https://127.0.0.2:\(secure.port)", { $0.authorities = authority },
          { proxy in
            let answer = try await ask(proxy)
            #expect(answer.contains("its certificate is for another name"))
          })
        try await secure.stop()
      #endif
    }

    @Test("A file of authorities that cannot be read is named")
    func noAuthorities() async throws {
      let missing = folder.path + "/missing.pem"
      let error = await #expect(throws: ProxyError.self) {
        try await withProxy(to: "https://127.0.0.1:1", { $0.authorities = missing }, { _ in })
      }
      #expect(error?.description.contains(missing) == true)
    }
  }
}
