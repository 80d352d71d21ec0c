import ArgumentParser
import Conversation
import Live
import Setup

/// `ccl-setup doctor`: looks at everything, changes nothing.
struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Look at the whole setup and say what is broken.",
    discussion: """
      Each line has its evidence and, where something is wrong, the remedy. The model is asked one short question, \
      which loads it. With --deep the running machine has to prove more, with figures: the context that is really \
      loaded, the GPU's share, a tool round trip of the real client, the prompt cache, each tier, loads and speed. That \
      takes some minutes on a slow machine. Exit code 0: nothing is broken; 2: something is.
      """)

  @Flag(help: "Ask neither the model, which loads it, nor the client what it sends.")
  var noPrompt = false
  @Flag(help: "Let the running machine prove more, with figures; takes some minutes.")
  var deep = false
  @Flag(help: "Print a document on stdout and prose on stderr.") var json = false

  func validate() throws {
    if deep, noPrompt {
      throw ValidationError("--deep asks the model: it goes without --no-prompt.")
    }
  }

  func run() async throws {
    let live = World.live
    let console = Console(isJSON: json, variables: live.environment.variables)
    let (prompting, deep) = (!noPrompt, deep)
    try await report(on: console) {
      try refuseForeignHome(live)
      let world = await live.admittedIfPossible()
      let catalogue = try embedded()
      return try await interruptible {
        console.live([Text("  … looking at everything at once", .dim)])
        var examination = await Examination.take(
          in: world, catalogue: catalogue, prompting: prompting,
          probe: prompting ? .live(in: world) : nil)
        // A change that is to be repaired stays one for `fix`.
        if examination.repair == nil { examination.contract?.store(in: world) }
        if deep { await prove(&examination, in: world, catalogue, console) }
        console.say(checkScreen(examination.checks))
        console.say(verdict(on: examination.checks))
        if console.isJSON { console.document(DoctorDocument(examination)) }
        return examination.outcome == .fail ? .problemsFound : .done
      }
    }
  }
}

extension ClientProbe {
  /// The probe with a listener of this process.
  static func live(in world: World) -> ClientProbe {
    ClientProbe(in: world) { () throws(Failure) in try await ProbeListener.listen() }
  }
}

/// Adds what only the running machine can tell.
private func prove(
  _ examination: inout Examination, in world: World, _ catalogue: Catalogue, _ console: Console
) async {
  guard examination.isAnswering else {
    examination.checks.append(.notProved)
    return
  }
  let proofs = DeepExamination(
    after: examination, in: world, catalogue: catalogue,
    listeners: .init(
      relay: { (url, world) throws(Failure) in try await PromptRelay.listen(to: url, in: world) },
      probe: { () throws(Failure) in try await ProbeListener.listen() }),
    began: { what in console.live([Text("  … \(what)", .dim)]) })
  // `fix` looks as the quick look does: what only a proof shows is not its to mend.
  let repair = examination.repair
  examination.checks += (await proofs?() ?? []).map { $0.promising(repair) }
}

/// The catalogue that is part of the program.
func embedded() throws(Failure) -> Catalogue {
  do { return try Catalogue.embedded() } catch {
    throw Failure("The model catalogue cannot be read", why: "\(error)")
  }
}

/// What `doctor --json` prints; docs/json.md describes it.
struct DoctorDocument: Encodable {
  struct Section: Encodable {
    var id: String
    var title: String
    var outcome: Check.Outcome
    var checks: [CheckDocument]
  }
  var outcome: Check.Outcome
  var sections: [Section]
  /// Of the quick look alone, also with --deep.
  var detection: Examination.Times

  init(_ examination: Examination) {
    outcome = examination.outcome
    detection = examination.times
    sections = Check.Section.allCases.compactMap { section in
      let members = examination.checks.filter { $0.section == section }
      guard let worst = members.map(\.outcome).max() else { return nil }
      return Section(
        id: section.rawValue, title: section.title, outcome: worst,
        checks: members.map(CheckDocument.init))
    }
  }
}

/// One check, in the documents of `doctor` and `fix`.
struct CheckDocument: Encodable {
  var id: String
  var title: String
  var outcome: Check.Outcome
  var evidence: String
  var consequence: String?
  var remedy: String?
  /// Command lines and sentences, in order.
  var remedySteps: [String]
  var isRepairable: Bool
  var isOvercome: Bool
  /// Absent where nothing was measured.
  var figures: [String: Double]?

  init(_ check: Check) {
    id = check.id
    title = check.title
    outcome = check.outcome
    evidence = check.evidence
    consequence = check.consequence
    remedy = check.remedy?.title
    remedySteps = (check.remedy?.steps ?? []).map { step in
      switch step {
      case .run(let command): command
      case .say(let sentence): sentence
      }
    }
    isRepairable = check.isRepairable
    isOvercome = check.isOvercome
    figures = check.figures.isEmpty ? nil : check.figures
  }
}
