import Setup
import Testing

private let gib = 1_073_741_824

private func budget(_ gibibytes: Double, cpu: Bool = false) -> MemoryBudget {
  MemoryBudget(bytes: Int(gibibytes * Double(gib)), place: cpu ? .main : .gpu, onCPU: cpu)
}

private func judged(
  _ gibibytes: Double, cpu: Bool = false, disk: Int? = nil, present: [PresentModel] = []
)
  throws -> Recommendation
{
  recommend(
    from: try catalogue(), budget: budget(gibibytes, cpu: cpu), freeDisk: disk, present: present)
}

@Suite("Models: recommendation")
struct RecommendationTests {
  @Test(
    "The picks by usable memory",
    arguments: [
      (8.0, "qwen3.5:9b", 32_768), (9, "qwen3.5:9b", 65_536), (12, "qwen3.5:9b", 65_536),
      (16, "gpt-oss:20b", 65_536), (20, "gpt-oss:20b", 65_536), (24, "qwen3.6:27b", 65_536),
      (28, "qwen3-coder:30b", 65_536), (40, "qwen3-coder:30b", 131_072),
      (56, "qwen3-coder-next", 65_536), (80, "qwen3-coder-next", 262_144),
    ])
  func picks(memory: Double, name: String, context: Int) throws {
    let found = try #require(try judged(memory).recommended)
    #expect(found.model.name.description == name)
    #expect(found.context == context)
    #expect(found.warnings.isEmpty == (context >= 65_536))
  }

  @Test(
    "On a CPU few active parameters come first",
    arguments: [
      (24.0, "gpt-oss:20b"), (20, "gpt-oss:20b"), (28, "qwen3-coder:30b"), (56, "qwen3-coder-next"),
      (10, "qwen3.5:9b"),
    ])
  func onCPU(memory: Double, name: String) throws {
    #expect(try judged(memory, cpu: true).recommended?.model.name.description == name)
  }

  @Test("A dense model on a CPU carries a warning of the wait")
  func denseOnCPU() throws {
    let row = try #require(try judged(10, cpu: true).recommended)
    #expect(row.warnings.contains { $0.contains("9 billion active parameters") })
    #expect(try judged(10).recommended?.warnings == [])
  }

  @Test(
    "Where nothing works honestly, the small model proves the setup, and says so",
    arguments: [
      (5.5, 32_768), (4, 16_384), (3, 8_192),
    ])
  func tiny(memory: Double, context: Int) throws {
    let found = try judged(memory)
    #expect(found.recommended == nil)
    let row = try #require(found.choice)
    #expect(row.model.name.description == "qwen3:1.7b")
    #expect(row.verdict == .provesSetupOnly)
    #expect(row.context == context)
    #expect(row.warnings.contains { $0.contains("too small for agent work") })
    #expect(row.warnings.contains { $0.contains("cut off silently") } == (context < 32_768))
  }

  @Test("With no memory at all nothing is chosen")
  func nothing() throws {
    let found = try judged(1)
    #expect(found.choice == nil)
    #expect(found.rows.allSatisfy { [.tooBig, .noTools, .notForAgents].contains($0.verdict) })
  }

  @Test(
    "At every size: one recommended row at most, it is the first, it fits, and every row says why",
    arguments: stride(from: 0.0, through: 160, by: 1.7).map { $0 })
  func invariants(memory: Double) throws {
    for cpu in [true, false] {
      let found = try judged(memory, cpu: cpu)
      #expect(found.rows.count == (try catalogue().models.count))
      let recommended = found.rows.filter { $0.verdict == .recommended }
      #expect(recommended.count <= 1)
      if let row = recommended.first {
        #expect(found.rows.first == row)
        #expect(row.model.tools)
        let context = try #require(row.context)
        #expect(context >= 32_768)
        #expect(try #require(row.model.memoryNeed(context: context)) <= found.budget.bytes)
      }
      for row in found.rows {
        #expect(row.reason.hasSuffix("."), "\(row.model.name)")
        if let context = row.context, context < 32_768 { #expect(!row.warnings.isEmpty) }
        #expect(row.needs.map(\.bytes) == row.needs.map(\.bytes).sorted())
        if let native = row.model.nativeContext {
          #expect(row.needs.allSatisfy { $0.context <= native })
        }
      }
    }
  }

  @Test(
    "Models without tools and those on Ollama's list are never proposed, whatever the memory",
    arguments: [
      ("deepseek-r1:14b", Recommendation.Verdict.noTools, "cannot call tools"),
      ("codellama:13b", .noTools, "on Ollama's list"),
      ("llama3.1:8b", .notForAgents, "Ollama's own list"),
    ])
  func unsuited(name: String, verdict: Recommendation.Verdict, words: String) throws {
    let row = try #require(
      try judged(200).rows.first { $0.model.name.description == name })
    #expect(row.verdict == verdict)
    #expect(row.reason.contains(words))
  }

  @Test("A short native window is told apart from too little memory")
  func lessContext() throws {
    let rows = try judged(22.5).rows
    let short = try #require(rows.first { $0.model.name.description == "qwen3:8b" })
    #expect(short.verdict == .fitsWithLessContext)
    #expect(short.reason.contains("trained for no more than 40960"))
    let tight = try #require(rows.first { $0.model.name.description == "qwen3-coder:30b" })
    #expect(tight.verdict == .fitsWithLessContext)
    #expect(tight.context == 32_768)
    #expect(tight.reason.contains("64k would need 24.3 GiB"))
  }

  @Test("A model whose need is unknown is said to be so, until /api/show has been asked")
  func unknownNeed() throws {
    let name = try ModelName("gemma4:12b")
    let before = try #require(try judged(12).rows.first { $0.model.name == name })
    #expect(before.verdict == .needUnknown)
    #expect(before.context == nil)
    let geometry = Geometry(
      layers: 48,
      attention: [
        .init(layers: 8, kvHeads: 1, keyLength: 512, valueLength: 512),
        .init(layers: 40, kvHeads: 8, keyLength: 256, valueLength: 256, window: 1_024),
      ])
    let here = PresentModel(name: name, bytes: 7_600_000_000, geometry: geometry)
    let after = try #require(try judged(12, present: [here]).rows.first { $0.model.name == name })
    #expect(after.verdict == .fits)
    #expect(after.present)
    #expect(after.reason.hasSuffix("it is already here."))
  }

  @Test("Without room on the disk the next one is proposed; what is here needs none")
  func disk() throws {
    let gigabyte = 1_000_000_000
    let full = try judged(28, disk: 17 * gigabyte)
    #expect(full.recommended?.model.name.description == "gpt-oss:20b")
    let coder = try #require(full.rows.first { $0.model.name.description == "qwen3-coder:30b" })
    #expect(coder.verdict == .noDiskSpace)
    #expect(coder.reason.contains("4.0 GB more free disk"))
    let here = PresentModel(name: try ModelName("qwen3-coder"), bytes: 18_556_701_140)
    let present = try judged(28, disk: 0, present: [here])
    #expect(present.recommended?.model.name.description == "qwen3-coder:30b")
    #expect(present.recommended?.model.downloadBytes == 18_556_701_140)
  }

  @Test("Another model that is here gets its row; what it cannot do is believed")
  func stranger() throws {
    let name = try ModelName("hf.co/someone/toy:Q4")
    let geometry = Geometry(
      layers: 4, attention: [.init(layers: 4, kvHeads: 4, keyLength: 64, valueLength: 64)])
    let toy = PresentModel(
      name: name, bytes: 100_000_000, geometry: geometry, nativeContext: 131_072, tools: true)
    let row = try #require(try judged(16, present: [toy]).rows.first { $0.model.name == name })
    #expect(row.verdict == .fits)
    let mute = PresentModel(name: name, bytes: 100_000_000, geometry: geometry, tools: false)
    #expect(
      try judged(16, present: [mute]).rows.first { $0.model.name == name }?.verdict == .noTools)
  }

  @Test("The wait for the first answer grows with the active parameters")
  func wait() throws {
    let rate = PromptRate(tokensPerSecond: 100, activeParameters: 1_700_000_000)
    let model = try #require(try catalogue().model(named: ModelName("qwen3.6:27b")))
    let seconds = try #require(rate.secondsToFirstAnswer(of: model, promptTokens: 10_500))
    #expect(abs(seconds - 105 * 27 / 1.7) < 0.01)
  }
}

@Suite("Models: usable memory")
struct MemoryBudgetTests {
  struct Case: Sendable {
    var facts: MemoryFacts
    var gibibytes: Int
    var place: MemoryBudget.Place
    var onCPU = true

    init(_ gibibytes: Int, _ place: MemoryBudget.Place, _ change: (inout MemoryFacts) -> Void) {
      facts = MemoryFacts(total: 64 * gib, available: 50 * gib)
      change(&facts)
      self.gibibytes = gibibytes
      self.place = place
      onCPU = place != .gpu && place != .unified
    }
  }

  static let cases: [Case] = [
    Case(47, .main) { _ in },
    Case(0, .main) { $0.available = 2 * gib },
    Case(22, .gpu) { $0.gpus = [.init(total: 24 * gib, free: 22 * gib)] },
    Case(46, .gpu) {
      $0.gpus = [.init(total: 24 * gib, free: 23 * gib), .init(total: 24 * gib, free: 23 * gib)]
    },
    // Too small to be of use, beside a large main memory.
    Case(47, .main) { $0.gpus = [.init(total: 4 * gib, free: 4 * gib)] },
    Case(8, .gpu) { $0.gpus = [.init(total: 8 * gib, free: 12 * gib)] },
    Case(48, .unified) { $0.unified = true },
    Case(5, .unified) {
      $0.unified = true
      $0.total = 8 * gib
    },
    Case(8, .virtualMachine) { $0.dockerVM = 8 * gib },
    Case(12, .container) {
      $0.cgroupLimit = 16 * gib
      $0.cgroupUsed = 1 * gib
    },
    Case(0, .container) { $0.cgroupLimit = 2 * gib },
    Case(47, .main) { $0.cgroupLimit = 60 * gib },
  ]

  @Test("Which memory counts", arguments: cases)
  func places(_ expected: Case) {
    let found = usableMemory(expected.facts)
    #expect(
      found
        == MemoryBudget(
          bytes: expected.gibibytes * gib, place: expected.place, onCPU: expected.onCPU))
    #expect(!found.owner.isEmpty)
  }
}
