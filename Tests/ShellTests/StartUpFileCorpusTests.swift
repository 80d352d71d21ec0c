import Live
import Support
import SystemPackage
import Testing

@testable import Setup

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Start-up files that people really have: those that the shells' packages give everybody, or, since others' are not ours to
/// publish, those of a folder that `CCL_SETUP_CORPUS` names, with `bash/` and `zsh/` in it.
private struct FoundFile: Sendable, CustomTestStringConvertible {
  var shell: Shell
  var path: FilePath
  var testDescription: String { "\(shell)/\(path.lastComponent?.string ?? "")" }

  private static let ofPackages: [Shell: [FilePath]] = [
    .bash: ["/etc/skel/.bashrc", "/etc/bash.bashrc"],
    .zsh: ["/etc/zsh/zshrc", "/etc/zsh/newuser.zshrc.recommended"],
  ]

  static func all() throws -> [FoundFile] {
    guard let named = ProcessInfo.processInfo.environment["CCL_SETUP_CORPUS"] else {
      return ofPackages.flatMap { shell, paths in
        paths.filter { FileManager.default.fileExists(atPath: $0.string) }
          .map { FoundFile(shell: shell, path: $0) }
      }
    }
    let folder = FilePath(named)
    return try [Shell.bash, .zsh].flatMap { shell in
      let folder = folder.appending(shell.rawValue)
      return try FileManager.default.contentsOfDirectory(atPath: folder.string).sorted()
        .map { FoundFile(shell: shell, path: folder.appending($0)) }
    }
  }
}

@Suite(.requires(.superuser, .program("bash"), .program("zsh")))
struct StartUpFileCorpusTests {
  @Test(arguments: try FoundFile.all())
  fileprivate func aShellWithTheBlockIsTheShellOfBefore(found: FoundFile) async throws {
    let (shell, original) = (found.shell, try bytes(of: found.path))
    let home = try TemporaryHome()
    let file = StartedShell.file(of: shell)
    try home.put(.file(original), at: file)
    try StartedShell.putFunction(of: shell, into: home)
    func start() async -> StartedShell? {
      // What somebody's file waits for for ever is none of ours.
      try? await StartedShell.start(shell, in: home, isStrange: true, within: .seconds(30))
    }
    // Some differ from one start to the next; a login file that reads the other one would here read itself for ever.
    guard let first = await start(), let second = await start(), first.code < 128 else { return }

    var positions = CommandPositions()
    await positions.ask(shell, about: original, in: .live)
    let block = try #require(
      try RCBlock(shell, function: home[RecorderHome.functionFile(shell)], home: home.path))
    let edit: RCEdit
    do throws(RCProblem) {
      edit = try block.installing(in: original, at: positions.position(for: shell, in: original))
    } catch {
      Issue.record("refused: \(error.reason)")
      return
    }
    #expect(try block.installing(in: edit.bytes).bytes == edit.bytes)
    #expect(try RCBlock.removing(shell, from: edit.bytes).bytes == original)

    let read = ": >| \"$HOME/read\"\n"
    try home.put(.file(original + Array(("\n" + read).utf8)), at: file)
    let isEndReached = try #require(await start()).isFunctionRead
    try home.put(.file(edit.bytes), at: file)
    let after = try #require(await start())
    // zsh gives a file up where a pattern matches nothing; here much is missing that its owner has.
    let isAtEnd = edit.bytes.starts(with: original)
    if isEndReached || !isAtEnd { #expect(after.isFunctionRead, "\(after.words.suffix(3))") }
    if after.isFunctionRead, let kind = after.kind { #expect(kind.hasSuffix("function")) }
    #expect(after.code == second.code)
    #expect((after.kind == nil) == (second.kind == nil))
    func lines(_ shell: StartedShell) -> Set<String> {
      // A line's number is known to some aliases and functions.
      Set(shell.state.map { $0.filter { !$0.isNumber } })
    }
    let always = lines(first).intersection(lines(second))
    #expect(always.subtracting(lines(after)) == [])
    if lines(first) == lines(second) { #expect(lines(after).subtracting(always) == []) }
    if first.words == second.words { #expect(after.words == second.words) }
  }
}
