import Rehearsal
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Models and records that outlive the process.
@Suite struct StoreTests {
  private func inFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.path() + "/rehearsal-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let result: Result<Void, any Error>
    do { result = .success(try await body(folder)) } catch { result = .failure(error) }
    try FileManager.default.removeItem(atPath: folder)
    try result.get()
  }

  @Test func modelsSurviveARestart() async throws {
    try await inFolder { folder in
      let configuration = RehearsalConfiguration.test { $0.models = folder + "/models" }
      let before = try await withServer(configuration) { client in
        try await client.pull("tiny")
        _ = try await client.post(
          "/api/create", #"{"model":"tiny-2k","from":"tiny","parameters":{"num_ctx":2048}}"#)
        _ = try await client.post("/api/copy", #"{"source":"tiny","destination":"gone"}"#)
        _ = try await client.send("DELETE", "/api/delete", #"{"model":"gone"}"#)
        return try await client.send("GET", "/api/tags").body
      }
      try await withServer(configuration) { client in
        let after = try await client.send("GET", "/api/tags").body
        #expect(Self.withoutTimes(after) == Self.withoutTimes(before))
        #expect(after.contains("tiny-2k:latest"))
        let show = try await client.post("/api/show", #"{"model":"tiny-2k"}"#).body
        #expect(show.contains("num_ctx                        2048"))
        #expect(show.contains("FROM \(folder)/models/blobs/sha256-"))
        let lines = try await client.post("/api/pull", #"{"model":"tiny"}"#).lines
        #expect(lines.filter { $0.contains("pulling ") }.count == 6)
      }
    }
  }

  /// The file system keeps fewer decimals of the time than the process.
  private static func withoutTimes(_ body: String) -> String {
    body.replacing(/"modified_at":"[^"]*"/, with: "")
  }

  @Test func aCutDownloadSurvivesARestart() async throws {
    try await inFolder { folder in
      var configuration = RehearsalConfiguration.test { $0.models = folder }
      configuration.pace.pull = .milliseconds(600)
      configuration.faults = [Fault(.cut(after: 6), on: "/api/pull", times: 1)]
      let reached = try await withServer(configuration) { client in
        PullTests.lines(try await client.post("/api/pull", #"{"model":"tiny"}"#)).compactMap(
          \.completed
        ).last ?? 0
      }
      #expect(reached > 0)
      configuration.faults = []
      try await withServer(configuration) { client in
        let lines = PullTests.lines(try await client.post("/api/pull", #"{"model":"tiny"}"#))
        #expect(lines.compactMap(\.completed).first ?? 0 >= reached)
        #expect(lines.last?.status == "success")
      }
      let blobs = try FileManager.default.contentsOfDirectory(atPath: folder + "/blobs")
      #expect(!blobs.contains { $0.hasSuffix("-partial") })
    }
  }

  @Test func theRecordIsALineARequest() async throws {
    try await inFolder { folder in
      let file = folder + "/record"
      try await withServer(.test { $0.record = file }) { client in
        try await client.pull("tiny")
        _ = try await client.post(
          "/v1/messages",
          #"{"model":"tiny","max_tokens":9,"messages":[{"role":"user","content":"x"}]}"#)
        #expect(client.server.record.count == 2)
        #expect(client.server.record.last?.model == "tiny")
        #expect(client.server.record.last?.stopReason == "max_tokens")
      }
      let lines = try String(decoding: Data(contentsOf: URL(filePath: file)), as: UTF8.self).split(
        separator: "\n")
      #expect(lines.count == 2)
      let last = try JSONDecoder().decode(ServedRequest.self, from: Data(lines[1].utf8))
      #expect(last.path == "/v1/messages")
      #expect((last.evaluated ?? 0) + (last.cached ?? 0) == last.promptTokens)
      #expect(last.contextLength == 4096)
    }
  }

  @Test func aFolderThatCannotBeMadeIsAnError() {
    #expect(throws: (any Error).self) {
      try RehearsalServer(.test { $0.models = "/dev/null/models" })
    }
  }
}
