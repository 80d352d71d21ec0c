import ArgumentParser
import Live
import Rehearsal
import Setup
import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `ccl-setup rehearse`: the whole setup in a throw-away home, against a stand-in for Ollama.
struct RehearseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rehearse",
    abstract: "Try the whole setup against a stand-in for Ollama, in a throw-away home.",
    discussion: "With --serve it runs the stand-in alone, until Ctrl-C.")

  @Option(help: ArgumentHelp("Run only the stand-in, at this address.", valueName: "host:port"))
  var serve: String?
  @OptionGroup var options: SetupOptions

  func run() async throws {
    if let serve {
      var configuration = RehearsalConfiguration(
        environment: ProcessInfo.processInfo.environment)
      configuration.listen = RehearsalConfiguration.Listen(ollamaHost: serve)
      let server = try RehearsalServer(configuration)
      try await server.run { port in
        print("A stand-in for Ollama, not a real one, listens at http://127.0.0.1:\(port)")
      }
      return
    }
    var configuration = RehearsalConfiguration()
    configuration.listen.port = 0
    let server = try RehearsalServer(configuration)
    let live = World.live
    let home = try RehearsalHome(in: live)
    defer { home.remove() }
    let port = Shared(0)
    let serving = Task {
      try await server.run { ready in port.update { $0 = ready } }
    }
    defer { serving.cancel() }
    while port.value == 0 { try await Task.sleep(for: .milliseconds(5)) }
    try await options.run(in: home.world, rehearsal: "http://127.0.0.1:\(port.value)")
  }
}

/// A home folder that exists for one rehearsal.
struct RehearsalHome {
  let world: World
  private let path: String

  init(in live: World) throws {
    let base = live.environment.nonEmpty("TMPDIR") ?? "/tmp"
    path = "\(base)/ccl-setup-rehearsal-\(UInt32.random(in: .min ... .max))"
    _ = try live.files.makeFolder(FilePath(path))
    var environment = live.environment
    environment.home = FilePath(path)
    environment.variables["HOME"] = path
    for name in [
      "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "ZDOTDIR",
      "CLAUDE_CONFIG_DIR",
    ] { environment.variables[name] = nil }
    for file in [".bashrc", ".zshrc"] {
      try live.files.write(FilePath("\(path)/\(file)"), Array("# a rehearsal\n".utf8), nil)
    }
    // A client that has never run asks about its theme before anything else: a fresh home is what is rehearsed.
    world = World(
      environment: environment, files: live.files, programs: .live(in: environment),
      network: .live(in: environment), clock: live.clock)
  }

  func remove() {
    do { try FileManager.default.removeItem(atPath: path) } catch {
      print("The rehearsal's folder \(path) could not be removed: \(error)")
    }
  }
}
