import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Each line of the doctor that `FixTests`, `FixInDockerTests` and `ProbeTests` do not turn red: it turns red, its remedy
/// is done as it is printed, and it is green again.
@Suite(
  .requires(
    .namespace, .superuser, .busybox, .claude(.a), .program("bash"), .program("zsh"),
    .program("fish")), .timeLimit(.minutes(4)))
struct DoctorLineTests {
  struct Line: Sendable, CustomTestStringConvertible {
    var id: String
    var outcome = "fail"
    /// Whether the model has to be asked.
    var isPrompting = false
    /// Whether something of its own is to be done; otherwise it follows from another line, with that one's remedy.
    var hasRemedy = true
    var harm: @Sendable (inout Person) async throws -> Void
    /// What of the remedy is a sentence, done by hand; the command lines among its steps are run.
    var hand: @Sendable (inout Person) async throws -> Void = { _ in }
    var testDescription: String { id }
  }

  static let lines = [
    Line(
      id: "manual", outcome: "warn",
      harm: { try TemporaryFolder.remove($0.home[".local/share/man/man1/ccl-setup.1"]) }),
    Line(
      id: "completions:ccl-setup", outcome: "warn",
      harm: { try TemporaryFolder.remove($0.home[".config/fish/completions/ccl-setup.fish"]) }),
    Line(
      id: "left-over", outcome: "warn",
      harm: { person in
        let made = try await person.setup("context", "qwen3:1.7b", "16k")
        try #require(made.code == 0, "\(made.error)")
        // As if that had not been asked for: a run that was ended in between.
        let path = ".local/state/ccl-setup/receipt.json"
        let receipt = try person.text(path)
        let changed = receipt.replacing(
          /"contexts" *: *\[[^\]]*\]/, with: "\"contexts\": []")
        try #require(changed != receipt)
        try person.home.put(.file(changed, mode: 0o600), at: path)
      }),
    Line(
      id: "function-hidden:fish",
      harm: { person in
        let path = ".config/fish/config.fish"
        try person.home.put(
          .file(try person.text(path) + "function claude-local; echo mine; end\n"), at: path)
      },
      hand: {
        try $0.home.put(Person.files[".config/fish/config.fish"]!, at: ".config/fish/config.fish")
      }),
    Line(id: "onboarding", harm: { try $0.home.put(.file("{broken"), at: ".claude.json") }),
    Line(
      id: "function:zsh", outcome: "warn",
      harm: { person in
        try person.home.put(.file(try person.text(".zshrc") + "exit 0\n"), at: ".zshrc")
      },
      hand: { person in
        let text = try person.text(".zshrc")
        try person.home.put(.file(String(text.dropLast("exit 0\n".count))), at: ".zshrc")
      }),
    Line(
      id: "plan",
      harm: { person in
        // The name of our model means another one, which was trained for half as much.
        for words in [
          ["rm", "qwen3:1.7b-32k"], ["pull", "codellama:13b"],
          ["cp", "codellama:13b", "qwen3:1.7b"],
        ] { try await person.call("ollama", words).succeed() }
      }),
    Line(
      id: "proxy-stopped", outcome: "warn",
      harm: { try await $0.call("ccl-setup", ["proxy", "on", "--yes"]).succeed() }),
    Line(
      id: "proxy-elsewhere",
      harm: { person in
        try await person.call("ccl-setup", ["proxy", "on", "--yes"]).succeed()
        let words = ["proxy", "--upstream", "http://127.0.0.1:9", "--detach"]
        try await person.call("ccl-setup", words).succeed()
      }),
    Line(
      id: "proxy-blocked",
      harm: { person in
        try await person.call("ccl-setup", ["proxy", "on", "--yes"]).succeed()
        try await person.call("ccl-setup", ["proxy", "--detach"]).succeed()
        let note = try person.text(".local/state/ccl-setup/proxy/running.json")
        let process = try #require(note.firstMatch(of: /"process":([0-9]+)/)?.1)
        try await person.call("kill", ["-STOP", String(process)]).succeed()
      }),
    Line(
      id: "proxy", outcome: "warn", hasRemedy: false,
      harm: { person in
        try await person.call("ccl-setup", ["proxy", "on", "--yes"]).succeed()
        try await person.call("ccl-setup", ["proxy", "--detach"]).succeed()
        try await person.endServers()
      }, hand: { try await $0.call("ccl-setup", ["start", "--no-warm"]).succeed() }),
    Line(
      id: "client-contract", isPrompting: true,
      harm: { person in
        try person.forget("claude")
        try person.install(client: ProbeTests.futureClient(path: "/v2/messages"))
      },
      hand: { person in
        try person.forget("claude")
        try person.install(client: .a)
      }),
    Line(
      id: "client", harm: { try $0.forget("claude") }, hand: { try $0.install(client: .a) }),
    Line(
      id: "prompt", isPrompting: true,
      harm: { person in
        try await person.endServers()
        _ = try await person.serve(with: ["CCL_REHEARSAL_FAULTS": "/v1/messages:status=500"])
        // The stand-in keeps its models in memory.
        _ = try await setUp(person)
      },
      hand: { person in
        try await person.endServers()
        _ = try await person.serve()
        _ = try await setUp(person)
      }),
    Line(
      id: "loaded-context", isPrompting: true,
      harm: { person in
        _ = try await person.web(
          "/api/create",
          post:
            #"{"model":"qwen3:1.7b-32k","from":"qwen3:1.7b","parameters":{"num_ctx":4096},"stream":false}"#
        )
      }),
    Line(
      id: "disk", outcome: "warn",
      harm: { person in
        try person.home.put(.folder(), at: "models")
        person.environment["OLLAMA_MODELS"] = person.home["models"].string
        person.mounts = "mount -t tmpfs -o size=64m tmpfs \(person.home["models"])"
      }, hand: { $0.mounts = ":" }),
    Line(
      id: "receipt-unreadable",
      harm: { person in
        for name in ["receipt.json", "receipt.copy.json"]
        where try person.tree().nodes[".local/state/ccl-setup/\(name)"] != nil {
          try person.home.put(.file("{", mode: 0o600), at: ".local/state/ccl-setup/\(name)")
        }
      },
      hand: { person in
        // The last step: `ccl-setup`.
        let made = try await Self.setUp(person)
        #expect(made.code == 0, "\(made.output)\n\(made.error)")
      }),
  ]

  @Test(arguments: lines)
  func turnsRedAndGreenAgain(_ line: Line) async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let made = try await Self.setUp(person)
      try #require(made.code == 0, "\(made.output)\n\(made.error)")
      try await expect(line, "pass", person)
      try await line.harm(&person)
      let red = try #require(try await check(line, person))
      #expect(red.outcome == line.outcome, "\(red)")
      let steps = red.remedySteps ?? []
      #expect(steps.isEmpty != line.hasRemedy, "\(red)")
      // The wizard, without flags, would ask.
      for step in steps where ["ccl-setup ", "mv "].contains(where: step.hasPrefix) {
        // Nobody is there to be asked.
        let isAsking = ["ccl-setup fix", "ccl-setup uninstall"].contains(step)
        let isVerifying = step == "ccl-setup fix" || step.hasPrefix("ccl-setup --yes")
        let words = step + (isAsking ? " --yes" : "") + (isVerifying ? " --no-verify" : "")
        let done = try await person.run("sh", "-c", words)
        // That it is broken is what the doctor says until the sentences are done too.
        #expect(
          done.code == 0 || step == "ccl-setup doctor", "\(words): \(done.output)\n\(done.error)")
      }
      try await line.hand(&person)
      try await expect(line, "pass", person)
    }
  }

  /// Without the program on the `PATH` claude-local finds no way through the proxy; either half of the remedy helps.
  @Test func aProxyWithoutItsProgram() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let made = try await Self.setUp(person)
      try #require(made.code == 0, "\(made.output)\n\(made.error)")
      try await person.call("ccl-setup", ["proxy", "on", "--yes"]).succeed()
      func outcome() async throws -> DoctorAnswer.Check? {
        let told = try await person.call(
          Part.product.string, ["doctor", "--no-prompt", "--json"]
        ).run()
        return try DoctorAnswer(told).checks
          .first { $0.id == "proxy-program-missing" }
      }
      #expect(try await outcome() == nil)
      try person.forget("ccl-setup")
      let red = try #require(try await outcome())
      #expect(red.outcome == "fail")
      let step = try #require(red.remedySteps?.first)
      #expect(step == "ccl-setup proxy off")
      let words = step.split(separator: " ").dropFirst().map(String.init)
      try await person.call(Part.product.string, words + ["--yes"]).succeed()
      #expect(try await outcome() == nil)
    }
  }

  private static func setUp(_ person: Person) async throws -> ProgramResult {
    try await person.call("ccl-setup", ["--yes", "--no-verify"] + small).run()
  }

  /// A check that is only there when something is wrong has passed where it is not there.
  private func expect(_ line: Line, _ outcome: String, _ person: Person) async throws {
    let found = try await check(line, person)
    #expect((found?.outcome ?? "pass") == outcome, "\(String(describing: found))")
  }

  private func check(_ line: Line, _ person: Person) async throws -> DoctorAnswer.Check? {
    let words =
      line.isPrompting ? ["doctor", "--json"] : ["doctor", "--no-prompt", "--json"]
    let told = try await person.call("ccl-setup", words).run()
    return try DoctorAnswer(told).checks
      .first { $0.id == line.id || $0.id.hasPrefix(line.id + ":") }
  }
}
