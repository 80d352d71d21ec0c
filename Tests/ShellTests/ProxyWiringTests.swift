import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `claude-local --proxy` with the real clients and the real proxy: what the engine gets is what it gets without.
@Suite(
  .serialized,
  .requires(
    .namespace, .superuser, .claude(.a), .claude(.b), .claude(.c), .claude(.d), .program("bash")),
  .timeLimit(.minutes(5)))
struct ProxyWiringTests {
  typealias Place = RealClientTests.Place
  typealias Request = RecordingListener.Request

  /// A place as after a setup, with `ccl-setup` on the `PATH`.
  private func place(
    _ version: ClaudeVersion = .a,
    change: (inout ClientSettings.Input, TemporaryHome) -> Void = {
      _, _ in
    }
  ) async throws -> Place {
    var url = ""
    let place = try await Place(version) { input, home in
      url = input.baseURL
      change(&input, home)
    }
    let receipt = Receipt(
      tool: "test",
      choices: Choices(
        engine: .compatible(url: url), model: RealClientTests.model, contextWindow: 65_536,
        shells: Shell.allCases))
    let text = String(decoding: try JSONEncoder().encode(receipt), as: UTF8.self)
    try place.home.put(.file(text, mode: 0o600), at: ".local/state/ccl-setup/receipt.json")
    try place.home.put(.link(to: Part.product.string), at: ".local/bin/ccl-setup")
    return place
  }

  private func setup(_ place: Place, _ arguments: String...) async throws -> ProgramResult {
    try await place.network.run(
      place.home[".local/bin/ccl-setup"].string, arguments, environment: place.home.environment,
      folder: place.home["work"])
  }

  /// Ends the proxy before its network.
  private func end(_ place: Place) async throws {
    let stopped = try await setup(place, "proxy", "stop")
    #expect(stopped.code == 0, "\(stopped.error)")
    try await place.listener.end()
  }

  /// What a request says, without the names that a client invents anew for each session, and without the one header
  /// that is about a single connection (RFC 9110, 7.6.1).
  private func lasting(_ request: Request) -> String {
    let headers = request.headers.filter { $0.name.lowercased() != "connection" }
      .map { "\($0.name): \($0.value)" }.sorted()
    let text =
      "\(request.method) \(request.path)\n" + headers.joined(separator: "\n") + "\n\n"
      + String(decoding: request.body, as: UTF8.self)
    return text.replacing(
      /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/, with: "ID")
  }

  /// Where requests differ, with what stands around the place.
  private func differences(_ one: [String], _ other: [String]) -> [String] {
    guard one.count == other.count else { return ["\(one.count) and \(other.count) requests"] }
    return zip(one, other).filter { $0 != $1 }.map { one, other in
      let same = zip(one, other).prefix { $0 == $1 }.count
      return [one, other].map { "…" + $0.dropFirst(max(0, same - 60)).prefix(140) }
        .joined(separator: "\n")
    }
  }

  @Test(arguments: ClaudeVersion.allCases)
  func theEngineGetsTheSame(version: ClaudeVersion) async throws {
    let place = try await place(version)
    // What a first run does differently (a folder to be made, a file to be read) is over with it.
    _ = try await place.run()
    func requests(_ arguments: String) async throws -> [String] {
      let before = place.listener.requests.count
      let (result, _) = try await place.run(arguments)
      #expect(result.code == 0 && result.output == "pong", "\(result.output)\n\(result.error)")
      return place.listener.requests.dropFirst(before).map(lasting).sorted()
    }
    let direct = try await requests("-p hi")
    let again = try await requests("-p hi")
    let proxied = try await requests("--proxy -p hi")
    #expect(direct.contains { $0.contains("POST /v1/messages?beta=true") })
    // If two direct runs differ, there is nothing to compare with.
    try #require(differences(direct, again) == [])
    #expect(differences(direct, proxied) == [])
    // It was the proxy that sent them: its record has each.
    let record = try text(of: place.home[".local/state/ccl-setup/proxy/record.jsonl"])
    #expect(record.contains("/v1/messages?beta=true") && record.contains("pong"))
    try await end(place)
  }
}
