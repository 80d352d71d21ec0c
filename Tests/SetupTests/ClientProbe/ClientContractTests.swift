import Testing

@testable import Setup

/// What is read off a client's requests, and what would be a surprise.
struct ClientContractTests {
  private func request(
    _ path: String, model: String,
    header: (String, String) = ("Authorization", "Bearer probe-token")
  ) -> ClientContract.Request {
    let body =
      #"{"model":"\#(model)","messages":[],"system":[{"text":"hello"}],"tools":[{"name":"Read"}]}"#
    return .init(
      method: "POST", path: path,
      headers: [WebHeader("Accept", "*"), WebHeader(header.0, header.1)],
      body: Array(body.utf8))
  }

  private func contract(
    path: String = "/v1/messages?beta=true", header: String = "Authorization",
    model: (String) -> String = { "probe-\($0)" }
  ) throws -> ClientContract {
    let requests = ClientContract.tiers.map { tier in
      request("/\(tier)\(path)", model: model(tier), header: (header, "Bearer probe-token"))
    }
    return try #require(ClientContract(version: "9.9.9", requests))
  }

  @Test func theKnownContractIsNoSurprise() throws {
    let contract = try contract()
    #expect(contract.surprises == [])
    #expect(contract.path == "/v1/messages" && contract.baseURLEnding == "")
    #expect(contract.credentialHeader == "authorization")
    #expect(contract.toolCount == 1 && contract.toolBytes == 17 && contract.systemBytes == 18)
  }

  @Test func aClientThatWantsTheVersionInItsBaseURLIsSeen() throws {
    let contract = try contract(path: "/messages")
    #expect(contract.baseURLEnding == "/v1")
    #expect(contract.surprises == ["it posts prompts to /messages"])
    #expect(try self.contract(path: "/v2/messages").baseURLEnding == nil)
  }

  @Test func anotherHeaderAndAnotherModelAreSeen() throws {
    #expect(try contract(header: "X-Api-Key").surprises == ["it sends the token as x-api-key"])
    let lost = try contract { $0 == "haiku" ? "claude-haiku-9" : "probe-\($0)" }
    #expect(lost.surprises == ["for haiku it asks for claude-haiku-9"])
  }

  /// An older client takes a tier it does not know for a model's name.
  @Test func aTierThatIsTooNewIsNoSurprise() throws {
    let old = try contract { $0 == "fable" ? "fable" : "probe-\($0)" }
    #expect(old.unknownTiers == ["fable"])
    #expect(old.surprises == [])
  }

  @Test func otherRequestsAreNoPrompts() {
    let other = ClientContract.Request(method: "HEAD", path: "/none/", headers: [], body: [])
    #expect(ClientContract(version: "1", [other]) == nil)
    #expect(
      ClientContract(version: "1", [request("/v1/messages", model: "probe-none")]) == nil,
      "a request that is not of the probe")
  }
}
