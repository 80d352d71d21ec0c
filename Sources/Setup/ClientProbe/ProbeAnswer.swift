/// What the listener of the probe answers.
public enum ProbeAnswer: Sendable, Hashable {
  /// A whole answer of the Messages API, as an event stream.
  case stream(String)
  case notFound

  public init(to request: ClientContract.Request) {
    let path = request.path.prefix { $0 != "?" }
    guard request.method == "POST", path.hasSuffix("/messages") else {
      self = .notFound
      return
    }
    if ClientProbe.base(of: request.path)?.run == .both, let prompt = Prompt(request),
      prompt.asksForAgents, let tool = prompt.toolForAgents
    {
      self = .stream(Self.subagents(tool))
    } else {
      self = .stream(Self.pong)
    }
  }

  private static let pong = stream(
    [
      ("content_block_start", #""index":0,"content_block":{"type":"text","text":""}"#),
      ("content_block_delta", #""index":0,"delta":{"type":"text_delta","text":"pong"}"#),
      ("content_block_stop", #""index":0"#),
    ], reason: "end_turn")

  /// Asks for one subagent of each tier, all at once.
  private static func subagents(_ tool: String) -> String {
    let calls = ClientProbe.subagents.enumerated().flatMap { index, tier in
      var input: JSON = [
        "description": "probe", "subagent_type": "general-purpose",
        "prompt": .string(ClientProbe.words(for: tier)),
      ]
      if tier != "none" { input["model"] = .string(tier) }
      let delta: JSON = ["type": "input_json_delta", "partial_json": .string(input.compact)]
      return [
        (
          "content_block_start",
          #""index":\#(index),"content_block":{"type":"tool_use","id":"toolu_\#(index)","name":"\#(tool)","input":{}}"#
        ),
        ("content_block_delta", #""index":\#(index),"delta":\#(delta.compact)"#),
        ("content_block_stop", #""index":\#(index)"#),
      ]
    }
    return stream(calls, reason: "tool_use")
  }

  private static func stream(_ blocks: [(String, String)], reason: String) -> String {
    let start = (
      "message_start",
      #""message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"#
        + #""usage":{"input_tokens":3,"output_tokens":0}}"#
    )
    let end = (
      "message_delta",
      #""delta":{"stop_reason":"\#(reason)"},"usage":{"input_tokens":14,"output_tokens":1}"#
    )
    return ([start] + blocks + [end]).map { "event: \($0)\ndata: {\"type\":\"\($0)\",\($1)}\n\n" }
      .joined() + "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
  }
}
