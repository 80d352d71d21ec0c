import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A container that stopped, froze, went, is too old or lost its models, with real Docker and Compose.
@Suite(.serialized, .requires(.docker, .busybox, .claude(.a)), .timeLimit(.minutes(8)))
struct FixInDockerTests {
  enum Damage: String, Sendable, CaseIterable {
    case stopped, removed, emptied, madeAnewByHand, stuck, paused, unhealthy, tooOld, filesEdited
    case portTaken

    var findings: Set<String> {
      switch self {
      case .stopped: ["container-stopped", "server-down"]
      case .removed: ["container-missing", "server-down"]
      // What an engine that stands still holds is found out once it runs.
      case .emptied: ["container-missing", "server-down", "model-missing"]
      case .madeAnewByHand: ["model-missing", "derived-model-missing", "aliases"]
      case .stuck: ["server-down"]
      case .paused: ["container-stopped", "server-down"]
      case .unhealthy: ["container-unhealthy"]
      case .tooOld: ["server-too-old"]
      case .filesEdited: ["compose-file", "compose-env-file"]
      case .portTaken: ["container-stopped", "port-taken"]
      }
    }
  }

  @Test func eachDamageIsFoundAndRepaired() async throws {
    let network = try await Namespace()
    let docker = try await DockerDaemon(in: network)
    try await docker.importImage(tag: "0.32.15")
    try await docker.importImage(tag: "0.13.5", variables: ["CCL_REHEARSAL_VERSION": "0.13.5"])
    let person = try Person([.client(.a)], in: network, docker: docker)
    let before = try person.tree()
    let result = try await person.setup(
      "--yes", "--no-verify", "--engine", "docker", "--model", "qwen3:1.7b", "--context", "32k",
      "--shells", "bash")
    try #require(result.code == 0, "\(result.output)\n\(result.error)")
    let healthy = try await person.setup("fix")
    #expect(healthy.code == 0, "\(healthy.output)\n\(healthy.error)")
    #expect(healthy.output.contains("Nothing is broken, nothing was changed."))

    try await aContainerWithTooLittleIsMadeAnew(person, docker)
    try await aDaemonOutOfReachIsTold(person)
    for damage in Damage.allCases {
      try await suffer(damage, person, docker)
      let sick = try await person.setup("doctor", "--no-prompt")
      #expect(sick.code == (damage == .unhealthy ? 0 : 2), "\(damage): \(sick.output)")
      let repaired = try await person.setup("fix", "--yes", "--no-verify")
      #expect(repaired.code == 0, "\(damage): \(repaired.output)\n\(repaired.error)")
      for finding in damage.findings {
        #expect(repaired.output.contains(" \(finding) "), "\(damage): \(repaired.output)")
      }
      let again = try await person.setup("fix")
      #expect(again.output.contains("Nothing is broken"), "\(damage): \(again.output)")
      let answer = try await person.run(
        "bash", "-i", "-c", "claude-local -p 'Reply with the word pong'")
      #expect(answer.output.contains("pong"), "\(damage): \(answer.output)\n\(answer.error)")
    }

    let uninstall = try await person.setup("uninstall", "--yes")
    #expect(uninstall.code == 0, "\(uninstall.output)\n\(uninstall.error)")
    #expect(before.differences(to: try person.tree()) == [])
    // The other Ollama on the first port is not ours: it runs on, with the model that only looks like ours.
    #expect(try await docker.succeed(["ps", "--format", "{{.Names}}"]) == "theirs")
    #expect(
      try await docker.succeed(["exec", "theirs", "/bin/ollama", "list"])
        .contains("claude-sonnet-4-6"))
    await docker.stop()
    await network.end()
  }

  /// What the doctor prints as the remedy is done to the letter.
  private func aContainerWithTooLittleIsMadeAnew(
    _ person: Person, _ docker: DockerDaemon
  ) async throws {
    func check() async throws -> DoctorAnswer.Check? {
      try await checks(person).first { $0.id == "container-resources" }
    }
    #expect(try await check()?.outcome == "pass")
    try await docker.succeed(["update", "--memory", "300m", "--memory-swap", "300m", "ollama"])
    let narrow = try #require(try await check())
    #expect(narrow.outcome == "fail" && narrow.evidence.contains("at most"), "\(narrow)")
    for step in narrow.remedySteps ?? [] {
      let done = try await person.run("sh", "-c", step)
      #expect(done.code == 0, "\(step): \(done.output)\n\(done.error)")
    }
    #expect(try await check()?.outcome == "pass")
  }

  /// Makes our container anew by hand, with what another Compose file says besides.
  private func compose(
    _ person: Person, _ docker: DockerDaemon, _ more: String? = nil
  ) async throws {
    let folder = person.home[".config/ccl-setup/engine"]
    var files = ["--file", folder.appending("docker-compose.yml").string]
    if let more {
      let other = try TemporaryFolder.make("compose").appending("more.yml")
      try write(more.utf8, to: other)
      files += ["--file", other.string]
    }
    try await docker.succeed(
      ["compose", "--project-directory", folder.string] + files + ["up", "--detach"])
  }

  private func checks(_ person: Person) async throws -> [DoctorAnswer.Check] {
    let told = try await person.setup("doctor", "--no-prompt", "--json")
    return try DoctorAnswer(told).checks
  }

  /// What is said to be done about it depends on the system; here the daemon is only looked for in the wrong place.
  private func aDaemonOutOfReachIsTold(_ person: Person) async throws {
    var lost = person
    lost.environment["DOCKER_HOST"] = "unix:///nowhere"
    for (person, outcome) in [(lost, "fail"), (person, "pass")] {
      let found = try await checks(person)
      for id in ["docker", "container"] {
        let check = try #require(found.first { $0.id == id })
        #expect(check.outcome == outcome, "\(check)")
        #expect((check.remedySteps ?? []).isEmpty == (outcome == "pass"), "\(check)")
      }
    }
  }

  private func suffer(_ damage: Damage, _ person: Person, _ docker: DockerDaemon) async throws {
    switch damage {
    case .madeAnewByHand:
      try await suffer(.emptied, person, docker)
      try await compose(person, docker)
      try await eventually(within: .seconds(20)) { try? await person.web("/api/version") }
    case .stuck:
      // Frozen where Docker does not know of it: it listens, and says nothing.
      try await docker.succeed(["kill", "--signal", "STOP", "ollama"])
    case .paused: try await docker.succeed(["pause", "ollama"])
    case .unhealthy:
      try await compose(
        person, docker,
        """
        services:
          ollama:
            healthcheck: {test: ["CMD", "false"], interval: 1s, retries: 1, start_period: 0s}
        """)
      try await eventually(within: .seconds(30)) {
        try await docker.succeed(["ps", "--format", "{{.Status}}"]).contains("(unhealthy)")
          ? true : nil
      }
    case .tooOld:
      try await compose(
        person, docker, "services:\n  ollama:\n    image: ollama/ollama:0.13.5\n")
      try await eventually(within: .seconds(20)) { try? await person.web("/api/version") }
    case .filesEdited:
      for name in ["docker-compose.yml", ".env"] {
        let path = ".config/ccl-setup/engine/\(name)"
        try person.home.put(.file(try person.text(path) + "# mine\n"), at: path)
      }
    case .stopped: try await docker.succeed(["stop", "ollama"])
    case .removed: try await docker.succeed(["rm", "--force", "ollama"])
    case .emptied:
      try await docker.succeed(["rm", "--force", "ollama"])
      try await docker.succeed(["volume", "rm", "ccl-setup_ollama"])
    case .portTaken:
      try await docker.succeed(["stop", "ollama"])
      try await docker.succeed([
        "run", "--detach", "--name", "theirs", "--publish", "127.0.0.1:11434:11434",
        "ollama/ollama:0.32.15",
      ])
      try await eventually(within: .seconds(20)) {
        try await docker.docker(["exec", "theirs", "/bin/ollama", "pull", "qwen3:1.7b"]).succeeded
          ? true : nil
      }
      try await docker.succeed([
        "exec", "theirs", "/bin/ollama", "cp", "qwen3:1.7b", "claude-sonnet-4-6",
      ])
    }
  }
}
