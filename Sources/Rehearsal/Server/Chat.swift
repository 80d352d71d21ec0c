#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension House {
  /// `POST /api/chat`.
  func chat(_ call: Call, record: inout ServedRequest) async throws -> Reply {
    try await talk(call, record: &record, field: "message") { json in
      let messages = (json["messages"]?.elements ?? []).map { message in
        ChatMessage(
          role: message["role"]?.text?.lowercased() ?? "", content: message["content"]?.text ?? "",
          toolCalls: (message["tool_calls"]?.elements ?? []).map { call in
            ChatMessage.ToolCall(
              name: call["function"]?["name"]?.text ?? "",
              arguments: call["function"]?["arguments"] ?? .object([]))
          }, images: message["images"]?.elements?.count ?? 0)
      }
      let tools = (json["tools"]?.elements ?? []).map { tool in
        ChatRequest.Tool(
          name: tool["function"]?["name"]?.text ?? "",
          description: tool["function"]?["description"]?.text ?? "",
          parameters: tool["function"]?["parameters"] ?? .object([]))
      }
      return ChatRequest(messages: messages, tools: tools)
    }
  }

  /// `POST /api/generate`.
  func generate(_ call: Call, record: inout ServedRequest) async throws -> Reply {
    try await talk(call, record: &record, field: "response") { json in
      guard let prompt = json["prompt"]?.text, !prompt.isEmpty else {
        return ChatRequest(messages: [])
      }
      let system = json["system"]?.text ?? ""
      return ChatRequest(
        messages: (system.isEmpty ? [] : [ChatMessage(role: "system", content: system)]) + [
          ChatMessage(role: "user", content: prompt, images: json["images"]?.elements?.count ?? 0)
        ])
    }
  }

  private func talk(
    _ call: Call, record: inout ServedRequest, field: String, _ read: (JSON) -> ChatRequest
  ) async throws -> Reply {
    let started = ContinuousClock.now
    let json = try call.json()
    let name = json["model"]?.text ?? ""
    record.model = name
    if dialect.isNew, ModelSource.split(name.trimmed).source == .cloud {
      return cloud(path: call.path)
    }
    var request = read(json)
    request.options = json["options"]?.members ?? []
    request.truncates = json["truncate"]?.bool ?? true
    switch json["keep_alive"] {
    case .number(let text)?, .string(let text)?:
      guard let duration = Duration(keepAlive: text) else {
        throw Refusal(.error(400, "time: invalid duration \"\(text)\""))
      }
      request.keepAlive = duration
    default: break
    }
    let stream = json["stream"]?.bool ?? true
    record.stream = stream
    do {
      let found = try find(name)
      if request.messages.isEmpty {
        if request.keepAlive == .zero {
          await scheduler.unload(blob: found.model.weights)
          return .json(200, line(name, field, "", done: "unload"))
        }
        let (lease, context) = try await schedule(request, on: found)
        await scheduler.release(lease, generated: [])
        record.contextLength = context
        record.loads = lease.loads
        return .json(200, line(name, field, "", done: "load"))
      }
      let (lease, context) = try await schedule(request, on: found)
      let generation = try await generate(
        request, on: found, lease: lease, context: context, started: started, record: &record)
      call.whenClosed { [scheduler] in await scheduler.release(generation.lease, generated: []) }
      record.stopReason = generation.doneReason
      guard stream else {
        var pipe = Pipe()
        try await send(generation, to: &pipe, { _, _ in }, { _ in })
        return .json(
          200, line(name, field, generation.text, calls: calls(generation), end: generation))
      }
      return .lines { pipe in
        if let calls = self.calls(generation) {
          try await pipe.write(line: self.line(name, field, "", calls: calls))
        }
        try await self.send(generation, to: &pipe) { text, pipe in
          try await pipe.write(line: self.line(name, field, text))
        } _: { pipe in
          try await pipe.write(line: self.line(name, field, "", end: generation))
        }
      }
    } catch let trouble as Trouble {
      throw Refusal(.error(trouble.status, trouble.message))
    }
  }

  private func calls(_ generation: Generation) -> JSON? {
    generation.toolCall.map { call in
      [
        [
          "id": .string(generation.callID),
          "function": ["index": 0, "name": .string(call.name), "arguments": call.arguments],
        ]
      ]
    }
  }

  private func line(
    _ model: String, _ field: String, _ text: String, calls: JSON? = nil, done: String? = nil,
    end: Generation? = nil
  ) -> JSON {
    var members: [JSON.Member] = [
      .init("model", .string(model)), .init("created_at", .string(Date().timestamp)),
    ]
    if field == "message" {
      var message: [JSON.Member] = [.init("role", "assistant"), .init("content", .string(text))]
      if let calls { message.append(.init("tool_calls", calls)) }
      members.append(.init(field, .object(message)))
    } else {
      members.append(.init(field, .string(text)))
    }
    members.append(.init("done", .bool(done != nil || end != nil)))
    if let reason = done ?? end?.doneReason {
      members.append(.init("done_reason", .string(reason)))
    }
    if let end {
      func nanoseconds(_ duration: Duration) -> JSON { .int(Int(duration.seconds * 1e9)) }
      if field == "response" {
        members.append(.init("context", .array(end.generated.map { .int(Int($0 % 151_936)) })))
      }
      members += [
        .init("total_duration", nanoseconds(ContinuousClock.now - end.started)),
        .init("load_duration", nanoseconds(end.loaded - end.started)),
        .init("prompt_eval_count", .int(end.promptTokens)),
        .init("prompt_eval_duration", nanoseconds(end.evaluated - end.loaded)),
        .init("eval_count", .int(end.answerTokens)),
        .init("eval_duration", nanoseconds(ContinuousClock.now - end.evaluated)),
      ]
    }
    return .object(members)
  }
}
