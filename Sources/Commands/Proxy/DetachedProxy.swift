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

/// The proxy that runs in the background, and outlives the terminal that it was started from.
struct DetachedProxy: Sendable {
  let world: World
  private var folder: FilePath { Folders(world.environment).proxy }
  private var log: FilePath { folder.appending("log") }
  private var presence: ProxyPresence {
    ProxyPresence(path: folder.appending("running.json").string)
  }

  init(in world: World) { self.world = world }

  /// What the one that runs has left word of; `nil` where none does.
  var note: ProxyPresence.Note? { presence.find() }

  /// What uninstall takes back of it, a sentence each.
  var traces: [String] {
    let names = (try? world.files.list(folder)) ?? []
    func size(_ isMeant: (String) -> Bool) -> UInt64 {
      names.filter(isMeant).reduce(0) { sum, name in
        sum + ((try? world.files.status(folder.appending(name)))?.size ?? 0)
      }
    }
    let bytes = size { $0.hasPrefix("record") }
    let logged = size { $0 == log.lastComponent?.string }
    return [
      note.map { "end the proxy at \(printable($0.url))" },
      bytes == 0
        ? nil : "remove the proxy's record of prompts and answers (\(ByteCount(bytes).inWords))",
      logged == 0 ? nil : "remove the proxy's log (\(ByteCount(logged).inWords))",
    ].compactMap { $0 }
  }

  /// Ends the one that runs, and waits until it has.
  /// - Returns: what it had left word of; `nil` where none ran.
  @discardableResult
  func end() async throws -> ProxyPresence.Note? {
    do { return try await presence.stop() } catch let error as ProxyError {
      throw Failure("The proxy has not ended", why: error.description)
    }
  }

  /// Makes the folder in which record and presence lie; uninstall knows of it from then on.
  static func prepare(_ world: World) throws(Failure) {
    let folder = Folders(world.environment).proxy
    try ReceiptStore(in: world).begin(tool: toolVersion)
    do { _ = try world.files.makeFolder(folder) } catch {
      throw Failure(
        "The proxy has no place for its record", why: "\(error.path): \(error.reason)",
        tryNext: ["Make your home folder writable, or set XDG_STATE_HOME to a folder that is."])
    }
  }

  /// The one that runs to this engine, or else a new one on port 4000, or on a free port where that is taken.
  /// - Returns: its base URL.
  /// - Throws: a `Failure` when the one that runs goes elsewhere, or none can be started within ten seconds.
  func running(to upstream: Upstream, authority: String?) async throws -> String {
    let upstream = upstream.withoutVersion
    // Two terminals at once are to share one.
    let lock = try await exclusively()
    defer { lock.release() }
    if let note = presence.find() {
      guard note.upstream == "\(upstream)" else {
        throw Failure(
          "The proxy that runs goes to another server",
          why: "the one at \(note.url) goes to \(printable(note.upstream)), not to \(upstream)",
          tryNext: ["`ccl-setup proxy stop` ends it."])
      }
      return note.url
    }
    let port = world.network.isPortFree("127.0.0.1", 4000) ? 4000 : 0
    var arguments = ["--listen", "127.0.0.1:\(port)", "--upstream", "\(upstream)"]
    if let authority { arguments += ["--ca", authority] }
    return try await start(arguments).url
  }

  private func exclusively() async throws -> FileLock {
    for _ in 0..<600 {
      do {
        if let lock = try world.files.lock(folder.appending("starting")) { return lock }
      } catch {
        throw Failure("The proxy cannot be started", why: "\(error.path): \(error.reason)")
      }
      try await world.clock.sleep(.milliseconds(20))
    }
    throw Failure(
      "The proxy cannot be started", why: "another ccl-setup has been starting it for 12 s")
  }

  /// Starts one with these arguments of `ccl-setup proxy run`, and waits until it takes connections.
  ///
  /// It says nothing of what passes: its log would grow for as long as it runs.
  func start(_ arguments: [String]) async throws -> ProxyPresence.Note {
    let process: Int32
    do {
      try world.files.write(log, [], 0o600)
      process = try await world.programs.startDetached(
        Invocation(
          world.ownProgram, ["proxy", "run", "--quiet"] + arguments.filter { $0 != "--quiet" },
          without: unneeded), log)
    } catch let problem as FileProblem {
      throw Failure("The proxy cannot be started", why: "\(problem.path): \(problem.reason)")
    } catch let problem as ProgramProblem {
      throw programFailure(problem)
    }
    for _ in 0..<500 {
      if let note = presence.find(), note.process == process { return note }
      if waitpid(process, nil, WNOHANG) == process {
        throw Failure("The proxy has ended at once", why: lastWords, tryNext: ["`cat \(log)`"])
      }
      try await world.clock.sleep(.milliseconds(20))
    }
    world.programs.end(process)
    throw Failure("The proxy does not answer", why: lastWords, tryNext: ["`cat \(log)`"])
  }

  private var lastWords: String {
    let lines = world.files.text(log)?.split(separator: "\n").map(String.init) ?? []
    return lines.isEmpty ? "it said nothing" : printable(lines.joined(separator: " "))
  }

  /// Variables that it has no use for: it runs for days, and keys and tokens of the session are none of its business.
  private var unneeded: [String] {
    let needed: Set = ["HOME", "PATH", "TMPDIR", "LANG", "USER", "LOGNAME"]
    return world.environment.variables.keys.filter { name in
      !needed.contains(name) && !name.hasPrefix("XDG_") && !name.hasPrefix("SSL_CERT_")
    }.sorted()
  }
}
