import SystemPackage

/// What the engine said of itself, once for every probe that needs it.
struct DockerReport: Sendable {
  var docker: Docker
  /// The names of the engine's container runtimes.
  var runtimes: [String] = []
  /// The devices that the engine can hand to containers by CDI: "nvidia.com/gpu=all".
  var devices: [String] = []
}

extension DockerReport {
  /// Runs `docker info`, `--version`, `compose version` and `context inspect` at once; only the first asks the engine.
  static func detect(in world: World, within limit: Duration) async -> Answer<DockerReport> {
    let product = installedProduct(in: world)
    guard let program = dockerProgram(in: world) else {
      var docker = Docker(
        state: .notInstalled, isVirtualMachine: false, isSnap: false, isRootless: false)
      if let product {
        docker.product = product
        docker.state = .notRunning("\(product.name) is there, its `docker` command is not")
      }
      return Answer(DockerReport(docker: docker))
    }
    async let info = call(["info", "--format", "{{json .}}"])
    async let version = call(["--version"])
    async let compose = call(["compose", "version", "--short"])
    async let context = call(["context", "inspect", "--format", "{{json .}}"])
    let evidence = Evidence(
      info: await info, version: await version, compose: await compose, context: await context,
      dockerHost: world.environment.nonEmpty("DOCKER_HOST"), platform: world.environment.platform)
    var report = evidence.report(product: product)
    report.docker.program = program.string
    let resolved = (try? world.files.resolve(program)) ?? program
    report.docker.isSnap =
      program.starts(with: "/snap") || resolved.starts(with: "/snap")
      || resolved.lastComponent == "snap"
      || report.docker.dataRoot?.hasPrefix("/var/snap/") == true
    report.docker.isGroupMember = isInGroup("docker", of: world)
    let hung: String? =
      report.docker.state == .hung
      ? "`docker info` gave no answer within \(limit.inWords)" : nil
    return Answer(report, trouble: hung)

    @Sendable func call(_ arguments: [String]) async -> Result<ProgramResult, ProgramProblem> {
      do throws(ProgramProblem) {
        return .success(
          try await world.programs.run(Invocation(program.string, arguments), within: limit))
      } catch {
        return .failure(error)
      }
    }
  }

  private static func dockerProgram(in world: World) -> FilePath? {
    if let found = world.programs.find("docker") { return found }
    let home = world.environment.home
    let places: [FilePath] =
      world.environment.platform == .macOS
      ? [
        "/usr/local/bin", "/opt/homebrew/bin", home.appending(".docker/bin"),
        home.appending(".orbstack/bin"), home.appending(".rd/bin"),
        "/Applications/Docker.app/Contents/Resources/bin",
      ] : ["/usr/bin", "/usr/local/bin", "/snap/bin"]
    return places.lazy.map { $0.appending("docker") }.first { world.files.isExecutable($0) }
  }

  /// What is installed on a Mac, where the engine is a part of an application.
  private static func installedProduct(in world: World) -> Docker.Product? {
    guard world.environment.platform == .macOS else { return nil }
    if world.files.exists("/Applications/Docker.app") { return .dockerDesktop }
    if world.files.exists("/Applications/OrbStack.app") { return .orbStack }
    if world.files.exists("/Applications/Rancher Desktop.app") { return .rancherDesktop }
    return world.programs.find("colima") == nil ? nil : .colima
  }

  /// Whether `/etc/group` names the user in that group (a directory service may know more).
  private static func isInGroup(_ group: String, of world: World) -> Bool {
    let lines = (world.files.text("/etc/group") ?? "").split(separator: "\n")
    return lines.contains { line in
      let fields = line.split(separator: ":", omittingEmptySubsequences: false)
      return fields.count == 4 && fields[0] == group
        && fields[3].split(separator: ",").contains { $0 == world.environment.account.name }
    }
  }

  /// The raw answers.
  struct Evidence {
    var info: Result<ProgramResult, ProgramProblem>
    var version: Result<ProgramResult, ProgramProblem>
    var compose: Result<ProgramResult, ProgramProblem>
    var context: Result<ProgramResult, ProgramProblem>
    var dockerHost: String?
    var platform: Environment.Platform

    func report(product installed: Docker.Product?) -> DockerReport {
      // A failed `docker info` prints its document all the same, with empty values.
      let info = parsed(self.info)
      let context = parsed(self.context)
      let contextName = context?["Name"]?.text
      let versionWords = (try? version.get())?.output ?? ""
      let system = info?["OperatingSystem"]?.text ?? ""
      let product = product(
        system: system, context: contextName, versionWords: versionWords, installed: installed)
      let options = info?["SecurityOptions"]?.elements?.compactMap(\.text) ?? []
      var docker = Docker(
        state: .working,
        clientVersion: Version(info?["ClientInfo"]?["Version"]?.text ?? versionWords)?.description,
        serverVersion: nonEmpty(info?["ServerVersion"]?.text),
        composeVersion: (try? compose.get()).flatMap {
          $0.succeeded ? Version($0.output)?.description : nil
        },
        isVirtualMachine: platform == .macOS || product != .engine && product != .podman,
        memory: info?["MemTotal"]?.int.flatMap { $0 > 0 ? UInt64($0) : nil },
        dataRoot: nonEmpty(info?["DockerRootDir"]?.text), isSnap: false,
        isRootless: options.contains { $0.hasPrefix("name=rootless") }, product: product,
        context: contextName)
      let host = context?["Endpoints"]?["docker"]?["Host"]?.text ?? dockerHost ?? ""
      docker.state = state(of: docker, info: info, host: host)
      return DockerReport(
        docker: docker, runtimes: info?["Runtimes"]?.members?.map(\.key) ?? [],
        devices: info?["DiscoveredDevices"]?.elements?.compactMap { $0["ID"]?.text } ?? [])
    }

    private func state(of docker: Docker, info: JSON?, host: String) -> Docker.State {
      if let machine = remoteMachine(host) { return .remote(host: machine) }
      let result: ProgramResult
      switch self.info {
      case .failure(.tookTooLong): return .hung
      case .failure(.notFound): return .notInstalled
      case .failure(.failedToStart(_, let reason)): return .broken(reason)
      case .failure(.cancelled): return .hung
      case .success(let success): result = success
      }
      if docker.product == .podman { return .broken("this `docker` is Podman's stand-in") }
      let errors = info?["ServerErrors"]?.elements?.compactMap(\.text) ?? []
      let words = (errors + [result.error]).filter { !$0.isEmpty }.joined(separator: "\n")
      if docker.serverVersion == nil {
        return Docker.State(clientWords: words.isEmpty ? firstWords(result.output) : words)
      }
      return docker.composeVersion == nil ? .composeMissing : .working
    }

    private func firstWords(_ output: String) -> String {
      let line = output.split(separator: "\n").first.map(String.init) ?? ""
      return line.isEmpty || line.hasPrefix("{") ? "`docker info` said nothing of the engine" : line
    }

    private func product(
      system: String, context: String?, versionWords: String, installed: Docker.Product?
    ) -> Docker.Product {
      if versionWords.lowercased().contains("podman") { return .podman }
      if system == "Docker Desktop" { return .dockerDesktop }
      if system == "OrbStack" { return .orbStack }
      switch context ?? "" {
      case let name where name.hasPrefix("desktop-"): return .dockerDesktop
      case "orbstack": return .orbStack
      case let name where name.hasPrefix("colima"): return .colima
      case "rancher-desktop": return .rancherDesktop
      default: return installed ?? .engine
      }
    }

    private func parsed(_ result: Result<ProgramResult, ProgramProblem>) -> JSON? {
      guard let output = (try? result.get())?.standardOutput else { return nil }
      return try? JSON.parse(output)
    }

    private func nonEmpty(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }

    /// The other machine that an address names, `nil` for a socket, a pipe or this machine's loopback.
    private func remoteMachine(_ address: String) -> String? {
      guard let separator = address.firstRange(of: "://") else { return nil }
      let scheme = address[..<separator.lowerBound]
      guard ["tcp", "ssh", "http", "https"].contains(scheme) else { return nil }
      let authority = address[separator.upperBound...].prefix { $0 != "/" }
      let host = authority.split(separator: "@").last ?? ""
      let isHere = host.hasPrefix("127.") || host.hasPrefix("localhost") || host.hasPrefix("[::1]")
      return isHere ? nil : redacted(address)
    }
  }
}

extension Docker.State {
  /// What the client's complaint means. The sentences are those of clients 20.10 to 29.
  init(clientWords words: String) {
    let lowercase = words.lowercased()
    if lowercase.contains("permission denied") {
      self = .noPermission(words)
    } else if lowercase.contains("cannot connect to the docker daemon")
      || lowercase.contains("is the docker daemon running")
      || lowercase.contains("failed to connect to the docker api")
      || lowercase.contains("connection refused")
      || lowercase.contains("no such file or directory")
    {
      self = .notRunning(words)
    } else {
      self = .broken(words)
    }
  }
}
