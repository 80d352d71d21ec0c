import NIOCore
import Testing

@testable import Proxy

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Much at once, which goes past the kernel's cache where the file system can do that, and what standing parts of prompts save.
@Suite struct LongRunTests {
  let folder = TemporaryFolder()

  private func lines(_ sizes: [Int]) -> [String] {
    sizes.enumerated().map { number, size in
      "{\"id\":\(number),\"body\":\"" + String(repeating: "\(number % 10)", count: size) + "\"}"
    }
  }

  @Test(
    "What was appended stands in the file, whatever the pieces are and wherever it began",
    arguments: [0, 1, 4095, 4096, 4097, 300_000])
  func runs(_ earlier: Int) throws {
    let path = folder.path + "/record.jsonl"
    var expected = earlier == 0 ? "" : String(repeating: "x", count: earlier - 1) + "\n"
    try Data(expected.utf8).write(to: URL(filePath: path))
    let file = try RecordFile(path: path, rotation: .init())
    var text = JSONText(capacity: 64 * 1024)
    let sizes = [10, 400_000, 3, 2_500_000, 5_000, 262_144, 700_000, 0, 1_048_576]
    for (line, all) in zip(
      lines(sizes), [true, false, false, false, true, false, false, true, false])
    {
      let copy = ByteBuffer(string: line + "\n")
      text.raw(copy)
      expected += line + "\n"
      try file.append(&text, all: all)
      #expect(file.size + text.count == expected.utf8.count)
      #expect(!all || text.count == 0)
      let there = try String(contentsOfFile: path, encoding: .utf8)
      #expect(there == expected.prefix(file.size))
    }
    try file.append(&text, all: true)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == expected)
  }

  @Test("A line that could not be finished is taken back from the end of a long run")
  func takenBack() throws {
    let path = folder.path + "/record.jsonl"
    let file = try RecordFile(path: path, rotation: .init())
    var text = JSONText()
    let whole = lines([300_000, 300_000])
    for line in whole { text.raw(ByteBuffer(string: line + "\n")) }
    try file.append(&text, all: true)
    let length = file.size
    text.raw(ByteBuffer(string: lines([500_000])[0]))
    try file.append(&text, all: false)
    #expect(file.size > length)
    text.clear()
    file.takeBack(to: length)
    text.raw(ByteBuffer(string: "last\n"))
    try file.append(&text, all: true)
    let there = try String(contentsOfFile: path, encoding: .utf8)
    #expect(there == (whole + ["last\n"]).joined(separator: "\n"))
  }

  @Test("Under load every line is there, in files that rotate, with nothing of it in two of them")
  func load() async throws {
    let path = folder.path + "/record.jsonl"
    let body = String(repeating: "\\\"long\\\" ", count: 8_000)
    try await withEngine { wire in
      while (try? wire.receive(until: "\r\n\r\n")) != nil {
        _ = try wire.receive(count: body.utf8.count)
        try wire.send("HTTP/1.1 204 None\r\n\r\n")
      }
    } change: {
      $0.record = path
      $0.rotation = .init(bytes: 1 << 20, age: 86_400, kept: 9)
    } proxy: { proxy in
      try await withThrowingTaskGroup { group in
        for _ in 0..<8 {
          group.addTask {
            try await blocking {
              let client = try Wire(to: proxy.port)
              for _ in 0..<10 {
                try client.send(
                  "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
                _ = try client.receive(until: "\r\n\r\n")
              }
            }
          }
        }
        try await group.waitForAll()
      }
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(names.count > 3)
    let all = try names.flatMap { try recorded(folder.path + "/" + $0) }
    #expect(all.map(\.id).sorted() == Array(1...80))
    #expect(all.allSatisfy { $0.sent.body == body })
  }

  private static func prompt(system: String, tools: String, messages: Int) -> String {
    let key = "sk-ant-oat01-" + String(repeating: "k9", count: 30)
    let list = (0..<messages).map { #"{"role":"user","content":"turn \#($0) \#(key)"}"# }
    return #"{"model":"m","messages":[\#(list.joined(separator: ","))],"#
      + #""system":[{"type":"text","text":"\#(system)"}],"tools":[\#(tools)],"stream":true}"#
  }

  private static func tool(_ name: String) -> String {
    #"{"name":"\#(name)","description":"\#(String(repeating: "é \\\"words\\\"\\n", count: 500)) "#
      + #"Bearer \#(String(repeating: "t7", count: 20))"}"#
  }

  @Test("A prompt that has parts in common with the one before it is recorded like any other")
  func standingParts() throws {
    let long = String(repeating: "You are a model. ", count: 400)
    let prompts = [
      Self.prompt(system: long, tools: Self.tool("Read"), messages: 1),
      Self.prompt(system: long, tools: Self.tool("Read"), messages: 2),
      Self.prompt(system: long + "Another day.", tools: Self.tool("Read"), messages: 3),
      Self.prompt(system: long + "Another day.", tools: Self.tool("Rear"), messages: 4),
      Self.prompt(system: "short", tools: Self.tool("Rear"), messages: 5),
      Self.prompt(system: long, tools: "", messages: 6),
    ]
    var lists = StandingLists()
    var memory = PromptMemory()
    var alone = PromptMemory()
    var reused: [Int] = []
    for (id, text) in prompts.enumerated() {
      let body = ByteBuffer(string: text)
      let prompt = parts(of: body, &lists)
      let written = prompt.standing.map { ($0.part, $0.id.flatMap(lists.text)) }
      reused.append(written.count { $0.1 != nil })
      var parted = JSONText()
      body.withUnsafeReadableBytes { bytes in
        parted.body(bytes, isCut: false, written: written) { part, text in
          lists.remember(UnsafeRawBufferPointer(rebasing: bytes[part]), as: text)
        }
      }
      var plain = JSONText()
      body.withUnsafeReadableBytes { plain.body($0, isCut: false) }
      #expect(parted.buffer == plain.buffer)
      #expect(!String(buffer: parted.buffer).contains("k9k9"))
      #expect(!String(buffer: parted.buffer).contains("t7t7"))
      // What is known of the lists changes nothing in what is found.
      var none = StandingLists()
      let other = parts(of: body, &none)
      #expect(prompt.facts == other.facts)
      #expect(
        memory.compare(id: id, body: body, prompt) == alone.compare(id: id, body: body, other))
    }
    // The last prompt's system blocks were met with the first ones; its tools are too short to be remembered.
    #expect(reused == [0, 2, 1, 1, 1, 1])
  }

  private func parts(of body: ByteBuffer, _ lists: inout StandingLists) -> Prompt {
    body.withUnsafeReadableBytes {
      Prompt($0, path: "/v1/messages", sessionHeader: "one session", lists: &lists)
    }
  }

  @Test("Numbers and names in a line are JSON")
  func pieces() {
    var text = JSONText()
    text.object {
      $0.field("a", 0)
      $0.field("b", Int64.max)
      $0.field("c", -1)
      $0.field("d", UInt64.max)
      $0.object("e") { $0.field("f", 10) }
    }
    #expect(
      String(buffer: text.buffer)
        == #"{"a":0,"b":9223372036854775807,"c":-1,"d":18446744073709551615,"e":{"f":10}}"#)
    #expect(timestamp(0) == "1970-01-01T00:00:00.000000Z")
    #expect(timestamp(1_795_809_186_007_089_999) == "2026-11-27T19:53:06.007089Z")
  }
}
