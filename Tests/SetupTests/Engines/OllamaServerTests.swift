import Rehearsal
import Support
import SystemPackage
import Testing

@testable import Setup

private let url = "http://127.0.0.1:11434"

@Suite("Engines: Ollama's answers", .timeLimit(.minutes(4)))
struct OllamaServerTests {
  private func server(_ script: (ScriptedWorld) -> Void) -> OllamaServer {
    let scripted = ScriptedWorld()
    script(scripted)
    return OllamaServer(url: url, network: scripted.world.network)
  }

  @Test(
    "What is no answer of Ollama's is named as that, whatever its status",
    arguments: [
      (200, "<!DOCTYPE html><title>Log in</title>"), (200, ""), (200, "{}"), (200, "[]"),
      (200, #"{"version":1}"#), (404, "404 page not found"), (502, "<h1>Bad Gateway</h1>"),
      (403, ""), (200, "{\"version\":\"0.32.15\""),
    ])
  func foreign(status: Int, body: String) async {
    let server = server { $0.web("GET \(url)/api/version", status: status, body) }
    let failure = await #expect(throws: Failure.self) { try await server.version() }
    #expect(failure?.what == "\(url)/api/version did not answer as Ollama does")
  }

  @Test(
    "The page of a captive portal has deleted and copied nothing",
    arguments: ["", "null", "{}", "<html>"])
  func portal(body: String) async throws {
    let server = server {
      $0.web("DELETE \(url)/api/delete", status: 200, body)
      $0.web("POST \(url)/api/copy", status: 200, body)
    }
    guard body == "<html>" else {
      try await server.delete("a")
      return try await server.copy(from: "a", to: "b")
    }
    for (path, ask) in [
      ("/api/delete", { try await server.delete("a") }),
      ("/api/copy", { try await server.copy(from: "a", to: "b") }),
    ] as [(String, () async throws -> Void)] {
      let failure = await #expect(throws: Failure.self) { try await ask() }
      #expect(failure?.what == "\(url)\(path) did not answer as Ollama does")
    }
  }

  @Test("Foreign words reach no terminal unprinted")
  func escapes() async {
    let server = server { $0.web("GET \(url)/api/version", "\u{1b}]0;owned\u{7}") }
    let failure = await #expect(throws: Failure.self) { try await server.version() }
    #expect(failure?.why.unicodeScalars.allSatisfy { $0.value >= 0x20 } == true)
  }

  @Test(
    "Every network problem is told as one with this server",
    arguments: [
      (NetworkProblem.refused(url), "nothing listens there"),
      (.unknownHost(url), "the host's name is not known"),
      (.tookTooLong(url, limit: .seconds(3)), "no answer within 3 s"),
      (.tooLarge(url, limit: 16_000_000), "it is larger than 16.0 MB"),
      (.cut(url), "the server hung up before its answer was whole"),
      (.other(url, reason: "odd\u{7}"), "odd\\u{7}"),
      (.cancelled(url), "you asked for it"),
    ])
  func problems(problem: NetworkProblem, why: String) async {
    let server = server { $0.web("GET \(url)/api/tags", .problem(problem)) }
    let failure = await #expect(throws: Failure.self) { try await server.models() }
    #expect(failure?.why == why)
    let isCancelled = if case .cancelled = problem { true } else { false }
    #expect((failure?.code == .interrupted) == isCancelled)
  }

  @Test(
    "The baked-in context is read off the parameters",
    arguments: [
      ("num_ctx                        65536", 65_536),
      ("stop    \"<|im_end|>\"\nnum_ctx 32768\ntemperature 1", 32_768),
      ("num_ctx_extra 5", nil), ("stop \"num_ctx 5\"", nil), ("num_ctx 32k", nil), ("", nil),
    ] as [(String, Int?)])
  func contextWindow(parameters: String, expected: Int?) async throws {
    let body: JSON = ["parameters": .string(parameters)]
    let server = server { $0.web("POST \(url)/api/show", body.compact) }
    #expect(try await server.describe("m")?.contextWindow == expected)
  }

  @Test("A model that is not there is nil, and deleting it no error")
  func missing() async throws {
    let server = server {
      $0.web("POST \(url)/api/show", status: 404, #"{"error":"model 'm' not found"}"#)
      $0.web("DELETE \(url)/api/delete", status: 404, #"{"error":"model 'm' not found"}"#)
    }
    #expect(try await server.describe("m") == nil)
    try await server.delete("m")
  }

  @Test("Nothing is made from a model that is not there: Ollama would pull it without a word")
  func createFromNothing() async {
    let scripted = ScriptedWorld()
    scripted.web("POST \(url)/api/show", status: 404, #"{"error":"model 'm' not found"}"#)
    let server = OllamaServer(url: url, network: scripted.world.network)
    let failure = await #expect(throws: Failure.self) {
      try await server.create(
        ModelCreation(server: url, name: "m-32k", from: "m", contextWindow: 32_768))
    }
    #expect(failure?.why == "\(url) has no model m to make it from")
    #expect(scripted.requests.map(\.url) == ["\(url)/api/show"])
  }

  @Test("As both measured versions answer", arguments: ["0.14.3", "0.32.15"])
  func real(version: String) async throws {
    try await withGround(version: version) { ground in
      let engine = ground.engine
      #expect(try await engine.version() == version)
      #expect(try await engine.models() == [])
      #expect(try await engine.describe("qwen3:1.7b") == nil)
      try await engine.pull("qwen3:1.7b", expected: nil, clock: ground.world.clock) { _ in }
      let creation = ModelCreation(
        server: ground.url, name: "qwen3:1.7b-32k", from: "qwen3:1.7b", contextWindow: 32_768)
      try await engine.create(creation)
      #expect(try await engine.describe("qwen3:1.7b-32k")?.contextWindow == 32_768)
      #expect(try await engine.describe("qwen3:1.7b")?.contextWindow == nil)
      try await engine.copy(from: "qwen3:1.7b-32k", to: "claude-opus-5-5")
      let digests = try await engine.models().filter { $0.name != "qwen3:1.7b" }.map(\.digest)
      #expect(digests.count == 2 && Set(digests).count == 1)
      let refused = await #expect(throws: Failure.self) {
        try await engine.copy(from: "nosuch", to: "x")
      }
      #expect(refused?.why == "\(ground.url) answered 404: model \"nosuch\" not found")
      try await engine.load("qwen3:1.7b-32k", within: .seconds(5))
      #expect(try await engine.loadedModels().map(\.contextLength) == [32_768])
      for name in try await ground.models() { try await engine.delete(name) }
      #expect(try await engine.models() == [])
    }
  }
}

@Suite("Engines: a reading", .timeLimit(.minutes(4)))
struct EngineReadingTests {
  private static let events = [
    #"{"type":"message_start","message":{"usage":{"input_tokens":3,"output_tokens":0}}}"#,
    #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}"#,
    #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" you"}}"#,
    #"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":14,"output_tokens":3}}"#,
    #"{"type":"message_stop"}"#,
  ]

  private func read(
    _ pieces: [String], status: Int = 200, breaking problem: NetworkProblem? = nil
  ) async throws -> EngineReading {
    let scripted = ScriptedWorld()
    let response = WebResponse(status: status)
    let bytes = pieces.map { Array($0.utf8) }
    scripted.web(
      "POST \(url)/v1/messages",
      problem.map { .breaks(response, pieces: bytes, $0) } ?? .streams(response, pieces: bytes))
    return try await OllamaServer(url: url, network: scripted.world.network).read(
      "m", prompt: "hello", clock: scripted.world.clock, within: .seconds(5))
  }

  private static func stream(_ events: some Sequence<String>) -> [String] {
    events.map { "event: e\ndata: \($0)\n\n" }
  }

  @Test("Text and counts come out, however the stream is cut into pieces", arguments: 1...30)
  func whole(size: Int) async throws {
    let all = Array(Self.stream(Self.events).joined())
    let pieces = stride(from: 0, to: all.count, by: size).map {
      String(all[$0..<min($0 + size, all.count)])
    }
    let reading = try await read(pieces)
    #expect(reading.text == "Hello you")
    #expect(reading.promptTokens == 14)
    #expect(reading.outputTokens == 3)
    #expect(reading.tokensPerSecond == nil, "the clock stood still")
  }

  @Test("A 200 stream that ends without message_stop is a failure", arguments: 0...4)
  func brokenOff(events: Int) async {
    let failure = await #expect(throws: Failure.self) {
      try await read(Self.stream(Self.events.prefix(events)))
    }
    #expect(failure?.what == "The model m broke off in mid-answer")
  }

  @Test(
    "A refusal's own words are told",
    arguments: [
      (
        404,
        #"{"type":"error","error":{"type":"not_found_error","message":"model 'm' not found"},"request_id":"req_1"}"#,
        "404: model 'm' not found"
      ),
      (
        400,
        #"{"type":"error","error":{"type":"invalid_request_error","message":"m does not support tools"}}"#,
        "400: m does not support tools"
      ),
      (404, "404 page not found", "404: 404 page not found"),
      (500, "\u{1b}[31m", "500: \\u{1b}[31m"), (502, "", "502: "),
    ])
  func refused(status: Int, body: String, why: String) async {
    let failure = await #expect(throws: Failure.self) { try await read([body], status: status) }
    #expect(failure?.what == "The model m did not answer")
    #expect(failure?.why == "\(url)/v1/messages answered \(why)")
  }

  @Test("A cut stream is a cut, and no short answer")
  func cut() async {
    let failure = await #expect(throws: Failure.self) {
      try await read(Self.stream(Self.events.prefix(3)), breaking: .cut(url))
    }
    #expect(failure?.what == "The connection to \(url) was cut")
  }

  @Test("From the stand-in; when its runner dies, that is told", arguments: ["0.14.3", "0.32.15"])
  func standIn(version: String) async throws {
    try await withGround(version: version) { ground in
      try await ground.engine.pull("qwen3:1.7b", expected: nil, clock: ground.world.clock) { _ in }
      let clock = ground.world.clock
      func read() async throws -> EngineReading {
        try await ground.engine.read(
          "qwen3:1.7b", prompt: "Say hello.", clock: clock, within: .seconds(5))
      }
      let reading = try await read()
      #expect(!reading.text.isEmpty)
      #expect(reading.outputTokens > 0)
      ground.server.setFaults([Fault(.runnerDies(after: 3), on: "/v1/messages", times: 1)])
      let died = await #expect(throws: Failure.self) { try await read() }
      #expect(died?.what == "The model qwen3:1.7b broke off in mid-answer")
      #expect(try await read().text == reading.text)
    }
  }
}
