import Setup
import Support
import SystemPackage
import Testing

/// What `claude-local` sets against a server that is broken, silent or slow.
@Suite(
  .requires(
    .namespace, .superuser, .claude(.a), .claude(.b), .claude(.c), .claude(.d), .program("bash")))
struct TakenAwayLimitTests {
  /// Runs `claude-local -p hi` as it is, for so many seconds at most; 124: it was still at it then.
  private func run(_ place: RealClientTests.Place, seconds: Int) async throws -> ProgramResult {
    try await place.network.run(
      "timeout",
      [
        "\(seconds)", "bash", "-c",
        ". \"$HOME/\(RecorderHome.functionFile(.bash))\"; claude-local -p hi",
      ], environment: place.home.environment, folder: place.home["work"])
  }

  /// A server that answers with a 500 is asked four times and then told of; without the setting eleven times, in
  /// minutes of silence.
  @Test(arguments: [ClaudeVersion.a, .b, .c], [true, false])
  func aBrokenServerIsToldOfSoon(version: ClaudeVersion, isThere: Bool) async throws {
    let place = try await RealClientTests.Place(
      version, without: isThere ? nil : "CLAUDE_CODE_MAX_RETRIES", answering: .failure)
    let result = try await run(place, seconds: 25)
    let count = place.listener.requests.count { $0.prompt != nil }
    if isThere {
      #expect(result.code == 1 && count == 4, "\(count): \(result.output)\(result.error)")
      #expect(result.output.contains("API Error: 500"))
    } else {
      #expect(result.code == 124 && count > 4, "\(count): \(result.output)\(result.error)")
    }
    try await place.listener.end()
  }

  /// Nobody waits for the hour that is set, nor for the ten minutes that are the client's own: with three seconds in
  /// its place each client gives up after them, and with the hour it does not.
  @Test(arguments: ClaudeVersion.allCases, [true, false])
  func theLimitOfAnAnswerIsObeyed(version: ClaudeVersion, isShort: Bool) async throws {
    let place = try await RealClientTests.Place(
      version,
      setting: ["CLAUDE_CODE_MAX_RETRIES": "0"].merging(
        isShort ? ["API_TIMEOUT_MS": "3000"] : [:]
      ) { $1 }, answering: .silence)
    let result = try await run(place, seconds: isShort ? 25 : 10)
    #expect(result.code == (isShort ? 1 : 124), "\(result.output)\(result.error)")
    #expect(result.output.hasPrefix("Request timed out") == isShort)
    try await place.listener.end()
  }
}
