import SystemPackage

@testable import Setup

private let home: FilePath = "/home/ada"

/// Put in, put in again, moved, taken out: the bytes are those of before, and another tool's are never touched.
func checkStartUpFile(_ bytes: [UInt8]) throws(BrokenPromise) {
  for shell in [Shell.bash, .zsh] {
    let block = try blockOf(shell, in: "/home/ada/.config/ccl-setup")
    let moved = try blockOf(shell, in: "/opt/elsewhere")
    try checkRemoval(shell, bytes)
    let once: RCEdit
    do throws(RCProblem) { once = try block.installing(in: bytes) } catch {
      // What cannot be edited cannot be taken out either, and is not changed.
      continue
    }
    let twice = try edited(once.bytes, block)
    try promise(twice.bytes == once.bytes, "installed twice is not installed once")
    guard case .inserted = once.change else { continue }
    let other = try edited(once.bytes, moved)
    try promise(
      try edited(other.bytes, block).bytes == once.bytes, "moved there and back is not where it was"
    )
    for installed in [once.bytes, other.bytes] {
      do throws(RCProblem) {
        let back = try RCBlock.removing(shell, from: installed)
        try check(back.bytes == bytes, "what is left is not what was there")
      } catch {
        guard case .wrapped = error else { throw BrokenPromise("not taken out: \(error)") }
      }
      if let stripped = RCBlock.stripped(shell, from: installed) {
        let before = RCBlock.stripped(shell, from: bytes)?.bytes
        try promise(
          stripped.bytes ?? [] == before ?? [], "repair leaves other bytes than uninstall")
      }
    }
    // Something written below it since.
    let below = Array("\nexport SINCE=1\n".utf8)
    if let back = try? RCBlock.removing(shell, from: once.bytes + below) {
      try promise(
        back.bytes.starts(with: bytes) && back.bytes.suffix(below.count) == below[...],
        "its owner's lines are not all there")
    }
  }
  for language in [ShellScript.Language.posix, .fish, .fishVariables] {
    _ = ShellScript(String(decoding: bytes, as: UTF8.self), language)
  }
  let files = StartupFiles(home: home, zdotdir: nil, configurationBase: "/home/ada/.config")
  _ = files.targets(for: .zsh, ["/home/ada/.zshenv": bytes])
  _ = files.targets(for: .bash, ["/home/ada/.profile": bytes, "/home/ada/.bashrc": bytes])
}

/// Whatever is in a file, taking our block out only takes bytes out.
private func checkRemoval(_ shell: Shell, _ bytes: [UInt8]) throws(BrokenPromise) {
  guard let edit = try? RCBlock.removing(shell, from: bytes) else { return }
  try promise(edit.bytes.count <= bytes.count, "removing made the file longer")
  let kept = FileLines(edit.bytes).indices.count
  try promise(kept <= FileLines(bytes).indices.count, "removing made lines")
  if case .none = edit.change { try promise(edit.bytes == bytes, "nothing to remove, and changed") }
}

private func check(_ holds: Bool, _ words: String) throws(RCProblem) {
  guard holds else { fatalError(words) }
}

private func blockOf(_ shell: Shell, in folder: FilePath) throws(BrokenPromise) -> RCBlock {
  let function = folder.appending("claude-local.\(shell.rawValue)")
  guard let block = try? RCBlock(shell, function: function, home: home) else {
    throw BrokenPromise("no block for \(shell.rawValue)")
  }
  return block
}

private func edited(_ bytes: [UInt8], _ block: RCBlock) throws(BrokenPromise) -> RCEdit {
  do throws(RCProblem) { return try block.installing(in: bytes) } catch {
    throw BrokenPromise("a block of ours is refused: \(error)")
  }
}
