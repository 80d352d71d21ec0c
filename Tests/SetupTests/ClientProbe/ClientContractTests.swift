import Testing

@testable import Setup

/// What is read off a client's requests, and what would be a surprise.
struct ClientContractTests {
  /// A client of a kind, as its requests in the four runs show it.
  private struct Client {
    var path = "/v1/messages?beta=true"
    var tokenHeader = "Authorization"
    var layer = "settings"
    var options = ClientContract.Option.allCases
    var login: String?
    var takesLogin = true
    var background: String?
    var spawning = "probe-spawn"
    var model: (String) -> String = { "probe-\($0)" }
    var subagent: (String) -> String = { "probe-\($0)" }

    func request(
      _ base: String, _ model: String, _ words: [String], headers: [(String, String)],
      tools: [String] = ["Read"]
    ) -> ClientContract.Request {
      let messages = words.map { #"{"role":"user","content":"\#($0)"}"# }.joined(separator: ",")
      let tools = tools.map { #"{"name":"\#($0)"}"# }.joined(separator: ",")
      let body =
        #"{"model":"\#(model)","messages":[\#(messages)],"system":[{"text":"hello"}],"tools":[\#(tools)]}"#
      return .init(
        method: "POST", path: "/\(base)\(path)",
        headers: headers.map { WebHeader($0.0, $0.1) }, body: Array(body.utf8))
    }

    var requests: [ClientContract.Request] {
      let token =
        [(tokenHeader, "Bearer probe-token-token")] + (login.map { [("x-login", $0)] } ?? [])
      var all = [request("token.process", model("none"), ["probe-words-none."], headers: token)]
      if let background {
        all.insert(request("token.process", background, ["Warmup"], headers: token), at: 0)
      }
      var words: [String] = []
      for tier in ["none", "opus", "sonnet", "haiku", "fable"] {
        words.append("probe-words-\(tier).")
        all.append(
          request("tiers.\(layer)", model(tier), words, headers: [("X-Api-Key", "probe-key-tiers")])
        )
      }
      let both = [("Authorization", "Bearer probe-token-both"), ("X-Api-Key", "probe-key-both")]
      all.append(request("both.process", model("none"), [spawning], headers: both))
      for tier in ["none", "sonnet", "opus", "haiku"] {
        all.append(
          request("both.process", subagent(tier), ["probe-words-\(tier)."], headers: both))
      }
      let login = takesLogin ? [("Authorization", "Bearer sk-ant-oat01-probe-variable")] : []
      all.append(request("login.process", model("none"), ["probe-words-none."], headers: login))
      return all
    }

    func contract() throws -> ClientContract {
      try #require(ClientContract(version: "9.9.9", requests, options: options))
    }
  }

  @Test func theKnownContractIsNoSurprise() throws {
    let contract = try Client().contract()
    #expect(contract.surprises == [])
    #expect(contract.path == "/v1/messages" && contract.baseURLEnding == "")
    #expect(
      contract.credentials == [
        .token: ["authorization"], .key: ["x-api-key"], .both: ["authorization", "x-api-key"],
        .login: ["authorization"],
      ])
    #expect(contract.models["none"] == "probe-none" && contract.models["fable"] == "probe-fable")
    #expect(contract.subagentModels.count == 4 && contract.subagentModels["haiku"] == "probe-haiku")
    #expect(contract.settingsWin && !contract.sendsLogin && contract.backgroundModels == [])
    #expect(contract.full.toolCount == 1 && contract.full.tools == 17 && contract.full.system == 18)
    #expect(contract.lean != nil)
    #expect(contract.contextWindow == .ignored)
  }

  /// One that sent nothing in a context of 1,000 tokens, and the same prompt once it was told of no context any more.
  @Test func aClientThatRefusesATinyContextHeedsIt() throws {
    var client = Client()
    client.spawning = "probe-spawn-again"
    #expect(try client.contract().contextWindow == .heeded)
    #expect(try client.contract().subagentModels.count == 4)
  }

  /// The path decides the base URL, also of a client that changes its mind.
  @Test func aClientThatWantsTheVersionInItsBaseURLGetsIt() throws {
    let contract = try Client(path: "/messages").contract()
    #expect(contract.baseURLEnding == "/v1" && contract.surprises == [])
    #expect(ClientDemands(contract).baseURLEnding == "/v1")
    #expect(ClientDemands(nil).baseURLEnding == "")
    let strange = try Client(path: "/v2/messages").contract()
    #expect(strange.baseURLEnding == nil)
    #expect(strange.surprises == ["it posts prompts to /v2/messages"])
  }

  @Test func whatDoesNotFitIsSeen() throws {
    #expect(
      try Client(tokenHeader: "X-Api-Key").contract().surprises
        == ["it sends the token as x-api-key"])
    #expect(
      try Client(model: { $0 == "haiku" ? "claude-haiku-9" : "probe-\($0)" }).contract().surprises
        == ["for haiku it asks for claude-haiku-9"])
    #expect(
      try Client(subagent: { $0 == "none" ? "claude-haiku-9" : "probe-\($0)" }).contract().surprises
        == ["a subagent (none) asks for claude-haiku-9"])
    #expect(
      try Client(background: "claude-haiku-9").contract().surprises
        == ["in the background it asks for claude-haiku-9"])
    #expect(
      try Client(layer: "user").contract().surprises
        == ["--settings does not beat its own settings file"])
    #expect(
      try Client(options: [.settings, .permissionMode]).contract().surprises
        == ["it does not know --tools"])
    let careful = try Client(takesLogin: false).contract()
    #expect(careful.credentials[.login] == [] && careful.surprises == [])
    let leaking = try Client(login: "Bearer sk-ant-oat01-probe-stored").contract()
    #expect(leaking.sendsLogin)
    #expect(leaking.surprises == ["it sends the stored login beside the token"])
  }

  /// An older client takes a tier it does not know for a model's name.
  @Test func aTierThatIsTooNewIsNoSurprise() throws {
    let old = try Client(model: { $0 == "fable" ? "fable" : "probe-\($0)" }).contract()
    #expect(old.unknownTiers == ["fable"])
    #expect(old.surprises == [])
  }

  /// In one conversation the settings change: what a client sends to the new place with the old token says nothing.
  @Test func aCredentialOfTheRunBeforeIsNoEvidence() throws {
    let client = Client()
    let stale = client.request(
      "both.settings", "probe-none", ["probe-spawn"],
      headers: [("Authorization", "Bearer probe-token-token")])
    #expect(Prompt(stale) == nil)
    let requests = client.requests.filter { !$0.path.hasPrefix("/both") } + [stale]
    let contract = try #require(
      ClientContract(version: "9.9.9", requests, options: client.options))
    #expect(contract.credentials[.both] == [] && contract.subagentModels == [:])
  }

  @Test func otherRequestsAreNoPrompts() {
    let other = ClientContract.Request(
      method: "HEAD", path: "/token.process/", headers: [], body: [])
    #expect(ClientContract(version: "1", [other], options: []) == nil)
    let stray = Client().request("v1", "probe-none", ["probe-words-none."], headers: [])
    #expect(ClientContract(version: "1", [stray], options: []) == nil)
    var counting = Client()
    counting.path = "/v1/messages/count_tokens"
    #expect(ClientContract(version: "1", counting.requests, options: []) == nil)
  }

  /// Sizes of the four clients, and the windows that were measured to be the smallest in which a conversation goes on for
  /// more than a turn.
  @Test(
    arguments: [
      (48_608, .heeded, 65_536), (20_978, .heeded, 32_768), (102_664, .ignored, 65_536),
      (85_457, .ignored, 65_536), (48_138, .ignored, 32_768),
    ] as [(Int, ClientContract.WindowUse, Int)])
  func theSmallestContextFollowsFromThePrompt(
    bytes: Int, use: ClientContract.WindowUse, context: Int
  ) throws {
    var contract = try Client().contract()
    contract.full.all = bytes
    contract.contextWindow = use
    #expect(contract.smallestContext(.full) == context)
  }

  @Test func theAnswerToASpawningPromptStartsEverySubagent() throws {
    let client = Client()
    let spawning = client.request(
      "both.process", "m", ["probe-spawn"], headers: [], tools: ["Read", "Task"])
    guard case .stream(let events) = ProbeAnswer(to: spawning) else {
      Issue.record("no answer")
      return
    }
    for tier in ["none", "sonnet", "opus", "haiku"] {
      #expect(events.contains("probe-words-\(tier)."))
    }
    #expect(events.contains(#""name":"Task""#))
    let plain = client.request("token.process", "m", ["probe-words-none."], headers: [])
    guard case .stream(let pong) = ProbeAnswer(to: plain) else {
      Issue.record("no answer")
      return
    }
    #expect(pong.contains("pong") && !pong.contains("tool_use"))
    #expect(
      ProbeAnswer(to: .init(method: "HEAD", path: "/token.process/", headers: [], body: []))
        == .notFound)
  }
}
