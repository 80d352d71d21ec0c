import ArgumentParser
import Conversation
import Dispatch
import Live
import Proxy
import Setup
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// `ccl-setup proxy` itself: run, in this terminal or detached, or watch one that runs.
struct ProxyRunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run the proxy (what `ccl-setup proxy` does).")

  @Option(
    help: ArgumentHelp(
      "Where the client connects (default: 127.0.0.1:4000).", valueName: "host:port"))
  var listen: String?
  @Option(
    help: ArgumentHelp(
      "The engine (default: the one that was set up, or else the Ollama of this machine).",
      valueName: "url"))
  var upstream: String?
  @Option(
    help: ArgumentHelp(
      "Trust the authority that signed the engine's certificate: a PEM file (default: the setup's).",
      valueName: "file"))
  var ca: String?
  @Option(
    help: ArgumentHelp("Record to this file (default: in the state folder).", valueName: "file"))
  var record: String?
  @Flag(help: "Record nothing.") var noRecord = false
  @Option(help: ArgumentHelp("Bytes of a body that are recorded.", valueName: "bytes"))
  var bodyLimit = 32 << 20
  @Flag(help: "Pass requests with a wrong base URL as they are.") var strict = false
  @Flag(name: .shortAndLong, help: "Print nothing.") var quiet = false
  @Flag(name: .shortAndLong, help: "Print the conversation too.") var verbose = false
  @Flag(help: "Run in the background until `ccl-setup proxy stop`.") var detach = false
  @Flag(help: "Watch the proxy that runs already.") var follow = false
  @Flag(
    help:
      "Let the page answer Docker's gateway: for a container whose port is published on loopback.")
  var container = false

  func run() async throws {
    let world = World.live
    let folders = Folders(world.environment)
    let console = Console(variables: world.environment.variables)
    try await report(on: console) {
      if verbose, detach || follow {
        throw Failure(
          "-v does not go with \(detach ? "--detach" : "--follow")",
          why: "conversations are shown by the proxy that runs in a terminal, and on its page",
          tryNext: ["`ccl-setup proxy -v`", "The page: `ccl-setup proxy --detach` says where."],
          code: .usage)
      }
      // In its container it has no home, and a folder for its record alone.
      if !container { try refuseForeignHome(world) }
      do {
        let folder = folders.proxy
        let presence = ProxyPresence(path: folder.appending("running.json").string)
        let style = TerminalStyle(color: console.terminal.hasColour)
        if follow {
          try await watch(presence, style)
        } else if detach {
          try DetachedProxy.prepare(world)
          try await runDetached(presence, in: folder, world, console)
        } else {
          try DetachedProxy.prepare(world)
          try await serve(presence, in: folder, world, style)
        }
        return .done
      } catch let error as ProxyError {
        throw Failure("The proxy cannot run", why: error.description)
      }
    }
  }

  private func configuration(
    in folder: FilePath, _ world: World
  ) throws -> ProxyConfiguration {
    let found = upstream == nil ? try EngineAtHand.find(in: world) : nil
    let url = upstream ?? found?.url ?? ""
    guard var engine = Upstream(url) else {
      throw Failure(
        "\(printable(url)) does not name an engine",
        why: "it is not a URL that begins with http:// or https://",
        tryNext: ["`ccl-setup proxy --upstream http://127.0.0.1:11434`"], code: .usage)
    }
    if !strict { engine = engine.withoutVersion }
    let listen = listen ?? "127.0.0.1:4000"
    guard let (host, port) = ProxyConfiguration.address(listen) else {
      throw Failure(
        "\(printable(listen)) is no address to listen at",
        why: "it is not HOST:PORT or [IPv6]:PORT",
        tryNext: ["`ccl-setup proxy --listen 127.0.0.1:4000`"], code: .usage)
    }
    return ProxyConfiguration(
      host: host, port: port, upstream: engine,
      authorities: ca ?? found?.choices?.access?.authority,
      record: noRecord ? nil : record ?? folder.appending("record.jsonl").string, strict: strict,
      output: quiet ? .quiet : verbose ? .conversation : .lines, bodyLimit: bodyLimit,
      audience: container ? .container : .loopback)
  }

  private func serve(
    _ presence: ProxyPresence, in folder: FilePath, _ world: World, _ style: TerminalStyle
  ) async throws {
    let configuration = try configuration(in: folder, world)
    let (quiet, record) = (quiet, configuration.record)
    let repairs = Shared<Set<String>>([])
    let claim = Shared<ProxyPresence.Claim?>(nil)
    let problem = Shared<ProxyError?>(nil)
    let server = ProxyServer(configuration) { event in
      switch event {
      case .ready(let url, _):
        do {
          let made = try presence.claim(
            url: url, upstream: "\(configuration.upstream)", record: record)
          claim.update { $0 = made }
        } catch {
          // A second proxy at another address works, but `stop` and `--follow` mean the first.
          problem.update { $0 = error as? ProxyError }
        }
        if let warning = warning(configuration) { printLine("Note: \(warning)") }
        if let change = versionNote(configuration) { printLine("Note: \(change)") }
        guard !quiet else { return }
        printLine("Claude Code → \(url) → \(configuration.upstream)")
        printLine("The page: \(url)/   The record: \(record ?? "none")   Ctrl-C ends it.")
        if let problem = problem.value { printLine("Note: \(problem.description)") }
      case .exchange(let summary, let transcript):
        guard !quiet else {
          // Each once: a client sends the same paths again and again, perhaps for days.
          let line = repairLine(summary, style)
          if let line, repairs.value.count < 20, !repairs.value.contains(line) {
            repairs.update { _ = $0.insert(line) }
            printLine(line)
          }
          return
        }
        printLine(terminalLine(summary, style))
        if let transcript { printLine(terminalTranscript(transcript, style)) }
      case .notice(let text):
        printLine("! \(text)")
      }
    }
    try await untilSignalled { try await server.run() }
    claim.value?.end()
  }

  /// Who else can use the engine; a container's port is published by whoever starts it.
  private func warning(_ configuration: ProxyConfiguration) -> String? {
    configuration.isLocal || container
      ? nil
      : "whoever reaches this machine at \(configuration.host) can use the engine through the proxy"
  }

  private func versionNote(_ configuration: ProxyConfiguration) -> String? {
    upstream.flatMap { Upstream($0) } == configuration.upstream || upstream == nil
      ? nil
      : "the client's paths begin with /v1, so the engine is \(configuration.upstream); --strict leaves it as it is"
  }

  private func watch(_ presence: ProxyPresence, _ style: TerminalStyle) async throws {
    guard let note = presence.find() else {
      throw Failure(
        "There is nothing to watch", why: "no proxy runs", tryNext: ["`ccl-setup proxy --detach`"])
    }
    printLine("Watching \(note.url) → \(note.upstream). Ctrl-C ends the watching, not the proxy.")
    try await untilSignalled {
      try await ProxyFollower(url: note.url).run { printLine(terminalLine($0, style)) }
    }
  }

  private func runDetached(
    _ presence: ProxyPresence, in folder: FilePath, _ world: World, _ console: Console
  ) async throws {
    let configuration = try configuration(in: folder, world)
    if let note = presence.find() {
      let isThere =
        listen == nil || configuration.port == 0 || note.url.hasSuffix(":\(configuration.port)")
      guard isThere, note.upstream == "\(configuration.upstream)" else {
        throw Failure(
          "Another proxy runs already",
          why: "the one at \(printable(note.url)) goes to \(printable(note.upstream))",
          tryNext: ["`ccl-setup proxy stop` ends it.", "Without --detach a second one can run."])
      }
      console.say("A proxy runs already at \(note.url, .path) (process \("\(note.process)")).")
      return
    }
    var arguments = CommandLine.arguments.drop { $0 != "proxy" }.dropFirst()
    if arguments.first == "run" { arguments.removeFirst() }
    let note = try await DetachedProxy(in: world).start(arguments.filter { $0 != "--detach" })
    console.say(
      "The proxy runs at \(note.url, .path), and so does its page. `ccl-setup proxy stop` ends it."
    )
    for note in [warning(configuration), versionNote(configuration)] {
      if let note { console.say("! \(note)") }
    }
  }
}

/// Whole lines, at once: a watcher behind a pipe sees each as it happens.
private func printLine(_ line: String) {
  var bytes = Array((line + "\n").utf8)[...]
  while !bytes.isEmpty {
    let wrote = bytes.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
    if wrote < 0, errno == EINTR { continue }
    guard wrote > 0 else { return }
    bytes = bytes.dropFirst(wrote)
  }
}

/// Runs work until Ctrl-C or SIGTERM ends it, which is how a server ends: not a failure.
private func untilSignalled(_ work: @escaping @Sendable () async throws -> Void) async throws {
  let task = Task { try await work() }
  let sources = [SIGINT, SIGTERM, SIGHUP].map { number in
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
    source.setEventHandler { task.cancel() }
    source.resume()
    return source
  }
  defer { for source in sources { source.cancel() } }
  do { try await task.value } catch is CancellationError {}
}
