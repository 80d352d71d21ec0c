/// The names under which Claude Code and other clients ask for a model.
///
/// `claude-local` sets the variables, so that the client sends the local model's own name; the `claude-*` names are
/// made as copies for other clients only (a name that the newest client knows gets 1.9 times the prompt).
public enum Tier: String, Sendable, CaseIterable {
  case opus, sonnet, haiku, fable

  /// The variable that says which model this tier is.
  public var variable: String { "ANTHROPIC_DEFAULT_\(rawValue.uppercased())_MODEL" }

  /// The full names that are asked for as this tier: those of the clients measured (2.1.1 to 2.1.330), newest first,
  /// then those that older instructions use.
  public var anthropicNames: [String] {
    switch self {
    case .opus: ["claude-opus-5-5", "claude-opus-4-7", "claude-opus-4-6"]
    case .sonnet:
      // claude-sonnet-5: the check of the newest client's auto mode.
      [
        "claude-sonnet-5-5", "claude-sonnet-5", "claude-sonnet-4-6", "claude-sonnet-4-5-20250929",
      ]
    case .haiku:
      [
        "claude-haiku-5-5", "claude-haiku-4-5-20251001", "claude-3-5-haiku-20241022",
        "claude-haiku-3-5-20241022",
      ]
    case .fable: ["claude-fable-5-2"]
    }
  }

  /// The tier that a full Anthropic name belongs to, if it is one of ``anthropicNames``.
  public init?(anthropicName: String) {
    guard let tier = Self.allCases.first(where: { $0.anthropicNames.contains(anthropicName) })
    else { return nil }
    self = tier
  }
}
