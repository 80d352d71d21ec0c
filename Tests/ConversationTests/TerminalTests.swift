import Testing

@testable import Conversation
@testable import Setup

@Suite("Terminal: text in lines that fit")
struct TerminalTests {
  private static let texts: [Text] = [
    "short",
    "   \("✓", .good) A sentence that is quite a bit longer than twenty columns and has \("emphasis in it", .emphasis), too.",
    "  run \(command: "docker compose --project-directory /home/ada/.config/ccl-setup/engine up") and wait",
    "日本語の文章は 二桁の幅を 取ります から、 折り返し が 必要 です 👩‍👩‍👧 👍🏽 ok",
    "      deep indentation before words that follow one another for a while",
    "one\n\nthree lines, of which this last one is again longer than a narrow terminal\n",
    "https://example.org/a/path/that/is/longer/than/any/narrow/terminal/could/ever/show/in/one/line",
    "",
  ]

  @Test("Each line of a failure's reason stands under its title")
  func reasons() {
    let screen = failureScreen(Failure("It broke", why: "first\n\nsecond", tryNext: ["again"]))
    #expect(screen.map(\.plain) == ["✗ It broke", "  first", "  second", "  try: again"])
  }

  @Test("A line is no wider than the terminal, unless one word alone is", arguments: [20, 40, 200])
  func widths(width: Int) {
    for text in Self.texts {
      for line in wrap(text, width: width) {
        let words = line.plain.split(separator: " ")
        let isOneWord = words.count <= 1
        #expect(columns(line.plain) <= width || isOneWord, "\(width): “\(line.plain)”")
      }
    }
  }

  @Test("No word is lost, cut, or loses its role", arguments: [20, 40, 200])
  func words(width: Int) {
    func words(_ texts: [Text]) -> [[String]] {
      texts.flatMap(\.spans).map { span in
        [span.text.split { " \n".contains($0) }.joined(separator: " "), "\(span.role)"]
      }.reduce(into: []) { sum, next in
        if next[0].isEmpty { return }
        if sum.last?[1] == next[1] {
          sum[sum.count - 1][0] += " " + next[0]
        } else {
          sum.append(next)
        }
      }
    }
    for text in Self.texts {
      #expect(words(wrap(text, width: width)) == words([text]))
    }
  }

  @Test("A continuation keeps the indentation, and two columns more")
  func hanging() {
    let lines = wrap("    eins zwei drei vier fünf sechs", width: 20).map(\.plain)
    #expect(lines == ["    eins zwei drei", "      vier fünf", "      sechs"])
  }

  @Test("Colour changes no width, and is left out where it is not wanted")
  func colour() {
    let text: Text = "a \("b", .good) c"
    #expect(Terminal(width: 80, hasColour: false, canRedraw: false).render(text) == "a b c")
    #expect(
      Terminal(width: 80, hasColour: true, canRedraw: false).render(text)
        == "a \u{1b}[32mb\u{1b}[0m c")
  }

  @Test(
    "Who wants colour, and who can redraw",
    arguments: [
      (["TERM": "xterm"], true, true, true), (["TERM": "xterm"], false, false, false),
      (["TERM": "dumb"], true, false, false), ([:], true, false, false),
      (["TERM": "xterm", "NO_COLOR": "1"], true, false, true),
      (["TERM": "xterm", "NO_COLOR": ""], true, true, true),
      (["TERM": "xterm", "CLICOLOR_FORCE": "1"], false, true, false),
      (["TERM": "xterm", "CLICOLOR_FORCE": "0"], false, false, false),
      (["TERM": "xterm", "CLICOLOR_FORCE": "1", "NO_COLOR": "1"], true, false, true),
    ])
  func environment(
    variables: [String: String], isTerminal: Bool, hasColour: Bool, canRedraw: Bool
  ) {
    let terminal = Terminal(variables: variables, isTerminal: isTerminal, columns: nil)
    #expect(terminal.hasColour == hasColour)
    #expect(terminal.canRedraw == canRedraw)
  }

  @Test(
    "The width",
    arguments: [
      (nil, nil, 80), (100, "40", 100), (nil, "40", 40), (nil, "wide", 80), (3, nil, 20),
      (nil, "-1", 20),
    ] as [(Int?, String?, Int)])
  func width(columns: Int?, variable: String?, width: Int) {
    var variables = ["TERM": "xterm"]
    variables["COLUMNS"] = variable
    #expect(Terminal(variables: variables, isTerminal: true, columns: columns).width == width)
  }

  @Test(
    "Columns of a terminal",
    arguments: [
      ("abc", 3), ("", 0), ("ünï", 3), ("e\u{301}", 1), ("日本", 4), ("ｱ", 1), ("Ａ", 2), ("👍", 2),
      ("👍🏽", 2), ("👩‍👩‍👧", 2), ("🇩🇪", 2), ("한", 2), ("…", 1), ("█", 1), ("✓", 1), ("\u{200b}", 0),
    ])
  func columnCount(text: String, width: Int) {
    #expect(columns(text) == width)
  }

  @Test("A cut string is never wider than asked", arguments: 0...12)
  func cutting(width: Int) {
    for text in ["abcdefghijkl", "日本語日本語", "a👩‍👩‍👧b👍🏽c", "short", ""] {
      let short = cut(text, to: width)
      #expect(columns(short) <= width)
      #expect((short == text) == (columns(text) <= width))
      if short != text, width > 0 { #expect(short.hasSuffix("…")) }
    }
  }
}

@Suite("Terminal: tables")
struct TableTests {
  private let table = Table(
    [
      .init("Model"), .init("Size", isNumber: true), .init("Reason", importance: 1),
      .init("Digest", importance: 2),
    ],
    rows: [
      [
        Text("qwen3-coder:30b", .emphasis), "18.6 GB", "the best that fits this machine",
        "sha256:0011223344",
      ],
      ["日本語", "1.4 GB", "small", "sha256:ff"],
    ])

  @Test("It fits, as long as its narrowest form does", arguments: [20, 30, 40, 60, 80, 200])
  func fits(width: Int) {
    for line in table.lines(width: width) {
      #expect(columns(line.plain) <= width, "\(line.plain)")
    }
  }

  @Test("The least important column goes first, and 0 never does")
  func importance() {
    func titles(_ width: Int) -> [Substring] {
      table.lines(width: width)[0].plain.split(separator: " ")
    }
    #expect(titles(200) == ["Model", "Size", "Reason", "Digest"])
    #expect(titles(70) == ["Model", "Size", "Reason"])
    #expect(titles(40) == ["Model", "Size"])
    #expect(titles(20) == ["Model", "Size"])
  }

  @Test("Numbers stand to the right, and columns in line whatever is in them")
  func alignment() {
    let lines = table.lines(width: 40).map(\.plain)
    #expect(
      lines == [
        "  Model               Size", "  qwen3-coder:30b  18.6 GB", "  日本語            1.4 GB",
      ])
  }

  @Test("Roles survive, in whole cells and in cut ones")
  func roles() {
    for width in [20, 200] {
      #expect(table.lines(width: width)[1].spans.contains { $0.role == .emphasis })
    }
  }

  @Test("What is evidence stays whole while other columns can lose their ends")
  func evidence() {
    let table = Table(
      [.init("variable"), .init("value", cut: .last)],
      rows: [
        ["CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD", "1"],
        ["ANTHROPIC_BASE_URL", "http://localhost:11434/v1"],
      ])
    #expect(
      table.lines(width: 50).map(\.plain) == [
        "  variable               value", "  CLAUDE_CODE_USE_ANTH…  1",
        "  ANTHROPIC_BASE_URL     http://localhost:11434/v1",
      ])
  }

  @Test("Names of variables that begin alike are never cut", arguments: [40, 60, 80, 200])
  func variables(width: Int) {
    let names = ["ANTHROPIC_DEFAULT_HAIKU_MODEL", "ANTHROPIC_DEFAULT_SONNET_MODEL"]
    let rows = names.map { name in
      VariableTable.Row(
        name: name,
        entries: [
          .init(layer: .local, place: "/s.json", shown: "qwen3-coder-64k", isWinner: true),
          .init(
            layer: .user, place: "/home/ada/.claude/settings.json", shown: "haiku", isWinner: false),
        ], problem: nil, plainWinner: .user)
    }
    let shown = variableScreen(
      VariableTable(rows: rows, isSetUp: true), home: "/home/ada", width: width
    ).map(\.plain)
    let table = shown.dropFirst().prefix { !$0.isEmpty }
    for name in names { #expect(table.count { $0.contains(name) } == 1) }
    #expect(table.allSatisfy { columns($0) <= width }, "\(table)")
    #expect(table.count == (width == 200 ? 5 : 7), "\(table)")
    #expect(width == 40 || table.count { $0.contains("qwen3-coder-64k") } == 2)
  }

  @Test("Where a variable is set stays whole, its line too", arguments: [60, 80, 100])
  func places(width: Int) {
    let place = "/home/ada/.config/fish/conf.d/work.fish, line 12"
    let row = VariableTable.Row(
      name: "ANTHROPIC_BASE_URL",
      entries: [
        .init(
          layer: .startUp, place: place, shown: "http://127.0.0.1:11434/v1", isWinner: true)
      ], problem: nil, plainWinner: .startUp)
    let shown = variableScreen(
      VariableTable(rows: [row], isSetUp: false), home: "/home/ada", width: width
    ).map(\.plain)
    #expect(
      shown.contains { $0.hasSuffix("~/.config/fish/conf.d/work.fish, line 12") } == (width > 60))
    #expect(shown.contains { $0.hasSuffix("work.fish, line 12") })
  }

  @Test("No rows are a header, no columns an empty line")
  func empty() {
    #expect(Table([.init("A")], rows: []).lines(width: 20).map(\.plain) == ["  A"])
    #expect(Table([], rows: [[]]).lines(width: 20).count == 2)
  }
}
