import Setup
import SystemPackage
import Testing

/// The failures of shell-file editors that concern bytes alone, by their numbers.
@Suite struct RCBlockTests {
  static let home: FilePath = "/home/ada"
  static let block = try! RCBlock(
    .bash, function: "/home/ada/.config/ccl-setup/claude-local.bash", home: home)!
  static let line =
    #"if [ -n "${BASH_VERSION-}" ] && [ -r "${HOME-}"'/.config/ccl-setup/claude-local.bash' ]; "#
    + #"then \. "${HOME-}"'/.config/ccl-setup/claude-local.bash'; fi"#
  static let opening =
    "# >>> ccl-setup: claude-local for bash >>> `ccl-setup uninstall` takes these lines out"
  static let closing = "# <<< ccl-setup: claude-local for bash <<<"
  static let text = "\(opening)\n\(line)\n\(closing)\n"

  private func installed(_ text: String?, _ block: RCBlock = block) throws -> String {
    String(decoding: try block.installing(in: text.map { Array($0.utf8) }).bytes, as: UTF8.self)
  }

  private func removed(_ text: String) throws -> String {
    String(decoding: try RCBlock.removing(.bash, from: Array(text.utf8)).bytes, as: UTF8.self)
  }

  @Test func isTwoMarkersAndAGuardedLine() throws {
    #expect(try installed("a\n") == "a\n" + Self.text)
    #expect(try Self.block.installing(in: Array("a\n".utf8)).change == .inserted(line: 2))
    #expect(try removed("a\n" + Self.text) == "a\n")
    #expect(
      try RCBlock.removing(.bash, from: Array(("a\n" + Self.text).utf8)).change
        == .removed(line: 2))
  }

  /// What its owner wrote into our line, or into the markers, stays and is told.
  @Test func whatItsOwnerChangedInItIsNotTakenOut() throws {
    let inside = Self.text.replacing("then ", with: "then echo hi; ")
    #expect(throws: RCProblem.edited(2...4)) { try removed("a\n" + inside) }
    let elsewhere = Self.text.replacing("claude-local.bash' ]", with: "other.bash' ]")
    #expect(throws: RCProblem.edited(1...3)) { try removed(elsewhere) }
    let renamed = Self.text.replacing(": claude-local for bash", with: ": mine for bash")
    #expect(throws: RCProblem.unmarked(lines: [2, 3, 4])) { try removed("a\n" + renamed) }
    #expect(throws: RCProblem.unmarked(lines: [1])) { try removed(Self.line + "\n") }
    // Another shell's block in the same file is nobody's business here.
    let other = Self.text.replacing("for bash", with: "for zsh").replacing("BASH_", with: "ZSH_")
    #expect(try removed("a\n" + other) == "a\n" + other)
  }

  @Test func failure4NoLineEndAtTheEndOfTheFile() throws {
    let with = try installed("a\nb")
    #expect(
      with == "a\nb\n" + Self.opening
        + " (the line above had no end)\n\(Self.line)\n\(Self.closing)\n")
    #expect(try removed(with) == "a\nb")
    // What its owner wrote below since keeps its own line.
    #expect(try removed(with + "c") == "a\nb\nc")
  }

  @Test(arguments: ["", "a", "a\n", "a\r\n", "a\r\nb", "[ -z \"$PS1\" ] && return\na\n"])
  func failure5TwiceIsOnce(text: String) throws {
    let once = try installed(text)
    #expect(try installed(once) == once)
    #expect(try Self.block.installing(in: Array(once.utf8)).change == .none)
  }

  @Test func failure6NoPathOfOnePerson() throws {
    #expect(!Self.text.contains("ada"))
    let elsewhere = try #require(try RCBlock(.bash, function: "/opt/it's/f", home: Self.home))
    #expect(String(decoding: elsewhere.line, as: UTF8.self).contains(#". '/opt/it'\''s/f'; fi"#))
  }

  @Test func failure10BytesOfAnyEncoding() throws {
    let latin: [UInt8] = [0x23, 0x65, 0x78, 0xe9, 0xff, 0xc3, 0x28, 0x0a, 0xfe]
    let edit = try Self.block.installing(in: latin)
    #expect(edit.bytes.starts(with: latin))
    #expect(try RCBlock.removing(.bash, from: edit.bytes).bytes == latin)
    // bash reads no further than a zero byte.
    let cut = Array("a\n# b".utf8) + [0x00] + latin
    let above = try Self.block.installing(in: cut)
    #expect(above.change == .inserted(line: 2) && above.bytes.suffix(latin.count) == latin[...])
    #expect(try RCBlock.removing(.bash, from: above.bytes).bytes == cut)
  }

  @Test func failure13ALineBelowThatTakesTheNameIsBelowNoMore() throws {
    let guarded = "case $- in *i*) ;; *) return ;; esac\nalias claude-local='claude'\n"
    #expect(try installed(guarded) == guarded + Self.text)
  }

  @Test func failure14TheLineAsksWhichShellReadsIt() throws {
    #expect(Self.line.hasPrefix(#"if [ -n "${BASH_VERSION-}" ] && "#))
    // Two shells may read one file: each has its own block.
    let zsh = try #require(try RCBlock(.zsh, function: "/home/ada/z", home: Self.home))
    let both = try zsh.installing(in: Array(("a\n" + Self.text).utf8)).bytes
    #expect(String(decoding: both, as: UTF8.self).hasPrefix("a\n" + Self.text))
    #expect(try RCBlock.removing(.zsh, from: both).bytes.elementsEqual(("a\n" + Self.text).utf8))
  }

  @Test func failure15NoPOSIXSyntaxForFish() throws {
    #expect(try RCBlock(.fish, function: "/home/ada/f", home: Self.home) == nil)
  }

  @Test func failure16AnotherToolsBlockStays() throws {
    let conda = "# >>> conda initialize >>>\nx\n# <<< conda initialize <<<\n"
    #expect(try installed(conda) == conda + Self.text)
    #expect(try removed(conda + Self.text + conda) == conda + conda)
    #expect(try removed(conda) == conda)
  }

  @Test func failure17OnlyTheBlockGoes() throws {
    #expect(try removed("new above\n" + Self.text + "new below\n") == "new above\nnew below\n")
    let made = try Self.block.installing(in: nil).bytes
    #expect(try RCBlock.removing(.bash, from: made).isFileOurs)
    let used = made + Array("mine\n".utf8)
    let left = try RCBlock.removing(.bash, from: used)
    #expect(left.bytes.elementsEqual("mine\n".utf8) && !left.isFileOurs)
    // An empty file that was there is not ours.
    let empty = try RCBlock.removing(.bash, from: Array(installed("").utf8))
    #expect(empty.bytes.isEmpty && !empty.isFileOurs)
  }

  @Test(arguments: [
    ("\(opening)\n\(line)\n", RCProblem.unbalanced(lines: [1])),
    ("a\n\(closing)\n", .unbalanced(lines: [2])),
    ("\(closing)\n\(opening)\n", .unbalanced(lines: [1, 2])),
    ("\(opening)\n\(opening)\n\(closing)\n", .unbalanced(lines: [1, 2, 3])),
    ("\(text)a\n\(text)", .repeated(lines: [1, 3, 5, 7])),
  ])
  func failure19UnbalancedOrRepeatedMarkers(text: String, problem: RCProblem) {
    #expect(throws: problem) { try installed(text) }
    #expect(throws: problem) { try removed(text) }
    #expect(throws: problem) { try RCBlock.find(.bash, in: Array(text.utf8)) }
  }

  @Test(arguments: [
    ("a\nreturn\nb\n", "a\n"),
    ("# mine\n\n# why\n[ -z \"$PS1\" ] && return\nb\n", "# mine\n\n"),
    ("a\ncase $- in\n*i*) ;;\n*) return ;;\nesac\nb\n", "a\n"),
    ("f() { return; }\na\n", "f() { return; }\na\n"),
    ("a\ncat <<EOF\nb\n", "a\n"),
    // What does not end would swallow it.
    ("if a\nreturn\n", ""),
    ("a\necho 'b\n", "a\n"),
    ("a\n# why\nx=y\\", "a\n"),
    ("a\nexec zsh\n", "a\n"),
    ("a\nexec 2>&1\n", "a\nexec 2>&1\n"),
    // A line of a text that looks like a comment is none.
    ("x='a\n# b'\nreturn\n", "x='a\n# b'\n"),
    ("f()\n{\n  :\n}\nreturn\n", "f()\n{\n  :\n}\n"),
    ("a\n#THIS MUST BE AT THE END OF THE FILE FOR SDKMAN TO WORK!!!\nb\n", "a\n"),
    ("a\n[ -t 0 ] && # both\n  return\nb\n", "a\n"),
    ("# first\nreturn\n", "# first\n"),
  ])
  func failure20AReturnAbove(text: String, above: String) throws {
    let with = try installed(text)
    #expect(with == above + Self.text + text.dropFirst(above.count))
    #expect(try removed(with) == text)
  }

  @Test(arguments: ["a\r\nb\r\n", "a\r\nb\r\nc\n", "a\r\nb"])
  func failure26CRLF(text: String) throws {
    let with = try installed(text)
    #expect(
      with.utf8.elementsEqual(
        (text + (text.hasSuffix("b") ? "\n" : "")).utf8
          + Array(
            (Self.opening + (text.hasSuffix("b") ? " (the line above had no end)" : "")
              + "\r\n\(Self.line) #\r\n\(Self.closing)\r\n").utf8)))
    #expect(try removed(with).utf8.elementsEqual(text.utf8))
  }

  @Test func failure27AGuardAroundOurLines() throws {
    let guarded = "if x; then\n  \(Self.opening)\n  \(Self.line)\n  \(Self.closing)\nfi\n"
    #expect(try installed(guarded) == guarded)
    let moved = try #require(try RCBlock(.bash, function: "/home/ada/new", home: Self.home))
    let newLine = Self.line.replacing("/.config/ccl-setup/claude-local.bash", with: "/new")
    #expect(
      try installed(guarded, moved)
        == "if x; then\n  \(Self.opening)\n  \(newLine)\n  \(Self.closing)\nfi\n")
    // Taking the lines out would leave an `if` without a body.
    #expect(throws: RCProblem.wrapped(2...4)) { try removed(guarded) }
    #expect(try removed("if x; then\n\(Self.text)  y\nfi\n") == "if x; then\n  y\nfi\n")
    // Between the markers, too.
    let inside = "\(Self.opening)\nif x; then\n\(Self.line)\nfi\n\(Self.closing)\n"
    #expect(try installed(inside) == inside)
    #expect(try installed(inside, moved) == inside.replacing(Self.line, with: newLine))
    #expect(throws: RCProblem.edited(1...5)) { try removed(inside) }
  }

  @Test func anEditedBlockIsItsOwners() throws {
    let edited = "a\n\(Self.opening)\nsomething\n\(Self.closing)\n"
    #expect(throws: RCProblem.edited(2...4)) { try installed(edited) }
    #expect(throws: RCProblem.edited(2...4)) { try removed(edited) }
    // Emptied, it is filled again, and can go.
    let emptied = "a\n\(Self.opening)\n\(Self.closing)\n"
    #expect(try installed(emptied) == "a\n" + Self.text)
    #expect(try removed(emptied) == "a\n")
  }

  /// Lines that end and begin as those of a compound command do, and are none.
  @Test(arguments: [
    "a=$(b)\nfind . && return\nc\n", "f() { a; }\nesac2 && return\n", "eval (a)\ndone-it || exit\n",
  ])
  func whatOnlyLooksLikeACompoundIsNone(text: String) throws {
    let with = try installed(text)
    #expect(with != text + Self.text)
    #expect(try removed(with) == text)
  }

  @Test func aFileOfTwoByteCharactersIsLeftAlone() {
    for big in [true, false] {
      for mark in [[], [0xfeff as UInt16]] {
        let wide = (mark + Array("export A=1\n".utf16)).flatMap { unit in
          big ? [UInt8(unit >> 8), UInt8(unit & 0xff)] : [UInt8(unit & 0xff), UInt8(unit >> 8)]
        }
        #expect(throws: RCProblem.encoding) { try Self.block.installing(in: wide) }
      }
    }
  }

  /// Any file, with and without other tools' blocks, edited around the block: its owner's bytes are all there, and only those.
  @Test func itsOwnersBytesComeBack() throws {
    var random = SplitMix(seed: 4)
    let pieces =
      [
        "a", "\n", "\r\n", "\r", "return\n", "if x; then\n", "fi\n", "\t", "'", "\"", "\\",
        "# >>> other >>>\n",
        "# <<< other <<<\n", "claude-local", "<<E\n", "\u{0}", "é", "{\n", "}\n", "case x in\n",
        "esac\n", "[ x ] && return\n",
        "# c\n", "export A=b\n",
      ].map { Array($0.utf8) } + [[0xff], [0xc3]]
    let moved = try #require(try RCBlock(.bash, function: "/elsewhere", home: Self.home))
    for _ in 0..<2000 {
      let original = (0..<Int.random(in: 0...25, using: &random))
        .flatMap { _ in pieces.randomElement(using: &random)! }
      let once = try Self.block.installing(in: original)
      #expect(try Self.block.installing(in: once.bytes).bytes == once.bytes)
      let again = try moved.installing(in: once.bytes)
      #expect(try Self.block.installing(in: again.bytes).bytes == once.bytes)
      guard case .inserted(let line) = once.change else {
        Issue.record("\(once.change)")
        continue
      }
      let found = try #require(try RCBlock.find(.bash, in: once.bytes))
      #expect(found == line...line + 2)
      do throws(RCProblem) {
        #expect(try RCBlock.removing(.bash, from: again.bytes).bytes == original)
        // Written below by its owner.
        let below = Array("below\n".utf8)
        let endAdded =
          once.bytes.count > original.count + Self.text.utf8.count
          && original.last != 0x0a && !original.isEmpty
        let kept = try RCBlock.removing(.bash, from: again.bytes + below).bytes
        if !endAdded { #expect(kept == original + below) }
        #expect(kept.starts(with: original) && kept.suffix(below.count) == below[...])
      } catch {
        guard case .wrapped = error else { throw error }
      }
    }
  }

  /// Real kinds of lines, up to 10 MB of them: install, install elsewhere, write around it, take out.
  @Test(arguments: [1_000, 100_000, 10_000_000])
  func itsOwnersBytesComeBackFromLongFiles(size: Int) throws {
    var random = SplitMix(seed: UInt64(size))
    let moved = try #require(try RCBlock(.bash, function: "/elsewhere", home: Self.home))
    for ending in ["\n", "\r\n"] {
      var original: [UInt8] = []
      while original.count < size {
        original += (0..<Int.random(in: 0...200, using: &random)).map { _ in
          UInt8.random(in: 0x20...0xff, using: &random)
        }.filter { !"'\"`$(){}<\\".utf8.contains($0) }
        original += Array(ending.utf8)
      }
      if Bool.random(using: &random) { original += Array("no end".utf8) }
      let once = try Self.block.installing(in: original)
      let again = try moved.installing(in: once.bytes)
      #expect(try Self.block.installing(in: again.bytes).bytes == once.bytes)
      #expect(try RCBlock.removing(.bash, from: again.bytes).bytes == original)
      let (above, below) = (Array("above\n".utf8), Array("\nbelow\n".utf8))
      let kept = try RCBlock.removing(.bash, from: above + again.bytes + below).bytes
      #expect(kept.starts(with: above + original) && kept.suffix(below.count) == below[...])
    }
  }

  @Test func aLongFileIsNoProblem() throws {
    let original = Array(repeating: Array("export A='b' # c\r\n".utf8), count: 60_000).flatMap {
      $0
    }
    let with = try Self.block.installing(in: original)
    #expect(try RCBlock.removing(.bash, from: with.bytes).bytes == original)
  }
}
