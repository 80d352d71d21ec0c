import SystemPackage

/// Free bytes where the models will lie.
public struct Disk: Sendable, Hashable, Codable {
  /// The folder that was asked: Docker's data root, `OLLAMA_MODELS`, or the home folder; empty when nothing was.
  public var place: String
  /// 0 where it could not be found out.
  public var free: UInt64

  public init(place: String, free: UInt64) {
    self.place = place
    self.free = free
  }

  var isKnown: Bool { !place.isEmpty }
}

extension Disk {
  /// Asks the file system that holds the models: the engine's data root where Docker runs on this very machine.
  static func detect(in world: World, docker: Docker) -> Answer<Disk> {
    let place = folder(in: world.environment, docker: docker)
    do throws(FileProblem) {
      return Answer(Disk(place: place.string, free: try world.files.freeBytes(place)))
    } catch {
      return Answer(Disk(place: place.string, free: 0), trouble: error.reason)
    }
  }

  private static func folder(in environment: Environment, docker: Docker) -> FilePath {
    let isHere =
      !docker.isVirtualMachine && (docker.state == .working || docker.state == .composeMissing)
    if isHere, let root = docker.dataRoot { return FilePath(root) }
    return environment.nonEmpty("OLLAMA_MODELS").map { FilePath($0) } ?? environment.home
  }

  func probe() -> Probe {
    let words: Text = "\(ByteCount(free).inWords) free at \(path: printable(place))"
    // The smallest model that proves the setup is 1.4 GB, the image 2 GB.
    guard free < 5_000_000_000 else { return Probe(.disk, .information, words) }
    return Probe(
      .disk, .warning, words,
      remedies: [
        Remedy(
          "Make room",
          [
            .say("Free some space at \(printable(place)): models have 1 to 50 GB each."),
            .run("ccl-setup models"),
          ])
      ])
  }
}
