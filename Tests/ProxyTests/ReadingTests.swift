import CScan
import NIOCore
import Testing

@testable import Proxy

/// The parts that read and write without a connection.
@Suite struct ReadingTests {
  @Test(
    "Keys are found by the beginnings that their makers gave them",
    arguments: [
      ("x sk-ant-api03-AAAAAAAAAAAAAAAAAAAA y", "x [redacted] y"),
      ("\\nsk-ant-api03-AAAAAAAAAAAAAAAAAAAA", "\\n[redacted]"),
      ("a sk-proj-AAAAAAAAAAAAAAAAAAAA\",", "a [redacted]\","),
      ("risk-management-of-everything-here", "risk-management-of-everything-here"),
      ("disk-AAAAAAAAAAAAAAAAAAAAAAAAAA", "disk-AAAAAAAAAAAAAAAAAAAAAAAAAA"),
      ("ghp_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA!", "[redacted]!"),
      ("github_pat_11AAAAAAAAAAAAAAAAAAAA_x", "[redacted]"),
      ("hf_AAAAAAAAAAAAAAAAAAAAAAAAAAAA and shelf_life", "[redacted] and shelf_life"),
      ("AKIAIOSFODNN7EXAMPLE ", "[redacted] "),
      ("AIzaSyA-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.", "[redacted]."),
      ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl ok", "[redacted] ok"),
      ("eyJhbGciOiJIUzI1NiJ9 alone is no token", "eyJhbGciOiJIUzI1NiJ9 alone is no token"),
      ("-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA", "[redacted]-----END RSA"),
      ("-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----"),
      ("two sk-AAAAAAAAAAAAAAAAAAAA sk-BBBBBBBBBBBBBBBBBBBB", "two [redacted] [redacted]"),
      ("sk-", "sk-"), ("", ""),
      ("Bearer 0123456789abcdef.ghi!", "Bearer [redacted]!"),
      ("-H 'Authorization: Bearer abc123abc123'", "-H 'Authorization: Bearer [redacted]'"),
      ("authorization: Basic dXNlcjpwYXNzMQ==", "authorization: Basic [redacted]"),
      (#"{"authorization":"token abcdef123456"}"#, #"{"authorization":"token [redacted]"}"#),
      (#"{"access_token":"ya29.a0AfH6SMBx","x":1}"#, #"{"access_token":"[redacted]","x":1}"#),
      (#"{\"refresh_token\": \"1//0gabcdefgh\"}"#, #"{\"refresh_token\": \"[redacted]\"}"#),
      ("export ANTHROPIC_API_KEY=abcdefgh1234 next", "export ANTHROPIC_API_KEY=[redacted] next"),
      ("x-api-key: 1234567890abcdef\n", "x-api-key: [redacted]\n"),
      ("client_secret='q1w2e3r4t5y6'", "client_secret='[redacted]'"),
      ("npm_0123456789012345678901234567890123456789", "[redacted]"),
      (
        #""input_tokens":1234567890123,"max_tokens":1"#,
        #""input_tokens":1234567890123,"max_tokens":1"#
      ),
      (
        "the bearer of this letter, a Bearer of news", "the bearer of this letter, a Bearer of news"
      ),
      ("api_key = settings.the_key_of_the_api", "api_key = settings.the_key_of_the_api"),
      ("authorization is organization-wide: see 4", "authorization is organization-wide: see 4"),
    ])
  func secrets(_ text: String, _ clean: String) {
    #expect(withoutSecrets(text) == clean)
  }

  @Test(
    "A value is known by its name, in JSON, in a shell, in a header, in a URL",
    arguments: [
      (#"{"password":"hunter2!","x":1}"#, #"{"password":"[redacted]","x":1}"#),
      (#"{"secret" : "always"}"#, #"{"secret" : "[redacted]"}"#),
      (#"{"apiKey":"abcdefgh"}"#, #"{"apiKey":"[redacted]"}"#),
      (#"{"api_key":"abcdefgh"}"#, #"{"api_key":"[redacted]"}"#),
      (#"{"clientSecret":"ab\"cd"}"#, #"{"clientSecret":"[redacted]"}"#),
      (#"{"accessToken":"abcd.efgh"}"#, #"{"accessToken":"[redacted]"}"#),
      (#"{"token":"0123456789abcdef"}"#, #"{"token":"[redacted]"}"#),
      (#"{"key":"AbCdEfGhIjKlMn0123"}"#, #"{"key":"[redacted]"}"#),
      (#"{\"password\": \"hunter2\", \"x\": 1}"#, #"{\"password\": \"[redacted]\", \"x\": 1}"#),
      (#"{\"password\":\"a\\\"b7c\"}"#, #"{\"password\":\"[redacted]\"}"#),
      ("export PASSWORD=correcthorse\nls", "export PASSWORD=[redacted]\nls"),
      ("DB_PASSWORD=p@ss/w:rd ./run", "DB_PASSWORD=[redacted] ./run"),
      ("password: hunter2", "password: [redacted]"),
      ("'password' => 'hunter2'", "'password' => '[redacted]'"),
      (#"secret := "abcdef""#, #"secret := "[redacted]""#),
      ("authorization: Basic dXNlcjpwYXNz", "authorization: Basic [redacted]"),
      ("GET /x?api_key=abc123def&y=1", "GET /x?api_key=[redacted]&y=1"),
      ("postgres://user:pa55@db/x", "postgres://user:[redacted]@db/x"),
      ("redis://:hunter@h:6379", "redis://:[redacted]@h:6379"),
      ("gsk_AAAAAAAAAAAAAAAAAAAAAAAA", "[redacted]"),
      ("xai-AAAAAAAAAAAAAAAAAAAAAAAA", "[redacted]"),
      ("pypi-AgEIcHlwaS5vcmcAAAAAAAAAAAAAAAAAAAAAA", "[redacted]"),
      ("dop_v1_0123456789abcdef0123456789abcdef", "[redacted]"),
      (
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQ\n-----END PGP",
        "[redacted]-----END PGP"
      ),
    ])
  func named(_ text: String, _ clean: String) {
    #expect(withoutSecrets(text) == clean)
    #expect(withoutSecrets(clean) == clean)
  }

  @Test(
    "Prose, programs and the client's own counters stay as they are",
    arguments: [
      #""max_tokens":32000,"input_tokens":1234567,"token":123456789012345678,"key":1234567890123456789"#,
      #"{"password":{"type":"string"},"secret":"","token":"invalid","key":"Enter"}"#,
      #"{"password":"The password of the user"}"#, #"{"api_key":"<your key>","secret":"$SECRET"}"#,
      "The password: what you typed before. The key: 3 of them. A token: the monkey: one.",
      "password = getpass.getpass() ; token = tokenizer2.encode_this(text)",
      "login(user=user, password=password)", "key=lambda pair: pair[1]", "PASSWORD=$(cat file)",
      "PASSWORD=\"$1\"", "password: string; secret: Optional[str] = None",
      "http://127.0.0.1:4000/x@y and http://localhost:11434", "https://user:$PASS@host/",
      "mail:a@b.example", "key: user-profile-2", "sort(key=by_name)", "if key == other_key:",
    ])
  func noSecrets(_ text: String) {
    #expect(withoutSecrets(text) == text)
  }

  @Test("A key is found wherever a body is parted", arguments: [false, true])
  func partedSecrets(_ narrowly: Bool) {
    ccl_walk_narrowly(narrowly)
    defer { ccl_walk_narrowly(false) }
    let secrets = [
      "sk-ant-oat01-" + String(repeating: "k9", count: 30),
      "Bearer " + String(repeating: "t7", count: 20),
    ]
    for (round, filler) in [0, 3, 31, 62, 63, 64, 65, 80, 130].enumerated() {
      let key = secrets[round % 2]
      let clear =
        "é\(String(repeating: "word ", count: 900)) \(String(repeating: ".", count: filler))"
      let text = (0..<40).map { _ in "\(clear) \(key) " }.joined()
      var bytes = Array(text.utf8)[...]
      var json = JSONText()
      json.raw("\"")
      while !bytes.isEmpty {
        let window = bytes.prefix(10_000)
        let used = window.withUnsafeBytes { json.redacted($0, isLast: window.count == bytes.count) }
        guard let used, used > 0 else {
          Issue.record("nothing was used")
          return
        }
        bytes = bytes.dropFirst(used)
      }
      json.raw("\"")
      let back = json.buffer.withUnsafeReadableBytes { JSONCursor($0).string(0..<$0.count) }
      #expect(back == withoutSecrets(text))
      #expect(back?.contains("k9k9") == false && back?.contains("t7t7") == false)
    }
  }

  @Test("JSON is walked over, whatever strings contain", arguments: [false, true])
  func skip(_ narrowly: Bool) {
    ccl_walk_narrowly(narrowly)
    defer { ccl_walk_narrowly(false) }
    let inner = #"{"a":"]}\\","b\"}":[1,{"c":"\\\""},"{[",-1.5e+3,true,null],"d":{}}"#
    for padding in 0..<130 {
      let text = String(repeating: " ", count: padding) + inner + ",7"
      let end = Array(text.utf8).withUnsafeBytes { JSONCursor($0).skip(padding) }
      #expect(end == padding + inner.utf8.count)
    }
    for count in 0..<inner.utf8.count {
      let end = Array(inner.utf8.prefix(count)).withUnsafeBytes { JSONCursor($0).skip(0) }
      #expect(end == nil)
    }
  }

  @Test(
    "Strings are escaped as a JSON reader expects, at every length and place",
    arguments: [false, true])
  func escape(_ narrowly: Bool) throws {
    ccl_walk_narrowly(narrowly)
    defer { ccl_walk_narrowly(false) }
    let pieces = ["\"", "\\", "\n", "\r", "\t", "\u{0}", "\u{1f}", "é", "✓", "🙂", "plain text"]
    var text = ""
    for round in 0..<200 {
      text += pieces[round % pieces.count] + String(repeating: "x", count: round % 23)
      var json = JSONText()
      json.string(text)
      let back = json.buffer.withUnsafeReadableBytes { JSONCursor($0).string(0..<$0.count) }
      #expect(back == text)
    }
    for bad in [
      [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0x80], [0xE2, 0x28],
    ] {
      let bytes = Array("text ".utf8) + bad.map(UInt8.init) + Array("and more than a block".utf8)
      var json = JSONText()
      #expect(bytes.withUnsafeBytes { json.escaped($0, isLast: true) } == nil)
    }
  }

  static func body(cch: String?, turns: Int, mark: Int? = nil) -> ByteBuffer {
    let billing = cch.map {
      #"{"type":"text","text":"x-anthropic-billing-header: cc_version=2.1; cch=\#($0);"},"#
    }
    let messages = (0..<turns).map { turn in
      let cache = turn == mark ? #","cache_control":{"type":"ephemeral"}"# : ""
      return
        #"{"role":"\#(turn % 2 == 0 ? "user" : "assistant")","content":[{"type":"text","text":"turn \#(turn)"\#(cache)}]}"#
    }
    return ByteBuffer(
      string: #"{"model":"m","messages":["# + messages.joined(separator: ",")
        + #"],"system":["# + (billing ?? "")
        + #"{"type":"text","text":"You are."}],"tools":[{"name":"Read"}]}"#)
  }

  static func facts(_ first: ByteBuffer, _ second: ByteBuffer) -> ExchangeSummary.PrefixFacts? {
    var memory = PromptMemory()
    var lists = StandingLists()
    func add(_ id: Int, _ body: ByteBuffer) -> ExchangeSummary.PrefixFacts? {
      let prompt = body.withUnsafeReadableBytes {
        Prompt($0, path: "/v1/messages", sessionHeader: nil, lists: &lists)
      }
      return memory.compare(id: id, body: body, prompt)
    }
    _ = add(1, first)
    return add(2, second)
  }

  /// As 2.1.1 to 2.1.330 send them.
  @Test(
    "Subagents are known by what the client tells them, a person's own too",
    arguments: [
      ("\\nYou are an interactive CLI tool that helps users with software. Notes:", "", "chat"),
      (
        "You are an interactive agent that helps users. Agent threads always have their cwd reset",
        "", "chat"
      ),
      (
        "You are a software architect and planning specialist for Claude Code. Your role is", "",
        "agent"
      ),
      (
        "You are a command execution specialist for Claude Code. Your role is to execute", "",
        "agent"
      ),
      ("You are a file search specialist for Claude Code, Anthropic's official CLI.", "", "agent"),
      ("You are an agent for Claude Code, Anthropic's official CLI for Claude. Given", "", "agent"),
      (
        "Review poems. Be kind. Notes:\\n- Agent threads always have their cwd reset between", "",
        "agent"
      ),
      ("Review poems. Be kind, and say what you like of each of them, line by line.", "", "chat"),
      ("Review poems. Be kind, and say what you like of each.", " cc_is_subagent=true;", "agent"),
    ])
  func kinds(_ system: String, _ billing: String, _ kind: String) {
    let long = system + String(repeating: " more", count: 40)
    let body =
      #"{"messages":[],"system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=2.1.330.abc;\#(billing)"},"#
      + #"{"type":"text","text":"You are Claude Code, Anthropic's official CLI for Claude."},{"type":"text","text":"\#(long)"}],"#
      + #""tools":[{"name":"Read"}]}"#
    func read(isAgent: Bool) -> String? {
      var lists = StandingLists()
      return Array(body.utf8).withUnsafeBytes {
        Prompt(
          $0, path: "/v1/messages", sessionHeader: nil, isAgent: isAgent, lists: &lists
        ).facts.kind
      }
    }
    #expect(read(isAgent: false) == kind)
    #expect(read(isAgent: true) == "agent")
  }

  @Test("The next turn of a conversation continues the one before, though the cache mark has moved")
  func continues() throws {
    let facts = try #require(
      Self.facts(Self.body(cch: nil, turns: 1, mark: 0), Self.body(cch: nil, turns: 3, mark: 2)))
    #expect(facts.broken == nil)
    #expect(facts.previous == 1)
  }

  @Test("A header that changes at every request is the first byte that differs")
  func cacheBreaker() throws {
    let second = Self.body(cch: "34c46", turns: 3)
    let facts = try #require(Self.facts(Self.body(cch: "38fa3", turns: 1), second))
    #expect(facts.broken == "system")
    let position = try #require(facts.position)
    // 38fa3 and 34c46 have their first digit in common.
    #expect(second.getString(at: position - 5, length: 6) == "cch=34")
    #expect(facts.place == "system[0]")
    #expect(facts.header == "x-anthropic-billing-header cch")
  }

  /// What 2.1.330 does: the last message is a list with a mark, and a bare text in the next request.
  @Test("A text alone in its list is the same prompt as the bare text")
  func loneText() throws {
    func body(_ messages: [String]) -> ByteBuffer {
      ByteBuffer(
        string:
          #"{"messages":[\#(messages.joined(separator: ","))],"system":"s","tools":[{"name":"Read"}]}"#
      )
    }
    func system(_ content: String) -> String { #"{"role":"system","content":\#(content)}"# }
    let user = #"{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#
    let mark = #","cache_control":{"type":"ephemeral"}"#
    let listed = system(#"[{"type":"text","text":"Environment\n"\#(mark)}]"#)
    let bare = system(#""Environment\n""#)
    let answer = #"{"role":"assistant","content":"ok"}"#
    for (first, second) in [(listed, bare), (bare, listed), (bare, bare), (listed, listed)] {
      for end in [[], [answer]] {
        let facts = try #require(
          Self.facts(
            body([user, first]), body([user, second] + end)))
        #expect(facts.broken == nil, "\(first) \(second) \(end)")
      }
    }
    let other = system(#""Environs""#)
    let facts = try #require(Self.facts(body([user, listed]), body([user, other, answer])))
    #expect(facts.place == "messages[1] system")
    let position = try #require(facts.position)
    #expect(body([user, other, answer]).getString(at: position - 7, length: 8) == "Environs")
  }

  @Test("A message that was changed afterwards breaks the prefix in the messages")
  func editedHistory() throws {
    let first = Self.body(cch: nil, turns: 3)
    let text = String(buffer: Self.body(cch: nil, turns: 5)).replacing("turn 1", with: "turn one")
    #expect(Self.facts(first, ByteBuffer(string: text))?.broken == "messages")
  }

  @Test("What Ollama says of a prompt that it has cut gives it away")
  func cut() {
    func facts(_ announced: Int?, _ input: Int) -> ExchangeSummary.AnswerFacts {
      var facts = ExchangeSummary.AnswerFacts()
      facts.announcedTokens = announced
      facts.inputTokens = input
      return facts
    }
    #expect(wasCut(facts(11_468, 2050), promptBytes: 45_000))
    #expect(!wasCut(facts(11_468, 10_354), promptBytes: 45_000))
    #expect(wasCut(facts(nil, 2048), promptBytes: 45_000))
    #expect(!wasCut(facts(nil, 10_354), promptBytes: 45_000))
  }

  @Test("An answer is read in whatever pieces it comes", arguments: [1, 7, 4096])
  func answer(_ step: Int) {
    let stream = """
      event: message_start
      data: {"type":"message_start","message":{"model":"tiny","usage":{"input_tokens":12}}}

      event: content_block_start
      data: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"c","name":"Read","input":{}}}

      event: content_block_delta
      data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}}

      event: message_delta
      data: {"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"input_tokens":14,"cache_read_input_tokens":5,"output_tokens":3}}

      event: message_stop
      data: {"type":"message_stop"}


      """
    let bytes = Array(stream.utf8)
    var reader = AnswerReader(contentType: "text/event-stream")
    for start in stride(from: 0, to: bytes.count, by: step) {
      Array(bytes[start..<min(bytes.count, start + step)]).withUnsafeBytes { reader.read($0) }
    }
    let facts = reader.finish(status: 200)
    #expect(facts.model == "tiny")
    #expect(facts.announcedTokens == 12)
    #expect(facts.inputTokens == 14)
    #expect(facts.cacheRead == 5)
    #expect(facts.called == ["Read"])
    #expect(facts.stop == "tool_use")
    #expect(facts.unfinished == nil)
    let end = stream.firstRange(of: "\"partial_json\":\"{}\"}}")?.upperBound
    #expect(
      reader.firstContent == end.map { stream.utf8.distance(from: stream.utf8.startIndex, to: $0) })
  }
}
