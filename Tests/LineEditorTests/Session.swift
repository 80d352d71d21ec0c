import Foundation
import Setup
import Support
import SystemPackage

/// The probe, with a history file of its own.
struct Session {
  let folder: FilePath
  let history: FilePath

  init(in folder: FilePath? = nil) throws {
    self.folder = try folder ?? TemporaryFolder.make("line-editor")
    history = self.folder.appending("history")
  }

  func invocation(prompt: String? = nil, _ variables: [String: String] = [:]) -> Invocation {
    let probe = Part.product.removingLastComponent().appending("line-editor-probe")
    return .clean(
      probe.string, [history.string] + (prompt.map { [$0] } ?? []),
      environment: [
        "TERM": "xterm-256color", "LANG": "C.UTF-8", "SWIFT_BACKTRACE": "interactive=no,color=no",
      ].merging(variables) { $1 })
  }

  func start(_ variables: [String: String] = [:], columns: UInt16 = 80) async throws
    -> PseudoTerminal
  {
    let terminal = try await PseudoTerminal(invocation(variables), columns: columns)
    try await terminal.expect("> ")
    return terminal
  }

  func written() throws -> String { try String(contentsOfFile: history.string, encoding: .utf8) }
}
