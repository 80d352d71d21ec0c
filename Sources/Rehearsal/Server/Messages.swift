import HTTPTypes

extension House {
  /// `POST /v1/messages`: Anthropic's protocol over the same chat.
  ///
  /// Errors found before the chat have gin's content type and no newline behind them, those of the
  /// chat have neither `charset` nor that; with `stream` the headers of a stream are set already.
  func messages(_ call: Call, record: inout ServedRequest) async throws -> Reply {
    let started = ContinuousClock.now
    let request: MessagesRequest
    do throws(JSONError) {
      let json = try JSON.parse(call.body)
      if dialect.isNew, let name = json["model"]?.text,
        ModelSource.split(name.trimmed).source == .cloud,
        ModelName(ModelSource.split(name.trimmed).base) != nil
      {
        record.model = name
        return cloud(path: call.path)
      }
      request = try MessagesRequest(json, dialect: dialect)
    } catch {
      return anthropicError(400, error.message)
    }
    record.model = request.model
    record.stream = request.stream
    do {
      let found = try find(request.model)
      let (lease, context) = try await schedule(request.chat, on: found)
      guard !request.chat.messages.isEmpty else {
        await scheduler.release(lease, generated: [])
        record.contextLength = context
        record.loads = lease.loads
        record.stopReason = "stop_sequence"
        return reply(to: request, nil)
      }
      let generation = try await generate(
        request.chat, on: found, lease: lease, context: context, started: started, record: &record)
      call.whenClosed { [scheduler] in await scheduler.release(generation.lease, generated: []) }
      record.stopReason = stopReason(generation)
      if !request.stream {
        var pipe = Pipe()
        try await send(generation, to: &pipe, { _, _ in }, { _ in })
      }
      return reply(to: request, generation)
    } catch let trouble as Trouble {
      return anthropicError(trouble.status, trouble.message, of: request)
    }
  }

  /// - Parameter generation: nil is the request that only loads the model.
  private func reply(to request: MessagesRequest, _ generation: Generation?) -> Reply {
    let id = identifier("msg")
    let reason = generation.map(stopReason) ?? "stop_sequence"
    guard request.stream else {
      var content: [JSON] = []
      if let text = generation?.text, !text.isEmpty {
        content.append(["type": "text", "text": .string(text)])
      }
      if let generation, let call = generation.toolCall {
        content.append([
          "type": "tool_use", "id": .string(generation.callID), "name": .string(call.name),
          "input": call.arguments,
        ])
      }
      let message: JSON = [
        "id": .string(id), "type": "message", "role": "assistant", "model": .string(request.model),
        "content": content.isEmpty ? .null : .array(content), "stop_reason": .string(reason),
        "usage": usage(generation?.promptTokens ?? 0, generation?.answerTokens ?? 0),
      ]
      return Reply(
        headers: [(.contentType, "application/json")], body: .bytes(message.line))
    }
    return Reply(
      headers: Self.streamHeaders,
      body: .stream { pipe in try await self.stream(request, generation, id, reason, to: &pipe) })
  }

  private func stream(
    _ request: MessagesRequest, _ generation: Generation?, _ id: String, _ reason: String,
    to pipe: inout Pipe
  ) async throws {
    func event(_ type: String, _ members: [(String, JSON)], _ pipe: inout Pipe) async throws {
      let data = JSON.object(
        [.init("type", .string(type))] + members.map { JSON.Member($0.0, $0.1) })
      try await pipe.write(Array("event: \(type)\ndata: ".utf8) + data.bytes + Array("\n\n".utf8))
    }
    func end(_ pipe: inout Pipe) async throws {
      let output = JSON.Member("output_tokens", .int(generation?.answerTokens ?? 0))
      let input = JSON.Member("input_tokens", .int(generation?.promptTokens ?? 0))
      try await event(
        "message_delta",
        [
          ("delta", ["stop_reason": .string(reason)]),
          ("usage", .object(dialect.isNew ? [input, output] : [output])),
        ], &pipe)
      try await event("message_stop", [], &pipe)
    }
    let message: JSON = [
      "id": .string(id), "type": "message", "role": "assistant", "model": .string(request.model),
      "content": [], "usage": usage(dialect.isNew ? request.estimate : 0, 0),
    ]
    // The first event goes out with the first token: a client that is gone by then frees the slot too.
    guard let generation else {
      try await event("message_start", [("message", message)], &pipe)
      return try await end(&pipe)
    }
    var begun = false
    func begin(_ pipe: inout Pipe) async throws {
      guard !begun else { return }
      begun = true
      try await event("message_start", [("message", message)], &pipe)
    }
    var textBegun = false
    try await send(generation, to: &pipe) { text, pipe in
      try await begin(&pipe)
      if !textBegun {
        textBegun = true
        try await event(
          "content_block_start",
          [("index", 0), ("content_block", ["type": "text", "text": ""])], &pipe)
      }
      try await event(
        "content_block_delta",
        [("index", 0), ("delta", ["type": "text_delta", "text": .string(text)])], &pipe)
    } _: { pipe in
      try await begin(&pipe)
      if textBegun { try await event("content_block_stop", [("index", 0)], &pipe) }
      if let call = generation.toolCall {
        let index = JSON.int(textBegun ? 1 : 0)
        let block: JSON = [
          "type": "tool_use", "id": .string(generation.callID), "name": .string(call.name),
          "input": [:],
        ]
        try await event("content_block_start", [("index", index), ("content_block", block)], &pipe)
        let delta: JSON = [
          "type": "input_json_delta", "partial_json": .string(call.arguments.description),
        ]
        try await event("content_block_delta", [("index", index), ("delta", delta)], &pipe)
        try await event("content_block_stop", [("index", index)], &pipe)
      }
      try await end(&pipe)
    }
  }

  private func stopReason(_ generation: Generation) -> String {
    if generation.toolCall != nil { return "tool_use" }
    return generation.doneReason == "length" ? "max_tokens" : "end_turn"
  }

  private func usage(_ input: Int, _ output: Int) -> JSON {
    ["input_tokens": .int(input), "output_tokens": .int(output)]
  }

  private static let streamHeaders: [(name: HTTPField.Name, value: String)] = [
    (.cacheControl, "no-cache"), (.connection, "keep-alive"), (.contentType, "text/event-stream"),
  ]

  /// - Parameter request: nil for errors found before the chat.
  func anthropicError(_ status: Int, _ message: String, of request: MessagesRequest? = nil) -> Reply
  {
    let type =
      switch status {
      case 400: "invalid_request_error"
      case 401: "authentication_error"
      case 403: "permission_error"
      case 404: "not_found_error"
      case 429: "rate_limit_error"
      case 503, 529: "overloaded_error"
      default: "api_error"
      }
    let error: JSON = [
      "type": "error", "error": ["type": .string(type), "message": .string(message)],
      "request_id": .string(identifier("req")),
    ]
    guard let request else { return .json(status, error) }
    let headers = request.stream ? Self.streamHeaders.dropLast() : []
    return Reply(
      status: status, headers: headers + [(.contentType, "application/json")],
      body: .bytes(error.line))
  }

  private func identifier(_ prefix: String) -> String {
    var generator = SystemRandomNumberGenerator()
    let digits = Array("0123456789abcdef")
    return "\(prefix)_"
      + String((0..<24).map { _ in digits[Int.random(in: 0..<16, using: &generator)] })
  }
}
