import SystemPackage

/// The places of blocks, as the shells' own parsers see them.
///
/// The outline of a file is a guess about two languages, so the shell is asked whether the place holds: a command there is
/// read as one, and what cannot begin a command is an error there, which it would not be in a here-document or a quote. Nothing is executed
/// (`-n`, no start-up files, an empty environment).
///
/// zsh takes the end of a file for the end of whatever stands there: a loop without its body, `true &&`. What would be put below would be
/// its body, so more is asked of it (measured with 5.9): after such a loop `|| :` is no error, as it is where a command begins; after
/// `&&` nothing tells, but the text.
struct CommandPositions: Sendable {
  private struct Key: Hashable {
    var shell: Shell
    var bytes: [UInt8]
  }
  private var found: [Key: Int] = [:]

  /// The offset at which a block is read as commands; `nil` where the shell was not asked: the outline alone then decides.
  func position(for shell: Shell, in bytes: [UInt8]) -> Int? {
    found[Key(shell: shell, bytes: bytes)]
  }

  mutating func ask(_ shell: Shell, about bytes: [UInt8], in world: World) async {
    let key = Key(shell: shell, bytes: bytes)
    guard found[key] == nil, world.programs.find(shell.rawValue) != nil else { return }
    let reader = ShellReader(shell: shell, programs: world.programs)
    // Above everything a block is read as commands for sure, whatever a shell that takes too long would have said.
    do { found[key] = try await reader.position(in: bytes) } catch { found[key] = 0 }
  }
}

/// A shell that parses, and executes nothing.
private struct ShellReader {
  let shell: Shell
  let programs: Programs

  /// Beyond this size looking for the last whole statement would take longer than anybody wants to wait.
  private static let longestSearched = 1 << 20

  func position(in bytes: [UInt8]) async throws(ProgramProblem) -> Int {
    let place = BlockPlace(in: bytes, for: shell)
    let whole = place.outline.isOpenAtEnd ? place.offset : place.offset(before: place.outline.end)
    if try await reads(after: bytes[..<whole]) { return whole }
    if try await reads(after: bytes[..<place.offset]) { return place.offset }
    var end = 0
    if bytes.count <= Self.longestSearched {
      // The last beginning of a statement up to which everything is whole.
      var (known, unknown) = (-1, place.outline.starts.count)
      while unknown - known > 1 {
        let middle = (known + unknown) / 2
        let start = place.outline.starts[middle]
        if try await reads(after: bytes[..<start]) { known = middle } else { unknown = middle }
      }
      if known >= 0 { end = place.outline.starts[known] }
    }
    let offset = place.offset(before: end)
    return try await reads(after: bytes[..<offset]) ? offset : end
  }

  /// Whether a command right after these bytes is read as one.
  private func reads(after bytes: ArraySlice<UInt8>) async throws(ProgramProblem) -> Bool {
    guard let last = bytes.last else { return true }
    if shell == .zsh, waitsForCommand(bytes) { return false }
    let before = Array(bytes) + (last == newline ? [] : [newline])
    let errors = shell == .zsh ? [")\n", "|| :\n"] : [")\n"]
    next: for options in optionSets {
      guard try await parses(before + Array("if :; then :; fi\n".utf8), options),
        try await parses(before, options)
      else { continue }
      for error in errors where try await parses(before + Array(error.utf8), options) {
        continue next
      }
      return true
    }
    return false
  }

  /// Whether the last line that says something ends in `&&` or `||`, or has a comment behind it; one that a quote holds counts too,
  /// which does no harm.
  private func waitsForCommand(_ bytes: ArraySlice<UInt8>) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
      if rest.last == newline { rest.removeLast() }
      let start = rest.lastIndex(of: newline).map { $0 + 1 } ?? rest.startIndex
      let line = FileLines.trimmed(rest[start...])
      rest = rest[..<start]
      if line.isEmpty || line.first == UInt8(ascii: "#") { continue }
      return line.indices.contains { index in
        guard ["&&", "||"].contains(where: { line[index...].starts(with: $0.utf8) }) else {
          return false
        }
        let next = line[(index + 2)...].first { $0 != 0x20 && $0 != 0x09 }
        return next == nil || next == UInt8(ascii: "#")
      }
    }
    return false
  }

  /// `shopt -s extglob`, which is not executed here, decides about patterns such as `!(a|b)`.
  private var optionSets: [[String]] {
    shell == .bash
      ? [["--norc", "--noprofile", "-n"], ["--norc", "--noprofile", "-O", "extglob", "-n"]]
      : [["-f", "-n"]]
  }

  private func parses(_ bytes: [UInt8], _ options: [String]) async throws(ProgramProblem) -> Bool {
    let call = Invocation(
      shell.rawValue, options + ["/dev/stdin"], without: ["*"], folder: "/", input: bytes)
    // bash reads a pipe byte by byte.
    let limit = Duration.seconds(10) + .seconds(4) * (bytes.count >> 20)
    return try await programs.run(call, within: limit).succeeded
  }
}
