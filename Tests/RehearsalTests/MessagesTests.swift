import Rehearsal
import Testing

/// `/v1/messages`, byte by byte.
@Suite struct MessagesTests {
  static func request(
    _ content: String, model: String = "tiny", maximum: Int = 200, stream: Bool = false,
    more: String = ""
  ) -> String {
    #"{"model":"\#(model)","max_tokens":\#(maximum),"stream":\#(stream),\#(more)"messages":[{"role":"user","content":\#(content)}]}"#
  }

  static let tool =
    #""tools":[{"name":"Read","description":"Reads a file.","input_schema":{"type":"object","properties":{"file_path":{"type":"string"}}}}],"#

  /// Ids are random: `msg_` and 24 hexadecimal digits become `msg_…`.
  static func masked(_ text: String) -> String {
    var text = text
    for prefix in ["msg_", "req_"] {
      for range in text.ranges(of: prefix).reversed() {
        let digits = text[range.upperBound...].prefix(24)
        guard digits.count == 24, digits.allSatisfy(\.isHexDigit) else { continue }
        text.replaceSubrange(digits.startIndex..<digits.endIndex, with: "…")
      }
    }
    return text
  }

  @Test func anAnswerHasOllamasKeysInOllamasOrder() async throws {
    try await withServer { client in
      try await client.pull("tiny")
      let wire = try await client.post(
        "/v1/messages", Self.request(#""Answer with exactly: <pong> & \"quotes\" x""#))
      #expect(wire.headers["content-type"] == "application/json")
      #expect(
        Self.masked(wire.body)
          == #"{"id":"msg_…","type":"message","role":"assistant","model":"tiny","content":[{"type":"text","text":"\u003cpong\u003e \u0026 \"quotes\" x"}],"stop_reason":"end_turn","usage":{"input_tokens":18,"output_tokens":5}}"#
          + "\n")
      for name in ["request-id", "server", "anthropic-version"] {
        #expect(wire.headers[name] == nil)
      }
    }
  }

  @Test(arguments: ["0.14.3", "0.32.15"])
  func aStreamHasOllamasEvents(version: String) async throws {
    let isNew = version == "0.32.15"
    try await withServer(.test(version: version)) { client in
      try await client.pull("tiny")
      let wire = try await client.post(
        "/v1/messages?beta=true",
        Self.request(#""Reply with the word one two""#, maximum: 2, stream: true))
      #expect(wire.statusLine == "HTTP/1.1 200 OK")
      #expect(
        wire.headers == [
          "cache-control": "no-cache", "connection": "keep-alive",
          "content-type": "text/event-stream",
          "transfer-encoding": "chunked",
        ])
      let estimate = isNew ? 7 : 0
      let usage = isNew ? #""input_tokens":15,"output_tokens":2"# : #""output_tokens":2"#
      #expect(
        wire.chunks.map(Self.masked) == [
          "event: message_start\ndata: "
            + #"{"type":"message_start","message":{"id":"msg_…","type":"message","role":"assistant","model":"tiny","content":[],"usage":{"input_tokens":\#(estimate),"output_tokens":0}}}"#
            + "\n\n",
          "event: content_block_start\ndata: "
            + #"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#
            + "\n\n",
          "event: content_block_delta\ndata: "
            + #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"one"}}"#
            + "\n\n",
          "event: content_block_delta\ndata: "
            + #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" two"}}"#
            + "\n\n",
          "event: content_block_stop\ndata: " + #"{"type":"content_block_stop","index":0}"#
            + "\n\n",
          "event: message_delta\ndata: "
            + #"{"type":"message_delta","delta":{"stop_reason":"max_tokens"},"usage":{\#(usage)}}"#
            + "\n\n",
          "event: message_stop\ndata: " + #"{"type":"message_stop"}"# + "\n\n",
        ])
    }
  }

  @Test func aToolCallIsOneDelta() async throws {
    try await withServer { client in
      try await client.pull("tiny")
      let content = #""Read the file /tmp/it's <here>.txt? No: /tmp/a b""#
      let wire = try await client.post(
        "/v1/messages", Self.request(content, stream: true, more: Self.tool))
      let chunks = wire.chunks.map { $0.replacing(/call_[a-z0-9]{8}/, with: "call_…") }
      #expect(
        chunks.dropFirst().prefix(4).map { $0 } == [
          "event: content_block_start\ndata: "
            + #"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"call_…","name":"Read","input":{}}}"#
            + "\n\n",
          "event: content_block_delta\ndata: "
            + #"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"file_path\":\"/tmp/it\"}"}}"#
            + "\n\n",
          "event: content_block_stop\ndata: " + #"{"type":"content_block_stop","index":0}"#
            + "\n\n",
          "event: message_delta\ndata: "
            + #"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"input_tokens":\#(client.lastMessages?.promptTokens ?? 0),"output_tokens":\#(outputTokens(wire))}}"#
            + "\n\n",
        ])
      let plain = try await client.post("/v1/messages", Self.request(content, more: Self.tool))
      #expect(
        Self.masked(plain.body).replacing(/call_[a-z0-9]{8}/, with: "call_…").hasPrefix(
          #"{"id":"msg_…","type":"message","role":"assistant","model":"tiny","content":[{"type":"tool_use","id":"call_…","name":"Read","input":{"file_path":"/tmp/it"}}],"stop_reason":"tool_use","usage""#
        ))
    }
  }

  private func outputTokens(_ wire: Wire) -> Int {
    guard let range = wire.body.ranges(of: "\"output_tokens\":").last else { return -1 }
    return Int(wire.body[range.upperBound...].prefix(while: \.isNumber)) ?? -1
  }

  @Test func afterTheToolResultTheSecretLineIsTold() async throws {
    try await withServer { client in
      try await client.pull("tiny")
      let body =
        #"{"model":"tiny","max_tokens":99,\#(Self.tool)"messages":[{"role":"user","content":[{"type":"text","text":"<system-reminder>see /root/.claude/CLAUDE.md</system-reminder>"},{"type":"text","text":"read the file /abs/secret.txt"}]},{"role":"assistant","content":[{"type":"tool_use","id":"call_1","name":"Read","input":{"file_path":"/abs/secret.txt"}}]},{"role":"user","content":[{"tool_use_id":"call_1","type":"tool_result","content":"1\tthe secret word is PLUMBAGO\n2\t"}]}]}"#
      let wire = try await client.post("/v1/messages", body)
      #expect(wire.body.contains(#""text":"The tool brought this: the secret word is PLUMBAGO""#))
      #expect(wire.body.contains(#""stop_reason":"end_turn""#))
    }
  }

  struct Refused: Sendable, CustomTestStringConvertible {
    var body: String
    var status: Int
    var message: String
    var type = "invalid_request_error"
    /// Errors of the chat itself end in a newline and have no charset.
    var isOfTheChat = false
    var versions = ["0.14.3", "0.32.15"]
    var testDescription: String { body }
  }

  static let refused: [Refused] = [
    Refused(body: "", status: 400, message: "EOF"),
    Refused(
      body: "oops", status: 400, message: "invalid character 'o' looking for beginning of value"),
    Refused(body: #"{"model":"tiny""#, status: 400, message: "unexpected EOF"),
    Refused(body: "{}", status: 400, message: "model is required"),
    Refused(
      body: #"{"model":"tiny"}"#, status: 400,
      message: "max_tokens is required and must be positive"),
    Refused(
      body: #"{"model":"tiny","max_tokens":1}"#, status: 400, message: "messages is required"),
    Refused(
      body: #"{"model":"tiny","max_tokens":"1"}"#, status: 400,
      message:
        "json: cannot unmarshal string into Go struct field MessagesRequest.max_tokens of type int"),
    Refused(
      body: request(#""x""#, model: "nosuch"), status: 404, message: "model 'nosuch' not found",
      type: "not_found_error", isOfTheChat: true),
    Refused(
      body: request(#""x""#, model: "notools", more: tool), status: 400,
      message: "registry.ollama.ai/library/notools:latest does not support tools", isOfTheChat: true
    ),
    Refused(
      body: request(#""x""#, model: "tiny[1m]"), status: 400, message: "model is required",
      isOfTheChat: true, versions: ["0.14.3"]),
    Refused(
      body: request(#""x""#, model: "tiny[1m]"), status: 400, message: "invalid model name",
      isOfTheChat: true, versions: ["0.32.15"]),
    Refused(
      body: request(#"[{"type":"image","source":{"type":"url","url":"http://x"}}]"#), status: 400,
      message: "invalid image source type: url. Only base64 images are supported."),
    Refused(
      body: request(#"[{"type":"image","source":{"type":"base64","data":"AAAA"}}]"#), status: 400,
      message:
        #"{\"error\":{\"code\":400,\"message\":\"Multimodal data provided, but model does not support multimodal requests.\",\"type\":\"invalid_request_error\"}}"#,
      isOfTheChat: true, versions: ["0.32.15"]),
    Refused(
      body: request(#"[{"type":"tool_use","name":"x"}]"#), status: 400,
      message: "tool_use block missing required 'id' field"),
  ]

  @Test(arguments: refused, ["0.14.3", "0.32.15"])
  func errorsAreAnthropics(_ row: Refused, version: String) async throws {
    guard row.versions.contains(version) else { return }
    try await withServer(.test(version: version)) { client in
      try await client.pull("tiny")
      try await client.pull("notools")
      let wire = try await client.post("/v1/messages", row.body)
      #expect(wire.status == row.status)
      #expect(
        Self.masked(wire.body)
          == #"{"type":"error","error":{"type":"\#(row.type)","message":"\#(row.message)"},"request_id":"req_…"}"#
          + (row.isOfTheChat ? "\n" : ""))
      #expect(
        wire.headers["content-type"]
          == (row.isOfTheChat ? "application/json" : "application/json; charset=utf-8"))
    }
  }

  @Test func aMissingModelIsPlainJSONAlsoWhenAStreamWasAsked() async throws {
    let wire = try await withServer { client in
      try await client.post("/v1/messages", Self.request(#""x""#, model: "nosuch", stream: true))
    }
    #expect(wire.status == 404)
    #expect(wire.headers["content-type"] == "application/json")
    #expect(wire.headers["cache-control"] == "no-cache")
    #expect(wire.headers["connection"] == "keep-alive")
  }

  @Test(arguments: [
    (#"[{"type":"document","source":{"type":"base64"}}]"#, "0.14.3", true),
    (#"[{"type":"document","source":{"type":"base64"}}]"#, "0.32.15", true),
    (#""""#, "0.32.15", true), (#""""#, "0.14.3", false),
  ])
  func aMessageWithoutTextOnlyLoads(content: String, version: String, isLoad: Bool) async throws {
    try await withServer(.test(version: version)) { client in
      try await client.pull("tiny")
      let wire = try await client.post("/v1/messages", Self.request(content))
      let load =
        #""content":null,"stop_reason":"stop_sequence","usage":{"input_tokens":0,"output_tokens":0}}"#
        + "\n"
      #expect(wire.body.hasSuffix(load) == isLoad)
      guard isLoad else { return }
      let stream = try await client.post("/v1/messages", Self.request(content, stream: true))
      #expect(
        stream.lines.filter { $0.hasPrefix("event") } == [
          "event: message_start", "event: message_delta", "event: message_stop",
        ])
    }
  }

  @Test func anEmptyAnswerHasNoContent() async throws {
    try await withServer { client in
      try await client.pull("tiny")
      let more = #""stop_sequences":["This"],"#
      let wire = try await client.post("/v1/messages", Self.request(#""hello""#, more: more))
      #expect(wire.body.contains(#""content":null,"stop_reason":"end_turn""#))
      let stream = try await client.post(
        "/v1/messages", Self.request(#""hello""#, stream: true, more: more))
      #expect(stream.chunks.count == 3)
    }
  }

  @Test func whatClaudeCodeSendsBesidesIsAccepted() async throws {
    let more =
      #""thinking":{"type":"adaptive"},"metadata":{"user_id":"x"},"output_config":{"effort":"high"},"context_management":{"edits":[]},"tool_choice":{"type":"any"},"options":{"num_ctx":512},"system":[{"type":"text","text":"You are.","cache_control":{"type":"ephemeral"}}],"#
    try await withServer { client in
      try await client.pull("tiny")
      let wire = try await client.send(
        "POST", "/v1/messages?beta=true", Self.request(#""hello""#, more: more),
        headers: [
          "Content-Type": "text/plain", "anthropic-beta": "x", "Authorization": "Bearer nobody",
        ])
      #expect(wire.status == 200)
      // `options` is not looked at here.
      #expect(client.lastMessages?.contextLength == 4096)
    }
  }

  @Test func noByteComesBeforeThePromptIsEvaluated() async throws {
    try await withServer(.test { $0.pace.promptRate = 2000 }) { client in
      try await client.pull("tiny")
      let text = String(repeating: "word ", count: 1000)
      let wire = try await client.post("/v1/messages", Self.request("\"\(text)\"", stream: true))
      let tokens = client.lastMessages?.evaluated ?? 0
      #expect(wire.firstByte >= .seconds(Double(tokens) / 2000))
      #expect(tokens > 600)
    }
  }

  @Test(arguments: [50_000, 5_000_000])
  func largeBodiesAreRead(bytes: Int) async throws {
    try await withServer(.test { $0.contextLength = 131_072 }) { client in
      try await client.pull("tiny")
      let text = String(repeating: "lorem ipsum\\n", count: bytes / 13)
      let wire = try await client.post("/v1/messages", Self.request("\"\(text)\"", stream: true))
      #expect(wire.status == 200)
      #expect(client.lastMessages?.requestBytes ?? 0 > bytes * 9 / 10)
    }
  }
}
