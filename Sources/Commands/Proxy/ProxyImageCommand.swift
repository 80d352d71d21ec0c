import ArgumentParser
import Conversation
import Live
import Setup
import SystemPackage

/// `ccl-setup proxy image`: for `docker compose --profile proxy up` in the folder that the wizard wrote.
struct ProxyImageCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "image", abstract: "Make the image of the service proxy in docker-compose.yml.",
    discussion: """
      It holds this very program on top of the Ollama image. `docker compose --profile proxy up -d` in \
      ~/.config/ccl-setup/engine then starts it. Uninstall removes image, container and record.
      """)

  func run() async throws {
    let world = World.live
    let console = Console(variables: world.environment.variables)
    try await report(on: console) {
      try refuseForeignHome(world)
      try await interruptible {
        try await ProxyImage(in: world)
          .build(of: FilePath(world.ownProgram), tool: toolVersion)
      }
      let folder = Folders(world.environment).engine
      console.say([
        "\("✓", .good) The image is made.",
        "Start it: \(command: "cd \(shellQuoted(folder.string)) && docker compose --profile proxy up -d")",
      ])
      return .done
    }
  }
}
