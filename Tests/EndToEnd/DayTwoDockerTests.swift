import Setup
import Support
import SystemPackage
import Testing

/// The words that are about the container.
extension DockerTests {
  @Test func startStopShellLogsAndClean() async throws {
    let person = try Person([], in: docker.namespace, docker: docker)
    let before = try person.tree()
    let made = try await person.call(
      "ccl-setup", ["--yes", "--no-verify", "--engine", "docker", "--shells", "bash"] + small
    ).run()
    try #require(made.code == 0, "\(made.output)\n\(made.error)")

    let status = try await person.setup("status")
    #expect(status.code == 0)
    #expect(flowed(status.output).contains("container ollama: Up "), "\(status.output)")

    // A command in the container, its exit code, and a shell at a terminal.
    let listed = try await person.setup("shell", "ollama", "list")
    #expect(listed.code == 0 && listed.output.contains("qwen3:1.7b-32k"), "\(listed.error)")
    #expect(try await person.setup("shell", "sh", "-c", "exit 7").code == 7)
    let shell = try await person.wizard("shell")
    try await shell.expect("#")
    try await shell.type("echo in-$((40 + 2)); hostname > /tmp/was-here")
    try await shell.expect("in-42")
    try await shell.type("exit 3")
    #expect(try await shell.exit() == 3)
    #expect(try await docker.succeed(["exec", "ollama", "cat", "/tmp/was-here"]).count == 12)

    #expect(try await person.setup("logs").code == 0)
    #expect(try await person.setup("logs", "-n", "1").code == 0)
    let gpu = try await person.setup("start", "--gpu")
    #expect(gpu.code == 1)
    #expect(flowed(gpu.error).contains("The container cannot have a GPU"))

    #expect(try await person.setup("stop").code == 0)
    #expect(
      try await docker.succeed(["inspect", "--format", "{{.State.Status}}", "ollama"]) == "exited")
    let stopped = try await person.setup("status")
    #expect(stopped.code == 2)
    #expect(flowed(stopped.output).contains("container ollama: Exited"), "\(stopped.output)")
    #expect(try await person.setup("start").code == 0)
    // The volume has kept everything: a word that needs the models finds them.
    let named = try await person.setup("alias", "qwen3:1.7b", "other")
    #expect(named.code == 0, "\(named.error)")

    let dry = try await person.setup("clean", "--dry-run")
    #expect(flowed(dry.output).contains("1.4 GB of models in all"))
    #expect(try await person.setup("clean", "--yes").code == 0)
    try await expectNothingLeft()
    #expect(try person.text(".bashrc").contains("ccl-setup"))
    let again = try await person.setup("--yes", "--no-verify")
    #expect(again.code == 0, "\(again.error)")
    #expect(try models(try await person.web("/api/tags")).keys.contains("qwen3:1.7b-32k"))

    // Of a stopped container the models go with the volume.
    #expect(try await person.setup("stop").code == 0)
    let gone = try await person.setup("uninstall", "--yes")
    #expect(gone.code == 0, "\(gone.error)")
    #expect(before.differences(to: try person.tree()) == [])
    try await expectNothingLeft()
  }
  /// The words about models, and the proofs, with the real client and the container.
  @Test(.requires(.claude(.a))) func modelsAndProofs() async throws {
    let person = try Person([.client(.a)], in: docker.namespace, docker: docker)
    let before = try person.tree()
    let made = try await person.call(
      "ccl-setup", ["--yes", "--no-verify", "--engine", "docker", "--shells", "bash"] + small
    ).run()
    try #require(made.code == 0, "\(made.output)\n\(made.error)")
    for words in [
      ["pull", "llama3.2:1b"], ["context", "llama3.2:1b", "16k"],
      ["alias", "llama3.2:1b-16k", "other"],
    ] { try await person.call("ccl-setup", words).succeed() }
    let listed = try await person.setup("models")
    for name in ["llama3.2:1b", "llama3.2:1b-16k"] {
      #expect(listed.output.contains(name), "\(listed.output)")
    }
    #expect(try await person.setup("warm").output.contains("✓ The model has read"))
    let deep = try await person.setup("doctor", "--deep", "--json", within: .seconds(240))
    let proofs = try DoctorAnswer(deep).checks.filter { $0.id.hasPrefix("deep") }
    #expect(proofs.count == 9 && proofs.allSatisfy { $0.outcome == "pass" }, "\(proofs)")
    for name in ["other", "llama3.2:1b-16k", "llama3.2:1b"] {
      try await person.call("ccl-setup", ["remove", name, "--yes"]).succeed()
    }
    #expect(
      try await !models(person.web("/api/tags")).keys.contains { $0.hasPrefix("llama3.2") })

    // Another server takes the port of the stopped container: neither word takes it for ours.
    #expect(try await person.setup("stop").code == 0)
    let other = try await person.serve()
    let start = try await person.setup("start")
    #expect(start.code == 1)
    #expect(flowed(start.error).contains("is not ccl-setup's container"), "\(start.error)")
    let stop = try await person.setup("stop")
    #expect(stop.code == 1)
    #expect(flowed(stop.error).contains("An Ollama goes on answering"), "\(stop.error)")
    await other.end()
    #expect(try await person.setup("start", "--no-warm").code == 0)

    let gone = try await person.setup("uninstall", "--yes")
    #expect(gone.code == 0, "\(gone.error)")
    #expect(before.differences(to: try person.tree()) == [])
    try await expectNothingLeft()
  }
}
