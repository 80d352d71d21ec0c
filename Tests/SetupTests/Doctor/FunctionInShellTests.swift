import Testing

@testable import Setup

/// What bash, zsh and fish say of the word `claude-local`, as they said it.
struct FunctionInShellTests {
  @Test(arguments: [
    (Shell.bash, "function\nclaude-local 9 /h/.config/x y/f.bash", "/h/.config/x y/f.bash"),
    (.zsh, "claude-local: function\nclaude-local is a shell function from /h/f.zsh", "/h/f.zsh"),
    (
      .fish, "function\n/h/.config/fish/functions/claude-local.fish",
      "/h/.config/fish/functions/claude-local.fish"
    ),
    (.zsh, "claude-local: function", ""),
  ])
  func aFunctionIsToldWithItsFile(shell: Shell, words: String, file: String) {
    let answer = "a greeting\n--- claude-local ---\n" + words + "\n"
    #expect(FunctionInShell(shell, answer: answer) == .function(file: file))
  }

  @Test(arguments: [
    (Shell.bash, "alias\n", FunctionInShell.alias), (.bash, "", .unknown),
    (.bash, "file", .unknown),
    (.zsh, "claude-local: alias\nclaude-local is an alias for x", .alias),
    (.zsh, "claude-local: none\nclaude-local not found", .unknown), (.fish, "n/a", .unknown),
  ])
  func anythingElseIsNoFunction(shell: Shell, words: String, expected: FunctionInShell) {
    #expect(FunctionInShell(shell, answer: "--- claude-local ---\n" + words) == expected)
  }

  @Test(arguments: Shell.allCases)
  func aShellThatEndsBeforeItsAnswerIsNoAnswer(shell: Shell) {
    #expect(
      FunctionInShell(shell, answer: "function\n") == .unanswered("it ended before it answered"))
  }
}
