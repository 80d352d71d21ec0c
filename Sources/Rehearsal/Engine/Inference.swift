import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An answer that is ready to be sent: the prompt is evaluated, the slot is held until it is given back.
struct Generation: Sendable {
  var lease: Scheduler.Lease
  var pieces: [String]
  var toolCall: ChatMessage.ToolCall?
  /// The id by which the client answers to the call.
  var callID: String
  /// `stop` or `length`, as Ollama says it.
  var doneReason: String
  var promptTokens: Int
  var answerTokens: Int
  var started: ContinuousClock.Instant
  var loaded: ContinuousClock.Instant
  var evaluated: ContinuousClock.Instant

  var text: String { pieces.joined() }

  /// What stays in the slot behind the prompt.
  var generated: [Tokenizer.Token] {
    Tokenizer.tokens(of: Array((toolCall.map { Prompt.written($0) } ?? text).utf8))
  }
}

/// An error of Ollama's own protocol: a status and a sentence.
struct Trouble: Error {
  var status: Int
  var message: String

  init(_ status: Int, _ message: String) {
    self.status = status
    self.message = message
  }
}

extension House {
  struct Found: Sendable {
    var name: ModelName
    var manifest: Manifest
    var model: CatalogueModel
    var parameters: [JSON.Member]
    var details: JSON
  }

  /// The model of a request.
  ///
  /// - Throws: ``Trouble`` with the status and sentence of the emulated version.
  func find(_ text: String) throws(Trouble) -> Found {
    var wanted = text
    if dialect.isNew {
      guard !text.trimmed.isEmpty else { throw Trouble(400, "model is required") }
      wanted = ModelSource.split(text.trimmed).base
    }
    guard let parsed = ModelName(wanted) else {
      throw Trouble(400, dialect.isNew ? "invalid model name" : "model is required")
    }
    let found = library.withLock { library -> Found? in
      // 0.14.3 finds the name only as it is spelled.
      let name = dialect.isNew ? library.existing(parsed) : parsed
      guard let manifest = library.manifests[name], let model = model(manifest) else { return nil }
      return Found(
        name: name, manifest: manifest, model: model,
        parameters: parameters(manifest, in: library),
        details: details(manifest, in: library, withGeometry: false))
    }
    guard let found else { throw Trouble(404, "model '\(text)' not found") }
    return found
  }

  /// Loads the model if needed and takes its slot.
  ///
  /// - Throws: ``Trouble``; `CancellationError` when the client went away.
  func schedule(_ request: ChatRequest, on found: Found) async throws -> (
    Scheduler.Lease, context: Int
  ) {
    if !request.tools.isEmpty, !found.model.tools {
      throw Trouble(400, "\(found.name.full) does not support tools")
    }
    let options = try options(request, found)
    let asked =
      options.last { $0.key == "num_ctx" }?.value.int ?? configuration.contextLength
      ?? dialect.defaultContext(videoMemory: configuration.videoMemory)
    let context = min(asked, found.model.geometry.context)
    let size = found.model.size + found.model.geometry.cache(tokens: context) + 644_245_094
    if let memory = configuration.memory, size > memory {
      throw Trouble(
        500,
        dialect.isNew
          ? "llama-server process has terminated: exit status 1: "
            + "llama_init_from_model: failed to initialize the context: std::bad_alloc\n"
          : "model requires more system memory (\(gibibytes(size))) than is available (\(gibibytes(memory)))"
      )
    }
    let running = ["num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread"]
    let lease = try await scheduler.acquire(
      Scheduler.Load(
        blob: found.model.weights,
        options: options.filter { running.contains($0.key) }, asked: asked, context: context,
        name: found.name, digest: found.manifest.digest, configuration: found.details, size: size,
        // What does not fit is computed by the CPU.
        sizeVRAM: min(configuration.videoMemory, size),
        keepAlive: request.keepAlive ?? configuration.keepAlive))
    return (lease, context)
  }

  /// Evaluates the prompt and works out the answer. Only now does a client get its first byte.
  ///
  /// - Throws: as ``schedule(_:on:)``; the slot is given back then.
  func generate(
    _ request: ChatRequest, on found: Found, lease: Scheduler.Lease, context: Int,
    started: ContinuousClock.Instant, record: inout ServedRequest
  ) async throws -> Generation {
    do {
      let loaded = ContinuousClock.now
      try refuse(request, on: found)
      let prompt = FittedPrompt(request, model: found.model, context: context, dialect: dialect)
      if !request.truncates, prompt.built >= context {
        throw Trouble(
          400,
          dialect.isNew
            ? "{\"error\":{\"code\":400,\"message\":\"request (\(prompt.built) tokens) exceeds the available "
              + "context size (\(context) tokens), try increasing it\",\"type\":\"exceed_context_size_error\","
              + "\"n_prompt_tokens\":\(prompt.built),\"n_ctx\":\(context)}}"
            : "the input length exceeds the context length")
      }
      let evaluation = await scheduler.evaluate(prompt.tokens, on: lease)
      if configuration.pace.promptRate > 0 {
        try await Task.sleep(
          for: .seconds(Double(evaluation.evaluated) / configuration.pace.promptRate))
      }
      let answer = Answer(
        to: request, callsTools: !configuration.talkers.contains(found.model.name))
      var pieces = Tokenizer.pieces(of: answer.text)
      var reason = "stop"
      for stop in stops(request, found) {
        if let range = pieces.joined().firstRange(of: stop) {
          pieces = Tokenizer.pieces(of: String(pieces.joined()[..<range.lowerBound]))
        }
      }
      let limit = request.options.last { $0.key == "num_predict" }?.value.int ?? -1
      if limit >= 0, pieces.count >= limit, answer.toolCall == nil {
        pieces = Array(pieces.prefix(limit))
        reason = "length"
      }
      let generated =
        answer.toolCall.map { Tokenizer.tokens(of: Array(Prompt.written($0).utf8)).count }
        ?? pieces.count
      record.promptTokens = prompt.built
      record.evaluated = evaluation.evaluated
      record.cached = evaluation.cached
      record.contextLength = context
      record.truncated = prompt.isTruncated
      record.loads = lease.loads
      record.toolsOffered = request.tools.count
      return Generation(
        lease: lease, pieces: pieces, toolCall: answer.toolCall, callID: callID(prompt.tokens),
        doneReason: reason, promptTokens: prompt.tokens.count,
        answerTokens: reason == "length" ? generated : generated + 1,
        started: started, loaded: loaded, evaluated: .now)
    } catch {
      await scheduler.release(lease, generated: [])
      throw error
    }
  }

  /// Sends each piece at the pace of the answer, and gives the slot back whatever happens.
  func send(
    _ generation: Generation, to pipe: inout Pipe,
    _ piece: (String, inout Pipe) async throws -> Void, _ end: (inout Pipe) async throws -> Void
  ) async throws {
    do {
      for text in generation.pieces {
        try await piece(text, &pipe)
        if configuration.pace.answerRate > 0 {
          try await Task.sleep(for: .seconds(1 / configuration.pace.answerRate))
        }
      }
      try await end(&pipe)
    } catch is StreamEnd {
      await scheduler.kill(generation.lease)
      throw StreamEnd()
    } catch {
      await scheduler.release(generation.lease, generated: [])
      throw error
    }
    await scheduler.release(generation.lease, generated: generation.generated)
  }

  /// The model's parameters with the request's over them, of the types that Ollama wants.
  private func options(_ request: ChatRequest, _ found: Found) throws(Trouble) -> [JSON.Member] {
    let options = found.parameters + request.options
    for option in options where option.value != .null {
      let (fits, type): (Bool, String) =
        switch option.key {
        case "num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "draft_num_predict",
          "num_keep", "seed", "num_predict", "top_k", "repeat_last_n":
          (option.value.double != nil, "integer")
        case "use_mmap": (option.value.bool != nil, "boolean")
        case "top_p", "min_p", "typical_p", "temperature", "repeat_penalty", "presence_penalty",
          "frequency_penalty":
          (option.value.double != nil, "float32")
        case "stop": (option.value.elements != nil, "array")
        // Names that it does not know are passed over.
        default: (true, "")
        }
      guard fits else { throw Trouble(500, "option \"\(option.key)\" must be of type \(type)") }
    }
    return options
  }

  private func stops(_ request: ChatRequest, _ found: Found) -> [String] {
    let stop =
      request.options.last { $0.key == "stop" } ?? found.parameters.last { $0.key == "stop" }
    return stop?.value.elements?.compactMap(\.text).filter { !$0.isEmpty } ?? []
  }

  private func refuse(_ request: ChatRequest, on found: Found) throws(Trouble) {
    if dialect.isNew, request.messages.contains(where: { $0.images > 0 }) {
      throw Trouble(
        400,
        #"{"error":{"code":400,"message":"Multimodal data provided, but model does not support multimodal requests.","type":"invalid_request_error"}}"#
      )
    }
    let late = request.messages.dropFirst().contains { $0.role == "system" }
    if found.model.lateSystem == .refused, late {
      throw Trouble(
        400,
        "Unable to generate parser for this template. Automatic parser generation failed: "
          + "System message must be at the beginning.")
    }
  }

  /// Eight letters and digits, always the same for the same prompt.
  private func callID(_ prompt: [Tokenizer.Token]) -> String {
    let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
    var state = prompt.reduce(UInt64(prompt.count)) { ($0 &* 31) &+ UInt64($1) }
    return "call_"
      + String(
        (0..<8).map { _ in
          state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          return letters[Int(state >> 33) % letters.count]
        })
  }

  private func gibibytes(_ bytes: Int) -> String {
    let tenths = Int((Double(bytes) / Double(1 << 30) * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) GiB"
  }

  /// The name of a cloud model on 0.32.15: it is not looked for here.
  func cloud(path: String, detail: String = "remote model is unavailable") -> Reply {
    guard !configuration.noCloud else {
      return .error(403, "ollama cloud is disabled: \(detail)")
    }
    let time = Int(Date().timeIntervalSince1970)
    return .error(
      502,
      "Post \"https://ollama.com:443\(path)?ts=\(time)\": dial tcp: lookup ollama.com: no such host"
    )
  }
}
