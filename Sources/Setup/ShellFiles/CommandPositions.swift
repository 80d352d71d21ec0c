import SystemPackage

/// The places of blocks, as the shells' own parsers see them.
///
/// The outline of a file is a guess about two languages, so the shell is asked whether the place holds: a command there is
/// read as one, and what cannot begin a command is an error there, which it would not be in a here-document or a quote. Nothing is executed
/// (`-n`, no start-up files, an empty environment).
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
    found[key] = try? await reader.position(in: bytes)
  }
}

/// A shell that parses, and executes nothing.
private struct ShellReader {
  let shell: Shell
  let programs: Programs

  /// Beyond these sizes asking would take longer than anybody wants to wait: shells read a pipe byte by byte.
  private static let longest = 1 << 20
  private static let longestSearched = 1 << 18

  /// `nil` where the shell cannot say.
  func position(in bytes: [UInt8]) async throws(ProgramProblem) -> Int? {
    guard bytes.count <= Self.longest else { return nil }
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
    let before = Array(bytes) + (last == newline ? [] : [newline])
    for options in optionSets {
      guard try await parses(before + Array("if :; then :; fi\n".utf8), options),
        try await parses(before, options), try await !parses(before + Array(")\n".utf8), options)
      else { continue }
      return true
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
    return try await programs.run(call, within: .seconds(5)).succeeded
  }
}
