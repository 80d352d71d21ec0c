import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One Docker for all: real dockerd and Compose in a network without a way out, with the stand-in as its only image.
private enum SharedDocker {
  static let started = Task {
    let docker = try await DockerDaemon(in: try await Namespace())
    try await docker.importImage(tag: "0.32.15")
    return docker
  }
}

/// The whole way over Docker, from the first screen to the answer of the real client, and back.
@Suite(.serialized, .requires(.docker, .busybox), .timeLimit(.minutes(5)))
struct DockerTests {
  let docker: DockerDaemon

  init() async throws { docker = try await SharedDocker.started.value }

  @Test(
    .requires(.claude(.a), .program("bash"), .program("zsh"), .program("fish")))
  func theWizardLeadsToAnAnsweringClientInEveryShell() async throws {
    let person = try Person([.client(.a)], in: docker.namespace, docker: docker)
    let before = try person.tree()

    let terminal = try await person.wizard()
    let settings = try await terminal.settings()
    try await terminal.expect("What is on this machine")
    try await terminal.expect("engine [docker] ▸ ")
    try await terminal.type("")
    try await terminal.expect("model [")
    try await terminal.expect("▸ ")
    try await terminal.type("qwen3:1.7b")
    try await terminal.expect("context [")
    try await terminal.expect("▸ ")
    try await terminal.type("32k")
    try await terminal.expect("profile [lean] ▸ ")
    try await terminal.type("")
    // The client was never started here.
    try await terminal.expect("client-folder [yours] ▸ ")
    try await terminal.type("")
    try await terminal.expect("shells [bash,zsh,fish] ▸ ")
    try await terminal.type("")
    try await terminal.expect("docker compose")
    try await terminal.expect("Do it? [yes] ▸ ")
    #expect(try person.tree().differences(to: before).allSatisfy { $0.contains("ccl-setup") })
    try await terminal.type("")
    try await terminal.expect("The proof", within: .seconds(60))
    for shell in ["bash", "zsh", "fish"] {
      try await terminal.expect("✓ claude-local answers in a fresh \(shell)", within: .seconds(60))
    }
    try await terminal.expect("It works.")
    #expect(try await terminal.exit() == 0)
    #expect(try await terminal.settings() == settings)

    // The container: published on this machine only, and healthy.
    #expect(try await docker.succeed(["port", "ollama"]) == "11434/tcp -> 127.0.0.1:11434")
    try await eventually(within: .seconds(40)) {
      let health = ["inspect", "--format", "{{.State.Health.Status}}", "ollama"]
      return try await docker.succeed(health) == "healthy" ? true : nil
    }
    // What the server says of itself: the context that is loaded, and who asked it.
    #expect(try await person.web("/api/ps").contains("\"context_length\":32768"))
    let record = try await docker.succeed([
      "exec", "ollama", "busybox", "wget", "-q", "-O", "-",
      "http://127.0.0.1:11434/rehearsal/record",
    ])
    let served = try JSONDecoder().decode([Served].self, from: Data(record.utf8))
    let asked = served.filter(\.isOfTheClient)
    #expect(asked.count >= 3)
    #expect(asked.allSatisfy { $0.model == "qwen3:1.7b-32k" && $0.contextLength == 32768 })
    #expect(asked.allSatisfy { $0.truncated != true })
    // What was written.
    #expect(try person.text(".bashrc").contains("# >>> ccl-setup: claude-local for bash >>>"))
    #expect(try person.text(".zshrc").contains("# >>> ccl-setup: claude-local for zsh >>>"))
    for file in [
      ".config/ccl-setup/claude-local.bash", ".config/ccl-setup/claude-local.zsh",
      ".config/fish/functions/claude-local.fish", ".config/ccl-setup/claude-settings.json",
    ] { #expect(try person.text(file).contains("qwen3:1.7b-32k"), "\(file)") }
    #expect(try person.text(".local/state/ccl-setup/receipt.json").contains("engine:docker"))

    // A second run finds everything in place.
    let after = try person.tree()
    let containers = try await docker.succeed(["ps", "--all", "--no-trunc"])
    let again = try await person.setup("--yes", "--no-verify")
    #expect(again.code == 0)
    #expect(again.output.contains("Everything is in place already"))
    try person.expectTree(after)
    #expect(
      try await docker.succeed(["ps", "--all", "--no-trunc", "--format", "{{.ID}}"])
        == containers.split(separator: "\n").last?.split(separator: " ").first.map(String.init))

    let uninstall = try await person.setup("uninstall", "--yes")
    #expect(uninstall.code == 0, "\(uninstall.output)\n\(uninstall.error)")
    try person.expectTree(before)
    try await expectNothingLeft()
  }

  @Test func aDryRunChangesNothingInTheHomeAndInDocker() async throws {
    let person = try Person([], in: docker.namespace, docker: docker)
    let before = try person.home.snapshot()
    let result = try await person.setup("--dry-run", "--engine", "docker")
    #expect(result.code == 0, "\(result.error)")
    #expect(result.output.contains("docker compose --progress plain --project-directory"))
    #expect(result.output.hasSuffix("Nothing was changed (--dry-run)."))
    try person.expectHome(before)
    try await expectNothingLeft()
  }

  /// A container of that name and a server on that port belong to somebody else.
  @Test func aContainerNamedOllamaOfSomebodyElseStays() async throws {
    let person = try Person([], in: docker.namespace, docker: docker)
    let before = try person.tree()
    let theirs = try await docker.succeed([
      "run", "--detach", "--name", "ollama", "--publish", "127.0.0.1:11434:11434",
      "ollama/ollama:0.32.15",
    ])
    let result = try await person.setup(
      "--yes", "--no-verify", "--engine", "docker", "--model", "qwen3:1.7b", "--context", "32k")
    #expect(result.code == 0, "\(result.output)\n\(result.error)")
    #expect(
      try await docker.succeed(["port", "ccl-setup-ollama"]) == "11434/tcp -> 127.0.0.1:11435")
    #expect(
      try person.text(".config/ccl-setup/claude-settings.json").contains("http://127.0.0.1:11435"))
    #expect(try models(try await person.web("/api/tags")).isEmpty)
    #expect(
      try models(try await person.web("/api/tags", port: 11435)).keys.contains("qwen3:1.7b-32k"))
    let again = try await person.setup("--yes", "--no-verify")
    #expect(again.output.contains("Everything is in place already"))

    #expect(try await person.setup("uninstall", "--yes").code == 0)
    try person.expectTree(before)
    #expect(
      try await docker.succeed(["ps", "--no-trunc", "--format", "{{.ID}} {{.Names}}"])
        == "\(theirs) ollama")
    try await docker.succeed(["rm", "--force", "--volumes", "ollama"])
    try await expectNothingLeft()
  }

  /// Docker ends between the plan and its first command.
  @Test func dockerDiesMidway() async throws {
    let network = try await Namespace()
    let dying = try await DockerDaemon(in: network)
    let person = try Person([], in: network, docker: dying)
    let before = try person.tree()
    let terminal = try await person.wizard(
      "--engine", "docker", "--model", "qwen3:1.7b", "--context", "32k", "--profile", "lean",
      "--shells", "bash")
    try await terminal.expect("Do it? [yes] ▸ ")
    await dying.stop()
    try await terminal.type("yes")
    try await terminal.expect("✗ `docker compose")
    try await terminal.expect("exit code")
    try await terminal.expect("try: ")
    try await terminal.expect("Try again? [yes] ▸ ")
    try await terminal.type("quit")
    #expect(try await terminal.exit() == 0)
    let left = before.differences(to: try person.tree())
    #expect(left.allSatisfy { $0.contains(".local/state/ccl-setup") }, "\(left)")
    await network.end()
  }

  /// Docker ends with the setup in place: what cannot be taken back stays recorded, and nothing that it takes is lost.
  @Test func uninstallWithoutDockerCanBeRunAgain() async throws {
    let person = try Person([], in: docker.namespace, docker: docker)
    let before = try person.tree()
    let result = try await person.call(
      "ccl-setup", ["--yes", "--no-verify", "--engine", "docker", "--shells", "bash"] + small
    ).run(within: .seconds(120))
    #expect(result.code == 0, "\(result.output)\n\(result.error)")

    let first = try await person.setup(
      "uninstall", "--yes", with: ["DOCKER_HOST": "unix://\(person.home["no-docker"])"])
    #expect(first.code == 1)
    #expect(first.error.contains("✗ `docker compose"))
    #expect(first.error.contains("try: "))
    #expect(try person.text(".bashrc") == "# mine\nalias ll='ls -l'\nHISTSIZE=10")

    // A stopped container takes its models along all the same.
    try await docker.succeed(["stop", "ollama"])
    let second = try await person.setup("uninstall", "--yes")
    #expect(second.code == 0, "\(second.output)\n\(second.error)")
    try person.expectTree(before)
    try await expectNothingLeft()
  }

  private func setUpInDocker(_ person: Person) async throws {
    let result = try await person.call(
      "ccl-setup", ["--yes", "--no-verify", "--engine", "docker", "--shells", "bash"] + small
    ).run(within: .seconds(120))
    try #require(result.code == 0, "\(result.output)\n\(result.error)")
  }

  /// The receipt is lost, and so are our own files: container, network and volume are found by Compose's labels.
  @Test(arguments: [[".local/state/ccl-setup"], [".local/state/ccl-setup", ".config/ccl-setup"]])
  func withoutAReceiptDockersPartsAreFound(lost: [String]) async throws {
    let person = try Person([], in: docker.namespace, docker: docker)
    let before = try person.tree()
    try await setUpInDocker(person)
    for folder in lost { try TemporaryFolder.remove(person.home[folder]) }
    let result = try await person.setup("uninstall", "--yes")
    #expect(result.code == 0, "\(result.output)\n\(result.error)")
    try person.expectTree(before)
    try await expectNothingLeft()
  }

  /// Docker was removed from the machine: what can be taken back is, and the rest is said.
  @Test func withoutADockerProgramEverythingElseIsTakenBack() async throws {
    var person = try Person([], in: docker.namespace, docker: docker)
    let before = try person.tree()
    try await setUpInDocker(person)
    let folder = try TemporaryFolder.make("no-docker")
    for program in ["unshare", "sh", "mount", "uname"] {
      try FileManager.default.createSymbolicLink(
        atPath: folder.appending(program).string,
        withDestinationPath: try #require(Part.find(program)).string)
    }
    try FileManager.default.createSymbolicLink(
      atPath: folder.appending("ccl-setup").string, withDestinationPath: Part.product.string)
    person.environment["PATH"] = folder.string
    for round in 1...2 {
      let result = try await person.setup("uninstall", "--yes")
      #expect(result.code == 0, "\(result.output)\n\(result.error)")
      let told = round == 1 ? "kept, Docker is no longer installed" : "nothing to take back"
      #expect(flowed(result.output).contains(told), "\(result.output)")
      try person.expectTree(before)
    }
    try await docker.succeed(["rm", "--force", "ollama"])
    try await docker.succeed(["volume", "rm", "ccl-setup_ollama"])
    try await docker.succeed(["network", "rm", "ccl-setup_default"])
    try await expectNothingLeft()
  }

  /// A volume that was kept is there before the next setup, and so is what is in it.
  @Test func aVolumeFromBeforeStays() async throws {
    let person = try Person([], in: docker.namespace, docker: docker)
    let before = try person.tree()
    for keeping in [["--keep-models"], []] {
      try await setUpInDocker(person)
      let result = try await person.call("ccl-setup", ["uninstall", "--yes"] + keeping).run()
      #expect(result.code == 0, "\(result.output)\n\(result.error)")
      let told = flowed(result.output)
      #expect(told.contains("and keep its volume of models") == !keeping.isEmpty, "\(told)")
      #expect(!told.contains("its network and its volume of models"), "\(told)")
      try person.expectTree(before)
      #expect(try await docker.succeed(["volume", "ls", "--quiet"]) == "ccl-setup_ollama")
    }
    try await docker.succeed(["volume", "rm", "ccl-setup_ollama"])
    try await expectNothingLeft()
  }

  func expectNothingLeft() async throws {
    #expect(try await docker.succeed(["ps", "--all", "--quiet"]).isEmpty)
    #expect(try await docker.succeed(["volume", "ls", "--quiet"]).isEmpty)
    #expect(
      try await docker.succeed(["network", "ls", "--format", "{{.Name}}"])
        .split(separator: "\n").sorted() == ["bridge", "host", "none"])
  }
}
