import Support
import SystemPackage
import Testing

@testable import Setup

@Suite("Report: words for a person")
struct ReportTests {
  @Test(
    "Foreign words can neither move the cursor nor turn the line round",
    arguments: [
      ("plain, ünïcode, 日本語, 👩‍👩‍👧", "plain, ünïcode, 日本語, 👩‍👩‍👧"),
      ("\u{1b}[2J\u{1b}]0;title\u{7}", "\\u{1b}[2J\\u{1b}]0;title\\u{7}"),
      ("a\rb", "a\\u{d}b"), ("a\u{8}b\u{7f}", "a\\u{8}b\\u{7f}"), ("\u{9b}31m", "\\u{9b}31m"),
      ("a\u{202e}b\u{2066}c", "a\\u{202e}b\\u{2066}c"), ("line\n\ttab", "line\n\ttab"),
      ("\u{0}", "\\u{0}"), ("a\r\nb", "a\\u{d}\nb"),
      ("\u{200e}\u{200f}\u{061c}", "\\u{200e}\\u{200f}\\u{61c}"),
      ("a\u{2028}b\u{2029}c", "a\\u{2028}b\\u{2029}c"),
    ])
  func harmless(foreign: String, shown: String) {
    #expect(printable(foreign) == shown)
    #expect(printable(shown) == shown)
  }

  // A real shell is asked what it understands.
  @Test("A command line typed into a POSIX shell is the call itself")
  func commandLine() async throws {
    let words = [
      "plain", "", "two words", "it's", "\"quoted\"", "$HOME", "`id`", "a;b|c&d", "*?[a]", "~",
      "-n", "new\nline", "back\\slash", "ünï", "#no", "!x", "a=b", "{a,b}", "'", "''", "\t",
    ]
    for shell in ["sh", "bash"] {
      let call = Invocation("printf", ["%s\\0"] + words)
      let result = try await Invocation.clean(shell, ["-c", call.commandLine]).run()
      #expect(
        result.standardOutput == words.flatMap { Array($0.utf8) + [0] }, "\(call.commandLine)")
    }
  }

  @Test("So are its variables and its folder")
  func commandLineAround() async throws {
    let folder = try TemporaryFolder.make("it's a folder")
    let call = Invocation(
      "sh", ["-c", "printf '%s|%s|%s|' \"$A\" \"${B-unset}\" \"${C-unset}\"; pwd"],
      environment: ["A": "it's $HOME"], without: ["C", "B"], folder: folder)
    let result = try await Invocation.clean(
      "sh", ["-c", call.commandLine], environment: ["B": "b", "C": "c"]
    ).run()
    #expect(result.output == "it's $HOME|unset|unset|\(folder)")
    let empty = Invocation("/usr/bin/env", [], environment: ["A": "1"], without: ["*"])
    let all = try await Invocation.clean(
      "sh", ["-c", empty.commandLine], environment: ["B": "b"]
    ).run()
    #expect(all.output == "A=1")
  }

  @Test(
    "Versions are found in what programs print",
    arguments: [
      ("Docker version 28.2.2, build e6534b4", "28.2.2"), ("v0.14.3-rc1", "0.14.3-rc1"),
      ("ollama version is 0.32.15", "0.32.15"), ("2.1.330 (Claude Code)", "2.1.330"),
      ("1.2.3+build.5", "1.2.3"), ("none at all", nil), ("7", nil), ("", nil), ("a.b.c", nil),
      ("Docker Compose version v2.40.3-desktop.1", "2.40.3-desktop.1"),
    ] as [(String, String?)])
  func versions(text: String, version: String?) {
    #expect(Version(text)?.description == version)
  }

  @Test("Versions are ordered as semantic versions are")
  func order() throws {
    let ordered = [
      "0.9.9", "0.14.0-rc1", "0.14.0-rc2", "0.14.0", "0.14.1", "0.32.15", "1.0",
      "1.0.1", "1.10", "10.0",
    ]
    let versions = try ordered.map { try #require(Version($0)) }
    for (index, version) in versions.enumerated() {
      for later in versions[(index + 1)...] {
        #expect(version < later, "\(version) \(later)")
        #expect(!(later < version), "\(version) \(later)")
      }
      #expect(!(version < version))
    }
  }

  @Test(
    "Bytes",
    arguments: [
      (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_400_000_000, "1.4 GB"),
      (23_000_000, "23.0 MB"), (99_400_000, "99.4 MB"), (99_600_000, "100 MB"), (999_499, "999 kB"),
      (999_500, "1.0 MB"),
      (UInt64.max, "18446744 TB"),
    ] as [(UInt64, String)])
  func bytes(bytes: UInt64, words: String) {
    #expect(ByteCount(bytes).inWords == words)
  }

  @Test("A negative count is none, and memory is counted in powers of two")
  func memory() {
    #expect(ByteCount(-5).inWords == "0 B")
    #expect(ByteCount(UInt64(26_091_929_600)).inMemoryWords == "24.3 GiB")
  }

  @Test(
    "Durations",
    arguments: [
      (Duration.zero, "0 s"), (.milliseconds(200), "0.2 s"), (.milliseconds(9949), "9.9 s"),
      (.milliseconds(9950), "10 s"), (.seconds(12), "12 s"), (.milliseconds(59_600), "1 min"),
      (.seconds(185), "3 min 5 s"), (.seconds(3600), "1 h 0 min"),
      (.milliseconds(3_599_700), "1 h 0 min"), (.seconds(7800), "2 h 10 min"),
    ])
  func durations(duration: Duration, words: String) {
    #expect(duration.inWords == words)
  }

  @Test(arguments: [(65_536, "64k"), (32_768, "32k"), (40_000, "40000"), (512, "512")])
  func contexts(tokens: Int, words: String) throws {
    #expect(contextInWords(tokens) == words)
    #expect(try ContextSize(words).tokens == tokens)
  }

  @Test("Text keeps its meaning")
  func text() {
    let text: Text = "run \(command: "a b") in \(path: "/x") \(5)\("!", .warning)"
    #expect(text.plain == "run a b in /x 5!")
    #expect(text.spans.map(\.role) == [.plain, .command, .plain, .path, .plain, .plain, .warning])
    #expect(Text("").spans.isEmpty)
    #expect((Text("a", .good) + "b").plain == "ab")
  }
}
