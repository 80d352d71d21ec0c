import ArgumentParser
import Conversation
import LineEditor
import Setup
import Synchronization
import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One run of the setup, from detection to proof.
struct SetupSession: Sendable {
  let console: Console
  let isAsking: Bool
  let isDryRun: Bool
  let isVerifying: Bool
  /// Whether the model reads the client's prompt beforehand, once all is proved.
  let isWarming: Bool
  let rehearsalURL: String?
  /// How the flags say that a server elsewhere is reached.
  private let access: ServerAccess?
  /// Reaches the server that was chosen as it wants to be reached, once that is known.
  private let reaching: Shared<World>
  private var world: World { reaching.value }

  init(
    in world: World, console: Console, access: ServerAccess?, isAsking: Bool, isDryRun: Bool,
    isVerifying: Bool, isWarming: Bool, rehearsalURL: String?
  ) {
    reaching = Shared(world)
    self.console = console
    self.access = access
    self.isAsking = isAsking
    self.isDryRun = isDryRun
    self.isVerifying = isVerifying
    self.isWarming = isWarming
    self.rehearsalURL = rehearsalURL
  }

  /// - Parameter given: the answers of flags and the answers file, read by the same rules as typed ones.
  func run(given: [Question.ID: String]) async throws -> Setup.ExitCode {
    try refuseForeignHome(world)
    let (machine, times) = await detect()
    let catalogue: Catalogue
    do { catalogue = try Catalogue.embedded() } catch {
      throw Failure("The model catalogue cannot be read", why: "\(error)")
    }
    let receipt = try ReceiptStore(in: world).read()
    var questionnaire = Questionnaire(
      machine: machine, catalogue: catalogue, previous: receipt?.choices,
      freePort: freePort(), rehearsalURL: rehearsalURL,
      present: PresentModel.all(of: machine))
    var answers = questionnaire.standing
    for id in Question.ID.answerable {
      // Without a person the engine is settled first: another server decides which models there are.
      guard let text = given[id] ?? (id == .engine && !isAsking ? "" : nil) else { continue }
      try questionnaire.accept(text, for: id, &answers)
      if id == .engine, let url = answers.serverURL {
        let (findings, access) = try await look(at: url, before: receipt?.choices)
        questionnaire.findings = findings
        answers.learn(findings, access: access)
      }
    }
    if isAsking {
      return try await converse(Wizard(questionnaire, given: answers), questionnaire, times)
    }
    let choices = try questionnaire.completed(answers)
    let plan = try await plan(choices, questionnaire)
    console.say(
      planScreen(
        plan, freeDisk: machine.disk.free, isWhole: isDryRun,
        shownBy: "\(rehearsalURL == nil ? "ccl-setup" : "ccl-setup rehearse") --dry-run"))
    if isDryRun {
      console.say(["", "Nothing was changed (--dry-run)."])
      if console.isJSON {
        console.document(SetupDocument(plan: plan, detection: times, applied: false, proofs: []))
      }
      return .done
    }
    return try await interruptible { try await carryOut(plan, choices, times, machine) }
  }

  /// Looks at the machine, and asks the client meanwhile what it does.
  private func detect() async -> (Machine, DetectionTimes) {
    async let asked = isVerifying ? contract() : nil
    var (machine, times) = await DetectionScreen(console: console).detect(in: world)
    switch await asked {
    case .success(let answer):
      machine.claude.contract = answer.contract
      times.contract = answer.milliseconds
    case .failure(let failure): console.say("\("!", .warning) \(failure.what): \(failure.why)")
    case nil: break
    }
    return (machine, times)
  }

  /// What the installed client does with a server; `nil` without a client, whose absence is told elsewhere.
  private func contract() async -> Result<
    (contract: ClientContract, milliseconds: Double), Failure
  >? {
    let machine = await Machine.detect([.claude], in: world)
    guard let client = machine.claude.installations.first, client.version != nil else { return nil }
    let began = world.clock.now()
    do throws(Failure) {
      let contract = try await ClientProbe.live(in: world)(client)
      return .success((contract, world.clock.now().timeIntervalSince(began) * 1000))
    } catch {
      return .failure(error)
    }
  }

  /// Asks a server elsewhere what it is, and reaches it from now on as it wants to be reached.
  private func look(
    at url: String, before: Choices?
  ) async throws(Failure) -> (ServerFindings, ServerAccess?) {
    let access = access ?? (before?.engine.url == url ? before?.access : nil)
    let world = try await world.reaching(url, by: access)
    let findings = try await ServerFindings.ask(url, in: world)
    reaching.update { $0 = world }
    return (findings, access)
  }

  private func freePort() -> Int {
    (Engine.defaultPort..<Engine.defaultPort + 50).first {
      world.network.isPortFree("127.0.0.1", $0)
    } ?? Engine.defaultPort
  }

  private func plan(_ answered: Choices, _ questionnaire: Questionnaire) async throws -> Plan {
    var choices = answered
    // The wizard asks about one model; what was added since stays wanted.
    choices.additions = try ReceiptStore(in: world).read()?.additions ?? Additions()
    let survey = try await Survey.take(for: choices, machine: questionnaire.machine, in: world)
    return try Plan(
      choices, machine: questionnaire.machine, catalogue: questionnaire.catalogue, survey: survey,
      environment: world.environment)
  }

  // MARK: - With a person

  private func converse(
    _ first: Wizard, _ questionnaire: Questionnaire, _ times: DetectionTimes
  ) async throws -> Setup.ExitCode {
    try ReceiptStore(in: world).begin(tool: toolVersion)
    let wizard = Shared(first)
    let editor = LineEditor(history: Folders(world.environment).history.string) { buffer, cursor in
      let typed = buffer.prefix(cursor)
      let start =
        typed.lastIndex { $0 == " " || $0 == "," }.map { typed.index(after: $0) }
        ?? typed.startIndex
      let word = typed[start...]
      return wizard.value.completions.filter { $0.hasPrefix(word) }
        .map { Completion($0, replaces: word.count) }
    }
    var replies = wizard.update { $0.begin() }
    while true {
      var prompt = "▸ "
      for reply in replies {
        switch reply {
        case .say(let lines): console.say(lines)
        case .prompt(let text): prompt = text
        case .look(let url):
          let outcome: Result<ServerFindings, Failure>
          var access: ServerAccess?
          do throws(Failure) {
            let (findings, found) = try await look(at: url, before: questionnaire.previous)
            outcome = .success(findings)
            access = found
          } catch {
            outcome = .failure(error)
          }
          replies = wizard.update { $0.looked(outcome, access: access) }
          for case .say(let lines) in replies { console.say(lines) }
          for case .prompt(let text) in replies { prompt = text }
        case .showStatus: console.say(statusScreen(questionnaire.machine))
        case .showPlan(let choices, let isWhole):
          do {
            console.say(
              planScreen(
                try await plan(choices, questionnaire), freeDisk: questionnaire.machine.disk.free,
                isWhole: isWhole))
          } catch let failure as Failure {
            console.fail(failure)
          }
        case .apply(let choices):
          do {
            let plan = try await plan(choices, questionnaire)
            return try await interruptible {
              try await carryOut(plan, choices, times, questionnaire.machine)
            }
          } catch let failure as Failure {
            console.fail(failure)
            replies = wizard.update { $0.resume() }
            if case .prompt(let text)? = replies.last { prompt = text }
          }
        case .rehearse:
          let rehearsal = try RehearseCommand.parse([])
          try await rehearsal.run()
          return .done
        case .finish(let code): return code
        }
      }
      replies = try await ask(prompt, editor, wizard)
    }
  }

  private func ask(
    _ prompt: String, _ editor: LineEditor, _ wizard: Shared<Wizard>
  ) async throws -> [Wizard.Reply] {
    switch await editor.line(prompt: prompt) {
    case .text(let line):
      // A history that cannot be kept (a full disk, a read-only home) costs only the history.
      try? await editor.remember(line)
      return wizard.update { $0.receive(.line(line)) }
    case .interrupted: return wizard.update { $0.receive(.interrupt) }
    case .end: return wizard.update { $0.receive(.end) }
    }
  }

  // MARK: - Doing and proving

  private func carryOut(
    _ plan: Plan, _ choices: Choices, _ times: DetectionTimes, _ machine: Machine
  ) async throws -> Setup.ExitCode {
    if !plan.isEmpty {
      console.say(["", Text("Setting up", .heading)])
      let screen = ApplyScreen(console: console, clock: world.clock)
      try await Apply(in: world, tool: toolVersion) { screen.show($0) }(plan)
    }
    machine.claude.contract?.store(in: world)
    guard isVerifying else {
      console.say([
        "", "\("✓", .good) Done. The proof through the real client was left out (--no-verify).",
      ])
      if console.isJSON {
        console.document(SetupDocument(plan: plan, detection: times, applied: true, proofs: []))
      }
      return .done
    }
    console.say(["", Text("The proof", .heading)])
    let proofs = Shared([Proof]())
    let isGood = await (try Verify(choices, in: world))(
      began: { what in console.live(["  \("…", .dim) \(what)"]) },
      report: { proof in
        proofs.update { $0.append(proof) }
        console.say(proofScreen(proof))
      })
    if console.isJSON {
      console.document(
        SetupDocument(plan: plan, detection: times, applied: true, proofs: proofs.value))
    }
    let firstAnswer = proofs.value.lazy.compactMap { proof -> Double? in
      guard case .shell = proof.subject, case .success(let evidence) = proof.outcome else {
        return nil
      }
      return evidence.seconds
    }.first
    console.say(
      closingScreen(
        choices, isGood: isGood, login: machine.shells.first { $0.isLoginShell }?.shell,
        firstAnswer: firstAnswer))
    if isGood, isWarming, rehearsalURL == nil { await console.warmBehind(choices, in: world) }
    return isGood ? .done : .problemsFound
  }
}
