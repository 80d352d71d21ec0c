import SystemPackage
import Testing

@testable import Conversation
@testable import Setup

@Suite("Terminal: a download's line")
struct ProgressBarTests {
  private func progress(_ completed: UInt64, of total: UInt64) throws -> PullProgress {
    var progress = PullProgress(expected: total)
    try progress.receive(
      Array(
        #"{"status":"pulling a","digest":"sha256:a","total":\#(total),"completed":\#(completed)}"#
          .utf8))
    return progress
  }

  @Test("Bytes, rate and the time left")
  func line() throws {
    var bar = ProgressBar()
    _ = bar.line(try progress(0, of: 1_000_000_000), at: .zero, width: 100)
    let line = bar.line(
      try progress(250_000_000, of: 1_000_000_000), at: .seconds(5), width: 100)
    #expect(
      line == "  " + String(repeating: "█", count: 10) + String(repeating: "░", count: 30)
        + "   25 %  250 MB of 1.0 GB  50.0 MB/s  15 s left")
  }

  @Test(
    "What does not fit is left out from the right, and the line never is too wide",
    arguments: 20...120)
  func widths(width: Int) throws {
    var bar = ProgressBar()
    for second in 0...20 {
      let line = bar.line(
        try progress(UInt64(second) * 49_999_999, of: 1_000_000_000), at: .seconds(second),
        width: width)
      #expect(columns(line) <= width, "“\(line)”")
      #expect(line.contains("%"))
    }
  }

  @Test("Silence is said, and ends with the next byte")
  func silence() throws {
    var bar = ProgressBar()
    _ = bar.line(try progress(100, of: 1000), at: .zero, width: 100)
    #expect(
      bar.line(try progress(100, of: 1000), at: .seconds(6), width: 100)
        .hasSuffix("nothing for 6 s"))
    let after = bar.line(try progress(500, of: 1000), at: .seconds(7), width: 100)
    #expect(after.contains("left") && !after.contains("nothing"))
  }

  @Test("A download that begins anew does not divide by nothing")
  func nothing() throws {
    var bar = ProgressBar()
    #expect(bar.line(try progress(0, of: 0), at: .zero, width: 80).contains("0 %"))
    #expect(!bar.line(try progress(0, of: 0), at: .zero, width: 80).contains("left"))
  }

  @Test("Every phase has its words")
  func phases() throws {
    var bar = ProgressBar()
    var state = PullProgress(expected: 2_000_000_000)
    #expect(bar.line(state, at: .zero, width: 80) == "  asking the registry …")
    for (status, words) in [
      ("verifying sha256 digest", "  verifying what was downloaded …"),
      ("writing manifest", "  finishing …"), ("removing unused layers", "  finishing …"),
      ("success", "  2.0 GB downloaded"),
    ] {
      try state.receive(Array(#"{"status":"\#(status)"}"#.utf8))
      #expect(bar.line(state, at: .seconds(1), width: 80) == words)
    }
  }
}

@Suite("Screens: a file's difference")
struct FileDiffTests {
  private func diff(_ before: String?, _ after: String) -> [String] {
    Conversation.diff(
      FileWrite(
        path: "/x", before: before.map { Array($0.utf8) }, after: Array(after.utf8),
        ownership: .ours)
    ).map(\.plain)
  }

  @Test("A new file is all added, the same one nothing")
  func ends() {
    #expect(diff(nil, "a\nb\n") == ["+ a", "+ b"])
    #expect(diff("a\nb\n", "a\nb\n") == [])
    #expect(diff("a\n", "") == ["- a"])
    #expect(diff(nil, "") == [])
  }

  @Test("Three lines stand around a change, and what is left out is marked")
  func context() {
    let before = (1...20).map { "\($0)" }
    var after = before
    after[4] = "five"
    after.insert("new", at: 17)
    #expect(
      diff(before.joined(separator: "\n"), after.joined(separator: "\n")) == [
        "  2", "  3", "  4", "- 5", "+ five", "  6", "  7", "  8", "  ⋯", "  15", "  16", "  17",
        "+ new", "  18", "  19", "  20",
      ])
  }

  @Test("An escape sequence in a file is shown, not sent")
  func escapes() {
    #expect(diff("\u{1b}[2J\n", "b\n") == ["- \\u{1b}[2J", "+ b"])
  }

  @Test("Applied to the file before, it gives the file after", arguments: 0..<50)
  func property(seed: Int) {
    var state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 &+ 1
    func random(_ limit: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % limit
    }
    // Few lines, so that all of them stand within three lines of a change.
    let before = (0..<random(4)).map { _ in "\(random(3))" }
    let after = (0..<random(4)).map { _ in "\(random(3))" }
    let shown = diff(
      before.map { $0 + "\n" }.joined(), after.map { $0 + "\n" }.joined())
    if before == after {
      #expect(shown == [])
    } else {
      #expect(shown.filter { !$0.hasPrefix("+") }.map { $0.dropFirst(2) } == before.map { $0[...] })
      #expect(shown.filter { !$0.hasPrefix("-") }.map { $0.dropFirst(2) } == after.map { $0[...] })
    }
  }
}
