import Setup
import Support
import SystemPackage
import Testing

/// `update`, which replaces the container and nothing else.
extension DockerTests {
  @Test func updateSaysWhatChangesAndReplacesTheContainer() async throws {
    let person = try Person([], in: docker.namespace, docker: docker)
    let before = try person.tree()
    let made = try await person.call(
      "ccl-setup", ["--yes", "--no-verify", "--engine", "docker", "--shells", "bash"] + small
    ).run()
    try #require(made.code == 0, "\(made.output)\n\(made.error)")
    let current = try await person.setup("update")
    #expect(current.code == 0)
    let id = try await docker.succeed(["inspect", "--format", "{{.Id}}", "ollama"])

    // The container of an earlier ccl-setup: its Compose file named an older image, which says so.
    try await docker.succeed(["tag", "ollama/ollama:0.32.15", "ollama/ollama:0.30.1"])
    let file = ".config/ccl-setup/engine/docker-compose.yml"
    let older = try person.text(file).replacing("ollama:0.32.15", with: "ollama:0.30.1")
      .replacing(
        "      OLLAMA_NO_CLOUD:",
        with: "      CCL_REHEARSAL_VERSION: 0.30.1\n      OLLAMA_NO_CLOUD:")
    try write(older.utf8, to: person.home[file])
    let folder = person.home[".config/ccl-setup/engine"].string
    let up = ["compose", "--project-directory", folder, "--file", "\(folder)/docker-compose.yml"]
    try await docker.succeed(up + ["up", "--detach"])
    try await eventually(within: .seconds(20)) {
      // While the container is replaced nobody answers.
      (try? await person.web("/api/version"))?.contains("0.30.1") == true ? true : nil
    }
    let held = try models(try await person.web("/api/tags"))

    let dry = try await person.setup("update", "--dry-run")
    #expect(dry.code == 0)
    #expect(flowed(dry.output).contains("0.30.1") && flowed(dry.output).contains("0.32.15"))
    #expect(try await person.web("/api/version").contains("0.30.1"))
    let refused = try await person.setup("update")
    #expect(refused.code == 64)
    let terminal = try await person.wizard("update")
    try await terminal.expect("Replace the container? Its models stay. [yes] ▸ ")
    try await terminal.type("no")
    try await terminal.expect("Nothing was changed.")
    #expect(try await terminal.exit() == 0)

    let done = try await person.setup("update", "--yes", "--json")
    #expect(done.code == 0, "\(done.output)\n\(done.error)")
    #expect(done.output.contains("\"applied\" : true") && done.output.contains("\"0.30.1\""))
    #expect(try await person.web("/api/version").contains("0.32.15"))
    #expect(try await docker.succeed(["inspect", "--format", "{{.Id}}", "ollama"]) != id)
    #expect(try models(try await person.web("/api/tags")) == held)
    #expect(try person.text(file).contains("ollama:0.32.15"))

    #expect(try await person.setup("uninstall", "--yes").code == 0)
    #expect(before.differences(to: try person.tree()) == [])
    try await expectNothingLeft()
    try await docker.succeed(["image", "rm", "ollama/ollama:0.30.1"])
  }
}
