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
      id: "left-over:", outcome: "warn",
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
      #expect(!steps.isEmpty, "\(red)")
      // The wizard, without flags, would ask.
      for step in steps where step.hasPrefix("ccl-setup ") {
        // Nobody is there to be asked.
        let isAsking = ["ccl-setup fix", "ccl-setup uninstall"].contains(step)
        let words =
          step + (isAsking ? " --yes" : "") + (step == "ccl-setup fix" ? " --no-verify" : "")
        let done = try await person.run("sh", "-c", words)
        // That it is broken is what the doctor says until the sentences are done too.
        #expect(
          done.code == 0 || step == "ccl-setup doctor", "\(words): \(done.output)\n\(done.error)")
      }
      try await line.hand(&person)
      try await expect(line, "pass", person)
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
    return try JSONDecoder().decode(DoctorAnswer.self, from: Data(told.standardOutput)).checks
      .first { $0.id.hasPrefix(line.id) }
  }
}
