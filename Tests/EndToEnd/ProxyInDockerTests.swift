import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The service `proxy` of docker-compose.yml, with the real dockerd.
@Suite(.requires(.namespace, .superuser, .busybox, .docker), .timeLimit(.minutes(5)))
struct ProxyInDockerTests {
  private func page(_ network: Namespace, _ url: String, _ more: String...) async throws
    -> ProgramResult
  {
    try await network.run(Part.busyboxPath.string, ["wget", "-qO-"] + more + [url])
  }

  /// As somebody with the sources does it after `make build`.
  @Test func byHandInTheRepository() async throws {
    let network = try await Namespace()
    let docker = try await DockerDaemon(in: network)
    try await docker.importImage(tag: "0.32.15")
    let project = try TemporaryHome(["elsewhere.txt": "not for the image"])
    for name in ["docker-compose.yml", "Dockerfile", ".dockerignore"] {
      try project.put(.file(bytes(of: Part.packageRoot.appending(name))), at: name)
    }
    let release = ".build/any-linux/release"
    try project.put(.folder(), at: release)
    try await Invocation.clean(
      "strip", ["-o", project["\(release)/ccl-setup"].string, Part.product.string]
    ).succeed()
    try project.put(.link(to: "any-linux/release"), at: ".build/release")

    // Without the profile there is no proxy.
    try await docker.succeed(["compose", "up", "--detach", "--wait"], folder: project.path)
    #expect(try await docker.succeed(["ps", "--format", "{{.Names}}"]) == "ollama")
    try await docker.succeed(
      ["compose", "--profile", "proxy", "up", "--detach"], folder: project.path,
      within: .seconds(300))
    try await eventually(within: .seconds(60)) {
      try await page(network, "http://127.0.0.1:4000/api/version").succeeded ? true : nil
    }
    // For this machine only, as nobody, with nothing to write but the record.
    #expect(
      try await docker.succeed(["port", "ccl-setup-proxy"]) == "4000/tcp -> 127.0.0.1:4000")
    let inspected = try await docker.succeed([
      "inspect", "--format",
      "{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}}",
      "ccl-setup-proxy",
    ])
    #expect(inspected == "65534:65534 true [ALL] [no-new-privileges:true]")
    let inside = ["exec", "ccl-setup-proxy", "busybox"]
    #expect(try await docker.succeed(inside + ["id", "-u"]) == "65534")
    #expect(try await !docker.docker(inside + ["touch", "/x"]).succeeded)

    // The page answers the person's browser, and no foreign name.
    let shown = try await page(
      network, "http://127.0.0.1:4000/", "--header", "Accept: text/html")
    #expect(shown.output.contains("<html"), "\(shown.error)")
    let foreign = try await page(
      network, "http://127.0.0.1:4000/", "--header", "Accept: text/html", "--header",
      "Host: evil.example")
    #expect(!foreign.output.contains("<html"))

    // A prompt goes through, and lies in the volume's record.
    let body = #"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#
    _ = try await page(network, "http://127.0.0.1:4000/v1/messages", "--post-data", body)
    try await eventually(within: .seconds(20)) {
      let record = try await docker.docker(
        inside + ["cat", "/var/lib/ccl-setup/proxy/record.jsonl"])
      return record.output.contains("/v1/messages") ? true : nil
    }
    // It survives the container.
    try await docker.succeed(
      ["compose", "--profile", "proxy", "up", "--detach", "--force-recreate", "proxy"],
      folder: project.path)
    try await eventually(within: .seconds(60)) {
      let record = try await docker.docker(
        inside + ["cat", "/var/lib/ccl-setup/proxy/record.jsonl"])
      return record.output.contains("/v1/messages") ? true : nil
    }
    // The image has nothing of the sources.
    let listed = try await docker.succeed(
      inside + ["find", "/", "-xdev", "-name", "elsewhere.txt"])
    #expect(listed.isEmpty)
    try await docker.succeed(
      ["compose", "--profile", "proxy", "down", "--volumes"], folder: project.path)
    await docker.stop()
  }

  /// As somebody does it who has the program alone, and takes everything back.
  @Test func inTheFolderOfTheWizard() async throws {
    let network = try await Namespace()
    let docker = try await DockerDaemon(in: network)
    try await docker.importImage(tag: "0.32.15")
    let images = try await docker.succeed(["images", "--quiet", "--no-trunc"])
    let person = try Person([], in: network, docker: docker)
    let before = try person.tree()
    let none = try await person.setup("proxy", "image")
    #expect(none.code == 1 && flowed(none.error).contains("not Ollama in Docker"))
    let made = try await person.call(
      "ccl-setup", ["--yes", "--no-verify", "--engine", "docker", "--shells", "bash"] + small
    ).run()
    try #require(made.code == 0, "\(made.output)\n\(made.error)")
    let engine = person.home[".config/ccl-setup/engine"]
    // What is there is valid with and without the profile, image or none.
    for arguments in [["config", "--quiet"], ["--profile", "proxy", "config", "--quiet"]] {
      try await docker.succeed(["compose"] + arguments, folder: engine)
    }
    for _ in 0..<2 {
      let built = try await person.setup("proxy", "image", within: .seconds(300))
      #expect(built.code == 0, "\(built.output)\n\(built.error)")
    }
    #expect(try person.tree().nodes[".local/state/ccl-setup/proxy/image"] == nil)
    try await docker.succeed(
      ["compose", "--profile", "proxy", "up", "--detach"], folder: engine)
    try await eventually(within: .seconds(60)) {
      try await page(network, "http://127.0.0.1:4000/api/version").succeeded ? true : nil
    }
    // claude-local --proxy goes through it and starts no other.
    let wired = try await person.setup("proxy", "wire")
    #expect(wired.output == "http://127.0.0.1:4000", "\(wired.error)")
    #expect(!person.exists(".local/state/ccl-setup/proxy/running.json"))
    let line = try DoctorAnswer(try await person.setup("doctor", "--no-prompt", "--json")).checks
      .first { $0.id == "proxy" }
    #expect(
      line?.outcome == "pass" && line?.evidence.contains("http://127.0.0.1:4000 goes to") == true,
      "\(String(describing: line))")
    let container = try DoctorAnswer(try await person.setup("doctor", "--no-prompt", "--json"))
      .checks.first { $0.id == "container" }
    #expect(
      container?.evidence.hasPrefix("ollama: Up ") == true, "\(String(describing: container))")
    // A change of the setup leaves it.
    let lean = try await person.setup("profile", "full")
    #expect(lean.code == 0, "\(lean.error)")
    #expect(try await page(network, "http://127.0.0.1:4000/api/version").succeeded)
    // clean takes the container away under it, and the setup can be made anew.
    let clean = try await person.setup("clean", "--yes")
    #expect(clean.code == 0, "\(clean.output)\n\(clean.error)")
    let again = try await person.setup("--yes", "--no-verify")
    #expect(again.code == 0, "\(again.error)")
    try await docker.succeed(
      ["compose", "--profile", "proxy", "up", "--detach"], folder: engine)

    let dry = try await person.setup("uninstall", "--dry-run")
    #expect(flowed(dry.output).contains("remove the proxy's image, its container and its record"))
    let gone = try await person.setup("uninstall", "--yes")
    #expect(gone.code == 0, "\(gone.output)\n\(gone.error)")
    #expect(before.differences(to: try person.tree()) == [])
    #expect(try await docker.succeed(["ps", "--all", "--quiet"]).isEmpty)
    #expect(try await docker.succeed(["volume", "ls", "--quiet"]).isEmpty)
    #expect(try await docker.succeed(["images", "--quiet", "--no-trunc"]) == images)
    #expect(
      try await !docker.succeed(["network", "ls", "--format", "{{.Name}}"]).contains("ccl-setup"))
    await docker.stop()
  }
}
