import Setup
import Support
import SystemPackage
import Testing

struct ConflictTests {
  private static let secret = "sk-ant-api03-DO-NOT-SHOW-0123456789"

  private func conflicts(
    _ variables: [String: String] = [:], _ files: [FilePath: String] = [:],
    platform: Environment.Platform = .linux
  ) async throws -> [Conflict] {
    let base = platform == .macOS ? "macos-bare" : "ubuntu-24.04"
    let scripted = try ScriptedWorld(scenario: fixture(base), variables: variables)
    for (path, text) in files { scripted.file(path, text) }
    let machine = await Machine.detect(in: scripted.world)
    #expect(!"\(machine.conflicts)".contains("DO-NOT-SHOW"), "a secret is shown")
    return machine.conflicts
  }

  @Test(arguments: ClientVariable.all.filter { ![.direct, .folder].contains($0.kind) })
  func `each variable of the table is found in the environment`(_ variable: ClientVariable)
    async throws
  {
    let value =
      switch variable.name {
      case "ENABLE_TOOL_SEARCH", "CLAUDE_CODE_SIMPLE_SYSTEM_PROMPT": "0"
      case "NODE_EXTRA_CA_CERTS": "/no/such.pem"
      default: variable.isSecret ? Self.secret : "1"
      }
    let found = try await conflicts([variable.name: value])
    if variable.name == "CLAUDE_CODE_USE_GATEWAY" {
      #expect(found.isEmpty)
    } else {
      let only = try #require(found.first)
      #expect(found.count == 1)
      #expect(only.variable == variable.name)
      #expect(only.place == .processEnvironment)
      #expect(only.isOvercome)
    }
  }

  @Test(arguments: ["", "0", "false", "no", "2", "False"])
  func `a provider's switch that is off is no conflict`(value: String) async throws {
    #expect(try await conflicts(["CLAUDE_CODE_USE_BEDROCK": value]).isEmpty)
  }

  @Test(arguments: [
    ("", true), ("localhost", true), ("127.0.0.1", false), ("localhost,127.0.0.1", false),
    ("*", false), ("127.0.0.0/8", false), ("10.0.0.0/8, .corp", true),
  ])
  func `a proxy takes loopback unless NO_PROXY names it`(noProxy: String, isConflict: Bool)
    async throws
  {
    let found = try await conflicts([
      "HTTPS_PROXY": "http://ada:DO-NOT-SHOW@proxy:3128", "NO_PROXY": noProxy,
    ])
    #expect(found.map(\.variable) == (isConflict ? ["HTTPS_PROXY"] : []))
    if isConflict { #expect(found.first?.shown == "http://(hidden)@proxy:3128") }
  }

  @Test(arguments: [
    ("http://127.0.0.1:11434/v1", "/v1/v1/messages"), ("http://127.0.0.1:11434/v1/", "/v1/v1"),
    ("http://127.0.0.1:11434/v1/messages", "appends /v1/messages"),
    ("127.0.0.1:11434", "Without http://"), ("https://127.0.0.1:11434", "speaks http"),
    ("http://127.0.0.1:11434", "instead of Anthropic's"),
  ])
  func `a base URL's fault is named`(url: String, words: String) async throws {
    let found = try await conflicts(["ANTHROPIC_BASE_URL": url])
    #expect(found.first?.consequence.contains(words) == true)
  }

  @Test func `start-up files are read with file and line, comments and unset are understood`()
    async throws
  {
    let found = try await conflicts(
      [:],
      [
        "/home/ada/.bashrc": """
        # export ANTHROPIC_API_KEY=sk-ant-comment
        export ANTHROPIC_BASE_URL="http://127.0.0.1:11434/v1" ANTHROPIC_MODEL=qwen3
        if [ -n "$PS1" ]; then export ANTHROPIC_AUTH_TOKEN='\(Self.secret)'; fi
        cat <<EOF
        export CLAUDE_CODE_USE_BEDROCK=1
        EOF
        CLAUDE_CODE_USE_VERTEX=1 some-command
        export ANTHROPIC_BETAS=x
        unset ANTHROPIC_BETAS
        alias claude='ANTHROPIC_API_KEY=\(Self.secret) claude --model opus'
        """,
        "/home/ada/.config/fish/config.fish": """
        set -gx CLAUDE_CODE_USE_VERTEX 1
        set -x ANTHROPIC_CUSTOM_HEADERS "x-team: \(Self.secret)"
        set -e ANTHROPIC_CUSTOM_HEADERS
        function claude-local; echo mine; end
        """,
        "/home/ada/.config/fish/fish_variables":
          "# VERSION: 3.0\nSETUVAR --export ANTHROPIC_API_KEY:sk\\x2dant\\x2dDO-NOT-SHOW\n",
        "/home/ada/.config/environment.d/10-claude.conf": "CLAUDE_CODE_USE_FOUNDRY=1\n",
        "/etc/environment": "PATH=\"/usr/bin\"\nhttp_proxy=http://proxy:3128\n",
      ])
    let seen = found.map { "\($0.variable) \($0.placeWords)\($0.isOvercome ? "" : "!")" }
    let expected = [
      "ANTHROPIC_BASE_URL /home/ada/.bashrc, line 2", "ANTHROPIC_MODEL /home/ada/.bashrc, line 2",
      "ANTHROPIC_AUTH_TOKEN /home/ada/.bashrc, line 3", "claude /home/ada/.bashrc, line 10",
      "CLAUDE_CODE_USE_VERTEX /home/ada/.config/fish/config.fish, line 1",
      "claude-local /home/ada/.config/fish/config.fish, line 4!",
      "ANTHROPIC_API_KEY /home/ada/.config/fish/fish_variables, line 2",
      "CLAUDE_CODE_USE_FOUNDRY /home/ada/.config/environment.d/10-claude.conf, line 1",
      "http_proxy /etc/environment, line 2",
    ]
    #expect(seen == expected)
  }

  @Test(arguments: [Environment.Platform.linux, .macOS])
  func `only what is managed cannot be overcome`(platform: Environment.Platform) async throws {
    let isMac = platform == .macOS
    let managed: FilePath =
      isMac ? "/Library/Application Support/ClaudeCode" : "/etc/claude-code"
    let user: FilePath = isMac ? "/Users/ada/.claude" : "/home/ada/.claude"
    let settings = """
      {"env": {"CLAUDE_CODE_USE_BEDROCK": "1", "ANTHROPIC_API_KEY": "\(Self.secret)"},
       "model": "opus", "availableModels": ["sonnet"], "forceLoginMethod": "claudeai",
       "apiKeyHelper": "/bin/helper --token \(Self.secret)"}
      """
    let found = try await conflicts(
      [:],
      [
        managed.appending("managed-settings.json"): settings,
        managed.appending("managed-settings.d").appending("10.json"): #"{"model": "opus"}"#,
        user.appending("settings.json"): settings,
      ], platform: platform)
    func standing(_ layer: Conflict.SettingsLayer) -> Set<String> {
      Set(
        found.filter {
          guard case .settings(_, layer, _) = $0.place else { return false }
          return !$0.isOvercome
        }.map(\.variable))
    }
    #expect(standing(.user).isEmpty)
    #expect(
      standing(.managed) == [
        "CLAUDE_CODE_USE_BEDROCK", "ANTHROPIC_API_KEY", "forceLoginMethod", "apiKeyHelper",
      ])
    // Every tier is ours: all four clients were measured to send our model in spite of the list.
    #expect(found.contains { $0.variable == "availableModels" && $0.isOvercome })
    #expect(found.count { $0.variable == "model" } == 3)
  }

  @Test(arguments: [
    ("{\n  \"env\": {},\n}", "line 3: a comma before }"),
    ("", "line 1: the text ends where a value is expected"),
    ("[]", "the document is not an object"), ("{\"env\": 1}", "env is not an object"),
    ("{\"model\": \"a\"} x", "line 1: something follows the value"),
    (#"{"permissions": {"allow": "x"}}"#, "permissions.allow is not a list"),
    (#"{"permissions": []}"#, "permissions is not an object"),
    (#"{"apiKeyHelper": 1}"#, "apiKeyHelper is not a text"),
  ])
  func `a settings file that is no JSON is a conflict of its own`(text: String, reason: String)
    async throws
  {
    let found = try await conflicts([:], ["/home/ada/.claude/settings.json": text])
    #expect(found.map(\.shown).last == reason)
    #expect(found.last?.isOvercome == false)
    #expect(found.last?.remedy != nil)
  }

  /// A list of a project, or of the administrator's, beats the one of the process; the person's own is repeated by us.
  @Test(arguments: [
    ("/home/ada/.claude.json", "no_proxy", true),
    ("/home/ada/.claude/settings.json", "no_proxy", false),
    ("/etc/claude-code/managed-settings.json", "no_proxy", true),
    ("/etc/claude-code/managed-settings.json", "NO_PROXY", true),
    ("/home/ada/.claude.json", "NO_PROXY", false),
  ])
  func `a list of exceptions that nothing of ours beats is named`(
    path: String, name: String, stands: Bool
  ) async throws {
    for list in ["corp", "corp,127.0.0.1"] {
      let found = try await conflicts(
        ["HTTPS_PROXY": "http://proxy:1"], [FilePath(path): #"{"env": {"\#(name)": "\#(list)"}}"#])
      let standing = found.first { $0.variable == name }
      #expect((standing?.isOvercome == false) == (stands && list == "corp"))
    }
  }

  @Test func `what the client remembers can send it elsewhere, too`() async throws {
    let found = try await conflicts(
      [:], ["/home/ada/.claude.json": #"{"env": {"ANTHROPIC_UNIX_SOCKET": "/x"}, "model": "opus"}"#]
    )
    #expect(found.map(\.variable) == ["ANTHROPIC_UNIX_SOCKET"])
    #expect(found.first?.placeWords == "/home/ada/.claude.json, env.ANTHROPIC_UNIX_SOCKET")
    #expect(found.first?.isOvercome == true)
  }

  @Test func `files that a start-up file reads by name are read`() async throws {
    let found = try await conflicts(
      [:],
      [
        "/home/ada/.bashrc": """
        [ -f ~/.work_env ] && . ~/.work_env
        source "$HOME/more env"
        . "$NOWHERE/x"; . /no/such; . /home/ada
        """,
        "/home/ada/.work_env": "# mine\nexport ANTHROPIC_BASE_URL=http://a\n. ~/.third",
        "/home/ada/more env": "export ANTHROPIC_MODEL=m\n",
        "/home/ada/.third": "export ANTHROPIC_BETAS=x\n",
      ])
    #expect(
      found.map { "\($0.variable) \($0.placeWords)" } == [
        "ANTHROPIC_BASE_URL /home/ada/.work_env, line 2",
        "ANTHROPIC_MODEL /home/ada/more env, line 1",
      ])
  }
}
