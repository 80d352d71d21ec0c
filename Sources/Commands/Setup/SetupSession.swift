import ArgumentParser
import Conversation
import LineEditor
import Setup
import Synchronization
import SystemPackage

/// One run of the setup, from detection to proof.
struct SetupSession: Sendable {
  let world: World
  let console: Console
  let isAsking: Bool
  let isDryRun: Bool
  let isVerifying: Bool
  let rehearsalURL: String?

  func run(
    given: @escaping @Sendable (Questionnaire) throws -> Answers
  ) async throws -> Setup.ExitCode {
    try refuseForeignHome(world)
    let (machine, times) = await DetectionScreen(console: console).detect(in: world)
    let catalogue: Catalogue
    do { catalogue = try Catalogue.embedded() } catch {
      throw Failure("The model catalogue cannot be read", why: "\(error)")
    }
    let receipt = try ReceiptStore(in: world).read()
    let questionnaire = Questionnaire(
      machine: machine, catalogue: catalogue, previous: receipt?.choices,
      freePort: freePort(), rehearsalURL: rehearsalURL,
      present: PresentModel.all(of: machine))
    let answers = try given(questionnaire)
    if isAsking {
      return try await converse(Wizard(questionnaire, given: answers), questionnaire, times)
    }
    let choices = try questionnaire.completed(answers)
    let plan = try await plan(choices, questionnaire)
    console.say(planScreen(plan, freeDisk: machine.disk.free, isWhole: isDryRun))
    if isDryRun {
      console.say(["", "Nothing was changed (--dry-run)."])
      if console.isJSON {
        console.document(SetupDocument(plan: plan, detection: times, applied: false, proofs: []))
      }
      return .done
    }
    return try await interruptible { try await carryOut(plan, choices, times) }
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
            return try await interruptible { try await carryOut(plan, choices, times) }
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
    _ plan: Plan, _ choices: Choices, _ times: DetectionTimes
  ) async throws -> Setup.ExitCode {
    if !plan.isEmpty {
      console.say(["", Text("Setting up", .heading)])
      let screen = ApplyScreen(console: console, clock: world.clock)
      try await Apply(in: world, tool: toolVersion) { screen.show($0) }(plan)
    }
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
    console.say(closingScreen(choices, isGood: isGood))
    return isGood ? .done : .problemsFound
  }
}
