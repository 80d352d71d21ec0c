import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A container with graphics cards, on a machine that only says that it has one: real Docker and Compose hand it over.
@Suite(.requires(.docker, .busybox, .claude(.a)), .timeLimit(.minutes(4)))
struct GraphicsInDockerTests {
  @Test func theCardIsGivenAndItsLossIsMended() async throws {
    let network = try await Namespace()
    let docker = try await DockerDaemon(in: network, hasGraphics: true)
    try await docker.importImage(tag: "0.32.15")
    let person = try Person([.client(.a)], in: network, docker: docker)
    try person.install(
      program: "nvidia-smi", "#!/bin/sh\necho 'NVIDIA GeForce RTX 4090, 24564, 300, 575.64.03'\n")
    let before = try person.tree()
    let made = try await person.call(
      "ccl-setup", ["--yes", "--no-verify", "--shells", "bash", "--engine", "docker"] + small
    ).run()
    try #require(made.code == 0, "\(made.output)\n\(made.error)")
    try await expect("compose-gpu-file", "pass", person)
    let resources = try await expect("container-resources", "pass", person)
    #expect(resources.evidence.contains("graphics cards: given"), "\(resources)")

    let file = ".config/ccl-setup/engine/docker-compose.gpu.yml"
    try person.home.put(.file(try person.text(file) + "# mine\n"), at: file)
    let edited = try await expect("compose-gpu-file", "fail", person)
    #expect(edited.remedySteps == ["ccl-setup fix"])
    let fixed = try await person.setup("fix", "--yes", "--no-verify")
    #expect(fixed.code == 0, "\(fixed.output)\n\(fixed.error)")
    try await expect("compose-gpu-file", "pass", person)

    // Somebody made it anew without the second file.
    let plain = "cd .config/ccl-setup/engine && docker compose -f docker-compose.yml up --detach"
    try await person.call("sh", ["-c", plain]).succeed()
    let without = try await expect("container-resources", "fail", person)
    #expect(without.evidence.contains("graphics cards: none"), "\(without)")
    for step in without.remedySteps ?? [] {
      try await person.call("sh", ["-c", step]).succeed()
    }
    try await expect("container-resources", "pass", person)

    // Taken away, and given again, by the word for it.
    for (flag, words) in [("--no-gpu", "none"), ("--gpu", "given")] {
      let started = try await person.setup("start", flag, "--no-warm")
      #expect(started.code == 0, "\(started.output)\n\(started.error)")
      let now = try await expect("container-resources", "pass", person)
      #expect(now.evidence.contains("graphics cards: \(words)"), "\(flag): \(now)")
      let left = try DoctorAnswer(try await person.setup("doctor", "--no-prompt", "--json")).checks
      #expect(!left.contains { $0.id.hasPrefix("left-over") })
      // Once more, and the container is left alone.
      let container = { try await person.call("docker", ["ps", "-q"]).succeed() }
      let before = try await container()
      #expect(try await person.setup("start", flag, "--no-warm").code == 0)
      #expect(try await container() == before)
    }

    let uninstall = try await person.setup("uninstall", "--yes")
    #expect(uninstall.code == 0, "\(uninstall.output)\n\(uninstall.error)")
    try person.expectTree(before)
    await docker.stop()
    await network.end()
  }

  @discardableResult
  private func expect(
    _ id: String, _ outcome: String, _ person: Person,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> DoctorAnswer.Check {
    let told = try await person.setup("doctor", "--no-prompt", "--json")
    let checks = try DoctorAnswer(told).checks
    let check = try #require(checks.first { $0.id == id }, sourceLocation: sourceLocation)
    #expect(check.outcome == outcome, "\(check)", sourceLocation: sourceLocation)
    return check
  }
}
