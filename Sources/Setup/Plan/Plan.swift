/// What we *would do*: a value that can be shown, compared and applied.
public struct Plan: Sendable, Hashable {
  /// `nil` when it is about models of a server alone, and nothing was set up by us.
  public var choices: Choices?
  /// What is wanted beyond the wizard's one model.
  public var additions: Additions
  /// Earlier work of ours that these choices no longer want: taken back first.
  public var withdrawn: [Receipt.Entry]
  public var steps: [Step]
  /// What the person should know before saying yes.
  public var notes: [Note]

  public init(
    choices: Choices?, additions: Additions, withdrawn: [Receipt.Entry], steps: [Step],
    notes: [Note]
  ) {
    self.choices = choices
    self.additions = additions
    self.withdrawn = withdrawn
    self.steps = steps
    self.notes = notes
  }

  /// A part of the setup that is shown, applied and reported as one.
  public struct Step: Sendable, Hashable {
    public enum ID: String, Sendable, Hashable, Codable, CaseIterable {
      case engine, model, context, aliases, client, shells
    }
    public var id: ID
    public var title: String
    public var changes: [Change]

    public init(id: ID, title: String, changes: [Change]) {
      self.id = id
      self.title = title
      self.changes = changes
    }
  }

  public struct Note: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, Codable { case information, warning }
    public var kind: Kind
    public var text: Text

    public init(_ kind: Kind, _ text: Text) {
      self.kind = kind
      self.text = text
    }
  }

  /// Nothing to do: the machine already is as the choices want it.
  public var isEmpty: Bool { withdrawn.isEmpty && steps.allSatisfy { $0.changes.isEmpty } }
  public var changes: [Change] { steps.flatMap(\.changes) }

  /// The part of it that these steps are.
  /// - Parameter subjects: what is taken back; of everything else nothing.
  public func only(_ ids: Set<Step.ID>, takingBack subjects: Set<String> = []) -> Plan {
    var part = self
    part.withdrawn.removeAll { !subjects.contains($0.subject) }
    part.steps.removeAll { !ids.contains($0.id) }
    return part
  }

  /// Bytes that will be downloaded, as far as they are known.
  public var downloadBytes: UInt64 {
    changes.reduce(0) { sum, change in
      if case .pullModel(let pull) = change { return sum + (pull.bytes ?? 0) }
      return sum
    }
  }
}
