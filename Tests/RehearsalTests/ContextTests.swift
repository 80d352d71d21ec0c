import Rehearsal
import Testing

/// Context, truncation, loads and the prompt cache.
@Suite struct ContextTests {
  static func text(tokens: Int) -> String {
    String(repeating: "ninebytes", count: tokens / 2) + (tokens.isMultiple(of: 2) ? "" : "five.")
  }

  static func chat(_ messages: [(String, String)], model: String = "tiny", system: String = "")
    -> String
  {
    let list = messages.map { #"{"role":"\#($0.0)","content":"\#($0.1)"}"# }.joined(separator: ",")
    return
      #"{"model":"\#(model)","max_tokens":50,"stream":true,"system":"\#(system)","messages":[\#(list)]}"#
  }

  static func derive(_ name: String, context: Int, _ client: Client, from: String = "tiny")
    async throws
  {
    _ = try await client.post(
      "/api/create", #"{"model":"\#(name)","from":"\#(from)","parameters":{"num_ctx":\#(context)}}"#
    )
  }

  @Test(
    arguments: [
      ("0.14.3", nil, 0, 4096), ("0.32.15", nil, 0, 4096), ("0.32.15", nil, 24 << 30, 32_768),
      ("0.32.15", nil, 48 << 30, 262_144), ("0.14.3", nil, 48 << 30, 4096),
      ("0.32.15", 65_536, 0, 65_536),
      ("0.14.3", 65_536, 0, 65_536),
    ] as [(String, Int?, Int, Int)])
  func theContextComesFromTheEnvironmentOrTheMemory(
    _ version: String, _ set: Int?, _ video: Int, _ context: Int
  ) async throws {
    try await withServer(
      .test(version: version) {
        $0.contextLength = set
        $0.videoMemory = video
        $0.catalogue = [.toy("tiny") { $0.geometry.context = 262_144 }]
      }
    ) { client in
      try await client.pull("tiny")
      _ = try await client.post("/api/generate", #"{"model":"tiny"}"#)
      #expect(
        try await client.send("GET", "/api/ps").body.contains("\"context_length\":\(context)}"))
      // What the model says beats both.
      try await Self.derive("tiny-2k", context: 2048, client)
      _ = try await client.post("/v1/messages", Self.chat([("user", "x")], model: "tiny-2k"))
      #expect(client.lastMessages?.contextLength == 2048)
    }
  }

  @Test(arguments: [("0.14.3", 400_000), ("0.32.15", 131_072)])
  func moreThanTheModelWasTrainedFor(version: String, shown: Int) async throws {
    try await withServer(.test(version: version)) { client in
      try await client.pull("tiny")
      try await Self.derive("wide", context: 400_000, client)
      _ = try await client.post("/v1/messages", Self.chat([("user", "x")], model: "wide"))
      #expect(client.lastMessages?.contextLength == 131_072)
      #expect(try await client.send("GET", "/api/ps").body.contains("\"context_length\":\(shown)}"))
    }
  }

  @Test func anotherContextLoadsAgainAndUndoesAPreload() async throws {
    try await withServer { client in
      try await client.pull("tiny")
      _ = try await client.post("/api/generate", #"{"model":"tiny","options":{"num_ctx":8192}}"#)
      #expect(try await client.send("GET", "/api/ps").body.contains(#""context_length":8192}"#))
      _ = try await client.post("/v1/messages", Self.chat([("user", "x")]))
      #expect(client.lastMessages?.loads == 1)
      #expect(try await client.send("GET", "/api/ps").body.contains(#""context_length":4096}"#))
    }
  }

  /// Loads of the facts' table: an alias and an equal context share the runner.
  @Test func namesOfOneBlobShareARunner() async throws {
    try await withServer(.test { $0.contextLength = 32_768 }) { client in
      try await client.pull("tiny")
      _ = try await client.post("/api/copy", #"{"source":"tiny","destination":"alias"}"#)
      try await Self.derive("tiny-32k", context: 32_768, client)
      try await Self.derive("tiny-64k", context: 65_536, client)
      let long = Self.text(tokens: 5000)
      var seen: [[Int?]] = []
      for model in ["tiny", "alias", "tiny-32k", "tiny", "tiny-64k", "tiny"] {
        _ = try await client.post("/v1/messages", Self.chat([("user", long)], model: model))
        seen.append([client.lastMessages?.loads, client.lastMessages?.evaluated])
      }
      let whole = client.lastMessages?.promptTokens
      #expect(seen == [[1, whole], [0, 1], [0, 1], [0, 1], [1, whole], [1, whole]])
    }
  }

  @Test(arguments: [(3, [1, 1, 0, 0]), (1, [1, 1, 1, 1])])
  func otherBlobsAreLoadedBesideUnlessOnlyOneMayBe(limit: Int, loads: [Int]) async throws {
    try await withServer(.test { $0.maxLoadedModels = limit }) { client in
      try await client.pull("tiny")
      try await client.pull("notools")
      var seen: [Int] = []
      for model in ["tiny", "notools", "tiny", "notools"] {
        _ = try await client.post("/v1/messages", Self.chat([("user", "x")], model: model))
        seen.append(client.lastMessages?.loads ?? -1)
      }
      #expect(seen == loads)
    }
  }

  /// `num_ctx/2+2` is the fingerprint of 0.32.15; 0.14.3 fills the context.
  @Test(arguments: [("0.32.15", 4096, 2050), ("0.32.15", 16_384, 8194), ("0.14.3", 4096, 4096)])
  func aLongPromptIsCutWithoutAWord(version: String, context: Int, kept: Int) async throws {
    try await withServer(.test(version: version)) { client in
      try await client.pull("tiny")
      try await Self.derive("cut", context: context, client)
      let body = Self.chat([("user", "x")], model: "cut", system: Self.text(tokens: 20_000))
      _ = try await client.post("/v1/messages", body)
      // With 0.14.3 a system prompt before the last message is not cut: it is gone.
      let isNew = version == "0.32.15"
      let last = client.lastMessages
      #expect(last?.promptTokens == 20_017)
      #expect(last?.truncated == true)
      #expect((last?.evaluated ?? 0) + (last?.cached ?? 0) == (isNew ? kept : 10))

      let alone = Self.chat([("user", Self.text(tokens: 20_000))], model: "cut")
      let wire = try await client.post("/v1/messages", alone)
      #expect(wire.status == 200)
      #expect((client.lastMessages?.evaluated ?? 0) + (client.lastMessages?.cached ?? 0) == kept)
      if isNew {
        // The guess of what was sent, against what was used.
        #expect(wire.chunks.first?.contains(#""input_tokens":22501,"#) ?? false)
        #expect(wire.body.contains(#""usage":{"input_tokens":\#(kept),"#))
      }
    }
  }

  @Test func theOldestMessagesGoFirstAndTheSystemPromptStays() async throws {
    for version in ["0.14.3", "0.32.15"] {
      try await withServer(.test(version: version)) { client in
        try await client.pull("tiny")
        let messages = (0..<8).map {
          ($0.isMultiple(of: 2) ? "user" : "assistant", Self.text(tokens: 1000))
        }
        _ = try await client.post(
          "/v1/messages", Self.chat(messages + [("user", "x")], system: Self.text(tokens: 500)))
        let last = client.lastMessages
        #expect(last?.truncated == true)
        let got = (last?.evaluated ?? 0) + (last?.cached ?? 0)
        // System, three messages of a thousand tokens, and the last one.
        #expect((3500..<3600).contains(got), "\(version): \(got)")
      }
    }
  }

  @Test(arguments: ["0.14.3", "0.32.15"])
  func withoutTruncationALongPromptIsRefused(version: String) async throws {
    try await withServer(.test(version: version)) { client in
      try await client.pull("tiny")
      try await Self.derive("cut", context: 2048, client)
      let content = Self.text(tokens: 10_923)
      let wire = try await client.post(
        "/api/chat",
        #"{"model":"cut","truncate":false,"messages":[{"role":"user","content":"\#(content)"}]}"#)
      #expect(wire.status == 400)
      #expect(
        wire.body
          == (version == "0.14.3"
            ? #"{"error":"the input length exceeds the context length"}"#
            : #"{"error":"{\"error\":{\"code\":400,\"message\":\"request (10932 tokens) exceeds the available context size (2048 tokens), try increasing it\",\"type\":\"exceed_context_size_error\",\"n_prompt_tokens\":10932,\"n_ctx\":2048}}"}"#)
      )
    }
  }

  /// The turns of a conversation, with and without title requests between them.
  @Test(arguments: [("0.32.15", true, true), ("0.32.15", false, false), ("0.14.3", true, false)])
  func titleRequestsWipeThePromptCacheOfTheOlderOne(
    version: String, hostCache: Bool, survives: Bool
  ) async throws {
    try await withServer(
      .test(version: version) {
        $0.contextLength = 32_768
        $0.hostCache = hostCache
      }
    ) { client in
      try await client.pull("tiny")
      let system = Self.text(tokens: 2000)
      var messages = [("user", "first question")]
      var evaluated: [Int] = []
      for turn in 0..<3 {
        _ = try await client.post(
          "/v1/messages", Self.chat([("user", "A title for: \(turn)")], system: "Name it."))
        _ = try await client.post("/v1/messages", Self.chat(messages, system: system))
        evaluated.append(client.lastMessages?.evaluated ?? 0)
        messages.append(
          (
            "assistant",
            "This is the rehearsal stand-in for Ollama speaking, not a language model: your request arrived."
          ))
        messages.append(("user", "question \(turn)"))
      }
      #expect(evaluated[0] > 2000)
      #expect(evaluated.dropFirst().allSatisfy { survives ? $0 <= 25 : $0 > 2000 }, "\(evaluated)")
    }
  }

  @Test func aSecondConversationWithTheSamePrefixIsNearlyFree() async throws {
    try await withServer(.test { $0.contextLength = 32_768 }) { client in
      try await client.pull("tiny")
      let system = Self.text(tokens: 10_000)
      _ = try await client.post("/v1/messages", Self.chat([("user", "hello")], system: system))
      _ = try await client.post(
        "/v1/messages", Self.chat([("user", "another thing")], system: system))
      #expect(client.lastMessages?.evaluated ?? 0 <= 25)
      // A changing head, as an attribution header is, costs the whole prompt.
      _ = try await client.post(
        "/v1/messages", Self.chat([("user", "hello")], system: "cch=1 " + system))
      #expect(client.lastMessages?.cached ?? 0 < 10)
    }
  }

  @Test func onlyOneSlotAnswersAtATime() async throws {
    try await withServer(.test { $0.pace.answerRate = 50 }) { client in
      try await client.pull("tiny")
      let start = ContinuousClock.now
      async let first = client.post("/v1/messages", Self.chat([("user", "a")]))
      async let second = client.post("/v1/messages", Self.chat([("user", "b")]))
      _ = try await (first, second)
      #expect(ContinuousClock.now - start > .milliseconds(550))
    }
  }

  @Test func aClientThatGoesAwayFreesTheSlot() async throws {
    try await withServer(.test { $0.pace.answerRate = 2 }) { client in
      try await client.pull("tiny")
      _ = try await client.send(
        "POST", "/v1/messages", Self.chat([("user", "a")]), limit: .milliseconds(700))
      let body = #"{"model":"tiny","max_tokens":1,"messages":[{"role":"user","content":"b"}]}"#
      let start = ContinuousClock.now
      #expect(try await client.post("/v1/messages", body).status == 200)
      #expect(ContinuousClock.now - start < .seconds(6))
    }
  }

  @Test(arguments: [
    ("0.14.3", "model requires more system memory (4.6 GiB) than is available (1.0 GiB)"),
    (
      "0.32.15",
      "llama-server process has terminated: exit status 1: llama_init_from_model: failed to initialize the context: std::bad_alloc\\n"
    ),
  ])
  func tooLittleMemoryIsA500(version: String, message: String) async throws {
    try await withServer(
      .test(version: version) {
        $0.memory = 1 << 30
        $0.contextLength = 131_072
        $0.catalogue = [.toy("tiny") { $0.geometry.layers = 32 }]
        $0.catalogue[0].geometry.keyValueHeads = 4
      }
    ) { client in
      try await client.pull("tiny")
      let wire = try await client.post("/v1/messages", Self.chat([("user", "x")]))
      #expect(wire.status == 500)
      #expect(wire.body.contains(#""error":{"type":"api_error","message":"\#(message)"}"#))
    }
  }

  @Test(arguments: [
    (CatalogueModel.LateSystem.joined, 200, true), (.dropped, 200, false), (.refused, 400, false),
  ])
  func aLateSystemMessage(_ kind: CatalogueModel.LateSystem, status: Int, isRead: Bool) async throws
  {
    try await withServer(.test { $0.catalogue = [.toy("tiny") { $0.lateSystem = kind }] }) {
      client in
      try await client.pull("tiny")
      let late = Self.text(tokens: 100)
      let wire = try await client.post(
        "/v1/messages", Self.chat([("user", "hello"), ("system", late)], system: "You are."))
      #expect(wire.status == status)
      if status == 200 { #expect((client.lastMessages?.promptTokens ?? 0 > 100) == isRead) }
      if status == 400 { #expect(wire.body.contains("System message must be at the beginning")) }
    }
  }
}
