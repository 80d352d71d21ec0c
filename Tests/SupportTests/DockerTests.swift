import Setup
import Support
import SystemPackage
import Testing

struct DockerTests {
  /// Compose, a published port, a health check and a shell in the container: all that the product does with Docker.
  @Test(.requires(.docker, .busybox)) func composeRunsAnImportedImage() async throws {
    let network = try await Namespace()
    let docker = try await DockerDaemon(in: network)
    // `sleep` stands for the binary: dynamically linked, so its libraries have to come along.
    let sleep = try #require(Part.find("sleep"))
    try await docker.importImage(tag: "test", binary: sleep)
    let project = try TemporaryHome([
      "docker-compose.yml": """
      services:
        ollama:
          image: ollama/ollama:test
          container_name: ollama
          pull_policy: never
          init: true
          command: ["1000"]
          healthcheck: {test: ["CMD", "ollama", "0"], interval: 1s}
        web:
          image: ollama/ollama:test
          pull_policy: never
          init: true
          entrypoint: ["busybox", "httpd", "-f", "-p", "11434", "-h", "/etc"]
          ports: ["127.0.0.1:11434:11434"]
          healthcheck: {test: ["CMD", "busybox", "wget", "-qO-", "http://127.0.0.1:11434/passwd"], interval: 1s}
      """
    ])
    try await docker.succeed(["compose", "up", "--detach", "--wait"], folder: project.path)
    let answer = try await network.run(
      Part.busyboxPath.string, ["wget", "-qO-", "http://127.0.0.1:11434/group"])
    #expect(answer.output == "root:x:0:")
    #expect(
      try await docker.succeed(["exec", "ollama", "bash", "-c", "echo $OLLAMA_HOST"])
        == "0.0.0.0:11434")
    try await docker.succeed(["compose", "down", "--timeout", "1"], folder: project.path)
    #expect(try await docker.succeed(["ps", "--all", "--quiet"]).isEmpty)
    await docker.stop()
  }
}
