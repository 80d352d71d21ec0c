import Testing

@testable import Rehearsal

/// The side-by-side table of two real servers, row by row.
@Suite struct RouteTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var request: String
    var body: String?
    var headers: [String: String] = [:]
    var status: Int
    /// Headers beside the date; `nil` where the row does not name them.
    var answer: String
    var type: String? = "application/json; charset=utf-8"
    var more: [String: String] = [:]
    var versions = ["0.14.3", "0.32.15"]

    var testDescription: String { "\(request) \(body ?? "")" }
  }

  static let old = ["0.14.3"]
  static let new = ["0.32.15"]
  static let notFound = "404 page not found"

  static let rows: [Row] = [
    Row(
      request: "GET /", status: 200, answer: "Ollama is running", type: "text/plain; charset=utf-8",
      more: ["content-length": "17"]),
    Row(
      request: "HEAD /", status: 200, answer: "", type: "text/plain; charset=utf-8",
      more: ["content-length": "17"]),
    Row(
      request: "GET /api/version", status: 200, answer: #"{"version":"0.14.3"}"#,
      more: ["content-length": "20"], versions: old),
    Row(
      request: "GET /api/version", status: 200, answer: #"{"version":"0.32.15"}"#,
      more: ["content-length": "21"], versions: new),
    Row(
      request: "HEAD /api/version", status: 200, answer: "", more: ["content-length": "21"],
      versions: new),
    Row(
      request: "GET /api/status", status: 404, answer: notFound, type: "text/plain", versions: old),
    Row(
      request: "GET /api/status", status: 200,
      answer: #"{"cloud":{"disabled":true,"source":"env"}}"#, versions: new),
    Row(request: "GET /api/tags", status: 200, answer: #"{"models":[]}"#),
    Row(request: "GET /api/ps", status: 200, answer: #"{"models":[]}"#),
    Row(
      request: "POST /api/show", body: #"{"model":"nosuch"}"#, status: 404,
      answer: #"{"error":"model 'nosuch' not found"}"#, versions: old),
    Row(
      request: "POST /api/show", body: #"{"model":"nosuch"}"#, status: 404,
      answer: #"{"error":"model 'nosuch:latest' not found"}"#, versions: new),
    Row(request: "POST /api/show", status: 400, answer: #"{"error":"missing request body"}"#),
    Row(
      request: "POST /api/show", body: "{}", status: 400, answer: #"{"error":"model is required"}"#),
    Row(
      request: "POST /api/copy", body: #"{"source":"nosuch","destination":"x"}"#, status: 404,
      answer: #"{"error":"model \"nosuch\" not found"}"#),
    Row(
      request: "POST /api/copy", body: #"{"source":"tiny","destination":"claude-sonnet-4-6[1m]"}"#,
      status: 400, answer: #"{"error":"destination \"claude-sonnet-4-6[1m]\" is invalid"}"#),
    Row(
      request: "DELETE /api/delete", body: #"{"model":"nosuch"}"#, status: 404,
      answer: #"{"error":"model 'nosuch' not found"}"#),
    Row(
      request: "DELETE /api/delete", body: #"{"name":"nosuch"}"#, status: 404,
      answer: #"{"error":"model 'nosuch' not found"}"#),
    Row(
      request: "POST /api/create", body: #"{"model":"x"}"#, status: 400,
      answer: #"{"error":"neither 'from' or 'files' was specified"}"#, type: "application/json"),
    Row(
      request: "POST /api/pull", body: #"{"model":""}"#, status: 400,
      answer: #"{"error":"invalid model name"}"#),
    Row(
      request: "POST /api/pull", body: #"{"model":"a/b/c/d/e"}"#, status: 400,
      answer: #"{"error":"invalid model name"}"#),
    Row(request: "POST /api/pull", status: 400, answer: #"{"error":"missing request body"}"#),
    Row(
      request: "POST /api/pull", body: #"{"model":"nosuch","stream":false}"#, status: 500,
      answer: #"{"error":"pull model manifest: file does not exist"}"#, type: "application/json"),
    Row(
      request: "POST /v1/messages/count_tokens?beta=true", body: "{}", status: 404,
      answer: notFound, type: "text/plain", more: ["content-length": "18"]),
    Row(request: "POST /messages", body: "{}", status: 404, answer: notFound, type: "text/plain"),
    Row(
      request: "POST /v1/v1/messages", body: "{}", status: 404, answer: notFound, type: "text/plain"
    ),
    Row(
      request: "HEAD /api/hello", status: 404, answer: "", type: "text/plain",
      more: ["content-length": "18"]),
    Row(
      request: "POST /api/event_logging/batch", body: "{}", status: 404, answer: notFound,
      type: "text/plain"),
    Row(request: "GET /v1", status: 404, answer: notFound, type: "text/plain"),
    Row(
      request: "POST /v1/messages/", body: "{}", status: 307, answer: "", type: nil,
      more: ["location": "/v1/messages", "content-length": "0"]),
    Row(
      request: "POST //v1/messages", body: "{}", status: 307, answer: "", type: nil,
      more: ["location": "/v1/messages"]),
    Row(
      request: "GET /v1/messages", status: 405, answer: "405 method not allowed",
      type: "text/plain", more: ["allow": "POST"]),
    Row(
      request: "HEAD /v1/messages", status: 405, answer: "", type: "text/plain",
      more: ["allow": "POST"]),
    Row(
      request: "OPTIONS /v1/messages", status: 405, answer: "405 method not allowed",
      type: "text/plain", more: ["allow": "POST"]),
    Row(
      request: "GET /api/tags", headers: ["Origin": "http://evil.example"], status: 403, answer: "",
      type: nil, more: ["content-length": "0"]),
    Row(
      request: "GET /api/tags", headers: ["Host": "evil.example"], status: 403, answer: "",
      type: nil),
    Row(
      request: "GET /nothing", headers: ["Host": "evil.example"], status: 403, answer: "", type: nil
    ),
    Row(
      request: "GET /api/tags", headers: ["Host": "host.docker.internal"], status: 200,
      answer: #"{"models":[]}"#),
    Row(
      request: "GET /api/tags", headers: ["Host": "localhost:11434"], status: 200,
      answer: #"{"models":[]}"#),
    Row(
      request: "GET /api/tags", headers: ["Host": "192.168.1.4"], status: 200,
      answer: #"{"models":[]}"#),
    Row(
      request: "GET /api/tags", headers: ["Origin": "http://localhost:3000"], status: 200,
      answer: #"{"models":[]}"#, more: ["access-control-allow-origin": "http://localhost:3000"]),
    Row(
      request: "POST /api/show", body: #"{"model":"x:480b-cloud"}"#, status: 404,
      answer: #"{"error":"model 'x:480b-cloud' not found"}"#, versions: old),
    Row(
      request: "POST /v1/messages",
      body: #"{"model":"x:480b-cloud","max_tokens":1,"messages":[{"role":"user","content":"x"}]}"#,
      status: 403, answer: #"{"error":"ollama cloud is disabled: remote model is unavailable"}"#,
      versions: new),
    Row(
      request: "POST /api/chat", body: #"{"model":"nosuch","messages":[]}"#, status: 404,
      answer: #"{"error":"model 'nosuch' not found"}"#),
    Row(
      request: "GET /v2/library/nosuch/manifests/latest", status: 404,
      answer: #"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#),
  ]

  @Test(arguments: rows, ["0.14.3", "0.32.15"])
  func answersAsTheRealServer(_ row: Row, version: String) async throws {
    guard row.versions.contains(version) else { return }
    let wire = try await withServer(.test(version: version)) { client in
      let parts = row.request.split(separator: " ").map(String.init)
      return try await client.send(parts[0], parts[1], row.body, headers: row.headers)
    }
    #expect(wire.status == row.status)
    #expect(wire.body == row.answer)
    #expect(wire.headers["content-type"] == row.type)
    for (name, value) in row.more { #expect(wire.headers[name] == value, "\(name)") }
    #expect(wire.headers["server"] == nil)
    #expect(wire.isComplete)
  }

  @Test func longBodiesComeInChunksAndShortOnesWithALength() async throws {
    try await withServer { client in
      try await client.pull("tiny")
      let show = try await client.post("/api/show", #"{"model":"tiny"}"#)
      #expect(show.headers["transfer-encoding"] == "chunked")
      #expect(show.headers["content-length"] == nil)
      let tags = try await client.send("GET", "/api/tags")
      #expect(tags.headers["content-length"] == String(tags.body.utf8.count))
    }
  }

  @Test func theConnectionStaysOpenUnlessItIsToBeClosed() async throws {
    let wire = try await withServer { client in
      try await client.send(
        "GET", "/api/version", headers: ["Connection": "keep-alive"], limit: .seconds(2))
    }
    #expect(wire.status == 200)
    #expect(wire.headers["connection"] == nil)
    #expect(!wire.isComplete, "only the end of the connection completes it here")
  }

  @Test func before0_14ThereIsNoMessagesRoute() async throws {
    let wire = try await withServer(.test(version: "0.13.5")) { client in
      try await client.post("/v1/messages", "{}")
    }
    #expect(wire.status == 404)
  }

  @Test(arguments: [
    ("127.0.0.1", "evil.example", true), ("localhost", "evil.example:80", true),
    ("0.0.0.0", "evil.example", false), ("127.0.0.1", "10.1.2.3:11434", false),
    ("127.0.0.1", "8.8.8.8", true), ("127.0.0.1", "[::1]:11434", false),
    ("127.0.0.1", "box.local", false), ("127.0.0.1", "172.32.0.1", true),
  ])
  func onlyALoopbackServerLooksAtTheHost(_ bound: String, _ host: String, _ isRefused: Bool) {
    let (reply, _) = Guard(boundTo: bound).admits(host: host, origin: nil, method: "GET")
    #expect((reply?.status == 403) == isRefused)
  }
}
