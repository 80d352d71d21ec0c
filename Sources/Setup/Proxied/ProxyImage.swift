import Assets
public import SystemPackage

/// The image of the service `proxy` in our compose file: this very program, on top of the Ollama image.
public struct ProxyImage: Sendable {
  let world: World
  static let name = "ccl-setup-proxy"
  static let volume = "ccl-setup_proxy"
  static let subject = "image:\(name)"

  public init(in world: World) { self.world = world }

  /// What takes it all back: the container, the record in its volume, the image. None of them need be there.
  static let removal = [
    Invocation("docker", ["rm", "--force", name]),
    Invocation("docker", ["volume", "rm", "--force", volume]),
    Invocation("docker", ["image", "rm", "--force", name]),
  ]

  /// Builds it from a program of Linux, recorded with its undo before anything is made.
  ///
  /// - Parameter program: the file of this program.
  /// - Throws: a `Failure` when the engine that was set up is not in Docker, or Docker cannot build.
  public func build(of program: FilePath, tool: String) async throws(Failure) {
    guard world.environment.platform == .linux else {
      throw Failure(
        "This program cannot run in a container", why: "containers run programs of Linux",
        tryNext: ["`ccl-setup proxy --detach` runs it beside the container."])
    }
    guard case .docker? = try EngineAtHand.find(in: world).choices?.engine else {
      throw Failure(
        "The proxy has no container to stand beside",
        why: "the engine that was set up is not Ollama in Docker",
        tryNext: ["`ccl-setup proxy --detach` runs it without Docker."])
    }
    let lock = try SetupLock.take(in: world)
    defer { lock.release() }
    let store = ReceiptStore(in: world)
    var receipt = try store.read() ?? Receipt(tool: tool)
    func note(_ state: Receipt.Entry.State) throws(Failure) {
      receipt.note(
        Receipt.Entry(
          subject: Self.subject, title: "the image \(Self.name)", state: state,
          undo: .removeProxyImage, at: world.clock.now()))
      try store.write(receipt)
    }
    try note(.pending)
    let folder = Folders(world.environment).proxy.appending("image")
    do {
      _ = try world.files.makeFolder(folder)
      try world.files.write(
        folder.appending("ccl-setup"), try world.files.read(program), 0o755)
      try world.files.write(folder.appending("Dockerfile"), Asset.dockerfile.bytes, 0o644)
    } catch {
      throw Failure("The image cannot be prepared", why: "\(error.path): \(error.reason)")
    }
    var arguments = ["build", "--tag", Self.name, "--build-arg", "PROGRAM=ccl-setup"]
    if let image = world.environment.nonEmpty("OLLAMA_IMAGE") {
      arguments += ["--build-arg", "OLLAMA_IMAGE=\(image)"]
    }
    let call = Invocation("docker", arguments + ["."], folder: folder)
    do {
      let result = try await world.programs.run(call, within: .seconds(600))
      guard result.succeeded else { throw commandFailure(call, result) }
      try world.files.removeTree(folder)
    } catch let problem as ProgramProblem {
      throw programFailure(problem)
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure("The image could not be built", why: "\(error)")
    }
    try note(.done)
  }
}
