/// A request of Anthropic's protocol, read as Ollama's `anthropic` package reads it.
struct MessagesRequest: Sendable {
  var model: String
  var stream: Bool
  var chat: ChatRequest
  /// 0.32.15's guess at the prompt: bytes through four, of the whole request.
  var estimate: Int

  /// - Throws: ``JSONError`` with the sentence of the 400.
  init(_ json: JSON, dialect: Dialect) throws(JSONError) {
    try MessagesRequest.check(json)
    model = json["model"]?.text ?? ""
    stream = json["stream"]?.bool ?? false
    guard !model.isEmpty else { throw JSONError(message: "model is required") }
    let maximum = json["max_tokens"]?.int ?? 0
    guard maximum > 0 else {
      throw JSONError(message: "max_tokens is required and must be positive")
    }
    let raw = json["messages"]?.elements ?? []
    guard !raw.isEmpty else { throw JSONError(message: "messages is required") }

    var messages: [ChatMessage] = []
    let system = MessagesRequest.system(json["system"])
    if !system.isEmpty { messages.append(ChatMessage(role: "system", content: system)) }
    for message in raw { messages += try MessagesRequest.convert(message, dialect: dialect) }

    var options: [JSON.Member] = [.init("num_predict", .int(maximum))]
    for key in ["temperature", "top_p", "top_k"] {
      if let value = json[key], value != .null { options.append(.init(key, value)) }
    }
    if let stops = json["stop_sequences"], !stops.isEmpty { options.append(.init("stop", stops)) }
    let tools = (json["tools"]?.elements ?? []).map { tool in
      ChatRequest.Tool(
        name: tool["name"]?.text ?? "", description: tool["description"]?.text ?? "",
        parameters: tool["input_schema"] ?? .object([]))
    }
    chat = ChatRequest(messages: messages, tools: tools, options: options)
    estimate = MessagesRequest.estimate(json, system: json["system"], raw)
  }

  /// The types that Go's decoder insists on.
  private static func check(_ json: JSON) throws(JSONError) {
    guard case .object(let members) = json else {
      if json == .null { return }
      throw JSONError(
        message:
          "json: cannot unmarshal \(kind(json)) into Go value of type anthropic.MessagesRequest")
    }
    for member in members where member.value != .null {
      let value = member.value
      let (fits, type): (Bool, String) =
        switch member.key {
        case "model": (value.text != nil, "string")
        case "max_tokens": (value.double != nil, "int")
        case "messages": (value.elements != nil, "[]anthropic.MessageParam")
        case "stream": (value.bool != nil, "bool")
        case "tools": (value.elements != nil, "[]anthropic.Tool")
        case "stop_sequences": (value.elements != nil, "[]string")
        case "temperature", "top_p": (value.double != nil, "float64")
        default: (true, "")
        }
      guard fits else {
        throw JSONError(
          message: "json: cannot unmarshal \(kind(value)) into Go struct field "
            + "MessagesRequest.\(member.key) of type \(type)")
      }
    }
  }

  private static func kind(_ json: JSON) -> String {
    switch json {
    case .null: "null"
    case .bool: "bool"
    case .number: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }

  private static func system(_ json: JSON?) -> String {
    if let text = json?.text { return text }
    return (json?.elements ?? []).compactMap { $0["type"]?.text == "text" ? $0["text"]?.text : nil }
      .joined()
  }

  /// One message becomes none, one, or several: tool results are messages of their own.
  private static func convert(_ message: JSON, dialect: Dialect) throws(JSONError) -> [ChatMessage]
  {
    let role = message["role"]?.text?.lowercased() ?? ""
    let blocks: [JSON]
    switch message["content"] {
    case .string(let text)?:
      // An empty string is a message to 0.14.3, and nothing at all to 0.32.15.
      if text.isEmpty, dialect.isNew { return [] }
      return [ChatMessage(role: role, content: text)]
    case .array(let elements)?: blocks = elements
    case .null? where dialect.isNew: return []
    case nil where dialect.isNew: throw JSONError(message: "unexpected end of JSON input")
    case let other:
      let value = other ?? .null
      throw JSONError(
        message: dialect.isNew
          ? "json: cannot unmarshal \(kind(value)) into Go value of type []anthropic.ContentBlock"
          : "invalid message content type: \(goType(value))")
    }
    var content = ChatMessage(role: role, content: "")
    var results: [ChatMessage] = []
    var thinks = false
    for block in blocks {
      switch block["type"]?.text {
      case "text": content.content += block["text"]?.text ?? ""
      case "image":
        try checkImage(block["source"])
        content.images += 1
      case "tool_use":
        for key in ["id", "name"] where block[key]?.text?.isEmpty ?? true {
          throw JSONError(message: "tool_use block missing required '\(key)' field")
        }
        content.toolCalls.append(
          .init(name: block["name"]?.text ?? "", arguments: block["input"] ?? .object([])))
      case "tool_result":
        results.append(ChatMessage(role: "tool", content: resultText(block["content"])))
      case "thinking": thinks = !(block["thinking"]?.text ?? "").isEmpty
      default: break  // documents, tool references and what is to come are passed over
      }
    }
    let hasContent =
      !content.content.isEmpty || content.images > 0 || !content.toolCalls.isEmpty || thinks
    let own = hasContent ? [content] : []
    // 0.32.15 puts a user's tool results before the text beside them, 0.14.3 behind it.
    return dialect.isNew && role == "user" ? results + own : own + results
  }

  private static func checkImage(_ source: JSON?) throws(JSONError) {
    guard let source, source.members != nil else {
      throw JSONError(message: "invalid image source")
    }
    let type = source["type"]?.text ?? ""
    guard type == "base64" else {
      throw JSONError(
        message: "invalid image source type: \(type). Only base64 images are supported.")
    }
  }

  private static func resultText(_ content: JSON?) -> String {
    if let text = content?.text { return text }
    return (content?.elements ?? []).compactMap {
      $0["type"]?.text == "text" ? $0["text"]?.text : nil
    }.joined()
  }

  private static func goType(_ json: JSON) -> String {
    switch json {
    case .null: "<nil>"
    case .bool: "bool"
    case .number: "float64"
    case .string: "string"
    case .array: "[]interface {}"
    case .object: "map[string]interface {}"
    }
  }

  /// `EstimateInputTokens` of Ollama.
  private static func estimate(_ json: JSON, system: JSON?, _ messages: [JSON]) -> Int {
    func length(_ block: JSON) -> Int {
      var total =
        (block["text"]?.text ?? "").utf8.count + (block["thinking"]?.text ?? "").utf8.count
      let type = block["type"]?.text
      if type == "tool_use" || type == "tool_result" {
        // The block as Go writes it: its fields in their order, without those that are empty.
        let keys = ["type", "text", "id", "name", "input", "tool_use_id", "content", "is_error"]
        total +=
          JSON.omittingEmpty(
            keys.compactMap { key in block[key].map { (key, key == "content" ? $0.sorted : $0) } }
          ).bytes.count
      }
      return total
    }
    var total = system?.text?.utf8.count ?? (system?.elements ?? []).map(length).reduce(0, +)
    for message in messages {
      total += (message["role"]?.text ?? "").utf8.count
      if let text = message["content"]?.text { total += text.utf8.count }
      total += (message["content"]?.elements ?? []).map(length).reduce(0, +)
    }
    for tool in json["tools"]?.elements ?? [] {
      total += (tool["name"]?.text ?? "").utf8.count + (tool["description"]?.text ?? "").utf8.count
      total += tool["input_schema"]?.plainCount ?? 0
    }
    return max(total / 4, 1)
  }
}
