import Foundation
import Setup
import Support
import SystemPackage
import Testing

@Suite("Line editor: the screen", .timeLimit(.minutes(2)), .requires(.program("tmux")))
struct ScreenTests {
  static let coloured = "\u{1b}[1;32mstep 3\u{1b}[0m \u{1b}[36m❯\u{1b}[0m "

  @Test("A coloured prompt keeps count of the columns", arguments: [40, 200])
  func colours(columns: Int) async throws {
    let screen = try await TmuxScreen(Session().invocation(prompt: Self.coloured), columns: columns)
    try await screen.expect("step 3 ❯")
    let text = String(repeating: "0123456789", count: 6)
    try await screen.type(text)
    try await screen.press("C-a")
    try await screen.type("X")
    try await screen.press("C-e", "BSpace")
    try await screen.type("Y")
    let whole = "step 3 ❯ X\(text.dropLast())Y"
    try await eventually(within: .seconds(10)) {
      try await screen.text().replacing("\n", with: "") == whole ? true : nil
    }
    // What is typed has no colour: the prompt's last reset was not lost.
    #expect(try await screen.text(colors: true).contains("\u{1b}[36m❯\u{1b}[39m X"))
  }

  @Test("Growing and shrinking in the middle of a line")
  func resize() async throws {
    let screen = try await TmuxScreen(Session().invocation(), columns: 100)
    try await screen.expect(">")
    let text = (10..<40).map(String.init).joined(separator: " ")
    try await screen.type(text)
    try await screen.expect("39")
    for columns in [40, 200, 61] {
      try await screen.resize(columns: columns, rows: 24)
      try await eventually(within: .seconds(10)) {
        let shown = try await screen.text()
        // A blank at the end of a row is not captured.
        let isWhole = blanksRemoved(shown).contains(blanksRemoved("> \(text)"))
        return isWhole && shown.ranges(of: "> 10").count == 1 ? true : nil
      }
    }
    try await screen.press("BSpace", "Enter")
    try await screen.expect("88")
    let shown = try await screen.text()
    #expect(blanksRemoved(shown).contains(blanksRemoved("got [\(text.dropLast())] 88")))
  }

  private func blanksRemoved(_ text: String) -> String { String(text.filter { !$0.isWhitespace }) }

  @Test("A paste of several lines becomes one, and waits for Return")
  func paste() async throws {
    let screen = try await TmuxScreen(Session().invocation())
    try await screen.expect(">")
    try await screen.type("a ")
    try await screen.paste("one\n  two\tthree\r\nquit \u{3}\u{4}\u{1b}[2J ä漢😀\n\n")
    try await screen.expect("漢")
    try await Task.sleep(for: .milliseconds(200))
    #expect(try await screen.text().contains("got") == false)
    try await screen.press("Enter")
    try await screen.expect("got [a one two three quit [2J ä漢😀]")
  }

  @Test("Prompts of several lines")
  func lines() async throws {
    let screen = try await TmuxScreen(Session().invocation(prompt: "Which model?\n(1-3) "))
    try await screen.expect("(1-3)")
    try await screen.type("2")
    try await screen.press("Enter")
    let text = try await screen.expect("got [2]")
    #expect(text.hasPrefix("Which model?\n(1-3) 2\ngot [2] 1\nWhich model?\n(1-3)"))
  }
}
