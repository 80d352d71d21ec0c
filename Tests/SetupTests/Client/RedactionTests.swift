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

  @Test(arguments: [
    (
      "export PATH=$HOME/bin:$PATH # the token of it",
      "export PATH=$HOME/bin:$PATH # the token of it"
    ),
    ("export DB_PASSWORD=hunter2", "export DB_PASSWORD=(hidden)"),
    ("  export A_TOKEN='one two' B=1", "  export A_TOKEN=(hidden)"),
    ("set -gx ANTHROPIC_API_KEY one two", "set -gx ANTHROPIC_API_KEY (hidden)"),
    (#"  "primaryApiKey": "hunter2","#, #"  "primaryApiKey": (hidden)"#),
    (#"{"a":1,"id":"sk-ant-api03-0123456789"}"#, "(hidden)"),
    (#"{"a":1,"primaryApiKey":"hunter2"}"#, "(hidden)"),
    (#"{"a":1,"keys":"hunter2"}"#, #"{"a":1,"keys":"hunter2"}"#),
    (
      "ANTHROPIC_AUTH_TOKEN=ollama A_KEY=$B C_SECRET= d",
      "ANTHROPIC_AUTH_TOKEN=ollama A_KEY=$B C_SECRET= d"
    ),
    ("curl -H ghp_0123456789abcdef", "curl -H (hidden)"),
  ])
  func `a diff shows no secret`(line: String, shown: String) {
    #expect(withoutSecrets(line: line) == shown)
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
