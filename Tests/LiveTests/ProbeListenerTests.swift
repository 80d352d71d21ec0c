import Live
import Setup
import SystemPackage
import Testing

@Suite("Live: the listener for the client", .timeLimit(.minutes(4)))
struct ProbeListenerTests {
  @Test(
    "It answers the client, and no web page that reached it under another name",
    arguments: [
      ([], 200), ([WebHeader("host", "evil.example")], 403),
      ([WebHeader("host", "127.0.0.1.evil.example:80")], 403),
      ([WebHeader("origin", "http://evil.example")], 403), ([WebHeader("origin", "null")], 403),
    ])
  func rebinding(headers: [WebHeader], status: Int) async throws {
    let listener = try await ProbeListener.listen()
    let network = Network.live(
      in: Environment(
        variables: [:], home: "/home/ada", workingFolder: "/",
        account: .init(name: "ada", userID: 1000, home: "/home/ada", loginShell: nil),
        platform: .linux))
    let response = try await network.exchange(
      WebRequest(
        "POST", "\(listener.url)/token.process/v1/messages", headers: headers,
        body: Array("{}".utf8)))
    #expect(response.status == status)
    await listener.stop()
    var paths: [String] = []
    for await request in listener.requests { paths.append(request.path) }
    #expect(paths == (status == 200 ? ["/token.process/v1/messages"] : []))
  }

  /// What passes on to a server, with the credentials for it, more than any.
  @Test(
    "So does the one that passes on to the server: nothing of a web page reaches that",
    arguments: [
      [], [WebHeader("host", "evil.example")], [WebHeader("host", "127.0.0.1.evil.example:80")],
      [WebHeader("origin", "http://evil.example")], [WebHeader("origin", "null")],
    ])
  func relayed(headers: [WebHeader]) async throws {
    let server = try await ProbeListener.listen()
    let relay = try await PromptRelay.listen(to: server.url, in: .live)
    let request = WebRequest(
      "POST", "\(relay.url)/token.process/v1/messages", headers: headers,
      body: Array("{}".utf8), limit: .seconds(20))
    let answer = try? await World.live.network.exchange(request)
    #expect(answer?.status == (headers.isEmpty ? 200 : nil))
    #expect(relay.exchanges().count == (headers.isEmpty ? 1 : 0))
    await relay.stop()
    await server.stop()
    var paths: [String] = []
    for await request in server.requests { paths.append(request.path) }
    #expect(paths == (headers.isEmpty ? ["/token.process/v1/messages"] : []))
  }
}
