import Setup
import Support
import SystemPackage
import Testing

/// Whole runs as they stand on a real terminal's screen, compared with `Tests/Transcripts/end-to-end/`.
@Suite(
  .requires(
    .namespace, .superuser, .busybox, .claude(.a), .program("bash"), .program("tmux")),
  .timeLimit(.minutes(3)))
struct ScreenTests {
  @Test(arguments: ["colour", "plain"])
  func fromThePlanToTheProof(name: String) async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      person.settle()
      if name == "plain" { person.environment["NO_COLOR"] = "1" }
      let arguments =
        ["--engine", "native", "--shells", "bash", "--client-folder", "yours", "--no-warm"] + small
      let screen = try await TmuxScreen(
        person.call("ccl-setup", arguments), columns: 100, rows: 60)
      try await screen.expect("Do it? [yes] ▸")
      try await screen.press("Enter")
      try await screen.expect("takes everything back", within: .seconds(60))
      let text = try await screen.text(history: true, colors: name == "colour")
      try await screen.end()
      let plan = try #require(text.firstRange(of: "The plan"))
      expectGolden(
        measured(String(text[plan.lowerBound...])), "end-to-end/native-\(name).txt")
    }
  }

  /// Without what differs from machine to machine: memory, disk, and how fast it was.
  private func measured(_ text: String) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      .filter { !$0.contains("In memory:") && !$0.contains("Pane is dead") }
    while lines.last?.contains(where: \.isLetter) == false {
      lines.removeLast()
    }
    return lines.map { line in
      String(line)
        .replacing(/[0-9.]+ [A-Z]+ free where/, with: "… free where")
        .replacing(/after [0-9.]+ m?s/, with: "after …")
        .replacing(/[0-9]+ tokens\/s/, with: "… tokens/s")
        .replacing(/[0-9.]+ m?s in all/, with: "… in all")
        .replacing(/⋯ [0-9]+ more/, with: "⋯ N more")
    }.joined(separator: "\n") + "\n"
  }
}
