import Live
import Support
import SystemPackage
import Testing

@testable import Setup

/// Start-up files of every shape, in real shells: with the block a shell comes up in the state in which it came up before, and
/// knows `claude-local` if it came so far; without it the bytes are those of before.
@Suite(.requires(.program("bash"), .program("zsh")), .timeLimit(.minutes(10)))
struct StartUpFileShapesTests {
  @Test(arguments: StartUpFileShape.all)
  func aShellWithTheBlockIsTheShellOfBefore(shape: StartUpFileShape) async throws {
    for shell in shape.shells {
      let home = try TemporaryHome()
      let file = StartedShell.file(of: shell)
      try home.put(.file(shape.bytes), at: file)
      try StartedShell.putFunction(of: shell, into: home)
      let before = try await StartedShell.start(shell, in: home)
      #expect(!before.isFunctionRead)

      var positions = CommandPositions()
      await positions.ask(shell, about: shape.bytes, in: .live)
      let block = try #require(
        try RCBlock(
          shell, function: home[RecorderHome.functionFile(shell)], home: home.path))
      let edit: RCEdit
      do throws(RCProblem) {
        edit = try block.installing(
          in: shape.bytes, at: positions.position(for: shell, in: shape.bytes))
      } catch {
        #expect(shape.isRefused, "\(shell): \(error)")
        #expect(error.reason.contains("line"))
        continue
      }
      #expect(!shape.isRefused, "\(shell)")
      let marker = Array("# <<< ccl-setup: claude-local for \(shell) <<<".utf8)
      let lines = FileLines(edit.bytes)
      let closing = try #require(lines.indices.last { lines.trimmed($0).starts(with: marker) })
      let below = String(decoding: lines.bytes((closing + 1)...), as: UTF8.self)
      #expect(
        shape.below.map { below.hasPrefix($0) } ?? below.isEmpty, "\(shell): \(below.prefix(60))")

      try home.put(.file(edit.bytes), at: file)
      let after = try await StartedShell.start(shell, in: home)
      #expect(after.isFunctionRead, "\(shell): \(after.words.suffix(3))")
      #expect(
        after.kind.map { $0.hasSuffix("function") } ?? true, "\(shell): \(after.words.suffix(3))")
      let back = try RCBlock.removing(shell, from: edit.bytes)
      #expect(back.bytes == shape.bytes, "\(shell)")
      // bash 5.2 spoils its own memory when an expansion has no end, and is then aborted now and then.
      if [before.code, after.code].contains(134) { continue }
      #expect(after.code == before.code, "\(shell)")
      let differences =
        after.state.filter { !before.state.contains($0) }.map { "+ " + $0 }
        + before.state.filter { !after.state.contains($0) }.map { "- " + $0 }
      #expect(differences == [], "\(shell)")
      #expect(after.words == before.words, "\(shell)")
    }
  }
}
