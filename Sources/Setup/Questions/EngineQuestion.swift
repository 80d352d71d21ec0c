/// Where shall the model run?
extension Questionnaire {
  func engineQuestion() -> Question {
    var options = engineOptions()
    let wanted =
      previous.map { value(of: $0.engine) }.flatMap { value in
        options.contains { $0.value == value } ? value : nil
      } ?? options.first { $0.isRecommended }?.value
    for index in options.indices { options[index].isRecommended = options[index].value == wanted }
    return Question(
      id: .engine, title: "Where shall the model run?", options: options, recommended: wanted,
      help: [
        "The engine is the program that runs the model. Claude Code talks to it over HTTP on this machine.",
        "\("docker", .command) starts Ollama in a container of its own; \("native", .command) uses the Ollama that is installed here.",
        "A URL such as \("http://192.168.1.20:11434", .command) names an Ollama that already runs elsewhere, or any server with the Anthropic Messages API: vLLM, llama.cpp, LM Studio.",
      ], isOpen: true)
  }

  private func engineOptions() -> [Question.Option] {
    if rehearsalURL != nil {
      return [
        Question.Option(
          value: "rehearse", title: "Rehearsal",
          reason: "an embedded stand-in for Ollama: nothing is real, nothing is kept",
          isRecommended: true)
      ]
    }
    let native = nativeOption()
    let docker = dockerOption(isSecond: native?.isRecommended ?? false)
    var options = [native, docker].compactMap { $0 }
    switch previous?.engine {
    case .server(let url):
      options.append(
        Question.Option(
          value: url, title: "Ollama at \(printable(url))", reason: "as chosen before"))
    case .compatible(let url):
      options.append(
        Question.Option(
          value: url, title: "The server at \(printable(url))", reason: "as chosen before"))
    default: break
    }
    options.append(
      Question.Option(
        value: "rehearse", title: "Rehearsal",
        reason: "try the whole setup against a stand-in, in a throw-away home folder",
        isRecommended: !options.contains { $0.isRecommended }))
    return options
  }

  private func nativeOption() -> Question.Option? {
    let ollama = machine.ollama
    let isOurs = if case .docker? = previous?.engine { true } else { false }
    if case .ollama(let version) = ollama.port, !isOurs {
      guard isNewEnough(version) else {
        return Question.Option(
          value: "native", title: "Ollama on this machine",
          reason:
            "it answers, but is \(printable(version)): the Messages API needs \(Engine.oldestVersion) or newer"
        )
      }
      return Question.Option(
        value: "native", title: "Ollama on this machine",
        reason: "version \(printable(version)) already answers at \(ollama.address)",
        isRecommended: true)
    }
    guard let program = ollama.program else { return nil }
    if let version = ollama.programVersion, !isNewEnough(version) {
      return Question.Option(
        value: "native", title: "Ollama on this machine",
        reason:
          "\(path: program) is \(printable(version)): update it first, \(Engine.oldestVersion) or newer is needed"
      )
    }
    let isMac = machine.system.family == .macOS
    return Question.Option(
      value: "native", title: "Ollama on this machine",
      reason: isMac
        ? "installed; on a Mac only a native Ollama reaches the GPU"
        : "installed at \(path: program), and will be started",
      isRecommended: isMac || machine.docker.state != .working)
  }

  private func dockerOption(isSecond: Bool) -> Question.Option? {
    guard machine.docker.state == .working else { return nil }
    let reason: Text =
      if machine.system.family == .macOS {
        "works, without the GPU: containers on a Mac cannot reach it"
      } else if dockerReachesGPU {
        "in a container of its own, with the NVIDIA GPU"
      } else if !machine.graphics.nvidia.isEmpty {
        "in a container of its own, on the CPU: the NVIDIA container toolkit is not ready"
      } else {
        "in a container of its own; removed again without a trace"
      }
    return Question.Option(
      value: "docker", title: "Ollama in Docker", reason: reason, isRecommended: !isSecond)
  }

  var dockerReachesGPU: Bool {
    !machine.graphics.nvidia.isEmpty && machine.graphics.toolkit == .working
  }

  private func isNewEnough(_ version: String) -> Bool {
    guard let found = Version(version), let oldest = Version(Engine.oldestVersion) else {
      return false
    }
    return found >= oldest
  }

  private func value(of engine: Engine) -> String {
    switch engine {
    case .docker: "docker"
    case .native: "native"
    case .server(let url), .compatible(let url): url
    case .rehearsal: "rehearse"
    }
  }

  /// Why neither Docker nor a native Ollama is at hand.
  private var engineTroubles: String {
    "\(machine.docker.probe(on: machine.system).finding.plain); Ollama is \(machine.ollama.probe().finding.plain)"
  }

  /// Whether an answer asks for a rehearsal, which is a run of its own in a throw-away home.
  public func asksForRehearsal(_ text: String, _ id: Question.ID, _ answers: Answers) -> Bool {
    guard id == .engine, rehearsalURL == nil else { return false }
    let question = question(id, answers)
    let typed = text.trimmed.lowercased()
    let meant = typed.isEmpty ? question.recommended : question.row(typed)?.value ?? typed
    return meant == "rehearse" || meant == "rehearsal"
  }

  func readEngine(_ text: String) throws(Failure) -> Engine {
    switch text.lowercased() {
    case "docker": return try dockerEngine()
    case "native": return try nativeEngine()
    case "rehearse", "rehearsal":
      if let rehearsalURL { return .rehearsal(url: rehearsalURL) }
      throw Failure(
        "No engine can run the model here", why: engineTroubles,
        tryNext: (machine.docker.remedies(on: machine.system).first?.lines ?? [])
          + ["`ccl-setup rehearse` shows the whole way without an engine."])
    default:
      let url = try serverURL(text)
      // What it is, it says itself when it is asked; until then it is what it was before.
      if let found = findings, found.url == url {
        return found.product == .ollama ? .server(url: url) : .compatible(url: url)
      }
      if case .compatible(url)? = previous?.engine { return .compatible(url: url) }
      return .server(url: url)
    }
  }

  private func dockerEngine() throws(Failure) -> Engine {
    guard machine.docker.state == .working else {
      throw Failure(
        "Docker cannot be used", why: machine.docker.probe(on: machine.system).finding.plain,
        tryNext: machine.docker.remedies(on: machine.system).first?.lines ?? [])
    }
    // The port that we were given before stays ours; otherwise the first free one.
    if case .docker(let port, _)? = previous?.engine {
      return .docker(port: port, graphics: dockerReachesGPU)
    }
    return .docker(port: freePort, graphics: dockerReachesGPU)
  }

  private func nativeEngine() throws(Failure) -> Engine {
    let ollama = machine.ollama
    let address = OllamaAddress(ollama.address)
    let port = address.port
    switch ollama.port {
    case .ollama(let version):
      guard isNewEnough(version) else {
        throw Failure(
          "This Ollama is too old",
          why:
            "\(ollama.address) answers with version \(printable(version)); the Messages API came with \(Engine.oldestVersion)",
          tryNext: ["Update Ollama, then run the same command again."])
      }
      // `OLLAMA_HOST` may name another machine.
      return address.isLoopback ? .native(port: port) : .server(url: address.url)
    case .unreachable(let reason):
      throw Failure(
        "The Ollama that OLLAMA_HOST names does not answer",
        why: "\(ollama.address): \(reason)",
        tryNext: ["Unset OLLAMA_HOST to use this machine's own.", "Start the server there."])
    case .free, .taken:
      guard ollama.program != nil else {
        throw Failure(
          "There is no Ollama on this machine", why: "no program named ollama is on the PATH",
          tryNext: machine.system.family == .macOS
            ? ["`brew install ollama`"]
            : ["Install it from https://ollama.com/download", "`ccl-setup --engine docker`"])
      }
      // The port that our own one was given before stays its port.
      if case .native(let port)? = previous?.engine { return .native(port: port) }
      if case .taken = ollama.port { return .native(port: freePort) }
      return .native(port: port)
    }
  }

  /// An address as people write it, as a base URL: slashes and a mistaken `/v1` taken off; without a scheme it is
  /// HTTP on Ollama's own port, as Ollama itself reads `OLLAMA_HOST`.
  func serverURL(_ text: String) throws(Failure) -> String {
    var rest = text[...]
    var scheme = "http"
    var defaultPort = ":\(Engine.defaultPort)"
    if let separator = rest.firstRange(of: "://") {
      scheme = rest[..<separator.lowerBound].lowercased()
      rest = rest[separator.upperBound...]
      defaultPort = ""
    }
    while rest.hasSuffix("/") { rest.removeLast() }
    if rest.hasSuffix("/v1") { rest.removeLast(3) }
    var host = rest
    var port = Substring(defaultPort)
    if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("]") {
      host = rest[..<colon]
      port = rest[colon...]
    }
    let isPlain = host.utf8.allSatisfy { byte in
      byte.isASCIIWordByte || "-.:[]".utf8.contains(byte)
    }
    let isPort = port.isEmpty || Int(port.dropFirst()).map { (1...65_535).contains($0) } == true
    guard scheme == "http" || scheme == "https", isPlain, isPort, !host.isEmpty,
      text.contains(".") || text.contains(":") || host == "localhost"
    else {
      throw Failure(
        "“\(printable(text))” is neither an engine nor an address",
        why: "an engine is docker, native, or the URL of an Ollama that already runs",
        tryNext: ["For example `http://192.168.1.20:11434`."], code: .usage)
    }
    return "\(scheme)://\(host)\(port)"
  }
}

extension UInt8 {
  fileprivate var isASCIIWordByte: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
