import Setup
import Support
import SystemPackage
import Testing

/// Plain `claude` sends what it always sent, to where it always sent it: before and after the setup, in the shells that
/// the setup has written to; and beside it `claude-local` reaches the local model.
@Suite(
  .requires(
    .namespace, .superuser, .busybox, .program("bash"), .program("zsh"), .claude(.a), .claude(.b),
    .claude(.c), .claude(.d)), .timeLimit(.minutes(5)))
struct PlainClaudeTests {
  /// How somebody uses Claude Code before they meet this program. `PORT` is that of a server that records.
  enum Kind: String, Sendable, CaseIterable {
    case fresh, subscription, bedrock, corporateProxy, settingsFile, tutorial

    var files: [String: TemporaryHome.Entry] {
      switch self {
      case .fresh, .corporateProxy: [:]
      case .subscription:
        [
          ".claude/.credentials.json": .file(
            #"{"claudeAiOauth":{"accessToken":"sk-ant-oat01-s","refreshToken":"r","expiresAt":9999999999999,"scopes":["user:inference"],"subscriptionType":"max"}}"#,
            mode: 0o600), ".claude.json": #"{"hasCompletedOnboarding": true}"#,
        ]
      case .bedrock: [".claude/settings.json": #"{"env": {"CLAUDE_CODE_USE_BEDROCK": "1"}}"#]
      case .settingsFile:
        [
          ".claude/settings.json":
            #"{"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:PORT", "ANTHROPIC_AUTH_TOKEN": "theirs"}}"#
        ]
      case .tutorial:
        [
          ".bashrc":
            "export ANTHROPIC_BASE_URL=http://127.0.0.1:PORT\nexport ANTHROPIC_API_KEY=sk-ant-api03-x\n"
        ]
      }
    }

    func environment(port: String) -> [String: String] {
      switch self {
      case .fresh, .settingsFile, .tutorial: [:]
      // As in a company that inspects what leaves it: the address is that of its gateway.
      case .subscription: ["ANTHROPIC_BASE_URL": "http://127.0.0.1:\(port)"]
      case .bedrock:
        [
          "AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIAX", "AWS_SECRET_ACCESS_KEY": "x",
          "ANTHROPIC_BEDROCK_BASE_URL": "http://127.0.0.1:\(port)",
        ]
      case .corporateProxy:
        ["HTTPS_PROXY": "http://127.0.0.1:\(port)", "ANTHROPIC_API_KEY": "sk-ant-api03-x"]
      }
    }
  }

  /// Every kind for the newest client; for the others those in which their requests can be read to the last byte.
  static let cases =
    Kind.allCases.map { (ClaudeVersion.a, $0) }
    + [ClaudeVersion.b, .c, .d].flatMap { version in
      [Kind.subscription, .settingsFile, .tutorial].map { (version, $0) }
    }

  @Test(arguments: cases)
  func isUnchanged(version: ClaudeVersion, kind: Kind) async throws {
    try await Person.alone([.client(version), .ollama]) { person in
      let (socket, number) = try person.network.listeningSocket()
      let listener = try await RecordingListener(socket: socket)
      let port = "\(number)"
      for (name, entry) in kind.files {
        guard case .file(let bytes, let mode) = entry else { continue }
        let text = String(decoding: bytes, as: UTF8.self).replacing("PORT", with: port)
        try person.home.put(.file(text, mode: mode), at: name)
      }
      person.environment.merge(kind.environment(port: port)) { $1 }
      person.environment["CLAUDE_CODE_MAX_RETRIES"] = "0"
      // What the client notes down at its first start is there in each of those that are compared.
      _ = try await said(by: person, listener)
      let before = try await said(by: person, listener)
      let made = try await person.setup(
        "--yes", "--no-verify", "--engine", "native", "--model", "qwen3:1.7b", "--context", "32k")
      try #require(made.code == 0, "\(made.output)\n\(made.error)")
      let after = try await said(by: person, listener)
      #expect(after == before)
      if kind != .fresh { #expect(!before.requests.isEmpty, "nothing was compared") }

      let earlier = try person.served().count
      let local = try await person.run(
        "zsh", "-i", "-c", "claude-local -p 'Reply with the word pong'")
      #expect(local.code == 0 && local.output.contains("pong"), "\(local.output)\n\(local.error)")
      // 2.1.1 warms up agents beside its prompt, which are done before it or after.
      #expect(try person.served().dropFirst(earlier).contains(where: \.isOfTheClient))
      try await listener.end()
    }
  }

  /// One run of plain `claude` in a fresh shell: what it printed, and every request, without what differs in each.
  private struct Run: Equatable {
    var code: Int32
    var words: String
    var requests: Set<String>
  }

  private func said(by person: Person, _ listener: RecordingListener) async throws -> Run {
    let first = listener.requests.count
    let result = try await person.run("bash", "-i", "-c", "claude -p hi")
    // Telemetry comes and goes with the clock.
    let kept = listener.requests[first...].filter { !$0.path.contains("event_logging") }
    let requests = kept.map { request in
      let headers = request.headers.map { "\($0.name.lowercased()): \($0.value)" }
        .filter { header in !Self.volatile.contains { header.hasPrefix($0) } }.sorted()
      return
        ([request.method + " " + request.path] + headers
        + [String(decoding: request.body, as: UTF8.self)]).joined(separator: "\n")
    }
    // In whatever order they came, and however often an address that refuses was tried.
    return Run(
      code: result.code, words: settled(result.output + result.error),
      requests: Set(requests.map(settled)))
  }

  /// Signed with the time, or counted.
  private static let volatile = [
    "x-amz-date", "authorization: AWS4", "amz-sdk-invocation-id", "x-amz-content-sha256",
    "content-length", "x-client-request-id",
  ]

  /// Without identities of sessions and machines, and the header that changes with every request.
  private func settled(_ text: String) -> String {
    text.replacing(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/, with: "UUID")
      .replacing(/cch=[0-9a-f]+/, with: "cch=")
  }
}
