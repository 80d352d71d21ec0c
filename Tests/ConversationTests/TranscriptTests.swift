import Conversation
import Setup
import Support
import Testing

/// Whole conversations, compared with `Tests/Transcripts/conversation/`.
struct TranscriptTests {
  static let plain = Terminal(
    variables: ["TERM": "xterm-256color", "NO_COLOR": "1"], isTerminal: true, columns: 80)
  static let colour = Terminal(
    variables: ["TERM": "xterm-256color"], isTerminal: true, columns: 80)
  static let narrow = Terminal(
    variables: ["TERM": "xterm-256color", "NO_COLOR": "1"], isTerminal: true, columns: 40)

  /// Return at every question.
  @Test(arguments: FixedMachine.allCases)
  func theRecommendedWay(on machine: FixedMachine) throws {
    var transcript = try Transcript(machine, on: Self.plain)
    for _ in 0..<7 where !transcript.isOver { try transcript.receive([.line("")]) }
    #expect(transcript.isOver)
    expectGolden(transcript.text, "conversation/recommended-\(machine.rawValue).txt")
  }

  @Test(arguments: [("colour", Self.colour), ("plain", Self.plain), ("narrow", Self.narrow)])
  func everyWord(name: String, terminal: Terminal) throws {
    var transcript = try Transcript(.ubuntu, on: terminal)
    try transcript.receive([
      .line("?"), .line("back"), .line("podman"), .line("native"), .line("docker"),
      .line("?"), .line("x:cloud"), .line("codellama:13b"), .line("a b"), .controlC,
      .line("llama3.1:8b"),
      .line("?"), .line("lots"), .line("2"), .line("back"), .line("skip"),
      .line("?"), .line("skip"), .line("?"), .line("mine"), .line("own"), .line("?"), .line("tcsh"),
      .line("status"), .line("bash"),
      .line("?"), .line("maybe"), .line("back"), .line("bash, fish"), .controlC, .line("yes"),
    ])
    #expect(transcript.isOver)
    expectGolden(transcript.text, "conversation/words-\(name).txt")
  }

  /// The word `plan` shows every line of every file.
  @Test func thePlanIsWhole() throws {
    var transcript = try Transcript(
      .ubuntu, on: Terminal(width: 1_000, hasColour: false, canRedraw: true))
    try transcript.receive([.line("plan")])
    let plan = try FixedMachine.ubuntu.plan(transcript.recommended)
    var files = 0
    for case .writeFile(let write) in plan.changes where write.before == nil {
      files += 1
      #expect(transcript.text.contains("new file \(write.path)\n"))
      for line in String(decoding: write.after, as: UTF8.self).split(separator: "\n") {
        #expect(transcript.text.contains("+ \(line)\n"), "\(write.path): \(line)")
      }
    }
    #expect(files > 4)
  }

  /// No line is wider than the terminal, but for words that are.
  @Test(arguments: [20, 40, 80, 200], FixedMachine.allCases)
  func everyLineFits(width: Int, machine: FixedMachine) throws {
    let terminal = Terminal(width: width, hasColour: false, canRedraw: true)
    var transcript = try Transcript(machine, on: terminal)
    for _ in 0..<7 where !transcript.isOver { try transcript.receive([.line("?"), .line("")]) }
    for line in transcript.text.split(separator: "\n")
    where !line.contains("▸ ") && !line.hasPrefix("[apply") {
      let words = line.split(separator: " ")
      #expect(columns(String(line)) <= width || words.count == 1, "\(line)")
    }
  }

  @Test func endings() throws {
    for event in [Transcript.Event.controlD, .line("quit"), .line("q"), .line("exit")] {
      var transcript = try Transcript(.ubuntu, on: Self.plain)
      try transcript.receive([event])
      #expect(transcript.text.hasSuffix("Run ccl-setup again at any time.\n[exit code 0]\n"))
    }
  }

  /// What is typed never reaches the terminal as control characters.
  @Test func aControlSequenceIsShownNotSent() throws {
    var transcript = try Transcript(.ubuntu, on: Self.plain)
    try transcript.receive([.line("\u{1b}[2Jhttp\u{202e}")])
    let answer = transcript.text.split(separator: "\n").first { $0.contains("✗ “") }
    #expect(answer?.contains("\\u{1b}[2Jhttp\\u{202e}") == true)
    #expect(answer?.contains("\u{1b}") == false)
  }
}
