import Foundation
import Setup
import Support
import SystemPackage
import Testing

@Suite("Line editor without a terminal", .timeLimit(.minutes(2)))
struct PlainTests {
  private func output(of bytes: [UInt8]) async throws -> String {
    var invocation = try Session().invocation(prompt: "")
    invocation.input = bytes
    let result = try await invocation.run()
    #expect(result.code == 0)
    return String(decoding: result.standardOutput, as: UTF8.self)
  }

  @Test(
    "Lines as they come, and the end of the input",
    arguments: [
      ("one\ntwo\n", "got [one] 3\ngot [two] 3\nend.\n"),
      ("no end of line", "got [no end of line] 14\nend.\n"),
      ("a\r\n\nb", "got [a] 1\ngot [] 0\ngot [b] 1\nend.\n"),
      ("", "end.\n"),
      ("größe 漢 😀\n", "got [größe 漢 😀] 9\nend.\n"),
      ("tab\tand \u{3} are text\n", "got [tab\tand \u{3} are text] 18\nend.\n"),
    ])
  func lines(input: String, expected: String) async throws {
    #expect(try await output(of: Array(input.utf8)) == expected)
  }

  @Test("A long line, and bytes that are no UTF-8")
  func odd() async throws {
    let long = String(repeating: "0123456789", count: 20_000)
    #expect(try await output(of: Array(long.utf8)) == "got [\(long)] 200000\nend.\n")
    #expect(try await output(of: [0x61, 0xff, 0x62, 0x0a]) == "got [a\u{fffd}b] 3\nend.\n")
  }

  @Test("A dumb terminal is read in lines; Ctrl-C works there, too", arguments: ["dumb", ""])
  func dumb(kind: String) async throws {
    let terminal = try await Session().start(["TERM": kind])
    try await terminal.type("a line")
    try await terminal.expect("got [a line]")
    try await terminal.expect("> ")
    try await terminal.send("half")
    try await terminal.press(.controlC)
    try await terminal.expect("interrupted.")
    try await terminal.expect("> ")
    try await terminal.press(.controlD)
    try await terminal.expect("end.")
    #expect(try await terminal.exit() == 0)
    #expect(try await terminal.bytes.contains(0x1b) == false)
  }
}
