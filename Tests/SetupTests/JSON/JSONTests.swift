import Setup
import Testing

struct JSONTests {
  @Test func `keys keep their order and numbers their spelling`() throws {
    let text = #"{"b":1.50,"a":[true,null,-2e+3,"\"\\\nü😀"],"b2":{},"c":[]}"#
    #expect(try JSON.parse(text).compact == text)
  }

  @Test func `one member changes, the others stay as they were`() throws {
    var document = try JSON.parse(#"{"z":1,"env":{"A":"1"},"a":2}"#)
    document["env"]?["B"] = "2"
    document["z"] = nil
    document["new"] = [1, true]
    #expect(
      document.pretty == """
        {
          "env": {
            "A": "1",
            "B": "2"
          },
          "a": 2,
          "new": [
            1,
            true
          ]
        }
        """)
  }

  @Test func `escapes are read, lone surrogates replaced, a byte order mark passed over`() throws {
    #expect(
      try JSON.parse([0xef, 0xbb, 0xbf] + Array(#""\u00fc\ud83d\ude00\ud800x\/""#.utf8)).text
        == "ü😀\u{fffd}x/")
  }

  @Test func `of two members of one name the last counts`() throws {
    #expect(try JSON.parse(#"{"a":1,"a":2}"#)["a"] == 2)
  }

  @Test(arguments: [
    "", " ", "{", "[1,]", "{\"a\" 1}", "{'a':1}", "01", "1.", "-", "tru", "\"a", "\"\n\"",
    "\"\\x\"",
    "\"\\u12\"", "1 2", "{\"a\":1,}", "NaN", "// comment\n{}",
  ])
  func `what is no JSON is refused`(text: String) {
    #expect(throws: JSONProblem.self) { try JSON.parse(text) }
  }

  @Test func `a fault is named with its line`() {
    #expect(throws: JSONProblem(line: 3, reason: "a comma before }")) {
      try JSON.parse("{\n  \"a\": 1,\n}")
    }
  }

  @Test func `a hostile depth ends in an error, not in a crash`() {
    #expect(throws: JSONProblem.self) { try JSON.parse(String(repeating: "[", count: 100_000)) }
  }
}
