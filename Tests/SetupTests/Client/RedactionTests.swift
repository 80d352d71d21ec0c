import Setup
import Testing

struct RedactionTests {
  @Test(arguments: [
    ("qwen3-coder:30b", "qwen3-coder:30b"),
    ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1"),
    ("http://ada:pa@ss@proxy:3128/x", "http://(hidden)@proxy:3128/x"),
    ("https://host/p?token=abc", "https://host/p?(hidden)"),
    ("sk-ant-api03-0123456789abcdef", "(hidden)"),
    ("/bin/helper --token abc", "/bin/helper --token (hidden)"),
    ("Authorization: Bearer abc", "Authorization: (hidden) (hidden)"),
    ("KEY=ghp_0123456789abcdef claude", "(hidden) claude"),
    ("0123456789abcdef0123456789abcdef", "(hidden)"), ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
  ])
  func `what may be secret is not shown`(value: String, shown: String) {
    #expect(redacted(value) == shown)
  }

  @Test(arguments: ClientVariable.all.filter(\.isSecret))
  func `a secret variable shows nothing of its value, not even its length`(
    _ variable: ClientVariable
  ) {
    for value in ["x", "ollama", "x-team: DO-NOT-SHOW\nAuthorization: DO-NOT-SHOW"] {
      let shown = variable.shown(value)
      #expect(!shown.contains("ollama") && !shown.contains("DO-NOT-SHOW"))
    }
    #expect(variable.shown("") == "(empty)")
  }

  @Test func `of headers the names are shown`() throws {
    let variable = try #require(ClientVariable.named("ANTHROPIC_CUSTOM_HEADERS"))
    #expect(
      variable.shown("x-a: 1\nAuthorization: Bearer y") == "x-a: (hidden), Authorization: (hidden)")
  }
}
