import Setup
import Support
import SystemPackage
import Testing

struct DockerTests {
  /// Compose, a published port, a health check and a shell in the container: all that the product does with Docker.
  @Test(.requires(.docker, .busybox)) func composeRunsTheStandIn() async throws {
    let network = try await Namespace()
    let docker = try await DockerDaemon(in: network)
    try await docker.importImage(tag: "test")
    let project = try TemporaryHome([
      "docker-compose.yml": """
      services:
        ollama:
          image: ollama/ollama:test
          container_name: ollama
          pull_policy: never
          ports: ["127.0.0.1:11434:11434"]
          volumes: ["ollama:/root/.ollama"]
          healthcheck: {test: ["CMD", "ollama", "list"], interval: 1s}
      volumes: {ollama: {}}
      """
    ])
    try await docker.succeed(["compose", "up", "--detach", "--wait"], folder: project.path)
    let answer = try await network.run(
      Part.busyboxPath.string, ["wget", "-qO-", "http://127.0.0.1:11434/"])
    #expect(answer.output == "Ollama is running")
    #expect(
      try await docker.succeed(["exec", "ollama", "bash", "-c", "echo $OLLAMA_HOST"])
        == "0.0.0.0:11434")
    #expect(
      try await docker.succeed(["exec", "ollama", "ollama", "list"]).hasPrefix("NAME"))
    try await docker.succeed(["compose", "down", "--volumes"], folder: project.path)
    #expect(try await docker.succeed(["ps", "--all", "--quiet"]).isEmpty)
    #expect(try await docker.succeed(["volume", "ls", "--quiet"]).isEmpty)
    await docker.stop()
  }
}
