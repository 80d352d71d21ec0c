import Setup
import Support
import SystemPackage
import Testing

/// What `doctor` prints as a remedy for what only the running machine shows, run as it stands: the line is green then.
@Suite(
  .requires(.namespace, .superuser, .busybox, .claude(.a), .program("bash")),
  .timeLimit(.minutes(5)))
struct DeepRemedyTests {
  private func check(_ id: String, _ person: Person, _ words: String...) async throws
    -> DoctorAnswer.Check
  {
    let told = try await person.call("ccl-setup", ["doctor", "--json"] + words)
      .run(within: .seconds(240))
    return try #require(
      try DoctorAnswer(told).checks.first { $0.id == id }, "\(told.output)\n\(told.error)")
  }

  /// Types each line of a remedy into a shell.
  private func run(_ check: DoctorAnswer.Check, _ person: Person) async throws {
    let steps = try #require(check.remedySteps, "\(check)")
    try #require(!steps.isEmpty, "\(check)")
    // A sentence is for the test to do.
    for step in steps where ["ccl-setup ", "curl "].contains(where: step.hasPrefix) {
      // The live prompt of a setup is asked by the doctor afterwards.
      let words = step.hasPrefix("ccl-setup --yes") ? step + " --no-verify" : step
      let done = try await person.run("sh", "-c", words)
      #expect(done.code == 0, "\(words): \(done.output)\n\(done.error)")
    }
  }

  private func setUp(_ person: Person, _ profile: String, context: String = "32k") async throws {
    try await person.call(
      "ccl-setup",
      [
        "--yes", "--no-verify", "--shells", "bash", "--profile", profile, "--engine", "native",
        "--model", "qwen3:1.7b", "--context", context,
      ]
    ).succeed()
  }

  /// A context whose cache does not fit the GPU beside the model: a smaller one does, and is named.
  @Test func aModelThatIsHalfOnTheGPU() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let server = try await person.serve(with: ["CCL_REHEARSAL_VRAM": "6000000000"])
      try await setUp(person, "lean", context: "40k")
      let red = try await check("deep-gpu", person, "--deep")
      #expect(red.outcome == "warn")
      #expect(red.remedySteps == ["ccl-setup --yes --context 32k"], "\(red)")
      try await run(red, person)
      let green = try await check("deep-gpu", person, "--deep")
      #expect(green.outcome == "pass" && green.evidence.hasPrefix("100 %"), "\(green)")
      await server.end()
    }
  }

  /// With every tool no smaller context does: the lean profile goes with it.
  @Test func aSmallerContextMayNeedFewerTools() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let server = try await person.serve(with: ["CCL_REHEARSAL_VRAM": "6000000000"])
      try await setUp(person, "full", context: "40k")
      let red = try await check("deep-gpu", person, "--deep")
      #expect(red.remedySteps == ["ccl-setup --yes --context 32k --profile lean"], "\(red)")
      try await run(red, person)
      #expect(try await check("deep-gpu", person, "--deep").outcome == "pass")
      await server.end()
    }
  }

  /// A model that says it can call tools and talks instead: another one is named, and calls them.
  @Test func aModelThatTalksIsReplaced() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let server = try await person.serve(with: ["CCL_REHEARSAL_TALKERS": "qwen3:1.7b"])
      try await setUp(person, "lean")
      let red = try await check("deep-tools", person, "--deep")
      #expect(red.outcome == "fail")
      #expect(try await check("deep-client", person, "--deep").remedySteps == red.remedySteps)
      #expect(red.remedySteps?.first?.hasPrefix("ccl-setup --yes --model ") == true, "\(red)")
      try await run(red, person)
      for id in ["deep-tools", "deep-client"] {
        let green = try await check(id, person, "--deep")
        #expect(green.outcome == "pass", "\(green)")
      }
      await server.end()
    }
  }

  /// A client whose own prompt fills the context sums the conversation up again and again; a larger one leaves room.
  @Test func aConversationThatIsShortenedAtOnce() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let server = try await person.serve()
      try await setUp(person, "lean", context: "16k")
      let red = try await check("deep-cache", person, "--deep")
      #expect(red.outcome == "warn" && red.evidence.contains("shortened"), "\(red)")
      try await run(red, person)
      let green = try await check("deep-cache", person, "--deep")
      #expect(green.outcome == "pass", "\(green)")
      await server.end()
    }
  }

  /// Ollama's own installer is what makes it newer; here its place is taken by one that does what it does.
  @Test func anOllamaThatIsTooOldIsUpdated() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      try await setUp(person, "lean")
      try await person.endServers()
      let product = Part.product.string
      func ollama(_ version: String) -> String {
        """
        #!/bin/bash
        export CCL_REHEARSAL_VERSION=\(version)
        exec -a "$0" \(product) "$@"
        """
      }
      try person.forget("ollama")
      try person.install(program: "ollama", ollama("0.13.5"))
      try person.install(program: "newer-ollama", ollama("0.32.15"))
      try person.install(
        program: "curl",
        """
        #!/bin/sh
        [ "$*" = "-fsSL https://ollama.com/install.sh" ] || exit 6
        echo 'folder=$(dirname "$(command -v ollama)"); cp "$folder/newer-ollama" "$folder/ollama"'
        """)
      // One that ccl-setup starts is not left running; the person's own is what the doctor finds.
      let refused = try await person.setup("start", "--no-warm")
      #expect(refused.code == 1 && refused.error.contains("too old"), "\(refused.error)")
      await #expect(throws: (any Error).self) { try await person.web("/api/version") }
      let own = try await serveOwn(person)
      let red = try await check("server-too-old", person, "--no-prompt")
      #expect(red.outcome == "fail")
      try await run(red, person)
      await own.end()
      let restarted = try await serveOwn(person)
      let told = try await person.call("ccl-setup", ["doctor", "--no-prompt", "--json"]).run()
      #expect(try DoctorAnswer(told).checks.allSatisfy { $0.id != "server-too-old" })
      #expect(try await person.web("/api/version").contains("0.32.15"))
      await restarted.end()
    }
  }

  private func serveOwn(_ person: Person) async throws -> RunningProgram {
    let server = try RunningProgram(
      person.call("ollama", ["serve"]), output: try TemporaryFolder.make("own").appending("log"))
    try await eventually(within: .seconds(20)) { try? await person.web("/api/version") }
    return server
  }
}
