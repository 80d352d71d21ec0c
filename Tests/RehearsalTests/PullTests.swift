import Rehearsal
import Testing

/// Pull streams with the traps that the facts name.
@Suite struct PullTests {
  /// Of one line of a pull.
  struct Line: Sendable, Equatable {
    var text: String
    var status: String { field("status") ?? "" }
    var digest: String? { field("digest") }
    var total: Int? { number("total") }
    var completed: Int? { number("completed") }
    var error: String? { field("error") }

    private func field(_ name: String) -> String? {
      guard let start = text.firstRange(of: "\"\(name)\":\"") else { return nil }
      return String(text[start.upperBound...].prefix { $0 != "\"" })
    }

    private func number(_ name: String) -> Int? {
      guard let start = text.firstRange(of: "\"\(name)\":") else { return nil }
      return Int(text[start.upperBound...].prefix { $0.isNumber })
    }
  }

  static func lines(_ wire: Wire) -> [Line] { wire.lines.map(Line.init) }
  static let pace = Pace(pull: .milliseconds(500), load: .zero, promptRate: 0, answerRate: 0)

  @Test(arguments: ["0.14.3", "0.32.15"])
  func aPullHasTheLinesOfOllama(version: String) async throws {
    let wire = try await withServer(.test(version: version) { $0.pace = Self.pace }) { client in
      try await client.post("/api/pull", #"{"model":"tiny"}"#)
    }
    #expect(wire.status == 200)
    #expect(wire.headers["content-type"] == "application/x-ndjson")
    #expect(wire.chunks == wire.lines.map { $0 + "\n" }, "each line is flushed by itself")
    let lines = Self.lines(wire)
    #expect(lines.first?.text == #"{"status":"pulling manifest"}"#)
    #expect(
      lines.suffix(3).map(\.text) == [
        #"{"status":"verifying sha256 digest"}"#, #"{"status":"writing manifest"}"#,
        #"{"status":"success"}"#,
      ])
    let progress = lines.filter { $0.digest != nil }
    #expect(progress.count > 3)
    // `completed` is left out while it is 0, and the last line stays below the total.
    #expect(progress.first?.completed == nil)
    #expect(progress.first.map { $0.text.hasSuffix("\"total\":3131044}") } ?? false)
    #expect(progress.allSatisfy { ($0.completed ?? 0) < ($0.total ?? 0) })
    #expect(
      progress.allSatisfy { $0.status == "pulling \($0.digest?.dropFirst(7).prefix(12) ?? "")" })
    // Small blobs give no line at all.
    #expect(Set(progress.compactMap(\.digest)).count == 1)
  }

  @Test func blobsThatAreThereGiveOneFullLineEach() async throws {
    try await withServer { client in
      try await client.pull("tiny")
      let lines = Self.lines(try await client.post("/api/pull", #"{"model":"tiny"}"#))
      let progress = lines.filter { $0.digest != nil }
      #expect(progress.count == 5)
      #expect(progress.allSatisfy { $0.completed == $0.total && $0.total != nil })
      #expect(lines.last?.status == "success")
    }
  }

  @Test func theLargeBlobIsNotAlwaysFirst() async throws {
    try await withServer(.test { $0.catalogue += [.toy("odd")] }) { client in
      for (name, position) in [("tiny", 0), ("odd", 2)] {
        try await client.pull(name)
        let again = Self.lines(try await client.post("/api/pull", #"{"model":"\#(name)"}"#))
        let totals = again.compactMap(\.total)
        #expect(totals.firstIndex(of: totals.max() ?? 0) == position)
      }
    }
  }

  @Test func aCutPullGoesOnWhereItWas() async throws {
    try await withServer(.test { $0.pace = Self.pace }) { client in
      client.server.setFaults([Fault(.cut(after: 5), on: "/api/pull", times: 1)])
      let cut = try await client.post("/api/pull", #"{"model":"tiny"}"#)
      #expect(!cut.isComplete)
      let reached = Self.lines(cut).compactMap(\.completed).last ?? 0
      #expect(reached > 0)
      let lines = Self.lines(try await client.post("/api/pull", #"{"model":"tiny"}"#))
      #expect(lines.compactMap(\.completed).first ?? 0 >= reached)
      #expect(lines.last?.status == "success")
    }
  }

  @Test func aClientThatGoesAwayLeavesWhatHasCome() async throws {
    try await withServer(.test { $0.pace = Pace(pull: .seconds(5)) }) { client in
      _ = try await client.send(
        "POST", "/api/pull", #"{"model":"tiny"}"#, limit: .milliseconds(1500))
      try await Task.sleep(for: .milliseconds(200))
      let wire = try await client.send(
        "POST", "/api/pull", #"{"model":"tiny"}"#, limit: .milliseconds(1000))
      #expect(Self.lines(wire).first { $0.digest != nil }?.completed ?? 0 > 0)
    }
  }

  @Test func twoClientsShareOneDownload() async throws {
    try await withServer(.test { $0.pace = Pace(pull: .seconds(2)) }) { client in
      async let first = client.post("/api/pull", #"{"model":"tiny"}"#)
      try await Task.sleep(for: .milliseconds(300))
      let second = Self.lines(try await client.post("/api/pull", #"{"model":"tiny"}"#))
      // A download of its own would begin with a line that has nothing completed.
      #expect(second.first { $0.digest != nil }?.completed ?? 0 > 0)
      #expect(second.last?.status == "success")
      #expect(Self.lines(try await first).last?.status == "success")
    }
  }

  @Test func aFailureIsTheLastLineOfA200() async throws {
    try await withServer(.test { $0.pace = Self.pace }) { client in
      let missing = try await client.post("/api/pull", #"{"model":"nosuch"}"#)
      #expect(missing.status == 200)
      #expect(
        missing.lines == [
          #"{"status":"pulling manifest"}"#,
          #"{"error":"pull model manifest: file does not exist"}"#,
        ])
      client.server.setFaults([Fault(.digestMismatch, times: 1)])
      let spoiled = try await client.post("/api/pull", #"{"model":"tiny"}"#)
      #expect(spoiled.status == 200)
      #expect(spoiled.lines.dropLast().last == #"{"status":"verifying sha256 digest"}"#)
      let error = Self.lines(spoiled).last?.error ?? ""
      #expect(error.hasPrefix("digest mismatch, file must be downloaded again: want sha256:"))
      #expect(error.contains(", got sha256:"))
      // The spoiled blob is gone: the next pull brings it again.
      #expect(
        Self.lines(try await client.post("/api/pull", #"{"model":"tiny"}"#)).last?.status
          == "success")
    }
  }

  @Test func aRegistryThatIsNotThereIsNamed() async throws {
    let wire = try await withServer { client in
      try await client.post("/api/pull", #"{"model":"registry.example/library/x:1b"}"#)
    }
    #expect(
      wire.lines.last
        == #"{"error":"pull model manifest: Get \"https://registry.example/v2/library/x/manifests/1b\": dial tcp: lookup registry.example: no such host"}"#
    )
  }

  @Test func withoutAStreamOnlyTheLastWordIsSaid() async throws {
    let wire = try await withServer { client in
      try await client.post("/api/pull", #"{"model":"tiny","stream":false}"#)
    }
    #expect(wire.status == 200)
    #expect(wire.headers["content-type"] == "application/json")
    #expect(wire.body == #"{"status":"success"}"#)
  }

  /// The size that can be asked of the registry beforehand is the one that `/api/tags` shows.
  @Test(arguments: ["qwen3:1.7b", "qwen3-coder:30b", "gpt-oss:20b"])
  func theManifestSaysTheSize(name: String) async throws {
    try await withServer(.test { $0.catalogue = CatalogueModel.library }) { client in
      let parts = name.split(separator: ":")
      let manifest = try await client.send(
        "GET", "/v2/library/\(parts[0])/manifests/\(parts[1])",
        headers: ["Accept": "application/vnd.docker.distribution.manifest.v2+json"])
      let sizes = manifest.body.ranges(of: "\"size\":").map { range in
        Int(manifest.body[range.upperBound...].prefix { $0.isNumber }) ?? 0
      }
      try await client.pull(name)
      let tags = try await client.send("GET", "/api/tags")
      #expect(tags.body.contains("\"size\":\(sizes.reduce(0, +)),"))
      #expect(sizes.count == 5)
    }
  }

  @Test func aReplacedModelLosesItsUnusedLayers() async throws {
    try await withServer { client in
      try await client.pull("tiny")
      let derived = try await client.post(
        "/api/create", #"{"model":"tiny","from":"tiny","parameters":{"num_ctx":2048}}"#)
      #expect(derived.lines.last == #"{"status":"success"}"#)
      let lines = try await client.post("/api/pull", #"{"model":"tiny"}"#).lines
      #expect(
        lines.suffix(2) == [#"{"status":"removing unused layers"}"#, #"{"status":"success"}"#])
    }
  }
}
