/// A message as Ollama's chat has it, whichever protocol brought it.
struct ChatMessage: Sendable, Equatable {
  struct ToolCall: Sendable, Equatable {
    var name: String
    var arguments: JSON
  }

  var role: String
  var content: String
  var toolCalls: [ToolCall] = []
  var images = 0
}

/// What a chat request asks for, after the protocol has been taken off it.
struct ChatRequest: Sendable {
  struct Tool: Sendable, Equatable {
    var name: String
    var description: String
    var parameters: JSON

    var json: JSON {
      [
        "type": "function",
        "function": .object([
          .init("name", .string(name)), .init("description", .string(description)),
          .init("parameters", parameters),
        ]),
      ]
    }
  }

  var messages: [ChatMessage]
  var tools: [Tool] = []
  var options: [JSON.Member] = []
  var keepAlive: Duration?
  /// Whether a prompt that is too long is cut (`truncate`, true unless the request says otherwise).
  var truncates = true
}

/// The text that the model gets, as the ChatML templates of the catalogue render it.
enum Prompt {
  static func render(
    _ messages: [ChatMessage], tools: [ChatRequest.Tool], lateSystem: CatalogueModel.LateSystem
  ) -> [UInt8] {
    let system = messages.filter { $0.role == "system" }.map(\.content)
    let top =
      switch lateSystem {
      case .joined, .refused: system.joined(separator: "\n\n")
      case .dropped: system.first ?? ""
      }
    var text = ""
    if !top.isEmpty || !tools.isEmpty {
      text += "<|im_start|>system\n"
      if !top.isEmpty { text += top + "\n" }
      if !tools.isEmpty {
        text += "<tools>"
        for tool in tools { text += "\n" + tool.json.description }
        text += "\n</tools>\nFor each function call, return a json object within"
        text += " <tool_call></tool_call> tags."
      }
      text += "<|im_end|>\n"
    }
    for message in collated(messages) where message.role != "system" {
      text += "<|im_start|>"
      if message.role == "tool" {
        text += "user\n<tool_response>\n\(message.content)\n</tool_response>"
      } else {
        text += "\(message.role)\n\(message.content)"
        for call in message.toolCalls { text += written(call) }
      }
      text += "<|im_end|>\n"
    }
    return Array((text + "<|im_start|>assistant\n").utf8)
  }

  /// A call as the model writes it, and as a later prompt repeats it.
  static func written(_ call: ChatMessage.ToolCall) -> String {
    """
    <tool_call>
    {"name": \(JSON.string(call.name).description), "arguments": \(call.arguments.description)}
    </tool_call>
    """
  }

  /// Messages of one role that follow each other become one (`collate` of Ollama's template).
  private static func collated(_ messages: [ChatMessage]) -> [ChatMessage] {
    var collated: [ChatMessage] = []
    for message in messages {
      if let last = collated.last, last.role == message.role, message.role != "tool" {
        collated[collated.count - 1].content += "\n\n" + message.content
        collated[collated.count - 1].toolCalls += message.toolCalls
      } else {
        collated.append(message)
      }
    }
    return collated
  }
}

/// A prompt made to fit, without a word to the client, as both servers do it.
struct FittedPrompt: Sendable {
  var tokens: [Tokenizer.Token]
  /// What the whole request would have been.
  var built: Int
  /// How many of the oldest messages were left out.
  var droppedMessages: Int

  var isTruncated: Bool { droppedMessages > 0 || tokens.count < built }

  /// Tokens that are kept at the head when the middle is cut out (`num_keep`).
  static let headTokens = 4

  init(_ request: ChatRequest, model: CatalogueModel, context: Int, dialect: Dialect) {
    let messages = request.messages
    func tokens(_ messages: [ChatMessage]) -> [Tokenizer.Token] {
      Tokenizer.tokens(
        of: Prompt.render(messages, tools: request.tools, lateSystem: model.lateSystem))
    }
    func systems(before index: Int) -> [ChatMessage] {
      messages[..<index].filter { $0.role == "system" }
    }
    let whole = tokens(messages)
    built = whole.count
    self.tokens = whole
    droppedMessages = 0
    guard request.truncates, whole.count > context else { return }

    let last = messages.count - 1
    if dialect.isNew {
      // From the front, until it fits; the last message always stays, and so do the system messages.
      var first = 0
      while first < last {
        first += 1
        self.tokens = tokens(systems(before: first) + messages[first...])
        if self.tokens.count <= context { break }
      }
      droppedMessages = first - systems(before: first).count
    } else {
      // From the back. The system messages kept are those before the first that did *not* fit,
      // so a system prompt directly before the last message is lost.
      var (first, system) = (last, [ChatMessage]())
      for index in stride(from: last - 1, through: 0, by: -1) {
        system = systems(before: index)
        if tokens(system + messages[index...]).count > context { break }
        first = index
      }
      self.tokens = tokens(system + messages[first...])
      droppedMessages = first - system.count
    }
    cutMiddle(context: context, dialect: dialect)
  }

  /// A text without messages, as `/api/generate` in raw mode has it.
  private mutating func cutMiddle(context: Int, dialect: Dialect) {
    let keep = min(FittedPrompt.headTokens, context - 1)
    let limit: Int
    if dialect.isNew {
      guard tokens.count > context - 1 else { return }
      limit = context - max((context - keep) / 2, 1)
    } else {
      guard tokens.count > context else { return }
      limit = context
    }
    tokens = Array(tokens[..<keep] + tokens[(tokens.count - (limit - keep))...])
  }
}
