import Rehearsal
import Support
import SystemPackage
import Testing

@testable import Setup

private let url = "http://127.0.0.1:11434"

private func line(_ digest: String, _ total: UInt64?, _ completed: UInt64?) -> String {
  let facts = [total.map { ",\"total\":\($0)" }, completed.map { ",\"completed\":\($0)" }]
  return
    "{\"status\":\"pulling \(digest)\",\"digest\":\"sha256:\(digest)\"\(facts.compactMap { $0 }.joined())}"
}

private let manifest = #"{"status":"pulling manifest"}"#
private let verifying = #"{"status":"verifying sha256 digest"}"#
private let writing = #"{"status":"writing manifest"}"#
private let success = #"{"status":"success"}"#

@Suite("Engines: the state of a download")
struct PullProgressTests {
  private func states(_ lines: [String], expected: UInt64?) throws -> [PullProgress] {
    var progress = PullProgress(expected: expected)
    return try lines.map { line in
      try progress.receive(Array(line.utf8))
      return progress
    }
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var expected: UInt64?
    var lines: [String]
    /// `completed/total` after each line.
    var figures: [String]
  }

  // facts/ollama.md, "Pull": each of the traps.
  @Test(arguments: [
    Case(
      testDescription: "completed is left out when it is 0", expected: 100,
      lines: [manifest, line("a", 80, nil), line("a", 80, 40)],
      figures: ["0/100", "0/100", "40/100"]),
    Case(
      testDescription: "total is left out when it is 0, too", expected: 100,
      lines: [line("a", nil, nil), line("b", 100, 50)], figures: ["0/100", "50/100"]),
    Case(
      testDescription: "a blob's last line stays below its total", expected: 150,
      lines: [line("a", 100, 90), line("b", 50, 10), verifying],
      figures: ["90/150", "110/150", "150/150"]),
    Case(
      testDescription: "a blob that gives no line", expected: 1000,
      lines: [line("a", 900, 800), verifying, writing, success],
      figures: ["800/1000", "900/1000", "900/1000", "1000/1000"]),
    Case(
      testDescription: "blobs that are there already", expected: nil,
      lines: [line("a", 10, 10), line("b", 20, 20), success],
      figures: ["10/10", "30/30", "30/30"]),
    Case(
      testDescription: "the big blob comes last", expected: nil,
      lines: [line("a", 1, 1), line("b", 1000, 0), line("b", 1000, 500)],
      figures: ["1/1", "1/1001", "501/1001"]),
    Case(
      testDescription: "the catalogue's figure was too small", expected: 50,
      lines: [line("a", 100, 90), success], figures: ["90/100", "100/100"]),
    Case(
      testDescription: "a blob that goes back (its part was fetched anew)", expected: 100,
      lines: [line("a", 100, 60), line("a", 100, 20), line("a", 100, 70)],
      figures: ["60/100", "60/100", "70/100"]),
    Case(
      testDescription: "more completed than there is", expected: nil,
      lines: [line("a", 100, 4000), success], figures: ["100/100", "100/100"]),
    Case(
      testDescription: "absurd totals", expected: nil,
      lines: [line("a", .max, .max), line("b", .max, .max)],
      figures: ["1125899906842624/1125899906842624", "2251799813685248/2251799813685248"]),
  ])
  func traps(_ example: Case) throws {
    let states = try states(example.lines, expected: example.expected)
    #expect(states.map { "\($0.completed)/\($0.total)" } == example.figures)
  }

  @Test(
    "Whatever comes in whatever order, it never goes back and never passes the total",
    arguments: 0..<200)
  func property(seed: Int) throws {
    var random = Random(seed: UInt64(seed))
    let digests = (0..<Int.random(in: 1...6, using: &random)).map { "blob\($0)" }
    let expected: UInt64? =
      Bool.random(using: &random) ? .random(in: 0...3000, using: &random) : nil
    var progress = PullProgress(expected: expected)
    var before = progress
    for _ in 0..<60 {
      let digest = digests.randomElement(using: &random) ?? ""
      let total: UInt64? = Bool.random(using: &random) ? .random(in: 0...1000, using: &random) : nil
      let completed: UInt64? =
        Bool.random(using: &random) ? .random(in: 0...1200, using: &random) : nil
      let choices = [
        line(digest, total, completed), line(digest, 1000, completed), verifying, writing,
      ]
      try progress.receive(Array((choices.randomElement(using: &random) ?? "").utf8))
      #expect(progress.completed >= before.completed)
      #expect(progress.total >= before.total)
      #expect(progress.completed <= progress.total)
      before = progress
    }
    try progress.receive(Array(success.utf8))
    #expect(progress.completed >= before.completed)
    #expect(progress.completed == progress.total)
  }

  @Test("A line that carries an error throws it; one that is none of Ollama's is named")
  func errors() {
    var progress = PullProgress(expected: nil)
    let refused = #expect(throws: Failure.self) {
      try progress.receive(Array("{\"error\":\"no \\u001b[2J luck\"}".utf8))
    }
    #expect(refused?.why == "no \\u{1b}[2J luck")
    let portal = #expect(throws: Failure.self) {
      try progress.receive(Array("<!DOCTYPE html><title>Wi-Fi</title>".utf8))
    }
    #expect(portal?.why.contains("<!DOCTYPE html>") == true)
    #expect(portal?.tryNext.first?.contains("captive portal") == true)
  }
}

/// SplitMix64: the same numbers for the same seed.
struct Random: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

@Suite("Engines: a download to its end", .timeLimit(.minutes(4)))
struct PullTests {
  private static let ok = WebResponse(status: 200)

  private static func bytes(_ lines: String...) -> [[UInt8]] {
    lines.map { Array(($0 + "\n").utf8) }
  }

  /// Pulls from a scripted server, with the clock moved on whenever it is waited for.
  private func pull(
    _ exchanges: ScriptedWorld.Exchange..., expected: UInt64? = 100
  ) async -> (outcome: Result<Void, Failure>, told: [PullEvent], asked: Int) {
    let scripted = ScriptedWorld()
    for exchange in exchanges { scripted.web("POST \(url)/api/pull", exchange) }
    let told = Shared([PullEvent]())
    let ticking = Task {
      while !Task.isCancelled {
        await scripted.clock.waitForSleepers(1)
        scripted.clock.advance(by: .seconds(60))
      }
    }
    defer { ticking.cancel() }
    let outcome: Result<Void, Failure>
    do throws(Failure) {
      try await OllamaServer(url: url, network: scripted.world.network).pull(
        "m", expected: expected, clock: scripted.world.clock
      ) { event in told.update { $0.append(event) } }
      outcome = .success(())
    } catch {
      outcome = .failure(error)
    }
    return (outcome, told.value, scripted.requests.count)
  }

  private func expectSteady(_ told: [PullEvent]) {
    var last: UInt64 = 0
    for case .progress(let progress) in told {
      #expect(progress.completed >= last)
      last = progress.completed
    }
  }

  @Test("Lines may come cut anywhere", arguments: 1...40)
  func fragments(size: Int) async {
    let all = Self.bytes(manifest, line("a", 100, 30), line("a", 100, 90), verifying, success)
      .flatMap { $0 }
    let pieces = stride(from: 0, to: all.count, by: size).map {
      Array(all[$0..<min($0 + size, all.count)])
    }
    let (outcome, told, asked) = await pull(.streams(Self.ok, pieces: pieces))
    #expect(throws: Never.self) { try outcome.get() }
    #expect(asked == 1)
    guard case .progress(let last)? = told.last else {
      Issue.record("nothing was told")
      return
    }
    #expect(last.phase == .done && last.completed == 100)
    expectSteady(told)
  }

  @Test("The last line may lack its end")
  func lastLine() async {
    let (outcome, _, _) = await pull(
      .streams(Self.ok, pieces: [Array((manifest + "\n" + success).utf8)]))
    #expect(throws: Never.self) { try outcome.get() }
  }

  @Test("After a cut it goes on, and the figures do not go back")
  func cut() async {
    let (outcome, told, asked) = await pull(
      .breaks(
        Self.ok, pieces: Self.bytes(manifest, line("a", 60, 60), line("b", 40, 20)), .cut(url)),
      .streams(
        Self.ok,
        pieces: Self.bytes(
          manifest, line("a", 60, 60), line("b", 40, 22), line("b", 40, 39), verifying, success)))
    #expect(throws: Never.self) { try outcome.get() }
    #expect(asked == 2)
    #expect(told.contains { if case .interrupted = $0 { true } else { false } })
    expectSteady(told)
  }

  @Test("A stream that ends without its last word was cut")
  func ended() async {
    let (outcome, _, asked) = await pull(
      .streams(Self.ok, pieces: Self.bytes(manifest, line("a", 100, 20))),
      .streams(Self.ok, pieces: Self.bytes(manifest, line("a", 100, 40), success)))
    #expect(throws: Never.self) { try outcome.get() }
    #expect(asked == 2)
  }

  @Test("A line that stays bad is given up after five attempts without progress")
  func givenUp() async {
    let (outcome, told, asked) = await pull(
      .breaks(Self.ok, pieces: Self.bytes(manifest, line("a", 100, 20)), .cut(url)))
    let failure = #expect(throws: Failure.self) { try outcome.get() }
    #expect(failure?.what == "The model m could not be pulled")
    #expect(failure?.tryNext.isEmpty == false)
    // The first attempt that got anywhere does not count.
    #expect((5...6).contains(asked))
    #expect(told.count { if case .interrupted = $0 { true } else { false } } == asked - 1)
  }

  @Test("A stall is a cut")
  func stall() async {
    let (outcome, told, asked) = await pull(
      .hangs, .streams(Self.ok, pieces: Self.bytes(manifest, success)))
    #expect(throws: Never.self) { try outcome.get() }
    #expect(asked == 2)
    guard case .interrupted(let failure, _)? = told.first else {
      Issue.record("the stall was not told")
      return
    }
    #expect(failure.why.contains("no answer within 45 s"))
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    var testDescription: String { why }
    var status = 200
    var body: String
    var why: String
    var next: String
  }

  // The words are Ollama's own (facts/ollama.md).
  @Test(arguments: [
    Refusal(
      body: #"{"error":"pull model manifest: file does not exist"}"#,
      why: "pull model manifest: file does not exist", next: "no such model"),
    Refusal(
      body:
        #"{"error":"pull model manifest: Get \"https://r/v2/library/m/manifests/latest\": dial tcp: lookup r: no such host"}"#,
      why: "no such host", next: "cannot reach the registry"),
    Refusal(
      body: #"{"error":"Get \"https://r\": dial tcp 127.0.0.1:9: connect: connection refused"}"#,
      why: "connection refused", next: "cannot reach the registry"),
    Refusal(
      body:
        #"{"error":"digest mismatch, file must be downloaded again: want sha256:1, got sha256:2"}"#,
      why: "digest mismatch", next: "damaged on its way"),
    Refusal(
      body: #"{"error":"write /root/.ollama/models/blobs/x: no space left on device"}"#,
      why: "no space left on device", next: "Free disk space"),
    Refusal(
      body: #"{"error":"pull model manifest: 500: <html>"}"#, why: "500", next: "Run the same"),
    Refusal(
      status: 400, body: #"{"error":"invalid model name"}"#, why: "400: invalid model name",
      next: "Run the same"),
    Refusal(status: 500, body: "<h1>bad gateway</h1>", why: "500: <h1>", next: "Run the same"),
    Refusal(body: "<!DOCTYPE html>\n<p>log in", why: "<!DOCTYPE html>", next: "captive portal"),
  ])
  func refused(_ refusal: Refusal) async {
    let first = refusal.status == 200 && refusal.body.hasPrefix("{") ? manifest + "\n" : ""
    let (outcome, _, asked) = await pull(
      .streams(
        WebResponse(status: refusal.status), pieces: [Array((first + refusal.body + "\n").utf8)]))
    let failure = #expect(throws: Failure.self) { try outcome.get() }
    #expect(asked == 1)
    #expect(failure?.what == "The model m could not be pulled")
    #expect(failure?.why.contains(refusal.why) == true, "\(failure?.why ?? "")")
    #expect(
      failure?.tryNext.first?.contains(refusal.next) == true, "\(failure?.tryNext ?? [])")
  }

  @Test("A server that is not there is not asked five times")
  func notThere() async {
    let (outcome, _, asked) = await pull(.problem(.refused(url)))
    #expect(throws: Failure.self) { try outcome.get() }
    #expect(asked == 1)
  }

  @Test("From the stand-in, through cuts and stalls, with figures that never go back")
  func standIn() async throws {
    try await withGround(faults: [Fault(.cut(after: 3), on: "/api/pull", times: 2)]) { ground in
      let told = Shared([PullEvent]())
      // The real line is as it is; only the pause between two attempts is left out.
      let clock = Clock(now: ground.world.clock.now, sleep: { _ in })
      try await ground.engine.pull("qwen3:1.7b", expected: 1_359_293_444, clock: clock) { event in
        told.update { $0.append(event) }
      }
      expectSteady(told.value)
      #expect(told.value.count { if case .interrupted = $0 { true } else { false } } == 2)
      #expect(try await ground.models() == ["qwen3:1.7b"])
    }
  }
}
