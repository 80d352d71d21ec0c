import Foundation
import Setup
import Support
import SystemPackage
import Testing

@Suite("Line editor on a terminal", .timeLimit(.minutes(2)))
struct LineEditorTests {
  @Test("Typing, Return, Ctrl-D", arguments: [40, 80, 200] as [UInt16])
  func typing(columns: UInt16) async throws {
    let terminal = try await Session().start(columns: columns)
    try await terminal.type("hello")
    try await terminal.expect("got [hello] 5")
    try await terminal.expect("> ")
    try await terminal.type("")
    try await terminal.expect("got [] 0")
    try await terminal.expect("> ")
    try await terminal.press(.controlD)
    try await terminal.expect("end.")
    #expect(try await terminal.exit() == 0)
  }

  @Test("A line longer than the terminal is wide", arguments: [40, 80, 200] as [UInt16])
  func longLine(columns: UInt16) async throws {
    let terminal = try await Session().start(columns: columns)
    let text = (0..<60).map { "w\($0)" }.joined(separator: " ")
    try await terminal.type(text)
    try await terminal.expect("got [\(text)]")
    try await terminal.expect("> ")
  }

  @Test("Ctrl-D in a line that has text does not end the input")
  func controlDInText() async throws {
    let terminal = try await Session().start()
    try await terminal.send("ab")
    try await terminal.press(.controlD)
    try await terminal.type("c")
    try await terminal.expect("got [abc] 3")
    try await terminal.expect("> ")
  }

  @Test("Ctrl-C gives the line up, and the next one starts empty")
  func controlC() async throws {
    let terminal = try await Session().start()
    try await terminal.send("half a line")
    try await terminal.expect("half a line")
    try await terminal.press(.controlC)
    try await terminal.expect("^C")
    try await terminal.expect("interrupted.")
    try await terminal.expect("> ")
    try await terminal.type("whole")
    try await terminal.expect("got [whole] 5")
    try await terminal.expect("> ")
  }

  @Test(
    "Characters of every width, edited: code points are counted after deleting whole characters",
    arguments: [
      ("ä", 1), ("漢", 1), ("😀", 1), ("e\u{301}", 2), ("👩‍👩‍👧‍👦", 7), ("🇦🇹", 2), ("👍🏽", 2),
    ])
  func unicode(character: String, points: Int) async throws {
    let terminal = try await Session().start()
    try await terminal.type("a\(character)b")
    try await terminal.expect("got [a\(character)b] \(points + 2)")
    try await terminal.expect("> ")
    try await terminal.send("x\(character)")
    try await terminal.press(.backspace)
    try await terminal.type("y")
    try await terminal.expect("got [xy] 2")
    try await terminal.expect("> ")
    try await terminal.send("\(character)q")
    try await terminal.press(.left, .backspace)
    try await terminal.type("")
    try await terminal.expect("got [q] 1")
    try await terminal.expect("> ")
  }

  @Test("Keys that move and delete")
  func editing() async throws {
    let terminal = try await Session().start()
    try await terminal.send("world")
    try await terminal.press(.controlA)
    try await terminal.send("hello ")
    try await terminal.send("\u{1b}[F!\u{1b}[H¡")
    try await terminal.type("")
    try await terminal.expect("got [¡hello world!]")
    try await terminal.expect("> ")
    try await terminal.send("one two\u{17}three\u{1b}[D\u{1b}[3~")
    try await terminal.type("")
    try await terminal.expect("got [one thre]")
    try await terminal.expect("> ")
    try await terminal.send("gone")
    try await terminal.press(.controlU)
    try await terminal.type("kept")
    try await terminal.expect("got [kept]")
    try await terminal.expect("> ")
  }

  @Test(
    "Without a UTF-8 locale the text is the same", arguments: ["C", "POSIX", "de_XX.ISO-8859-1"])
  func locale(name: String) async throws {
    let terminal = try await Session().start(["LANG": name, "LC_ALL": name])
    try await terminal.type("grüße 漢字")
    try await terminal.expect("got [grüße 漢字] 8")
    try await terminal.expect("> ")
  }
}

@Suite("Line editor: history", .timeLimit(.minutes(2)))
struct HistoryTests {
  @Test("↑ recalls earlier lines, across runs too")
  func acrossRuns() async throws {
    let session = try Session()
    let first = try await session.start()
    try await first.type("first line")
    try await first.expect("got [first line]")
    try await first.expect("> ")
    try await first.type("größe 漢字")
    try await first.expect("got [größe 漢字]")
    try await first.expect("> ")
    try await first.press(.up, .up)
    try await first.type("!")
    try await first.expect("got [first line!]")
    try await first.expect("> ")
    try await first.press(.controlD)
    #expect(try await first.exit() == 0)
    #expect(try session.written() == "first line\ngröße 漢字\nfirst line!\n")

    let second = try await session.start()
    try await second.press(.up, .up)
    try await second.type("")
    try await second.expect("got [größe 漢字]")
    try await second.expect("> ")
  }

  @Test(
    "The file is its owner's alone, bounded, without blank lines and repetitions, and leaves nothing behind"
  )
  func file() async throws {
    let session = try Session()
    let terminal = try await session.start()
    for line in ["1", "2", "  ", "3", "3", "4", "5", "6"] {
      try await terminal.type(line)
      try await terminal.expect("got [\(line)]")
      try await terminal.expect("> ")
    }
    try await terminal.press(.controlD)
    _ = try await terminal.exit()
    #expect(try session.written() == "2\n3\n4\n5\n6\n")
    let attributes = try FileManager.default.attributesOfItem(atPath: session.history.string)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: session.folder.string) == ["history"])
  }

  @Test("Two runs at a time keep each other's lines")
  func together() async throws {
    let session = try Session()
    let (one, two) = (try await session.start(), try await session.start())
    try await one.type("from one")
    try await one.expect("got [from one]")
    try await one.expect("> ")
    try await two.type("from two")
    try await two.expect("got [from two]")
    try await two.expect("> ")
    try await one.press(.controlD)
    _ = try await one.exit()
    #expect(try session.written() == "from one\nfrom two\n")
  }

  @Test("A history that cannot be written is said, and the run goes on")
  func unwritable() async throws {
    var session = try Session()
    session = try Session(in: session.folder.appending("missing"))
    let terminal = try await session.start()
    try await terminal.type("a line")
    try await terminal.expect("could not be written: No such file or directory.")
    try await terminal.press(.up)
    try await terminal.type("")
    try await terminal.expect("got [a line]")
    try await terminal.expect("> ")
  }

  @Test("A foreign file in its place is survived")
  func foreign() async throws {
    let session = try Session()
    try Data([0xff, 0x00, 0x1b, 0x5b, 0x0a, 0x61, 0x0a]).write(
      to: URL(filePath: session.history.string))
    let terminal = try await session.start()
    try await terminal.press(.up)
    try await terminal.type("")
    try await terminal.expect("got [a]")
    try await terminal.expect("> ")
  }
}

@Suite("Line editor: completion", .timeLimit(.minutes(2)))
struct CompletionTests {
  @Test("Tab goes as far as all agree; again lists; a single one is taken")
  func tab() async throws {
    let terminal = try await Session().start()
    try await terminal.send("use q")
    try await terminal.press(.tab)
    try await terminal.expect("use qwen3")
    try await terminal.press(.tab, .tab)
    try await terminal.expect("qwen3:1.7b")
    try await terminal.expect("qwen3-coder-next")
    try await terminal.expect("use qwen3")
    try await terminal.send(":")
    try await terminal.press(.tab)
    try await terminal.type("")
    try await terminal.expect("got [use qwen3:1.7b]")
    try await terminal.expect("> ")
  }

  @Test("In the middle of a line, and beyond ASCII", arguments: [("gr", "größe"), ("漢", "漢字")])
  func beyond(start: String, whole: String) async throws {
    let terminal = try await Session().start()
    try await terminal.send("\(start) end")
    try await terminal.press(.left, .left, .left, .left, .tab)
    try await terminal.type("")
    try await terminal.expect("got [\(whole) end]")
    try await terminal.expect("> ")
  }

  @Test("A list fits the terminal", .requires(.program("tmux")), arguments: [40, 80, 200])
  func fits(columns: Int) async throws {
    let screen = try await TmuxScreen(Session().invocation(), columns: columns, rows: 12)
    try await screen.expect(">")
    try await screen.type("many ")
    try await screen.press("Tab", "Tab", "Tab")
    let text = try await screen.expect("more")
    let lines = text.split(separator: "\n")
    #expect(lines.allSatisfy { $0.count < columns })
    #expect(lines.contains { $0.hasPrefix("choice-1 ?[31mred") })
    #expect(lines.last == "> many choice-")
  }
}
