import Proxy
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct ReportTests {
  let folder = TemporaryFolder()
  private static let line = "{\"id\":1,\"at\":\"x\",\"target\":\"/\",\"sent\":{\"headers\":[]}}\n"

  private struct Archive: Decodable {
    struct Log: Decodable { var entries: [Entry] }
    struct Entry: Decodable {
      var request: Request
      var response: Response
    }
    struct Request: Decodable { var postData: Body? }
    struct Response: Decodable { var content: Body }
    struct Body: Decodable { var comment: String? }
    var log: Log
  }

  private func path(_ name: String) -> String { "\(folder.path)/\(name)" }

  private func put(_ text: String, _ name: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path(name)))
  }

  private func text(_ name: String) throws -> String {
    try String(contentsOfFile: path(name), encoding: .utf8)
  }

  @Test("A report over an earlier one is its owner's alone, and goes through a link")
  func replaced() throws {
    try put(Self.line, "record")
    try put("old", "report")
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path("report"))
    try FileManager.default.createSymbolicLink(
      atPath: path("link"), withDestinationPath: path("report"))
    try ProxyReport(record: path("record")).write(.jsonl, toFile: path("link"))
    #expect(try text("report") == Self.line)
    let attributes = try FileManager.default.attributesOfItem(atPath: path("report"))
    #expect((attributes[.posixPermissions] as? Int).map { $0 & 0o777 } == 0o600)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    #expect(names == ["link", "record", "report"])
  }

  @Test("Nothing is lost to a report that cannot be written")
  func refused() throws {
    try put(Self.line, "record")
    try put("old", "report")
    try FileManager.default.createSymbolicLink(
      atPath: path("link"), withDestinationPath: path("record"))
    for target in ["record", "link"] {
      #expect(throws: (any Error).self) {
        try ProxyReport(record: path("record")).write(.html, toFile: path(target))
      }
    }
    #expect(try text("record") == Self.line)
    #expect(throws: (any Error).self) {
      try ProxyReport(record: path("missing")).write(.html, toFile: path("report"))
    }
    #expect(throws: (any Error).self) {
      try ProxyReport(record: path("record")).write(.html, toFile: folder.path)
    }
    #expect(try text("report") == "old")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    #expect(names == ["link", "record", "report"])
  }

  @Test("HAR says of a body what it cannot tell: that it is Base64, cut or left out")
  func comments() throws {
    func line(_ id: Int, _ sent: String, _ received: String) -> String {
      #"{"id":\#(id),"at":"2026-11-23T05:00:00.000000Z","target":"/","sent":{"headers":[]\#(sent)},"#
        + #""received":{"headers":[]\#(received)}}"# + "\n"
    }
    try put(
      line(1, #","base64":"/w==""#, #","truncated":true,"body":"x""#)
        + line(2, #","leftOut":"gzip""#, #","leftOut":"br""#) + line(3, #","body":"a""#, ""),
      "record")
    try ProxyReport(record: path("record")).write(.har, toFile: path("har"))
    let entries = try JSONDecoder().decode(Archive.self, from: Data(text("har").utf8)).log.entries
    #expect(
      entries.map(\.request.postData?.comment) == [
        "This is Base64.", "The body was not recorded, since it is compressed: gzip.", nil,
      ])
    #expect(
      entries.map(\.response.content.comment) == [
        "The rest was not recorded.", "The body was not recorded, since it is compressed: br.", nil,
      ])
  }

  @Test("A record that a proxy writes is not replaced by a report")
  func inUse() async throws {
    try put(Self.line, "other")
    let (record, other) = (path("record"), path("other"))
    try await withProxy(
      to: "http://127.0.0.1:1", { $0.record = record },
      { _ in
        #expect(throws: (any Error).self) {
          try ProxyReport(record: other).write(.jsonl, toFile: record)
        }
      })
  }
}
