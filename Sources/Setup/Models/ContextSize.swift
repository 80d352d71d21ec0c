/// A context length in tokens, as a person writes it and as it stands in a model's name.
public struct ContextSize: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let tokens: Int

  /// Below this Claude Code's own prompt (10,000 to 24,000 tokens, measured) leaves no room to work.
  public static let smallest = ContextSize(tokens: 32_768)
  /// What Ollama asks for with coding tools (64,000), as the power of two above it.
  public static let preferred = ContextSize(tokens: 65_536)
  /// What a model may be given at most before anybody asks for more, in tokens.
  static let usual = [8_192, 16_384, 32_768, 65_536, 131_072, 262_144]
  /// What can be asked for at all: a typing slip is found before it becomes a gigabyte.
  public static let range = 512...4_194_304

  public init(tokens: Int) { self.tokens = tokens }

  /// Reads `64k`, `128K`, `1m` or `65536`; `k` is 1,024 and `m` 1,048,576, as Ollama reads them.
  ///
  /// - Throws: `ContextSizeError` when it is not such a number, or outside of ``range``.
  public init(_ text: String) throws(ContextSizeError) {
    var digits = text[...]
    var unit = 1
    switch digits.last {
    case "k", "K": unit = 1_024
    case "m", "M": unit = 1_048_576
    default: break
    }
    if unit > 1 { digits = digits.dropLast() }
    guard (1...9).contains(digits.utf8.count),
      digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let number = Int(digits)
    else { throw .notANumber(text.escapedForDisplay) }
    guard Self.range.contains(number * unit) else { throw .outOfRange(number * unit) }
    tokens = number * unit
  }

  /// `64k` where the number is a whole multiple of 1,024, else the number itself: no two sizes share a label.
  public var description: String {
    tokens.isMultiple(of: 1_024) ? "\(tokens / 1_024)k" : "\(tokens)"
  }

  public static func < (a: Self, b: Self) -> Bool { a.tokens < b.tokens }
}

/// Why a text is not a context length.
public enum ContextSizeError: Error, Equatable, Sendable, CustomStringConvertible {
  case notANumber(String)
  case outOfRange(Int)

  public var description: String {
    switch self {
    case .notANumber(let text):
      "“\(text)” is not a context length: write tokens (65536) or thousands (64k)."
    case .outOfRange(let tokens):
      "A context of \(tokens) tokens is outside of \(ContextSize.range.lowerBound) to "
        + "\(ContextSize.range.upperBound)."
    }
  }
}

extension ModelName {
  /// The name of the variant of this model that has a context baked in: `qwen3-coder` at 64k is
  /// `qwen3-coder-64k`, `qwen3-coder:30b` is `qwen3-coder:30b-64k`.
  ///
  /// The rule appends and never rewrites, so two different bases or sizes never meet in one name, and
  /// ``derivation`` reads both back.
  /// - Throws: `ModelNameError` when the name becomes too long for Ollama.
  public func derived(context: ContextSize) throws(ModelNameError) -> ModelName {
    try ModelName("\(self)-\(context)")
  }

  /// The base and the context that ``derived(context:)`` would have made this name from, if it looks like it.
  public var derivation: (base: ModelName, context: ContextSize)? {
    let text = description
    guard let dash = text.lastIndex(of: "-"),
      let context = try? ContextSize(String(text[text.index(after: dash)...])),
      let base = try? ModelName(String(text[..<dash])),
      (try? base.derived(context: context)) == self
    else { return nil }
    return (base, context)
  }
}
