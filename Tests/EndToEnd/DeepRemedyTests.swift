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
    for step in steps {
      // The live prompt of a setup is asked by the doctor afterwards.
      let words = step.hasPrefix("ccl-setup --yes") ? step + " --no-verify" : step
      let done = try await person.run("sh", "-c", words)
      #expect(done.code == 0, "\(words): \(done.output)\n\(done.error)")
    }
  }

  private func setUp(_ person: Person, _ profile: String) async throws {
    try await person.call(
      "ccl-setup",
      [
        "--yes", "--no-verify", "--shells", "bash", "--profile", profile, "--engine", "native",
        "--model", "qwen3:1.7b", "--context", "32k",
      ]
    ).succeed()
  }

  /// A context whose cache does not fit the GPU beside the model: a smaller one does, and is named.
  @Test func aModelThatIsHalfOnTheGPU() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let server = try await person.serve(with: ["CCL_REHEARSAL_VRAM": "4500000000"])
      try await setUp(person, "lean")
      let red = try await check("deep-gpu", person, "--deep")
      #expect(red.outcome == "warn")
      #expect(red.remedySteps == ["ccl-setup --yes --context 16k"], "\(red)")
      try await run(red, person)
      let green = try await check("deep-gpu", person, "--deep")
      #expect(green.outcome == "pass" && green.evidence.hasPrefix("100 %"), "\(green)")
      await server.end()
    }
  }

  /// With every tool no smaller context does: the lean profile goes with it.
  @Test func aSmallerContextMayNeedFewerTools() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let server = try await person.serve(with: ["CCL_REHEARSAL_VRAM": "4500000000"])
      try await setUp(person, "full")
      let red = try await check("deep-gpu", person, "--deep")
      #expect(red.remedySteps == ["ccl-setup --yes --context 16k --profile lean"], "\(red)")
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
}
