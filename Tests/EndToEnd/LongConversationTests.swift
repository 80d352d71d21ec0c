import Setup
import Support
import SystemPackage
import Testing

/// A conversation that outgrows the model's context: the server would cut it without a word, with a 200.
@Suite(
  .requires(
    .namespace, .superuser, .busybox, .claude(.a), .claude(.b), .claude(.c), .claude(.d),
    .program("bash")), .timeLimit(.minutes(4)))
struct LongConversationTests {
  /// Four turns of some 7,000 tokens each, in a context of 32k.
  private func talk(_ person: Person) async throws -> [ProgramResult] {
    var results: [ProgramResult] = []
    for turn in 1...4 {
      let words = (0..<5_200).map {
        ["alpha", "river", "stone", "cloud"][($0 * turn + $0 / 7) % 4]
      }
      let goesOn = turn > 1 ? "--continue" : ""
      let prompt = words.joined(separator: " ") + ". Reply with the word pong"
      results.append(
        try await person.call(
          "bash", ["-i", "-c", "claude-local \(goesOn) -p '\(prompt)'"]
        ).run())
    }
    return results
  }

  private func setUp(_ person: Person) async throws {
    try await person.call(
      "ccl-setup",
      [
        "--yes", "--no-verify", "--shells", "bash", "--profile", "lean", "--engine", "native",
        "--model", "qwen3:8b", "--context", "32k",
      ]
    ).succeed()
  }

  /// 2.1.330 and 2.1.142 make it shorter and go on; the older ones say that it is too long.
  @Test(arguments: ClaudeVersion.allCases)
  func nothingIsCutWithoutAWord(version: ClaudeVersion) async throws {
    try await Person.alone([.client(version), .ollama]) { person in
      try await setUp(person)
      let results = try await talk(person)
      let served = try person.served()
      #expect(served.contains { $0.isOfTheClient })
      #expect(served.allSatisfy { $0.truncated != true }, "\(served)")
      let last = try #require(results.last)
      if version == .a || version == .b {
        #expect(
          last.code == 0 && !last.output.contains("too long"), "\(last.output)\n\(last.error)")
      } else {
        #expect(last.code == 1, "\(last.output)\n\(last.error)")
        #expect(last.output.contains("Prompt is too long"), "\(last.output)\n\(last.error)")
      }
    }
  }

  @Test(arguments: [ClaudeVersion.b, .c, .d])
  func withoutTheLimitItIsCut(version: ClaudeVersion) async throws {
    try await Person.alone([.client(version), .ollama]) { person in
      try await setUp(person)
      let limit = "CLAUDE_CODE_BLOCKING_LIMIT_OVERRIDE"
      for file in [".config/ccl-setup/claude-settings.json", ".config/ccl-setup/claude-local.bash"]
      {
        let text = try person.text(file)
        try #require(text.contains(limit))
        try person.home.put(.file(text.replacing("23672", with: "9999999")), at: file)
      }
      let results = try await talk(person)
      #expect(results.allSatisfy { $0.code == 0 })
      #expect(try person.served().contains { $0.truncated == true })
    }
  }
}
