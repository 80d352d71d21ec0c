import Assets
import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The engine's compose files, read by the real Compose.
@Suite(.requires(.docker)) struct ComposeTests {
  struct Configuration: Decodable {
    struct Service: Decodable {
      struct Port: Decodable, Equatable {
        var hostIP: String
        var published: String
        var target: Int
        enum CodingKeys: String, CodingKey {
          case hostIP = "host_ip"
          case published, target
        }
      }
      struct Deploy: Decodable {
        struct Resources: Decodable { var reservations: Reservations }
        struct Reservations: Decodable { var devices: [Device] }
        struct Device: Decodable, Equatable {
          var driver: String
          var count: Int
          var capabilities: [String]
        }
        var resources: Resources
      }
      var image: String
      var containerName: String
      var restart: String
      var ports: [Port]
      var environment: [String: String?]
      var deploy: Deploy?
      enum CodingKeys: String, CodingKey {
        case image, restart, ports, environment, deploy
        case containerName = "container_name"
      }
    }
    var services: [String: Service]
  }

  private func configuration(
    _ files: [Asset] = [.compose], dotenv: String? = nil, environment: [String: String] = [:]
  ) async throws -> Configuration.Service {
    let project = try TemporaryHome()
    for file in files { try project.put(.file(file.bytes), at: file.rawValue) }
    if let dotenv { try project.put(.file(dotenv), at: ".env") }
    let variables = [
      "DOCKER_CONFIG": Part.dockerConfiguration.string, "HOME": project.path.string,
    ]
    let json = try await Invocation.clean(
      "docker",
      ["compose"] + files.flatMap { ["-f", $0.rawValue] } + ["config", "--format", "json"],
      environment: variables.merging(environment) { $1 }, folder: project.path
    ).succeed()
    let found = try JSONDecoder().decode(Configuration.self, from: Data(json.utf8))
    #expect(found.services.keys.sorted() == ["ollama"])
    return try #require(found.services["ollama"])
  }

  @Test func worksByHandWithoutAnyVariable() async throws {
    let service = try await configuration()
    #expect(service.image == "ollama/ollama:0.32.15")
    #expect(service.containerName == "ollama")
    #expect(service.restart == "unless-stopped")
    #expect(service.ports == [.init(hostIP: "127.0.0.1", published: "11434", target: 11434)])
    // Set, even to nothing, these two would not be what the hardware decides.
    #expect(service.environment["OLLAMA_FLASH_ATTENTION"] ?? nil == nil)
    #expect(service.environment["OLLAMA_KV_CACHE_TYPE"] ?? nil == nil)
    #expect(service.deploy == nil)
  }

  /// Every variable of `.env.example`, with the default that is written there, and no other.
  @Test func theExampleShowsEveryVariableWithItsDefault() async throws {
    let lines = Asset.environmentExample.text.split(separator: "\n")
    let shown = lines.filter { $0.hasPrefix("#") && !$0.hasPrefix("# ") }.map { $0.dropFirst() }
    let pairs = shown.map { line in
      let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (String(parts[0]), String(parts[1]))
    }
    for (name, value) in pairs {
      let form = value.isEmpty ? "      \(name):\n" : "${\(name):-\(value)}"
      #expect(Asset.compose.text.contains(form), "\(name)")
    }
    let used = Asset.compose.text.split(separator: "${").dropFirst().count
    #expect(used == pairs.filter { !$0.1.isEmpty }.count)
  }

  @Test func aDotenvFileAndTheEnvironmentChangeIt() async throws {
    let service = try await configuration(
      dotenv: "OLLAMA_PORT=11500\nOLLAMA_FLASH_ATTENTION=0\nOLLAMA_KEEP_ALIVE=-1\n",
      environment: ["OLLAMA_PORT": "11501", "OLLAMA_IMAGE": "ollama/ollama:0.14.3"])
    #expect(service.ports.first?.published == "11501")
    #expect(service.ports.first?.hostIP == "127.0.0.1")
    #expect(service.image == "ollama/ollama:0.14.3")
    #expect(service.environment["OLLAMA_KEEP_ALIVE"] == "-1")
    #expect(service.environment["OLLAMA_FLASH_ATTENTION"] == "0")
  }

  @Test func theOverlayReservesTheCards() async throws {
    let service = try await configuration([.compose, .composeGraphics])
    #expect(
      service.deploy?.resources.reservations.devices
        == [.init(driver: "nvidia", count: -1, capabilities: ["gpu"])])
    #expect(service.image == "ollama/ollama:0.32.15")
  }

  @Test(.requires(.busybox)) func becomesHealthyAndIsReachedFromThisMachineOnly() async throws {
    let network = try await Namespace()
    let docker = try await DockerDaemon(in: network)
    try await docker.importImage(tag: "0.32.15")
    let project = try TemporaryHome(["docker-compose.yml": .file(Asset.compose.bytes)])
    try await docker.succeed(["compose", "up", "--detach", "--wait"], folder: project.path)
    #expect(
      try await docker.succeed(["inspect", "--format", "{{.State.Health.Status}}", "ollama"])
        == "healthy")
    #expect(try await docker.succeed(["port", "ollama"]) == "11434/tcp -> 127.0.0.1:11434")
    let answer = try await network.run(
      Part.busyboxPath.string, ["wget", "-qO-", "http://127.0.0.1:11434/"])
    #expect(answer.output == "Ollama is running")
    let variables = try await docker.succeed(["exec", "ollama", "busybox", "env"])
    #expect(variables.contains("OLLAMA_NO_CLOUD=1\n"))
    #expect(!variables.contains("OLLAMA_FLASH_ATTENTION"))
    try await docker.succeed(["compose", "down", "--volumes"], folder: project.path)
    #expect(try await docker.succeed(["volume", "ls", "--quiet"]).isEmpty)
    await docker.stop()
  }
}
