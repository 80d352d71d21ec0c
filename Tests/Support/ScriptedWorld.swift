public import Setup
import Synchronization
public import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A world for tests: a file system in memory, scripted programs, a scripted network, a clock that moves when told.
///
/// - A path that was not put there does not exist, as on a real machine; a program is installed when an executable
///   file of its name lies on the `PATH` (`install`).
/// - A call of an installed program, a request or a port question that nobody scripted fails the test.
/// - What was done is kept: `calls`, `requests`, `writes`.
public final class ScriptedWorld: Sendable {
  public let environment: Environment
  public let clock: ManualClock
  let disk: MemoryDisk
  let state = Mutex(State())

  struct State {
    var programs: [String: ProgramScript] = [:]
    var exchanges: [String: [Exchange]] = [:]
    var ports: [Int: Bool] = [:]
    var calls: [Invocation] = []
    var requests: [WebRequest] = []
    var running: Set<Int32> = []
    var ended: [Int32] = []
    var detached: [Invocation] = []
  }

  /// What a scripted program does.
  public enum ProgramScript: Sendable {
    case answers(ProgramResult)
    /// Never ends by itself: `tookTooLong` once the clock has passed the caller's limit.
    case hangs
    case problem(ProgramProblem)
    case computes(@Sendable (Invocation) async -> ProgramResult)
  }

  /// What a scripted address does.
  public enum Exchange: Sendable {
    case answers(WebResponse)
    /// The body arrives in these pieces (`exchange` gets them joined).
    case streams(WebResponse, pieces: [[UInt8]])
    /// The pieces arrive, then the connection is cut.
    case breaks(WebResponse, pieces: [[UInt8]], NetworkProblem)
    case problem(NetworkProblem)
    case hangs
  }

  /// `HOME` is in `variables` unless the test says otherwise.
  public init(
    home: FilePath = "/home/ada", variables: [String: String] = [:],
    loginShell: FilePath? = "/bin/bash", workingFolder: FilePath? = nil, userID: UInt32 = 1000,
    platform: Environment.Platform = .linux
  ) {
    let standard = ["HOME": home.string, "PATH": "/usr/local/bin:/usr/bin:/bin"]
    environment = Environment(
      variables: standard.merging(variables) { $1 }, home: home,
      workingFolder: workingFolder ?? home,
      account: .init(
        name: home.lastComponent?.string ?? "root", userID: userID, home: home,
        loginShell: loginShell),
      platform: platform)
    clock = ManualClock()
    disk = MemoryDisk(owner: userID)
    disk.folder(home)
  }

  public var world: World {
    World(
      environment: environment, files: disk.files, programs: programs, network: network,
      clock: clock.clock)
  }

  // MARK: Programs

  /// Puts an executable file there; answers its path.
  @discardableResult
  public func install(_ name: String, in folder: FilePath = "/usr/bin") -> FilePath {
    let path = folder.appending(name)
    disk.file(path, Array("\u{7f}ELF".utf8), mode: 0o755)
    return path
  }

  /// Scripts a call, written as `Invocation.commandLine` writes it (without its environment); the program is a name or
  /// a full path, a full path only answers calls by that path or by the `PATH` leading to it.
  public func program(_ commandLine: String, _ script: ProgramScript) {
    state.withLock { $0.programs[commandLine] = script }
  }

  /// Scripts a call that prints and ends.
  public func program(
    _ commandLine: String, prints output: String, error: String = "", code: Int32 = 0
  ) {
    program(commandLine, .answers(ProgramResult(code: code, output: output, error: error)))
  }

  /// Every program that was run, in order.
  public var calls: [Invocation] { state.withLock { $0.calls } }
  /// Every program that was started to outlive us.
  public var detached: [Invocation] { state.withLock { $0.detached } }
  /// Every process that was asked to end.
  public var ended: [Int32] { state.withLock { $0.ended } }

  private var programs: Programs {
    Programs(
      find: { self.find($0) },
      run: { invocation, limit, output throws(ProgramProblem) in
        let script = try self.script(for: invocation)
        switch script {
        case .answers(let result): return self.emit(result, output)
        case .computes(let answer): return await self.emit(answer(invocation), output)
        case .problem(let problem): throw problem
        case .hangs:
          try? await self.clock.sleep(for: limit)
          throw .tookTooLong(invocation.program, limit: limit)
        }
      },
      converse: { invocation, limit, _, output throws(ProgramProblem) in
        try await self.world.programs.run(invocation, limit, output)
      },
      startDetached: { invocation, _ throws(ProgramProblem) in
        guard self.find(invocation.program) != nil else { throw .notFound(invocation.program) }
        return self.state.withLock { state in
          state.detached.append(invocation)
          let id = Int32(4000 + state.detached.count)
          state.running.insert(id)
          return id
        }
      },
      isRunning: { id in self.state.withLock { $0.running.contains(id) } },
      end: { id in
        self.state.withLock {
          $0.running.remove(id)
          $0.ended.append(id)
        }
      })
  }

  private func find(_ name: String) -> FilePath? {
    if name.contains("/") { return disk.isExecutable(FilePath(name)) ? FilePath(name) : nil }
    return (environment.variables["PATH"] ?? "").split(separator: ":").lazy
      .map { FilePath(String($0)).appending(name) }
      .first { self.disk.isExecutable($0) }
  }

  private func script(for invocation: Invocation) throws(ProgramProblem) -> ProgramScript {
    guard let path = find(invocation.program) else { throw .notFound(invocation.program) }
    let keys = [invocation.program, path.string, path.lastComponent?.string ?? ""].map {
      Invocation($0, invocation.arguments).commandLine
    }
    let script: ProgramScript? = state.withLock { state in
      state.calls.append(invocation)
      for key in keys { if let script = state.programs[key] { return script } }
      return nil
    }
    guard let script else {
      Issue.record("nobody scripted the call: \(invocation.commandLine)")
      throw .failedToStart(invocation.program, reason: "not scripted")
    }
    return script
  }

  private func emit(
    _ result: ProgramResult, _ output: (@Sendable (ProgramLine) -> Void)?
  ) -> ProgramResult {
    guard let output else { return result }
    for (source, bytes) in [
      (ProgramLine.Source.standardOutput, result.standardOutput),
      (.standardError, result.standardError),
    ] {
      for line in bytes.split(separator: 0x0a) {
        output(ProgramLine(source: source, text: String(decoding: line, as: UTF8.self)))
      }
    }
    return result
  }

  // MARK: Network

  /// Scripts an exchange: "GET http://127.0.0.1:11434/api/version". Scripted again, the answers come in turn and the
  /// last one stays.
  public func web(_ request: String, _ exchange: Exchange) {
    state.withLock { $0.exchanges[request, default: []].append(exchange) }
  }

  /// Scripts an answer with a text body.
  public func web(_ request: String, status: Int = 200, _ body: String) {
    web(request, .answers(WebResponse(status: status, body: Array(body.utf8))))
  }

  /// Says whether a port can be bound.
  public func port(_ port: Int, isFree: Bool) { state.withLock { $0.ports[port] = isFree } }

  /// Every request that was made, in order.
  public var requests: [WebRequest] { state.withLock { $0.requests } }

  private var network: Network {
    Network(
      exchange: { request throws(NetworkProblem) in
        switch try self.exchange(for: request) {
        case .answers(let response): return response
        case .streams(var response, let pieces):
          response.body = pieces.flatMap { $0 }
          return response
        case .breaks(_, _, let problem), .problem(let problem): throw problem
        case .hangs: throw await self.hang(request)
        }
      },
      stream: { request, head, receive in
        switch try self.exchange(for: request) {
        case .answers(let response):
          try await head(response)
          if !response.body.isEmpty { try await receive(response.body) }
        case .streams(let response, let pieces):
          try await head(response)
          for piece in pieces { try await receive(piece) }
        case .breaks(let response, let pieces, let problem):
          try await head(response)
          for piece in pieces { try await receive(piece) }
          throw problem
        case .problem(let problem): throw problem
        case .hangs: throw await self.hang(request)
        }
      },
      isPortFree: { _, port in
        if let isFree = self.state.withLock({ $0.ports[port] }) { return isFree }
        Issue.record("nobody scripted whether port \(port) is free")
        return false
      })
  }

  private func exchange(for request: WebRequest) throws(NetworkProblem) -> Exchange {
    let key = "\(request.method) \(request.url)"
    let exchange: Exchange? = state.withLock { state in
      state.requests.append(request)
      guard let answers = state.exchanges[key], let first = answers.first else { return nil }
      if answers.count > 1 { state.exchanges[key] = Array(answers.dropFirst()) }
      return first
    }
    guard let exchange else {
      Issue.record("nobody scripted the request: \(key)")
      throw .other(request.url, reason: "not scripted")
    }
    return exchange
  }

  private func hang(_ request: WebRequest) async -> NetworkProblem {
    try? await clock.sleep(for: request.limit)
    return .tookTooLong(request.url, limit: request.limit)
  }

  // MARK: Files

  /// Puts a file (and its folders) there.
  public func file(_ path: FilePath, _ text: String, mode: UInt16 = 0o644, owner: UInt32? = nil) {
    disk.file(path, Array(text.utf8), mode: mode, owner: owner)
  }

  /// Puts a file of any bytes (and its folders) there.
  public func file(
    _ path: FilePath, bytes: [UInt8], mode: UInt16 = 0o644, owner: UInt32? = nil
  ) {
    disk.file(path, bytes, mode: mode, owner: owner)
  }

  public func folder(_ path: FilePath, mode: UInt16 = 0o755) { disk.folder(path, mode: mode) }
  public func link(_ path: FilePath, to target: FilePath) { disk.link(path, to: target) }
  public func remove(_ path: FilePath) { disk.forget(path) }
  /// Every later touch of this path ends in this problem.
  public func fault(_ path: FilePath, _ problem: FileProblem?) { disk.fault(path, problem) }
  /// The free bytes of every file system.
  public func free(_ bytes: UInt64) { disk.free(bytes) }

  /// The file's bytes now, `nil` when there is none (links are not followed).
  public func bytes(_ path: FilePath) -> [UInt8]? { disk.bytes(path) }
  public func text(_ path: FilePath) -> String? {
    bytes(path).map { String(decoding: $0, as: UTF8.self) }
  }
  /// Everything on the disk: path → what is there. Two snapshots are equal when nothing changed.
  public var snapshot: [String: String] { disk.snapshot }
  /// The paths that were written, removed or made, in order.
  public var writes: [FilePath] { disk.writes }
}

extension World {
  /// A world in which any touch fails the test; the environment alone may be read.
  public static func untouchable(_ environment: Environment) -> World {
    World(
      environment: environment, files: .untouchable, programs: .untouchable,
      network: .untouchable,
      clock: Clock(
        now: {
          Issue.record("the clock was read")
          return Date(timeIntervalSince1970: 0)
        }, sleep: { _ in Issue.record("the clock was slept on") }))
  }
}

extension Programs {
  static let untouchable = Programs(
    find: {
      Issue.record("a program was looked for: \($0)")
      return nil
    },
    run: { invocation, _, _ throws(ProgramProblem) in
      Issue.record("a program was run: \(invocation.commandLine)")
      throw .notFound(invocation.program)
    },
    converse: { invocation, _, _, _ throws(ProgramProblem) in
      Issue.record("a program was run: \(invocation.commandLine)")
      throw .notFound(invocation.program)
    },
    startDetached: { invocation, _ throws(ProgramProblem) in
      Issue.record("a program was started: \(invocation.commandLine)")
      throw .notFound(invocation.program)
    },
    isRunning: {
      Issue.record("a process was asked for: \($0)")
      return false
    },
    end: { Issue.record("a process was ended: \($0)") })
}

extension Network {
  static let untouchable = Network(
    exchange: { request throws(NetworkProblem) in
      Issue.record("the network was used: \(request.url)")
      throw .refused(request.url)
    },
    stream: { request, _, _ in
      Issue.record("the network was used: \(request.url)")
      throw NetworkProblem.refused(request.url)
    },
    isPortFree: { _, port in
      Issue.record("a port was asked for: \(port)")
      return false
    })
}

extension Files {
  static let untouchable: Files = {
    @Sendable func refused(_ path: FilePath) -> FileProblem {
      Issue.record("a file was touched: \(path)")
      return .denied(path)
    }
    return Files(
      read: { path throws(FileProblem) in throw refused(path) },
      status: { path throws(FileProblem) in throw refused(path) },
      list: { path throws(FileProblem) in throw refused(path) },
      resolve: { path throws(FileProblem) in throw refused(path) },
      isWritable: {
        _ = refused($0)
        return false
      },
      isExecutable: {
        _ = refused($0)
        return false
      },
      write: { path, _, _ throws(FileProblem) in throw refused(path) },
      makeFolder: { path throws(FileProblem) in throw refused(path) },
      remove: { path throws(FileProblem) in throw refused(path) },
      removeEmptyFolder: { path throws(FileProblem) in throw refused(path) },
      removeTree: { path throws(FileProblem) in throw refused(path) },
      freeBytes: { path throws(FileProblem) in throw refused(path) },
      lock: { path throws(FileProblem) in throw refused(path) })
  }()
}
