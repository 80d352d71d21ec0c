import Setup
import Support
import SystemPackage
import Testing

/// `doctor --deep` with the real client: what it says is what the servers were made to do.
@Suite(
  .requires(.namespace, .superuser, .busybox, .claude(.a), .program("bash")),
  .timeLimit(.minutes(5)))
struct DeepDoctorTests {
  /// The outcome of each check of the deep section, by its id, with its figures.
  private func examine(
    _ person: Person, code: Int32, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> [String: Finding] {
    let result = try await person.setup(
      "doctor", "--deep", "--json", within: .seconds(240))
    #expect(
      result.code == code, "\(result.output)\n\(result.error)", sourceLocation: sourceLocation)
    let document = try JSON.parse(result.standardOutput)
    #expect(
      try JSONSchema.published.problems(of: document, as: "doctor") == [],
      sourceLocation: sourceLocation)
    let section = document["sections"]?.elements?.first { $0["id"]?.text == "deep" }
    let checks = try #require(section?["checks"]?.elements, sourceLocation: sourceLocation)
    let findings = checks.map { check in
      Finding(
        outcome: check["outcome"]?.text ?? "", evidence: check["evidence"]?.text ?? "",
        remedySteps: (check["remedySteps"]?.elements ?? []).compactMap(\.text),
        figures: (check["figures"]?.members ?? []).reduce(into: [:]) {
          $0[$1.key] = $1.value.double
        })
    }
    return Dictionary(uniqueKeysWithValues: zip(checks.map { $0["id"]?.text ?? "" }, findings))
  }

  struct Finding {
    var outcome: String
    var evidence: String
    var remedySteps: [String]
    var figures: [String: Double]
  }

  private static let ids: Set<String> = [
    "deep-speed", "deep-context", "deep-gpu", "deep-tiers", "deep-loads", "deep-tools",
    "deep-client", "deep-cache", "deep-wait",
  ]

  /// Files that it leaves: what was measured, for later predictions.
  private static let kept = ["client-contract.json", "speed.json"].map {
    ".local/state/ccl-setup/\($0)"
  }

  private func expectUnchanged(_ person: Person, since before: Tree) throws {
    let changed = before.differences(to: try person.tree()).map {
      String($0.split(separator: " ")[1])
    }
    #expect(Set(changed).isSubset(of: Self.kept), "\(changed)")
  }

  @Test(.requires(.engine)) func aRealServerThatCallsTools() async throws {
    try await Person.alone([.client(.a)]) { person in
      // The toy model knows one call by heart: the home has to lie where it looks.
      person.settle()
      let secret = "/srv/ada/.local/state/ccl-setup/proof/secret.txt"
      let model = ToyModel(call: .init("Read", "{\"file_path\": \"\(secret)\"}"))
      let engine = try await LlamaServer(in: person.network, model)
      let made = try await person.setup(
        "--yes", "--no-verify", "--shells", "bash", "--profile", "lean", "--engine", engine.url)
      #expect(made.code == 0, "\(made.error)")
      let before = try person.tree()
      let found = try await examine(person, code: 0)
      #expect(Set(found.keys) == Self.ids)
      // It reads another file than the one that was asked for, whatever it is asked.
      #expect(found.filter { $0.value.outcome != "pass" }.keys.map { $0 } == ["deep-tools"])
      #expect(found["deep-tools"]?.evidence.contains("was asked for") == true)
      #expect((found["deep-tools"]?.figures["promptTokens"] ?? 0) > 4_000)
      #expect(found["deep-tools"]?.figures["tools"] == 10)
      #expect(found["deep-gpu"]?.evidence.contains("not offered by this server") == true)
      #expect(found["deep-loads"]?.evidence.contains("not offered by this server") == true)
      let context = try #require(found["deep-context"]?.figures)
      #expect((context["tokensCounted"] ?? 0) > 5_000)
      #expect((context["tokensCounted"] ?? 0) <= 32_768)
      #expect(found["deep-client"]?.figures["requests"] == 2)
      // Of several thousand tokens a second turn evaluates some dozens.
      let cache = try #require(found["deep-cache"]?.figures)
      #expect((cache["tokensEvaluated"] ?? .infinity) < 500)
      #expect((cache["tokensCached"] ?? 0) > 4_000)
      let wait = try #require(found["deep-wait"]?.figures)
      #expect((wait["leanTokens"] ?? 0) > 3_000)
      #expect((wait["fullTokens"] ?? 0) > 1.8 * (wait["leanTokens"] ?? .infinity))
      try expectUnchanged(person, since: before)
      await engine.stop()
    }
  }

  /// A model that talks where it should act: the exit code of the client says nothing of it.
  @Test(.requires(.engine)) func aRealServerThatOnlyTalks() async throws {
    try await Person.alone([.client(.a)]) { person in
      let engine = try await LlamaServer(in: person.network)
      let made = try await person.setup(
        "--yes", "--no-verify", "--shells", "bash", "--profile", "lean", "--engine", engine.url)
      #expect(made.code == 0, "\(made.error)")
      let found = try await examine(person, code: 2)
      let failed = found.filter { $0.value.outcome == "fail" }.keys
      #expect(Set(failed) == ["deep-tools", "deep-client"])
      #expect(found["deep-client"]?.evidence.contains("ended with 0 all the same") == true)
      await engine.stop()
      // A server that does not answer has nothing to be measured.
      let gone = try await examine(person, code: 2)
      #expect(gone.keys.map { $0 } == ["deep"])
    }
  }

  @Test(arguments: ["0.32.15", "0.14.3"])
  func bothGenerationsOfOllama(version: String) async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      person.environment["CCL_REHEARSAL_VERSION"] = version
      person.environment["CCL_REHEARSAL_VRAM"] = "24000000000"
      let made = try await person.call(
        "ccl-setup", ["--yes", "--no-verify", "--shells", "bash"] + small
      ).run()
      #expect(made.code == 0, "\(made.error)")
      let before = try person.tree()
      let held = try await person.web("/api/tags")
      let found = try await examine(person, code: 0)
      #expect(Set(found.keys) == Self.ids)
      #expect(found.values.allSatisfy { $0.outcome == "pass" }, "\(found)")
      #expect(found["deep-gpu"]?.figures["graphicsShare"] == 1)
      #expect(found["deep-loads"]?.figures["loads"] == 0)
      #expect((found["deep-context"]?.figures["tokensCounted"] ?? 0) > 25_000)
      #expect(found["deep-client"]?.evidence.contains("its answer says it") == true)
      #expect((found["deep-cache"]?.figures["tokensEvaluated"] ?? .infinity) < 500)
      #expect(found["deep-cache"]?.figures["tokensCached"] == nil)
      // What the stand-in really evaluated in the last turn, by its own record.
      let last = try #require(try person.served().last { $0.isOfTheClient })
      #expect((last.evaluated ?? .max) < 500)
      try expectUnchanged(person, since: before)
      #expect(try await person.web("/api/tags") == held)
    }
  }

  /// A model that is half on the GPU, a tier that means another model, and prompts that are read slowly: each is told,
  /// and what is printed as the remedy mends what can be mended.
  @Test func aServerThatIsNotAsItShouldBe() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      // The first two requests are those that the model is asked in any case, and that its speed is told from.
      let server = try await person.serve(with: [
        "CCL_REHEARSAL_VRAM": "1000000000", "CCL_REHEARSAL_FAULTS": "/v1/messages:delay=3000*2",
      ])
      let made = try await person.setup(
        "--yes", "--no-verify", "--shells", "bash", "--profile", "full", "--engine", "native",
        "--model", "qwen3:1.7b", "--context", "32k")
      #expect(made.code == 0, "\(made.error)")
      for call in [["pull", "llama3.2:1b"], ["cp", "llama3.2:1b", "claude-haiku-4-5-20251001"]] {
        try #require(try await person.call("ollama", call).run().code == 0)
      }
      let found = try await examine(person, code: 2)
      #expect(Set(found.keys) == Self.ids, "\(found)")
      #expect(found["deep-gpu"]?.outcome == "warn", "\(String(describing: found["deep-gpu"]))")
      #expect((found["deep-gpu"]?.figures["graphicsShare"] ?? 1) < 1)
      #expect(found["deep-loads"]?.outcome == "warn", "\(String(describing: found["deep-loads"]))")
      #expect((found["deep-loads"]?.figures["loads"] ?? 0) >= 1)
      #expect(found["deep-wait"]?.outcome == "warn", "\(String(describing: found["deep-wait"]))")

      let fixed = try await person.setup("fix", "--yes", "--no-verify")
      #expect(fixed.code == 0, "\(fixed.output)\n\(fixed.error)")
      let lean = try await person.setup("profile", "lean")
      #expect(lean.code == 0, "\(lean.error)")
      // The machine is as slow as before: it is the shorter prompt that helps.
      _ = try await person.web("/rehearsal/faults", post: "/v1/messages:delay=3000*2")
      let again = try await examine(person, code: 0)
      for id in ["deep-loads", "deep-wait"] {
        #expect(again[id]?.outcome == "pass", "\(String(describing: again[id]))")
      }
      await server.end()
    }
  }

  /// A model that answers a short question and fails under work; there is nothing more to be measured then.
  @Test func aModelThatFailsUnderWork() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let server = try await person.serve(with: [
        "CCL_REHEARSAL_FAULTS": "/v1/messages:die=8"
      ])
      let words = ["--yes", "--no-verify", "--shells", "bash"] + small
      #expect(try await person.call("ccl-setup", words).run().code == 0)
      let found = try await examine(person, code: 2)
      #expect(found.keys.map { $0 } == ["deep-speed"] && found["deep-speed"]?.outcome == "fail")
      await server.end()
      let other = try await person.serve()
      #expect(try await person.call("ccl-setup", words).run().code == 0)
      #expect(try await examine(person, code: 0)["deep-speed"]?.outcome == "pass")
      await other.end()
    }
  }

  /// A tier whose name is gone gets no answer, until what is printed was done.
  @Test func aTierWithoutItsName() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let words = ["--yes", "--no-verify", "--shells", "bash"] + small
      #expect(try await person.call("ccl-setup", words).run().code == 0)
      try await person.call("ollama", ["rm", "claude-sonnet-4-6"]).succeed()
      let found = try await examine(person, code: 2)
      #expect(found["deep-tiers"]?.outcome == "fail", "\(String(describing: found["deep-tiers"]))")
      let fixed = try await person.setup("fix", "--yes", "--no-verify")
      #expect(fixed.code == 0, "\(fixed.output)\n\(fixed.error)")
      #expect(try await examine(person, code: 0)["deep-tiers"]?.outcome == "pass")
    }
  }

  /// A context that was made smaller behind our back cuts prompts off with a 200.
  @Test func aContextThatIsCut() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let made = try await person.call(
        "ccl-setup", ["--yes", "--no-verify", "--shells", "bash"] + small
      ).run()
      #expect(made.code == 0, "\(made.error)")
      _ = try await person.web(
        "/api/create",
        post:
          #"{"model":"qwen3:1.7b-32k","from":"qwen3:1.7b","parameters":{"num_ctx":4096},"stream":false}"#
      )
      let found = try await examine(person, code: 2)
      #expect(
        found["deep-context"]?.outcome == "fail", "\(String(describing: found["deep-context"]))")
      let fixed = try await person.setup("fix", "--yes", "--no-verify")
      #expect(fixed.code == 0, "\(fixed.output)\n\(fixed.error)")
      #expect(try await examine(person, code: 0)["deep-context"]?.outcome == "pass")
    }
  }

  /// A client whose prompt begins with a header that changes: what is evaluated again is told, with the place.
  @Test(.requires(.claude(.b))) func aLostPrefix() async throws {
    try await Person.alone([.ollama]) { person in
      // It is told by claude-local's document not to send the header; this one does all the same.
      try person.install(
        client: """
          #!/bin/sh
          for word in "$@"; do
            case $word in
              *.json) sed -i '/ATTRIBUTION_HEADER/s/"0"/"1"/' "$word" ;;
            esac
          done
          unset CLAUDE_CODE_ATTRIBUTION_HEADER
          exec \(ClaudeVersion.b.path) "$@"
          """)
      let made = try await person.call(
        "ccl-setup",
        [
          "--yes", "--no-verify", "--shells", "bash", "--profile", "lean", "--engine", "native",
          "--model", "qwen3.5:9b", "--context", "64k",
        ]
      ).run()
      #expect(made.code == 0, "\(made.error)")
      let found = try await examine(person, code: 2)
      let cache = try #require(found["deep-cache"])
      #expect(cache.outcome == "fail", "\(cache)")
      #expect(cache.evidence.contains("system"), "\(cache.evidence)")
      #expect((cache.figures["tokensEvaluated"] ?? 0) > 5_000)
      // `fix` has nothing to mend there, so nobody is sent to it.
      #expect(cache.remedySteps == [], "\(cache)")
      #expect(try await person.setup("fix", "--no-verify").code == 0)
    }
  }

  @Test func deepNeedsThePrompt() async throws {
    try await Person.alone([]) { person in
      let refused = try await person.setup("doctor", "--deep", "--no-prompt")
      #expect(refused.code == 64)
    }
  }
}
