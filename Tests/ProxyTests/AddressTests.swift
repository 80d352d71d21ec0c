import Proxy
import Synchronization
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension OverTheWire {
  /// Where the proxy listens and where it goes to.
  @Suite struct AddressTests {
    @Test("An engine that is not there is named")
    func unreachable() async throws {
      try await withProxy(to: "http://127.0.0.1:1") { proxy in
        let answer = try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send("POST /v1/messages HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}")
          return String(decoding: try client.receiveAll(), as: UTF8.self)
        }
        #expect(answer.hasPrefix("HTTP/1.1 502 Bad Gateway\r\n"))
        #expect(answer.contains("http://127.0.0.1:1"))
        let summary = try #require(try await proxy.events.summaries(1).first)
        #expect(summary.ending == "engine unreachable" && summary.status == 502)
        #expect(summary.remark == "nothing listens there")
      }
    }

    @Test("A port that is taken is said to be, with what to try")
    func taken() async throws {
      try await withProxy(to: "http://127.0.0.1:1") { proxy in
        let error = await #expect(throws: ProxyError.self) {
          try await withProxy(to: "http://127.0.0.1:1", { $0.port = proxy.port }, { _ in })
        }
        #expect(error?.description.contains("is taken by another program; try --listen") == true)
      }
    }

    @Test("A proxy is not its own engine", arguments: ["127.0.0.1", "localhost"])
    func itself(_ name: String) async throws {
      let port = Mutex(0)
      try await withProxy(to: "http://127.0.0.1:1") { proxy in port.withLock { $0 = proxy.port } }
      let own = port.withLock { $0 }
      for host in ["127.0.0.1", "0.0.0.0"] {
        let error = await #expect(throws: ProxyError.self) {
          try await withProxy(
            to: "http://\(name):\(own)", { ($0.host, $0.port) = (host, own) }, { _ in })
        }
        #expect(error?.description.contains("would be the proxy itself") == true)
      }
    }

    @Test("An IPv6 address stands in brackets")
    func brackets() async throws {
      #expect(
        ProxyConfiguration.address("[::1]:4011").map { "\($0)" } == "(host: \"::1\", port: 4011)")
      for odd in [":4000", "[::1", "::1:4000", "4000", "h:", "h:65536", "h:-1"] {
        #expect(ProxyConfiguration.address(odd) == nil, "\(odd)")
      }
      guard FileManager.default.fileExists(atPath: "/proc/net/if_inet6") else { return }
      try await withProxy(
        to: "http://127.0.0.1:1", { $0.host = "::1" },
        { proxy in #expect(proxy.events.urls == ["http://[::1]:\(proxy.port)"]) })
    }
  }
}
