import SystemPackage

/// Who answers on the Ollama port, and whether a native Ollama is installed.
public struct OllamaFindings: Sendable, Hashable, Codable {
  public enum Port: Sendable, Hashable, Codable {
    case free
    /// Ollama answers there, with its version.
    case ollama(version: String)
    /// Something else holds the port: a program's name, or what it answered, where that could be found out.
    case taken(by: String)
    /// `OLLAMA_HOST` names another machine, which does not answer; the reason.
    case unreachable(String)
  }
  public struct Model: Sendable, Hashable, Codable {
    public var name: String
    public var size: UInt64
    public var digest: String
    /// What it was trained for, in tokens, where the list tells.
    public var trainedContext: Int?

    public init(name: String, size: UInt64, digest: String, trainedContext: Int? = nil) {
      self.name = name
      self.size = size
      self.digest = digest
      self.trainedContext = trainedContext
    }
  }
  /// The installed `ollama` program, `nil` when there is none.
  public var program: String?
  public var programVersion: String?
  /// Where it was asked: `OLLAMA_HOST`, 127.0.0.1:11434 or where its systemd unit puts it, as a base URL.
  public var address: String
  public var port: Port
  /// What the answering server already holds.
  public var models: [Model]
  /// The container that publishes the port, by name.
  public var container: String?

  public init(
    program: String? = nil, programVersion: String? = nil, address: String, port: Port,
    models: [Model] = [], container: String? = nil
  ) {
    self.program = program
    self.programVersion = programVersion
    self.address = address
    self.port = port
    self.models = models
    self.container = container
  }
}

extension OllamaFindings {
  /// Asks the port, the program and, where something answers, Docker for the container behind it.
  static func detect(
    in world: World, docker: @escaping @Sendable () async -> Docker, within limit: Duration
  ) async -> Answer<OllamaFindings> {
    let address = OllamaAddress.here(in: world)
    async let native = installed(in: world, within: limit)
    async let answer = ask(address, in: world, within: limit)
    var findings = OllamaFindings(address: address.url, port: .free)
    (findings.port, findings.models) = await answer
    if address.isLoopback, findings.port != .free {
      let docker = await docker()
      if docker.state == .working || docker.state == .composeMissing {
        findings.container = await container(
          publishing: address.port, docker: docker, in: world, within: limit)
      }
      if case .taken(let words) = findings.port {
        let holder = findings.container.map { "the container \($0)" }
        findings.port = .taken(by: holder ?? words)
      }
    }
    (findings.program, findings.programVersion) = await native
    return Answer(findings)
  }

  private static func installed(in world: World, within limit: Duration) async -> (String?, String?)
  {
    guard let found = program(in: world) else { return (nil, nil) }
    let result = try? await world.programs.run(
      Invocation(found.string, ["--version"]), within: limit)
    return (found.string, result.flatMap { version(in: $0.output + "\n" + $0.error) })
  }

  /// Where Ollama is installed, on the `PATH` or not.
  static func program(in world: World) -> FilePath? {
    let places: [FilePath] = [
      "/usr/local/bin/ollama", "/usr/bin/ollama", "/opt/homebrew/bin/ollama", "/snap/bin/ollama",
      "/Applications/Ollama.app/Contents/Resources/ollama",
    ]
    return world.programs.find("ollama") ?? places.first { world.files.isExecutable($0) }
  }

  /// `ollama --version` names the server's version first; where that differs or is missing, its own in a warning.
  static func version(in words: String) -> String? {
    let lines = words.split(separator: "\n")
    let line =
      lines.first { $0.contains("client version is") }
      ?? lines.first { $0.contains("ollama version is") }
    return line.flatMap { Version(String($0))?.description }
  }

  private static func ask(
    _ address: OllamaAddress, in world: World, within limit: Duration
  ) async -> (Port, [Model]) {
    let server = OllamaServer(url: address.url, network: world.network)
    let problem: NetworkProblem
    do throws(NetworkProblem) {
      let response = try await world.network.exchange(
        WebRequest("GET", address.url + "/api/version", limit: limit))
      if let version = (try? JSON.parse(response.body))?["version"]?.text, response.status == 200 {
        let models = (try? await server.models()) ?? []
        return (
          .ollama(version: version),
          models.map {
            Model(
              name: $0.name, size: $0.size, digest: $0.digest,
              trainedContext: $0.details?.contextLength)
          }
        )
      }
      let holder =
        address.isLoopback ? await holder(of: address.port, in: world, within: limit) : nil
      let front = try? await world.network.exchange(
        WebRequest("GET", address.url + "/", limit: limit, bodyLimit: 65536))
      return (.taken(by: described(front ?? response, holder: holder)), [])
    } catch {
      problem = error
    }
    guard address.isLoopback else { return (.unreachable(words(problem)), []) }
    if case .refused = problem, world.network.isPortFree("127.0.0.1", address.port) {
      return (.free, [])
    }
    let holder = await holder(of: address.port, in: world, within: limit)
    return (.taken(by: holder ?? "a program that does not answer as a web server does"), [])
  }

  private static func described(_ response: WebResponse, holder: String?) -> String {
    let kind = response.header("server").map { " (\(printable(String($0.prefix(40)))))" } ?? ""
    return holder.map { $0 + kind } ?? "a web server\(kind)"
  }

  private static func words(_ problem: NetworkProblem) -> String {
    switch problem {
    case .refused: "nothing listens there"
    case .unknownHost: "the host's name is not known"
    case .tookTooLong(_, let limit): "no answer within \(limit.inWords)"
    case .tooLarge, .cut: "the answer is not Ollama's"
    case .other(_, let reason): printable(reason)
    case .cancelled: "the question was cancelled"
    }
  }

  private static func container(
    publishing port: Int, docker: Docker, in world: World, within limit: Duration
  ) async -> String? {
    let result = try? await world.programs.run(
      Invocation(
        docker.program ?? "docker",
        ["ps", "--filter", "publish=\(port)", "--format", "{{.Names}}"]), within: limit)
    guard let result, result.succeeded else { return nil }
    return result.output.split(separator: "\n").first.map(String.init)
  }

  func probe() -> Probe {
    let installedWords =
      program == nil ? "" : " (program \(programVersion ?? "of unknown version"))"
    switch port {
    case .ollama(let version):
      let place = container.map { "in the container \($0)" } ?? "at \(address)"
      if Engine.isTooOld(version) {
        return Probe(
          .ollama, .bad,
          "\(printable(version)) answers \(place): too old, the Messages API came with \(Engine.oldestVersion)",
          remedies: remedies)
      }
      let count = counted(models.count, "model")
      return Probe(.ollama, .good, "\(printable(version)) answers \(place), \(count)")
    case .free:
      return Probe(
        .ollama, .information,
        program == nil
          ? "not installed, its port is free" : "installed, not running\(installedWords)")
    case .taken(let holder):
      return Probe(
        .ollama, .warning, "its port is taken by \(printable(holder)); another will be used",
        remedies: remedies)
    case .unreachable(let reason):
      return Probe(
        .ollama, .warning, "OLLAMA_HOST names \(printable(address)): \(reason)", remedies: remedies)
    }
  }

  /// What to do about an old server, a taken port, a server that cannot be reached.
  public var remedies: [Remedy] {
    switch port {
    case .free: []
    case .taken:
      [
        Remedy(
          "Use another port", [.say("Nothing to do: the setup takes the next free port by itself.")]
        )
      ]
    case .unreachable:
      [
        Remedy("Use this machine instead", run: "unset OLLAMA_HOST"),
        Remedy("Start Ollama over there", [.say("It must listen on more than its own 127.0.0.1.")]),
      ]
    case .ollama(let version):
      if Engine.isTooOld(version) {
        [updateRemedy]
      } else {
        []
      }
    }
  }

  /// How this Ollama is brought up to date by whoever installed it.
  var updateRemedy: Remedy {
    if let container {
      return Remedy(
        "Update the container's image",
        [
          .run("docker pull ollama/ollama:latest"),
          .say("Then make the container \(container) anew from it, with the same volume."),
        ])
    }
    if program?.hasPrefix("/opt/homebrew/") == true {
      return Remedy("Update Ollama", run: "brew upgrade ollama", "brew services restart ollama")
    }
    if program?.hasPrefix("/Applications/") == true || address.isEmpty {
      return Remedy("Update Ollama", [.say("Its menu offers “Restart to update”.")])
    }
    return Remedy("Update Ollama", run: "curl -fsSL https://ollama.com/install.sh | sh")
  }
}

/// What `OLLAMA_HOST` means (Ollama's envconfig): scheme, host and port each may be missing.
public struct OllamaAddress: Sendable, Hashable {
  public var scheme: String
  public var host: String
  public var port: Int

  public init(_ text: String) {
    var rest = text.trimmed[...]
    if rest.first == "\"" || rest.first == "'" { rest = rest.dropFirst().dropLast() }
    var defaultPort = Engine.defaultPort
    scheme = "http"
    if let separator = rest.firstRange(of: "://") {
      scheme = rest[..<separator.lowerBound].lowercased()
      rest = rest[separator.upperBound...]
      defaultPort = scheme == "https" ? 443 : scheme == "http" ? 80 : defaultPort
    }
    rest = rest.prefix { $0 != "/" }
    var port = defaultPort
    if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("]"),
      rest.hasPrefix("[") || rest[..<colon].firstIndex(of: ":") == nil
    {
      port =
        Int(rest[rest.index(after: colon)...]).flatMap { (0...65535).contains($0) ? $0 : nil }
        ?? defaultPort
      rest = rest[..<colon]
    }
    self.port = port
    // A server that listens on every address is reached on this machine's own.
    host = ["", "0.0.0.0", "[::]", "::"].contains(rest) ? "127.0.0.1" : String(rest)
  }

  public var url: String { "\(scheme)://\(host):\(port)" }
  public var isLoopback: Bool { host == "localhost" || host.hasPrefix("127.") || host == "[::1]" }
}
