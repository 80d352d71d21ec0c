import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Has the model read the client's own prompt beforehand, so that the first answer comes as fast as the second.
///
/// Never in the way of a real request: Ollama has one slot, a hang-up frees it at once, and what was read until then
/// stays read. So it hangs up as soon as anybody else connects to the server.
public struct WarmUp: Sendable {
  public enum Outcome: Sendable, Hashable {
    /// - evaluated: tokens that were new to the server; `nil` where it does not tell.
    case warmed(seconds: Double, evaluated: Int?)
    case hungUp
    /// Left out, and why.
    case left(String)
  }
  let world: World
  let choices: Choices
  let listen: @Sendable () async throws(Failure) -> ProbeListener

  public init(
    _ choices: Choices, in world: World,
    listen: @escaping @Sendable () async throws(Failure) -> ProbeListener
  ) {
    self.choices = choices
    self.world = world
    self.listen = listen
  }

  /// - Parameter isAsked: whether a person asked for just this. Otherwise a battery and a busy machine are reasons to
  ///   leave it, and the client's prompt is captured only in the place of one that an update has made old.
  public func callAsFunction(_ mode: ClientMode, isAsked: Bool) async throws(Failure) -> Outcome {
    guard choices.engine.isOnThisMachine else {
      return .left("the server is on another machine, and others may be using it")
    }
    if !isAsked {
      if let reason = await reasonToLeave { return .left(reason) }
      await othersLeave()
    }
    guard let capture else { return .left(Self.noClient) }
    var prefix = capture.stored(mode)
    if prefix == nil, isAsked || capture.isOutdated(mode) {
      prefix = try await capture.capture(mode, isBehind: !isAsked, listen)
    }
    guard let prefix else { return .left("this client's prompt was not captured yet") }
    let folder = world.environment.workingFolder
    let prompt = try prefix.filled(
      for: folder,
      configuration: choices.clientFolder == .own
        ? Folders(world.environment).client : ClaudeCode.configurationFolder(in: world),
      isRepository: isInRepository(folder))
    guard !isAsked else { return try await send(prompt) }
    let served =
      choices.engine.isOllama ? nil : try await ServerFindings.ask(choices.engine.url, in: world)
    var outcome = try await send(prompt)
    for _ in 0..<Self.mostReturns where outcome == .hungUp {
      guard await othersOnlyLooked(served) else { break }
      outcome = try await send(prompt)
    }
    return outcome
  }

  /// A client that looks at the server again and again is left alone.
  private static let mostReturns = 3

  /// Waits until those leave for whom it hung up: whether they asked the model nothing, by the server's own record. Some
  /// clients look at the server when they start. After a real prompt it would displace what that one left in the cache.
  ///
  /// - Parameter served: what the server is, where it is not Ollama.
  private func othersOnlyLooked(_ served: ServerFindings?) async -> Bool {
    // Ollama notes the end of what was left undone as well; the others number what they begin.
    if served == nil { try? await world.clock.sleep(.milliseconds(300)) }
    guard let before = await record(served) else { return false }
    await othersLeave()
    guard await !hasOthers(OllamaAddress(choices.engine.url).port) else { return false }
    return await record(served) == before
  }

  private func record(_ served: ServerFindings?) async -> String? {
    if let served { return await served.workSoFar(in: world) }
    let server = OllamaServer(url: choices.engine.url, network: world.network)
    // One that cannot be asked now has no record to go by.
    return (try? await server.loadedModels())?.map(\.expiresAt).joined(separator: " ")
  }

  /// Has the client's prompt captured where it was not yet, so that it can be sent later.
  /// - Returns: why there is nothing to be sent later; `nil` where there is.
  public func prepare(_ mode: ClientMode) async throws(Failure) -> String? {
    if let reason = await reasonToLeave { return reason }
    guard let capture else { return Self.noClient }
    if capture.stored(mode) == nil {
      _ = try await capture.capture(mode, isBehind: false, listen)
    }
    return nil
  }

  private static let noClient = "Claude Code was not found"

  private var capture: PrefixCapture? {
    ClaudeCode.firstProgram(in: world).map {
      PrefixCapture(world: world, choices: choices, client: $0)
    }
  }

  private func isInRepository(_ folder: FilePath) -> Bool {
    var folder = folder
    while true {
      if world.files.exists(folder.appending(".git")) { return true }
      guard folder.removeLastComponent() else { return false }
    }
  }

  // MARK: - Sending

  private func send(_ prompt: JSON) async throws(Failure) -> Outcome {
    let server = OllamaServer(url: choices.engine.url, network: world.network)
    if await hasOthers(OllamaAddress(choices.engine.url).port) { return .hungUp }
    let began = world.clock.now()
    let stream = Shared(AnswerStream())
    let refusal = Shared(0)
    let request = server.request("POST", "/v1/messages", prompt, limit: .seconds(3600))
    let network = world.network
    let ended: Result<Bool, any Error> = await withTaskGroup(
      of: Result<Bool, any Error>.self
    ) { group in
      group.addTask {
        do {
          try await network.stream(request) { head in
            if head.status != 200 { refusal.update { $0 = head.status } }
          } _: { bytes in
            stream.update { $0.receive(bytes, at: 0) }
          }
          return .success(true)
        } catch { return .failure(error) }
      }
      group.addTask {
        await othersConnect()
        return .success(false)
      }
      defer { group.cancelAll() }
      return await group.next() ?? .success(false)
    }
    switch ended {
    case .success(false): return .hungUp
    case .failure(let problem as NetworkProblem): throw server.failure(problem)
    case .failure(let error):
      throw Failure("The model could not be warmed up", why: "\(error)")
    case .success(true): break
    }
    guard refusal.value == 0 else {
      throw Failure(
        "The model could not be warmed up",
        why: "\(server.url)/v1/messages answered \(refusal.value)", tryNext: ["`ccl-setup doctor`"])
    }
    let seconds = world.clock.now().timeIntervalSince(began)
    if choices.engine.isOllama {
      // A load without a prompt takes no slot; it only moves the moment of unloading.
      _ = try await server.send(
        "POST", "/api/generate", ["model": .string(try choices.clientModel()), "keep_alive": "30m"])
    }
    let told = stream.value
    return .warmed(
      seconds: seconds, evaluated: told.cachedTokens == nil ? nil : told.promptTokens)
  }

  /// Waits while somebody holds a connection, for as long as an idle one is usually kept: some clients look at the
  /// server when they start, and ask nothing.
  private func othersLeave() async {
    let port = OllamaAddress(choices.engine.url).port
    for _ in 0..<40 {
      guard await hasOthers(port) else { return }
      try? await world.clock.sleep(.milliseconds(250))
    }
  }

  /// Returns once somebody else holds a connection to the server.
  private func othersConnect() async {
    let port = OllamaAddress(choices.engine.url).port
    while !Task.isCancelled {
      if await hasOthers(port) { return }
      try? await world.clock.sleep(
        world.environment.platform == .linux ? .milliseconds(50) : .milliseconds(300))
    }
  }

  private func hasOthers(_ port: Int) async -> Bool {
    switch world.environment.platform {
    case .linux:
      // Twice, since one of ours may be closed between the two things that are read.
      let first = foreignConnections(port)
      guard !first.isEmpty else { return false }
      try? await world.clock.sleep(.milliseconds(20))
      return !first.isDisjoint(with: foreignConnections(port))
    case .macOS:
      // Ours is one of them.
      let result = try? await world.programs.run(
        Invocation("netstat", ["-anp", "tcp"]), within: .seconds(2))
      return result.map { connections(netstat: $0.output, to: port) > 1 } ?? false
    }
  }

  /// The table first: a connection that we make meanwhile must not look like somebody else's.
  private func foreignConnections(_ port: Int) -> Set<String> {
    let table = world.files.text("/proc/net/tcp") ?? ""
    let all = connectionInodes(table: table, to: port).map(String.init)
    // Without an inode it belongs to nobody any more.
    return Set(all).subtracting(ownSockets).subtracting(["0"])
  }

  private var ownSockets: [String] {
    let folder = FilePath("/proc/self/fd")
    return ((try? world.files.list(folder)) ?? []).compactMap { name in
      guard case .link(let target)? = (try? world.files.status(folder.appending(name)))?.kind,
        target.string.hasPrefix("socket:[")
      else { return nil }
      return String(target.string.dropFirst("socket:[".count).dropLast())
    }
  }
}

/// The inodes of the established connections to a port of 127.0.0.1, from a table such as `/proc/net/tcp`.
func connectionInodes(table: String, to port: Int) -> [Substring] {
  table.split(separator: "\n").dropFirst().compactMap { line in
    // sl, local, remote address:port in hexadecimal, state (01 is ESTABLISHED), …, inode
    let fields = line.split(separator: " ")
    guard fields.count > 9, fields[3] == "01" else { return nil }
    let remote = fields[2].split(separator: ":")
    guard remote.first == "0100007F", remote.last.flatMap({ Int($0, radix: 16) }) == port else {
      return nil
    }
    return fields[9]
  }
}

/// How many established connections to a port of 127.0.0.1 macOS' `netstat -anp tcp` lists.
func connections(netstat output: String, to port: Int) -> Int {
  output.split(separator: "\n").count { line in
    let fields = line.split(separator: " ")
    return fields.count >= 6 && fields[4] == "127.0.0.1.\(port)" && fields[5] == "ESTABLISHED"
  }
}
