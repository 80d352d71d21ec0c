import Rehearsal
import Testing

/// Each fault does what it says, as often as it says, where it says.
@Suite struct FaultTests {
  static let ask =
    #"{"model":"tiny","max_tokens":50,"stream":true,"messages":[{"role":"user","content":"hello"}]}"#

  @Test func aRunnerThatDiesEndsTheStreamCleanlyAndTheNextRequestWorks() async throws {
    for version in ["0.14.3", "0.32.15"] {
      try await withServer(.test(version: version)) { client in
        try await client.pull("tiny")
        client.server.setFaults([Fault(.runnerDies(after: 4), on: "/v1/messages", times: 1)])
        let wire = try await client.post("/v1/messages", Self.ask)
        #expect(wire.status == 200)
        #expect(wire.isComplete)
        #expect(wire.chunks.count == 4)
        #expect(wire.chunks.last?.contains("content_block_delta") ?? false)
        #expect(try await client.post("/v1/messages", Self.ask).body.contains("message_stop"))
        #expect(client.lastMessages?.loads == 1)
      }
    }
  }

  @Test func aCutIsNotAnEnd() async throws {
    try await withServer { client in
      try await client.pull("tiny")
      client.server.setFaults([Fault(.cut(after: 3), on: "/v1/messages")])
      let wire = try await client.post("/v1/messages", Self.ask)
      #expect(!wire.isComplete)
      #expect(wire.chunks.count == 3)
    }
  }

  @Test func aStallStandsStill() async throws {
    try await withServer { client in
      client.server.setFaults([Fault(.stall(after: 2), on: "/api/pull")])
      let wire = try await client.send(
        "POST", "/api/pull", #"{"model":"tiny"}"#, limit: .milliseconds(1500))
      #expect(!wire.isComplete)
      #expect(wire.chunks.count == 2)
    }
  }

  @Test func anErrorIsTheLastLine() async throws {
    try await withServer { client in
      client.server.setFaults([Fault(.error("no luck", after: 2), on: "/api/pull")])
      let lines = try await client.post("/api/pull", #"{"model":"tiny"}"#).lines
      #expect(lines.count == 3)
      #expect(lines.last == #"{"error":"no luck"}"#)
    }
  }

  @Test func silenceAndDelay() async throws {
    try await withServer { client in
      client.server.setFaults([
        Fault(.silence, on: "/api/ps"), Fault(.delay(.milliseconds(200)), on: "/api/version"),
      ])
      #expect(try await client.send("GET", "/api/ps", limit: .milliseconds(200)).text == "")
      let late = try await client.send("GET", "/api/version")
      #expect(late.firstByte >= .milliseconds(200))
      #expect(late.body == #"{"version":"0.32.15"}"#)
    }
  }

  @Test func otherAnswers() async throws {
    try await withServer { client in
      client.server.setFaults([
        Fault(.status(500, "boom"), on: "/api/tags", times: 1), Fault(.html, on: "/api/show"),
        Fault(.hugeBody(3_000_000), on: "/api/version"),
      ])
      let tags = try await client.send("GET", "/api/tags")
      #expect(tags.status == 500)
      #expect(tags.body == #"{"error":"boom"}"#)
      #expect(try await client.send("GET", "/api/tags").status == 200)
      let show = try await client.post("/api/show", "{}")
      #expect(show.status == 200)
      #expect(show.headers["content-type"] == "text/html; charset=utf-8")
      #expect(show.body.hasPrefix("<html>"))
      #expect(try await client.send("GET", "/api/version").body.utf8.count == 3_000_000)
    }
  }

  @Test func theControlRouteSetsThemAndReadsTheRecord() async throws {
    try await withServer { client in
      _ = try await client.post("/rehearsal/faults", "/api/tags:status=503*1")
      #expect(try await client.send("GET", "/api/tags").status == 503)
      #expect(try await client.send("GET", "/api/tags").status == 200)
      let record = try await client.send("GET", "/rehearsal/record").body
      #expect(record.contains(#""path":"/api/tags""#))
      #expect(record.contains(#""status":503"#))
      for headers in [["Host": "evil.example"], ["Origin": "http://evil.example"]] {
        let foreign = try await client.send("GET", "/rehearsal/record", headers: headers)
        #expect(foreign.status == 403)
      }
    }
    let wire = try await withServer(.test { $0.control = false }) { client in
      try await client.send("GET", "/rehearsal/record")
    }
    #expect(wire.status == 404)
  }

  @Test(arguments: [
    ("/api/pull:cut=3*1", [Fault(.cut(after: 3), on: "/api/pull", times: 1)]),
    (
      ":silence,/v1/messages:die=2",
      [Fault(.silence), Fault(.runnerDies(after: 2), on: "/v1/messages")]
    ),
    (
      "/a:delay=250,/b:status=500",
      [
        Fault(.delay(.milliseconds(250)), on: "/a"),
        Fault(.status(500, "a fault that was asked for"), on: "/b"),
      ]
    ),
    (
      "/a:mismatch,/a:html,/a:huge=9,/a:stall=1",
      [
        Fault(.digestMismatch, on: "/a"), Fault(.html, on: "/a"), Fault(.hugeBody(9), on: "/a"),
        Fault(.stall(after: 1), on: "/a"),
      ]
    ),
    ("nonsense,/a:cut,/a:what=1", []),
  ])
  func theyAreWrittenAsText(_ text: String, _ faults: [Fault]) {
    #expect(Fault.parse(text) == faults)
  }
}
