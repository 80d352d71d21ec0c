import Testing

@testable import Setup

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What `models` and `status` make of a server's answers.
struct OverviewTests {
  private static func model(_ name: String, _ digest: String) -> OllamaServer.Model {
    OllamaServer.Model(
      name: name, size: 5_000_000_000, digest: digest, details: nil, capabilities: ["tools"])
  }

  @Test func namesOfOneDigestAreOneEntry() {
    let choices = Choices(
      engine: .native(port: 11434), model: "m", contextWindow: 32768, shells: [],
      additions: Additions(aliases: ["also": "m-32k"]))
    let overview = ModelOverview(
      models: [
        Self.model("also:latest", "2"), Self.model("claude-sonnet-4-6:latest", "2"),
        Self.model("m-32k:latest", "2"), Self.model("claude-opus-4-6:latest", "1"),
        Self.model("m:latest", "1"), Self.model("claude-haiku-5-5:latest", "2"),
      ], details: [:], choices: choices, additions: choices.additions, budget: nil)
    #expect(overview.entries.map(\.name) == ["m-32k", "m"])
    #expect(overview.entries.map(\.isChosen) == [true, false])
    #expect(overview.entries.map(\.tiers) == [["sonnet", "haiku"], ["opus"]])
    #expect(overview.entries.map(\.aliases) == [["also"], []])
    #expect(overview.entries.allSatisfy { $0.tools == true && $0.fit.verdict == .unknown })
  }

  /// A cache of 128 KiB a token: 8k of context are 1 GiB, 64k are 8.
  private static let geometry = Geometry(
    layers: 32, attention: [.init(layers: 32, kvHeads: 8, keyLength: 128, valueLength: 128)])

  @Test(arguments: [
    (gibibytes: 20.0, context: Int?.none, trained: Int?.none, verdict: "fits", longest: 65536),
    (20, 65536, nil, "fits", 65536), (20, 131072, nil, "withLess", 65536),
    (12, nil, nil, "fits", 32768), (9, nil, nil, "withLess", 16384), (5, nil, nil, "tooBig", 0),
    (5, 32768, nil, "tooBig", 0), (20, nil, 40960, "fits", 32768), (9, nil, 16384, "fits", 16384),
    (20, 50000, nil, "fits", 65536),
  ])
  func fitting(
    gibibytes: Double, context: Int?, trained: Int?, verdict: String, longest: Int
  ) {
    let fit = ModelOverview.Fit(
      bytes: 5_000_000_000, geometry: Self.geometry, context: context, trained: trained,
      budget: MemoryBudget(bytes: Bytes.gibibytes(gibibytes), place: .main, onCPU: true))
    #expect(fit.verdict.rawValue == verdict)
    #expect(fit.longestContext ?? 0 == longest)
  }

  @Test(arguments: [
    ("2026-11-23T05:00:00Z", 1_795_410_000.0), ("2026-11-23T05:00:00.5Z", 1_795_410_000.5),
    ("2026-11-23T06:00:00.123456789+01:00", 1_795_410_000.123),
    ("2026-11-22T22:30:00-06:30", 1_795_410_000),
  ])
  func momentsAsGoWritesThem(text: String, seconds: Double) throws {
    let found = try #require(moment(text))
    #expect(abs(found.timeIntervalSince1970 - seconds) < 0.001)
  }

  @Test(arguments: ["", "soon", "2026-11-23T05:00:00.Z", "2026-11-23"])
  func whatIsNoMoment(text: String) { #expect(moment(text) == nil) }

  @Test(
    arguments: [
      ("2026-11-23T05:30:00Z", 0.0, 1800.0), ("2026-11-23T04:00:00Z", 1, 0),
      ("2319-03-05T05:30:00Z", 0.5, nil), ("?", 0.25, nil),
    ] as [(String, Double, Double?)])
  func whatIsLoaded(expires: String, share: Double, left: Double?) {
    let model = OllamaServer.LoadedModel(
      name: "m:latest", size: 4000, sizeVram: UInt64(4000 * share), contextLength: 8192,
      expiresAt: expires)
    let loaded = EngineStatus.Loaded(model, at: Date(timeIntervalSince1970: 1_795_410_000))
    #expect(loaded.name == "m" && loaded.graphicsShare == share && loaded.secondsLeft == left)
  }

  @Test func aContextOfAMillionIsReadThoughGoWritesAnExponent() {
    let description = OllamaServer.Description(
      parameters: "stop    \"x\"\nnum_ctx                        1.048576e+06", capabilities: nil)
    #expect(description.contextWindow == 1_048_576)
  }
}
