import SystemPackage
import Testing

@testable import Setup

/// Blocks as people leave them: what is ours goes, what is theirs stays to the byte.
struct BlockRepairTests {
  private static let home: FilePath = "/home/ada"

  private func block() throws -> RCBlock {
    try #require(
      try RCBlock(
        .bash, function: Self.home.appending(".config/ccl-setup/claude-local.bash"),
        home: Self.home))
  }

  /// A person's file with the block in it, as lines.
  private func installed(_ text: String?) throws -> [String] {
    let bytes = try block().installing(in: text.map { Array($0.utf8) }).bytes
    // Of bytes: `\r\n` is one character of a string.
    return bytes.split(separator: newline, omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
  }

  private func stripped(_ lines: [String]) -> String? {
    RCBlock.stripped(.bash, from: Array(lines.joined(separator: "\n").utf8))?.bytes
      .map { String(decoding: $0, as: UTF8.self) }
  }

  @Test(arguments: ["# mine\n", "# mine\nHISTSIZE=10", "", "a\r\nb\r\n"])
  func everyBrokenBlockLeavesTheFileAsItWas(text: String) throws {
    let whole = try installed(text)
    let start = try #require(whole.firstIndex { $0.hasPrefix("# >>> ccl-setup") })
    #expect(stripped(whole) == text)
    // Its end gone, its line gone, twice.
    #expect(stripped(Array(whole[...(start + 1)]) + whole[(start + 3)...]) == text)
    #expect(stripped(Array(whole[...start]) + whole[(start + 2)...]) == text)
    #expect(stripped(whole.dropLast() + whole[start...]) == text)
  }

  @Test func aFileMadeForTheBlockIsNone() throws {
    let whole = try installed(nil)
    let halved = Array(whole.dropLast(2))
    let left = try #require(
      RCBlock.stripped(.bash, from: Array(halved.joined(separator: "\n").utf8)))
    #expect(left.bytes == nil)
    #expect(left.lines == [1, 2])
  }

  @Test func whatAPersonWroteBetweenTheMarkersStays() throws {
    var whole = try installed("# mine\n")
    whole.insert("export MINE=1", at: 2)
    #expect(stripped(whole) == "# mine\nexport MINE=1\n")
  }

  @Test func aPersonsOwnLineOfThatFormStays() {
    let text = "if [ -n \"${BASH_VERSION-}\" ] && [ -r ~/.bashrc ]; then . ~/.bashrc; fi\n"
    #expect(stripped([text]) == text)
  }

  /// An `if` with nothing in it would be a syntax error in every new shell.
  @Test func aBlockThatIsAllOfAnIfStays() throws {
    let whole = try installed("")
    let wrapped = ["if true; then"] + whole.dropLast() + ["fi", ""]
    #expect(RCBlock.stripped(.bash, from: Array(wrapped.joined(separator: "\n").utf8)) == nil)
  }

  @Test func twoBlocksThatAreAllOfAnIfStay() throws {
    let whole = try installed("").dropLast()
    let wrapped = ["if true; then"] + whole + ["# twice"] + whole + ["fi", ""]
    #expect(RCBlock.stripped(.bash, from: Array(wrapped.joined(separator: "\n").utf8)) == nil)
  }
}
