/// What the settings of `claude-local` follow from: the part of a contract that can differ and be met.
public struct ClientDemands: Sendable, Hashable {
  /// What the base URL ends with after host and port.
  public var baseURLEnding: String
  /// Whether `--tools` is known; without it there is no lean profile.
  public var takesTools: Bool

  /// - Parameter contract: without one, what every measured version wants.
  public init(_ contract: ClientContract?) {
    baseURLEnding = contract?.baseURLEnding ?? ""
    takesTools = contract?.options.contains(.tools) ?? true
  }
}

extension ClaudeCode {
  public var demands: ClientDemands { ClientDemands(contract) }

  /// The smallest context in which this client works with these tools; 32k where it was not asked.
  public func smallestContext(_ profile: Profile) -> Int {
    contract?.smallestContext(profile) ?? ContextSize.smallest.tokens
  }

  /// The same for the question about the context, before that about the tools.
  func shortage(inContextOf size: Int) -> String? {
    guard size >= smallestContext(.lean) else { return "too little for Claude Code's own prompt" }
    guard let contract else {
      return size < ContextSize.preferred.tokens ? "enough for the newest Claude Code only" : nil
    }
    guard size < smallestContext(.full) else { return nil }
    return
      "enough for your Claude Code with the lean profile only: with every tool its first prompt is about \(contract.full.tokens) tokens"
  }

  /// What is to be said of a context that is too small for the client's own prompt; `nil` for one that is not.
  func shortage(of choices: Choices) -> String? {
    let least = smallestContext(choices.profile)
    guard choices.contextWindow < least else { return nil }
    let prompt =
      contract?.prompt(choices.profile).map { " (about \($0.tokens) tokens)" } ?? ""
    var words =
      "A context of \(contextInWords(choices.contextWindow)) is too small for Claude Code's own prompt\(prompt); \(contextInWords(least)) is the least that works"
    if choices.profile == .full, smallestContext(.lean) <= choices.contextWindow, contract != nil {
      words += ", or the lean profile"
    }
    return words + "."
  }
}
