import ArgumentParser
import Conversation
import Live
import Setup

/// `ccl-setup fix`: says what is broken and why, shows the repair, does it.
struct FixCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fix", abstract: "Find what is broken, show the repair, and do it.",
    discussion: """
      The repair leads back to what was chosen at the setup; it is recorded, and `ccl-setup uninstall` takes it back \
      too. Exit code 0: nothing is broken any more; 2: something still is.
      """)

  @Flag(name: [.customShort("y"), .long], help: "Do not ask.") var yes = false
  @Flag(help: "Show what is broken and the repair, and change nothing.") var dryRun = false
  @Flag(help: "Neither ask the real client what it sends nor prove the repair through it.")
  var noVerify = false
  @Flag(help: "Print a document on stdout and prose on stderr.") var json = false

  func run() async throws {
    let live = World.live
    let console = Console(isJSON: json, variables: live.environment.variables)
    try await report(on: console) { [yes, dryRun, noVerify] in
      try refuseForeignHome(live)
      let world = await live.admittedIfPossible()
      let session = FixSession(
        world: world, console: console, isAgreed: yes, isDryRun: dryRun, isVerifying: !noVerify)
      let catalogue = try embedded()
      return try await interruptible { try await session.run(catalogue) }
    }
  }
}

/// One run of `fix`: look, show, repair; again, because a server that was down hides what else is missing.
struct FixSession: Sendable {
  let world: World
  let console: Console
  let isAgreed: Bool
  let isDryRun: Bool
  let isVerifying: Bool

  /// A repair that brings something new to light each time would be a mistake of ours: it ends.
  private static let mostRounds = 4

  func run(_ catalogue: Catalogue) async throws -> Setup.ExitCode {
    var document = FixDocument()
    for round in 1...Self.mostRounds {
      console.live([Text("  … looking at everything at once", .dim)])
      let examination = await Examination.take(
        in: world, catalogue: catalogue, prompting: false,
        probe: isVerifying ? .live(in: world) : nil)
      let findings = examination.findings
      document.add(findings, overcome: examination.overcome)
      guard let repair = examination.repair, findings.contains(where: \.isRepairable),
        round < Self.mostRounds
      else { return try await finish(examination, isRepaired: round > 1, &document) }
      console.say([
        Text(round == 1 ? "What is broken" : "What came to light then", .heading)
      ])
      console.say(findingScreen(findings))
      console.say(
        planScreen(
          repair, freeDisk: examination.machine.disk.free, isWhole: isDryRun,
          shownBy: "ccl-setup fix --dry-run"))
      document.add(repair)
      if isDryRun {
        console.say(overcomeScreen(examination.overcome))
        console.say(["", "Nothing was changed (--dry-run)."])
        if console.isJSON { console.document(document) }
        return .problemsFound
      }
      guard try await isAgreed() else {
        console.say("Nothing was changed.")
        return .problemsFound
      }
      let screen = ApplyScreen(console: console, clock: world.clock)
      try await Apply(in: world, tool: toolVersion) { screen.show($0) }(repair)
      examination.contract?.store(in: world)
      document.applied = true
    }
    return .problemsFound
  }

  private func isAgreed() async throws -> Bool {
    if isAgreed { return true }
    guard Console.isInteractive, !console.isJSON else {
      throw Failure(
        "There is nobody to ask", why: "fix asks before it changes anything",
        tryNext: ["`ccl-setup fix --yes`", "`ccl-setup fix --dry-run`"], code: .usage)
    }
    console.say("")
    return ["", "y", "yes"].contains(try await answer(to: "Repair this? [yes] ▸ "))
  }

  /// What is left that cannot be repaired here, and the proof of what was.
  private func finish(
    _ examination: Examination, isRepaired: Bool, _ document: inout FixDocument
  ) async throws -> Setup.ExitCode {
    let findings = examination.findings
    if !findings.isEmpty {
      console.say([
        Text(isRepaired ? "What is left" : "What is broken", .heading)
      ])
      console.say(findingScreen(findings))
    }
    var isGood = findings.isEmpty
    if isRepaired, isGood, isVerifying, let choices = examination.choices {
      console.say(["", Text("The proof", .heading)])
      let proofs = Shared([Proof]())
      isGood = await (try Verify(choices, in: world))(
        began: { what in console.live(["  \("…", .dim) \(what)"]) },
        report: { proof in
          proofs.update { $0.append(proof) }
          console.say(proofScreen(proof))
        })
      document.proofs = proofs.value.map(SetupDocument.ProofDocument.init)
    }
    console.say(overcomeScreen(examination.overcome))
    if isGood {
      console.say([
        "",
        isRepaired
          ? "\("✓", .good) Repaired."
          : "\("✓", .good) Nothing is broken, nothing was changed. \(command: "ccl-setup doctor") also asks the model.",
      ])
    } else if findings.isEmpty {
      console.say(["", "\("✗", .bad) The repair is done, but the proof did not succeed."])
    } else {
      console.say([
        "", "\("✗", .bad) This is beyond \(command: "ccl-setup fix"): see the remedies.",
      ])
    }
    if console.isJSON { console.document(document) }
    return isGood ? .done : .problemsFound
  }
}

/// What `fix --json` prints; docs/json.md describes it.
struct FixDocument: Encodable {
  /// In the order in which they came to light; one that was repaired is not taken out again.
  var findings: [CheckDocument] = []
  var overcome: [CheckDocument] = []
  var changes: [String] = []
  var applied = false
  var proofs: [SetupDocument.ProofDocument] = []

  mutating func add(_ findings: [Check], overcome: [Check]) {
    for finding in findings where !self.findings.contains(where: { $0.id == finding.id }) {
      self.findings.append(CheckDocument(finding))
    }
    self.overcome = overcome.map(CheckDocument.init)
  }

  mutating func add(_ plan: Plan) {
    changes += plan.withdrawn.map(\.undo.title) + plan.changes.map(\.title)
  }
}
