import Testing

@testable import Setup

struct PromptDifferenceTests {
  private func prompt(_ text: String) throws -> JSON { try JSON.parse(Array(text.utf8)) }

  private func first(_ earlier: String, _ later: String) throws -> PromptDifference? {
    PromptDifference.first(between: try prompt(earlier), and: try prompt(later))
  }

  private static let turn1 = #"""
    {"system": [{"type": "text", "text": "be good"}], "tools": [{"name": "Read", "a": 1}],
     "messages": [{"role": "user", "content": [{"type": "text", "text": "hi",
                                                "cache_control": {"type": "ephemeral"}}]}]}
    """#

  /// Marks for a cache move, and a text alone is written in two ways: neither is another prompt.
  @Test func aConversationThatGoesOnHasNone() throws {
    let turn2 = #"""
      {"system": [{"type": "text", "text": "be good", "cache_control": {}}],
       "tools": [{"name": "Read", "a": 1}],
       "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"},
                    {"role": "user", "content": "more"}]}
      """#
    #expect(try first(Self.turn1, turn2) == nil)
  }

  /// The header that older clients put in front of everything, another one in each request.
  @Test func theFirstByteIsNamed() throws {
    let (old, new) = ("cc_version=2; cch=38fa3;", "cc_version=2; cch=34c46;")
    let found = try #require(
      try first(
        "{\"system\": [{\"text\": \"\(old)\"}, {\"text\": \"be good\"}], \"messages\": []}",
        "{\"system\": [{\"text\": \"\(new)\"}, {\"text\": \"be good\"}], \"messages\": []}"))
    #expect(found.place == "system[0]")
    #expect(found.byte == 19)
    #expect(found.before == "8fa3;" && found.after == "4c46;")
    #expect(found.sameBytes == 19 && found.lostBytes == 12)
    #expect(found.words.contains("byte 19 of system[0]: “8fa3;” became “4c46;”"))
  }

  @Test(arguments: [
    (#"{"tools": [{"name": "Read", "a": 2}]}"#, "tools[0] (Read)", 19),
    (#"{"tools": []}"#, "tools[0] (Read)", 0),
  ])
  func toolsCountToo(later: String, place: String, byte: Int) throws {
    let found = try #require(try first(#"{"tools": [{"name": "Read", "a": 1}]}"#, later))
    #expect(found.place == place)
    #expect(found.byte == byte)
  }

  @Test func anEditedHistoryIsFound() throws {
    let found = try #require(
      try first(
        #"{"messages": [{"role": "user", "content": "the date is Monday"}]}"#,
        #"{"messages": [{"role": "user", "content": "the date is Tuesday"}]}"#))
    #expect(found.place == "messages[0].content[0] (user)")
    #expect(found.byte == 12)
  }
}
