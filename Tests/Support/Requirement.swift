public import Testing

/// What a test needs and this machine lacks, as a failure. See `Trait.requires`.
public struct MissingParts: Error, CustomStringConvertible {
  public var description: String
}

extension Trait where Self == ConditionTrait {
  /// Without one of the parts the test is skipped, visibly and with the reason; where everything must be there
  /// (`CCL_SETUP_REQUIRE_ALL=1`, as in CI) it fails instead.
  public static func requires(_ parts: Part...) -> Self {
    let problems = parts.compactMap(\.problem)
    let reason = problems.joined(separator: "; ")
    return .enabled(Comment(rawValue: reason)) {
      if problems.isEmpty { return true }
      if Part.variable("CCL_SETUP_REQUIRE_ALL") == "1" { throw MissingParts(description: reason) }
      return false
    }
  }
}
