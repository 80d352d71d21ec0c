import Testing

@testable import Setup

struct RedactionTests {
  @Test(arguments: [
    ("qwen3-coder:30b", "qwen3-coder:30b"),
    ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1"),
    ("http://ada:pa@ss@proxy:3128/x", "http://(hidden)@proxy:3128/x"),
    ("https://host/p?token=abc", "https://host/p?(hidden)"),
    ("http://gw.corp/k/s3cr3t/v1", "http://gw.corp/k/(hidden)/v1"),
    ("http://me:s3/cr?3t@proxy:1", "http://(hidden)"),
    ("me:s3cr3t@proxy:3128", "(hidden)@proxy:3128"),
    ("git@host:team/repo", "git@host:team/repo"),
    ("unix:///run/docker.sock", "unix:///run/docker.sock"),
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
    ("export HTTPS_PROXY=me:s3cr3t@proxy:3128", "export HTTPS_PROXY=(hidden)@proxy:3128"),
    ("export X='Authorization: Bearer s3cr3t'", "export X='Authorization: Bearer (hidden)"),
    (
      "alias claude='ANTHROPIC_API_KEY=s3cr3t claude --x s3cr3t'",
      "alias claude='ANTHROPIC_API_KEY=(hidden)"
    ),
    ("export MY_PAT=s3cr3t DB_PASS=s3cr3t", "export MY_PAT=(hidden)"),
    ("export CLAUDE_CODE_MAX_OUTPUT_TOKENS='8192'", "export CLAUDE_CODE_MAX_OUTPUT_TOKENS='8192'"),
    ("X=http://me:a/b:c@proxy:1", "X=http://(hidden)@proxy:1"),
    ("X=me:a/b:c@proxy", "X=(hidden)@proxy"),
  ])
  func `a diff shows no secret`(line: String, shown: String) {
    #expect(withoutSecrets(line: line) == shown)
  }

  @Test(arguments: [
    ("CLAUDE_CODE_ENABLE_TELEMETRY", "1", "1"), ("BASH_DEFAULT_TIMEOUT_MS", "120000", "120000"),
    ("DISABLE_AUTOUPDATER", "True", "True"), ("X", "", "(empty)"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318", "http://127.0.0.1:4318"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.corp/s3cr3t", "(hidden)"),
    ("CLAUDE_CODE_CLIENT_CERT", "/etc/ssl/client.pem", "/etc/ssl/client.pem"),
    ("AWS_BEARER_TOKEN_BEDROCK", "ABSKs3cr3t+x/y=", "(hidden)"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer s3cr3t", "(hidden)"),
    ("CLAUDE_CODE_CLIENT_KEY_PASSPHRASE", "1234", "(hidden)"), ("MY_PAT", "1234", "(hidden)"),
    ("DB_PASS", "1234", "(hidden)"), ("DB", "s3cr3t", "(hidden)"), ("X", "12345678", "(hidden)"),
    ("X", "/bPxRfiCYEXAMPLEKEYwJalrXUtnFEMIK7MDENG", "(hidden)"),
  ])
  func `a variable of unknown meaning shows what is harmless only`(
    name: String, value: String, shown: String
  ) {
    #expect(redacted(valueOf: name, value) == shown)
  }

  @Test(arguments: [
    ("/bin/echo s3cr3t", "/bin/echo (hidden)"),
    ("/bin/helper --token abc x", "/bin/helper --token (hidden)"),
    ("API_KEY=s3cr3t claude --x s3cr3t", "API_KEY=(hidden) claude --x (hidden)"),
    ("API_KEY='s3 cr3t' claude", "API_KEY=(hidden)"),
    ("claude --key=s3cr3t -p", "claude --key=(hidden) -p"),
    ("$(pass s3cr3t) x", "(hidden)"), ("mysql -ps3cr3t", "mysql (hidden)"), ("claude", "claude"),
  ])
  func `of a command its program and the names of its options are shown`(
    command: String, shown: String
  ) {
    #expect(redacted(command: command) == shown)
  }

  @Test(arguments: [
    ("HTTPS_PROXY", "me:s3cr3t@proxy:3128", "(hidden)@proxy:3128"),
    ("HTTPS_PROXY", "s3cr3t@proxy:3128", "(hidden)@proxy:3128"),
    ("ANTHROPIC_BASE_URL", "gw.corp/s3cr3t/v1", "gw.corp/(hidden)/v1"),
    ("CLAUDE_CODE_USE_BEDROCK", "1", "1"), ("CLAUDE_CODE_USE_BEDROCK", "s3cr3t", "(hidden)"),
  ])
  func `a known variable shows what its kind may hold`(name: String, value: String, shown: String)
    throws
  {
    #expect(try #require(ClientVariable.named(name)).shown(value) == shown)
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
