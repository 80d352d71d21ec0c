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

  @Option(help: ArgumentHelp("Where the client connects.", valueName: "host:port"))
  var listen = "127.0.0.1:4000"
  @Option(help: ArgumentHelp("The engine.", valueName: "url"))
  var upstream = "http://127.0.0.1:11434"
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
      do {
        let folder = folders.proxy
        _ = try world.files.makeFolder(folder)
        let presence = ProxyPresence(path: folder.appending("running.json").string)
        let style = TerminalStyle(color: console.terminal.hasColour)
        if follow {
          try await watch(presence, style)
        } else if detach {
          try await runDetached(presence, in: folder, console)
        } else {
          try await serve(presence, in: folder, style)
        }
        return .done
      } catch let error as ProxyError {
        throw Failure("The proxy cannot run", why: error.description)
      }
    }
  }

  private func configuration(in folder: FilePath) throws -> ProxyConfiguration {
    guard let engine = Upstream(upstream) else {
      throw Failure(
        "\(upstream) does not name an engine",
        why: "it is not a URL that begins with http:// or https://",
        tryNext: ["`ccl-setup proxy --upstream http://127.0.0.1:11434`"], code: .usage)
    }
    guard let colon = listen.lastIndex(of: ":"),
      let port = Int(listen[listen.index(after: colon)...]),
      (0...65535).contains(port)
    else {
      throw Failure(
        "\(listen) is no address to listen at", why: "it is not HOST:PORT",
        tryNext: ["`ccl-setup proxy --listen 127.0.0.1:4000`"], code: .usage)
    }
    let host = listen[..<colon].filter { $0 != "[" && $0 != "]" }
    return ProxyConfiguration(
      host: host, port: port, upstream: engine,
      record: noRecord ? nil : record ?? folder.appending("record.jsonl").string, strict: strict,
      output: quiet ? .quiet : verbose ? .conversation : .lines, bodyLimit: bodyLimit,
      audience: container ? .container : .loopback)
  }

  private func serve(
    _ presence: ProxyPresence, in folder: FilePath, _ style: TerminalStyle
  ) async throws {
    let configuration = try configuration(in: folder)
    let (quiet, record) = (quiet, configuration.record)
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
        guard !quiet else { return }
        printLine("Claude Code → \(url) → \(configuration.upstream)")
        printLine("The page: \(url)/   The record: \(record ?? "none")   Ctrl-C ends it.")
        if let problem = problem.value { printLine("Note: \(problem.description)") }
      case .exchange(let summary, let transcript):
        printLine(terminalLine(summary, style))
        if let transcript { printLine(terminalTranscript(transcript, style)) }
      case .notice(let text):
        printLine("! \(text)")
      }
    }
    try await untilSignalled { try await server.run() }
    claim.value?.end()
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
    _ presence: ProxyPresence, in folder: FilePath, _ console: Console
  ) async throws {
    if let note = presence.find() {
      console.say("A proxy runs already at \(note.url, .path) (process \("\(note.process)")).")
      return
    }
    _ = try configuration(in: folder)
    let log = folder.appending("log").string
    let arguments = CommandLine.arguments.filter { $0 != "--detach" }
    let process = try spawnDetached(ownProgram(), arguments, log: log)
    for _ in 0..<500 {
      if let note = presence.find(), note.process == process {
        console.say(
          "The proxy runs at \(note.url, .path), and so does its page. `ccl-setup proxy stop` ends it."
        )
        return
      }
      if waitpid(process, nil, WNOHANG) == process {
        throw Failure(
          "The proxy has ended at once", why: "its log is \(log)", tryNext: ["`cat \(log)`"])
      }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw Failure("The proxy does not answer", why: "its log is \(log)", tryNext: ["`cat \(log)`"])
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

/// The file of this program: its name may have been found on PATH.
private func ownProgram() -> String {
  #if os(Linux)
    "/proc/self/exe"
  #else
    CommandLine.arguments[0]
  #endif
}

/// Starts a program in a session of its own, which outlives this terminal.
private func spawnDetached(_ program: String, _ arguments: [String], log: String) throws -> pid_t {
  var actions: posix_spawn_file_actions_t = .init()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
  posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
  posix_spawn_file_actions_adddup2(&actions, 1, 2)
  var attributes: posix_spawnattr_t = .init()
  posix_spawnattr_init(&attributes)
  defer { posix_spawnattr_destroy(&attributes) }
  #if os(Linux)
    let newSession: Int16 = 0x80
  #else
    let newSession = Int16(POSIX_SPAWN_SETSID)
  #endif
  posix_spawnattr_setflags(&attributes, newSession)
  var words = arguments.map { strdup($0) }
  words.append(nil)
  defer { for word in words { free(word) } }
  var process: pid_t = 0
  let code = posix_spawn(&process, program, &actions, &attributes, &words, environ)
  guard code == 0 else {
    throw Failure("The proxy cannot be started", why: String(cString: strerror(code)))
  }
  return process
}
