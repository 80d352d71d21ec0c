import SystemPackage

@testable import Setup

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A settings file of the client, and our receipt: read, or refused with a reason; nothing of it reaches a terminal raw.
func checkSettings(_ bytes: [UInt8]) throws(BrokenPromise) {
  if let document = try? JSON.parse(bytes) {
    for text in [document.compact, document.pretty] {
      guard let again = try? JSON.parse(text) else {
        throw BrokenPromise("what was written cannot be read")
      }
      try promise(again == document, "what was written is not what was read")
    }
    _ = document.int
  }
  let world = World.of(files: [
    "/home/ada/.claude/settings.json": bytes, "/etc/claude-code/managed-settings.json": bytes,
    "/home/ada/.local/state/ccl-setup/receipt.json": bytes,
  ])
  for conflict in Conflict.detect(in: world, zshFolder: nil).value {
    try promise(isPrintable(conflict.shown), "an escape sequence in \(conflict.variable)")
    _ = (conflict.remedy, conflict.placeWords)
  }
  do throws(Failure) {
    let receipt = try ReceiptStore(in: world).read()
    for entry in receipt?.entries ?? [] {
      try promised(isPrintable(entry.undo.title), "an escape sequence in the receipt")
    }
  } catch {
    try promise(isPrintable(error.why), "an escape sequence in why the receipt is damaged")
  }
}

private func promised(_ holds: Bool, _ words: String) throws(Failure) {
  guard holds else { fatalError(words) }
}

/// Whether a terminal would take none of it for a command.
func isPrintable(_ text: String) -> Bool { printable(text) == text }
