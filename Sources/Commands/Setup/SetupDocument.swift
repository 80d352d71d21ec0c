import Setup

/// What `--json` prints for a setup; docs/json.md describes it.
struct SetupDocument: Encodable {
  struct Step: Encodable {
    var id: String
    var title: String
    var changes: [String]
  }
  struct Note: Encodable {
    var kind: String
    var text: String
  }
  struct ProofDocument: Encodable {
    var title: String
    var passed: Bool
    var evidence: Proof.Evidence?
    var failure: FailureDocument.Problem?
  }
  var choices: Choices?
  /// `nil` for the words of daily use.
  var detection: DetectionTimes?
  var applied: Bool
  var withdrawn: [String]
  var steps: [Step]
  var commands: [String]
  var downloadBytes: UInt64
  var notes: [Note]
  var proofs: [ProofDocument]

  init(plan: Plan, detection: DetectionTimes?, applied: Bool, proofs: [Proof]) {
    choices = plan.choices
    self.detection = detection
    self.applied = applied
    withdrawn = plan.withdrawn.map(\.title)
    steps = plan.steps.map { step in
      Step(id: step.id.rawValue, title: step.title, changes: step.changes.map(\.title))
    }
    commands = plan.changes.flatMap { change -> [String] in
      guard case .startEngine(let start) = change else { return [] }
      switch start.how {
      case .commands(let commands): return commands.map(\.commandLine)
      case .detached(let command, _): return [command.commandLine]
      }
    }
    downloadBytes = plan.downloadBytes
    notes = plan.notes.map { Note(kind: $0.kind.rawValue, text: $0.text.plain) }
    self.proofs = proofs.map(ProofDocument.init)
  }
}

extension SetupDocument.ProofDocument {
  init(_ proof: Proof) {
    switch proof.outcome {
    case .success(let evidence):
      self.init(title: proof.title, passed: true, evidence: evidence)
    case .failure(let failure):
      self.init(title: proof.title, passed: false, failure: FailureDocument(failure).error)
    }
  }
}
