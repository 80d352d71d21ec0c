import Testing

@testable import LineEditor

@Suite("Line editor: what Tab does")
struct ReplyTests {
  private func candidates(_ texts: [String]) -> [Completion] { texts.map { Completion($0) } }

  @Test(
    "As far as all agree",
    arguments: [
      ("q", ["qwen3", "qwen2"], false, CompletionReply.replace("q", with: "qwen")),
      ("use q", ["qwen3"], false, .replace("q", with: "qwen3")),
      ("qwen", ["qwen3", "qwen2"], false, .nothing),
      ("qwen", ["qwen3", "qwen2"], true, .list(["qwen3", "qwen2"])),
      ("qwen3", ["qwen3"], true, .nothing),
      ("", [], true, .nothing),
      ("", ["a", "b"], false, .nothing),
      ("", ["a", "b"], true, .list(["a", "b"])),
      // A candidate may correct what was typed, even without making it longer.
      ("QWEN3", ["qwen3"], false, .replace("QWEN3", with: "qwen3")),
      ("gr", ["größe", "grün"], false, .nothing),
      ("e", ["e\u{301}a", "e\u{301}b"], false, .nothing),
    ])
  func common(before: String, texts: [String], again: Bool, expected: CompletionReply) {
    #expect(reply(to: before, candidates: candidates(texts), again: again) == expected)
  }

  @Test("A candidate can say how much it takes the place of, blanks included")
  func replaces() {
    let path = Completion("~/My Models/", replaces: 7)
    #expect(
      reply(to: "path ~/My Mo", candidates: [path], again: false)
        == .replace("~/My Mo", with: "~/My Models/"))
    let other = Completion("Mo", replaces: 2)
    #expect(reply(to: "path ~/My Mo", candidates: [path, other], again: false) == .nothing)
    #expect(
      reply(to: "path ~/My Mo", candidates: [path, other], again: true)
        == .list(["~/My Models/", "Mo"]))
  }

  @Test(
    "A table is never wider than the terminal or higher", arguments: [10, 40, 80, 200], [3, 24, 60])
  func fits(columns: Int, rows: Int) {
    let labels = (1...300).map { String(repeating: "漢", count: $0 % 9) + "x\($0)" }
    let lines = table(labels, columns: columns, rows: rows)
    #expect(lines.count <= max(1, rows - 2))
    #expect(lines.allSatisfy { width($0) < columns })
  }

  @Test("A table is read downwards")
  func order() {
    #expect(table(["a", "bb", "c", "d", "e"], columns: 10, rows: 24) == ["a   d", "bb  e", "c"])
    #expect(table(["a"], columns: 1, rows: 1).count == 1)
    #expect(table([], columns: 80, rows: 24) == [])
  }
}

@Suite("Line editor: prompts")
struct PromptTests {
  @Test(
    "Escape sequences are marked, joined, and never last",
    arguments: [
      ("> ", "", "> "),
      ("\u{1b}[1mx\u{1b}[0m ", "", "\u{1}\u{1b}[1m\u{1}x\u{1}\u{1b}[0m\u{1} "),
      ("\u{1b}[1mx \u{1b}[0m", "", "\u{1}\u{1b}[1m\u{1}x\u{1}\u{1b}[0m\u{1} "),
      ("\u{1b}[1mx\u{1b}[0m", "", "\u{1}\u{1b}[1m\u{1}x\u{1}\u{1b}[0m\u{1} "),
      ("\u{1b}[1m\u{1b}[31mx ", "", "\u{1}\u{1b}[1m\u{1b}[31m\u{1}x "),
      ("\u{1b}[1m \u{1b}[0m", "", "\u{1}\u{1b}[1m\u{1b}[0m\u{1} "),
      ("one\ntwo> ", "one\n", "two> "),
      ("one\n", "one\n", ""),
      ("a\u{7}b\u{1}c", "", "abc"),
      (
        "\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{7} ", "",
        "\u{1}\u{1b}]8;;http://x\u{1b}\\\u{1}link\u{1}\u{1b}]8;;\u{7}\u{1} "
      ),
      ("x\u{1b}", "", "x\u{1}\u{1b}\u{1} "), ("x\u{1b}[", "", "x\u{1}\u{1b}[\u{1} "), ("", "", ""),
    ])
  func marked(text: String, above: String, marked: String) {
    let prompt = Prompt(text)
    #expect(prompt.above == above)
    #expect(prompt.marked == marked)
  }
}
