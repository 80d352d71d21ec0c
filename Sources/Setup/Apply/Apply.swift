import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What happens while a plan is applied, in order.
public enum ApplyEvent: Sendable {
  case began(Plan.Step.ID, title: String)
  /// A change is about to be made.
  case changing(Change)
  case output(ProgramLine)
  case waiting(url: String, since: Duration)
  case pull(model: String, PullEvent)
  case finished(Plan.Step.ID)
  case withdrew(Receipt.Entry, Reversion)
  /// The changes of the failed step that were taken back.
  case rolledBack([String])
}

/// The only verb that writes: makes a plan's changes one by one, each recorded with its undo before it is made.
///
/// A failure takes back what the failing step had done; finished steps stay (a downloaded model is not thrown away
/// because an alias failed), are in the receipt, and are found in place by the next run.
public struct Apply: Sendable {
  let world: World
  let store: ReceiptStore
  let tool: String
  let report: @Sendable (ApplyEvent) -> Void

  public init(
    in world: World, tool: String, report: @escaping @Sendable (ApplyEvent) -> Void
  ) {
    self.world = world
    store = ReceiptStore(in: world)
    self.tool = tool
    self.report = report
  }

  @discardableResult
  public func callAsFunction(_ plan: Plan) async throws(Failure) -> Receipt {
    let lock = try SetupLock.take(in: world)
    defer { lock.release() }
    let earlier = try store.read()
    var receipt = earlier ?? Receipt(tool: tool, stateFolders: lock.madeFolders)
    receipt.tool = tool
    receipt.home = world.environment.home.string
    // What a killed run has made for the receipt is known to the next one only from it.
    if earlier == nil { try store.write(receipt) }
    for entry in plan.withdrawn.inUndoOrder {
      let reversion: Reversion
      do { reversion = try await Revert(in: world).revert(entry, keepingModels: false) } catch {
        // A server that has gone must not keep anybody from choosing another; uninstall asks it again.
        guard case .deleteModel = entry.undo, error.code != .interrupted else { throw error }
        report(.withdrew(entry, .kept(error.why)))
        continue
      }
      receipt.withdraw(entry.subject)
      // Its models went with its volume: of the same names at the same address another engine's may stand tomorrow.
      if case .stopEngine(_, let storage) = entry.undo, !storage.isEmpty,
        let url = receipt.choices?.engine.url
      {
        receipt.entries.removeAll { $0.undo.server == url }
      }
      try store.write(receipt)
      report(.withdrew(entry, reversion))
    }
    if let choices = plan.choices { receipt.follow(to: choices.engine) }
    // Additions count once they are there: a model that could not be pulled is not tried again by every later word.
    let additions = receipt.additions
    receipt.choices = plan.choices ?? receipt.choices
    receipt.additions = additions
    let startsEngine = plan.changes.contains { if case .startEngine = $0 { true } else { false } }
    for step in plan.steps where !step.changes.isEmpty {
      report(.began(step.id, title: step.title))
      let before = receipt
      do {
        for change in step.changes {
          // The plan could not ask an engine that was not running yet.
          if startsEngine, receipt[change.subject] == nil, try await isThere(change) { continue }
          try await make(change, &receipt)
        }
      } catch {
        // In a task of its own: it must run to its end when Ctrl-C has cancelled this one.
        let told = await Task { [receipt] in await rollBack(to: before, from: receipt) }.value
        if !told.isEmpty { report(.rolledBack(told)) }
        throw error
      }
      report(.finished(step.id))
    }
    receipt.additions = plan.additions
    try store.write(receipt)
    return receipt
  }

  /// Whether the model that a change would make is there already, and so somebody else's: it is left as it is.
  private func isThere(_ change: Change) async throws(Failure) -> Bool {
    switch change {
    case .writeFile, .startEngine, .replaceModel: return false
    case .pullModel(let pull):
      return try await server(pull.server).describe(pull.model) != nil
    case .copyModel(let url, _, let name):
      return try await server(url).describe(name) != nil
    case .createModel(let creation):
      guard let found = try await server(creation.server).describe(creation.name) else {
        return false
      }
      guard found.contextWindow == creation.contextWindow else {
        throw foreignModel(creation.name, found.contextWindow, wanted: creation.contextWindow)
      }
      return true
    }
  }

  private func make(_ change: Change, _ receipt: inout Receipt) async throws(Failure) {
    report(.changing(change))
    var entry = Receipt.Entry(
      subject: change.subject, title: change.title, state: .pending,
      undo: try await undo(of: change), written: change.ownBytes.map { Data($0) },
      at: world.clock.now())
    receipt.note(entry)
    try store.write(receipt)
    if let undo = try await perform(change) { entry.undo = undo }
    entry.model = try await digest(madeBy: change)
    entry.state = .done
    entry.at = world.clock.now()
    receipt.note(entry)
    try store.write(receipt)
  }

  /// Takes back the entries that are new since `before`, newest first; answers their titles.
  private func rollBack(to before: Receipt, from now: Receipt) async -> [String] {
    var told: [String] = []
    var left = now
    for entry in now.entries.reversed() where before[entry.subject] == nil {
      // A cut download is worth keeping: the next run goes on from it.
      if case .deleteModel(_, _, .some) = entry.undo, entry.state == .pending {
        left.entries.removeAll { $0.subject == entry.subject }
        continue
      }
      do {
        _ = try await Revert(in: world).revert(entry, keepingModels: false)
        left.withdraw(entry.subject)
        told.append(entry.title)
      } catch {
        // It stays in the receipt, so that uninstall tries again; the first failure is the one to tell.
        continue
      }
    }
    // The caller is about to report the failure that led here; a receipt that cannot be written keeps more entries
    // than needed, which is the safe side.
    try? store.write(left)
    return told
  }

  // MARK: - Undo, known before the change

  private func undo(of change: Change) async throws(Failure) -> Undo {
    switch change {
    case .writeFile(let write):
      let folders = missingFolders(above: write.path)
      switch write.ownership {
      case .block(let shell):
        return .removeBlock(
          path: write.path.string, shell: shell, fileWasMissing: write.before == nil,
          folders: folders)
      case .ours:
        if let before = write.before {
          let mode = (try? world.files.status(write.path))?.mode ?? 0o644
          return .restoreFile(
            path: write.path.string, before: .init(before), mode: mode,
            after: Digest(of: write.after))
        }
        return .removeFile(
          path: write.path.string, after: Digest(of: write.after), folders: folders)
      }
    case .startEngine(let start):
      return .stopEngine(commands: start.undo, storage: start.undoStorage)
    case .pullModel(let pull):
      return .deleteModel(server: pull.server, name: pull.model, bytes: pull.bytes ?? 0)
    case .createModel(let creation):
      return .deleteModel(server: creation.server, name: creation.name, bytes: nil)
    case .copyModel(let server, _, let to):
      return .deleteModel(server: server, name: to, bytes: nil)
    case .replaceModel(let replacement):
      return .restoreModel(
        server: replacement.server, name: replacement.name, keptAs: replacement.keptAs)
    }
  }

  /// What the name means now that a change gave a meaning to it.
  private func digest(madeBy change: Change) async throws(Failure) -> String? {
    let (url, name): (String, String)
    switch change {
    case .writeFile, .startEngine, .pullModel: return nil
    case .createModel(let creation): (url, name) = (creation.server, creation.name)
    case .copyModel(let server, _, let to): (url, name) = (server, to)
    case .replaceModel(let replacement): (url, name) = (replacement.server, replacement.name)
    }
    return try await server(url).models().first(named: name)?.digest
  }

  private func missingFolders(above path: FilePath) -> [String] {
    var missing: [String] = []
    var folder = path.removingLastComponent()
    while !folder.isEmpty, !world.files.exists(folder) {
      missing.append(folder.string)
      folder.removeLastComponent()
    }
    return missing.reversed()
  }

  // MARK: - Doing

  /// Makes the change; answers a better undo where only the doing tells it.
  private func perform(_ change: Change) async throws(Failure) -> Undo? {
    switch change {
    case .writeFile(let write):
      try self.write(write)
      return nil
    case .startEngine(let start):
      return try await self.start(start)
    case .pullModel(let pull):
      let report = report
      try await server(pull.server).pull(pull.model, expected: pull.bytes, clock: world.clock) {
        report(.pull(model: pull.model, $0))
      }
      // Of a model that no catalogue knows the size is known only now.
      let size = try await server(pull.server).models().first(named: pull.model)?.size
      return .deleteModel(server: pull.server, name: pull.model, bytes: size ?? pull.bytes ?? 0)
    case .createModel(let creation):
      try await server(creation.server).create(creation)
      let made = try await server(creation.server).describe(creation.name)
      guard made?.contextWindow == creation.contextWindow else {
        throw Failure(
          "The model \(creation.name) did not come out right",
          why:
            "it should have num_ctx \(creation.contextWindow), and says \(made?.contextWindow.map(String.init) ?? "none")",
          tryNext: ["`ccl-setup doctor`"])
      }
      return nil
    case .copyModel(let url, let from, let to):
      try await server(url).copy(from: from, to: to)
      return nil
    case .replaceModel(let replacement):
      let server = server(replacement.server)
      // A run that was killed between the two copies has kept the old meaning already.
      if try await server.describe(replacement.keptAs) == nil {
        try await server.copy(from: replacement.name, to: replacement.keptAs)
      }
      try await server.copy(from: replacement.from, to: replacement.name)
      return nil
    }
  }

  private func server(_ url: String) -> OllamaServer {
    OllamaServer(url: url, network: world.network)
  }

  private func write(_ write: FileWrite) throws(Failure) {
    do {
      // What the person saw in the plan is what is replaced: a file that changed meanwhile is left alone.
      guard try world.files.readIfPresent(write.path) == write.before else {
        throw Failure(
          "\(write.path) was left alone", why: "it has changed since the plan was shown",
          tryNext: ["Run the same command again."])
      }
      _ = try world.files.makeFolder(write.path.removingLastComponent())
      try world.files.write(write.path, write.after, write.before == nil ? write.mode : nil)
    } catch let problem as FileProblem {
      throw Failure(
        "\(write.path) could not be written", why: "\(problem.path): \(problem.reason)",
        tryNext: ["Make it writable or free some disk space, then run the same command again."])
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure("\(write.path) could not be written", why: "\(error)")
    }
  }

  private func start(_ start: EngineStart) async throws(Failure) -> Undo? {
    var undo: Undo?
    do {
      switch start.how {
      case .commands(let commands):
        for command in commands {
          let report = report
          // The first start downloads the engine's image.
          let result = try await world.programs.run(command, .seconds(3600)) {
            report(.output($0))
          }
          guard result.succeeded else { throw commandFailure(command, result) }
        }
      case .detached(let command, let log):
        _ = try world.files.makeFolder(log.removingLastComponent())
        let process = try await world.programs.startDetached(command, log)
        undo = .endProcess(id: process, program: command.program)
      }
    } catch let problem as ProgramProblem {
      throw programFailure(problem)
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure("The engine could not be started", why: "\(error)")
    }
    do { try await waitUntilAnswering(start) } catch {
      // What cannot be used is not left running: nobody would know of it.
      if case .endProcess(let id, _)? = undo { world.programs.end(id) }
      throw error
    }
    return undo
  }

  private static let tooOld = "This Ollama is too old"

  private func checkAge(_ version: String) throws(Failure) {
    if let found = Version(version), let oldest = Version(Engine.oldestVersion), found >= oldest {
      return
    }
    throw Failure(
      Self.tooOld,
      why: "it is \(printable(version)); the Messages API came with \(Engine.oldestVersion)",
      tryNext: ["`ccl-setup update`"])
  }

  /// Waits for the server's first answer: seconds for a container, longer where the disk is slow.
  private func waitUntilAnswering(_ start: EngineStart) async throws(Failure) {
    let limit = Duration.seconds(90)
    let began = world.clock.now()
    var last = Failure("Ollama does not answer at \(start.url)", why: "it was not asked")
    while true {
      let waited = Duration.seconds(world.clock.now().timeIntervalSince(began))
      do {
        let version = try await server(start.url).version(within: .seconds(2))
        return try checkAge(version)
      } catch  where error.what == Self.tooOld {
        throw error
      } catch {
        last = error
      }
      if waited >= limit { break }
      report(.waiting(url: start.url, since: waited))
      do { try await world.clock.sleep(.milliseconds(300)) } catch {
        throw Failure("The start was interrupted", why: "cancelled", code: .interrupted)
      }
    }
    throw Failure(
      "Ollama was started and does not answer",
      why: "\(last.why) (\(start.url), waited \(limit.inWords))" + (await lastWords(of: start)),
      tryNext: ["`ccl-setup doctor`"])
  }

  /// The end of its log: what is rolled back next takes that along.
  private func lastWords(of start: EngineStart) async -> String {
    let text: String?
    switch start.how {
    case .detached(_, let log): text = world.files.text(log)
    case .commands:
      let project = ComposeProject(
        folder: Folders(world.environment).engine, graphics: false,
        without: ComposeProject.exported(world.environment))
      let logs = project.call(["logs", "--no-color", "--no-log-prefix", "--tail", "4"])
      // The failure is told without them, too.
      text = try? await world.programs.run(logs, within: .seconds(10)).output
    }
    let lines = (text ?? "").split(separator: "\n").suffix(4).map { printable(String($0)) }
    return lines.isEmpty ? "" : "; its log ends: \(lines.joined(separator: " | "))"
  }
}

/// A model of the name that ours would have, with another context.
func foreignModel(_ name: String, _ found: Int?, wanted: Int) -> Failure {
  Failure(
    "A model named \(printable(name)) is there already",
    why:
      "its context is \(found.map(String.init) ?? "not set"), not \(wanted), and ccl-setup did not make it",
    tryNext: ["Choose another context.", "Remove it: `ollama rm \(printable(name))`"])
}

/// A command that ended badly, with its last words.
func commandFailure(_ command: Invocation, _ result: ProgramResult) -> Failure {
  let words = result.error.isEmpty ? result.output : result.error
  let last = words.split(separator: "\n").suffix(6).joined(separator: "\n")
  return Failure(
    "`\(command.commandLine)` failed",
    why: "exit code \(result.code)\(last.isEmpty ? "" : ": \(printable(last))")",
    tryNext: ["Run that command yourself to see everything it says."])
}

/// Why a program did not run, told as a failure.
public func programFailure(_ problem: ProgramProblem) -> Failure {
  switch problem {
  case .notFound(let name):
    Failure("\(name) cannot be run", why: "there is no such program on the PATH")
  case .tookTooLong(let name, let limit):
    Failure("\(name) was stopped", why: "it had not finished after \(limit.inWords)")
  case .failedToStart(let name, let reason):
    Failure("\(name) cannot be run", why: printable(reason))
  case .cancelled(let name):
    Failure("\(name) was stopped", why: "you asked for it", code: .interrupted)
  }
}
