/// Text with meaning: what a run of characters *is*, not how it looks. Colour and width are decided at the edge.
public struct Text: Sendable, Hashable, ExpressibleByStringInterpolation {
  public enum Role: Sendable, Hashable {
    case plain, heading, emphasis, dim
    /// Something to type.
    case command
    case path
    case good, warning, bad
    case added, removed
  }

  public struct Span: Sendable, Hashable {
    public var role: Role
    public var text: String
  }

  public var spans: [Span]

  public init(_ text: String, _ role: Role = .plain) {
    spans = text.isEmpty ? [] : [Span(role: role, text: text)]
  }

  public init(stringLiteral value: String) { self.init(value) }
  public init(stringInterpolation: Interpolation) { spans = stringInterpolation.spans }

  /// `"run \(command: "docker info")"`; a plain `\(value)` stays plain.
  public struct Interpolation: StringInterpolationProtocol {
    var spans: [Span] = []

    public init(literalCapacity: Int, interpolationCount: Int) {}
    public mutating func appendLiteral(_ literal: String) {
      if !literal.isEmpty { spans.append(Span(role: .plain, text: literal)) }
    }
    public mutating func appendInterpolation(_ value: some CustomStringConvertible) {
      appendLiteral(value.description)
    }
    public mutating func appendInterpolation(_ text: Text) { spans += text.spans }
    public mutating func appendInterpolation(command: String) { append(command, .command) }
    public mutating func appendInterpolation(path: String) { append(path, .path) }
    public mutating func appendInterpolation(_ text: String, _ role: Role) { append(text, role) }
    private mutating func append(_ text: String, _ role: Role) {
      if !text.isEmpty { spans.append(Span(role: role, text: text)) }
    }
  }

  public static func + (left: Text, right: Text) -> Text {
    var sum = left
    sum.spans += right.spans
    return sum
  }

  /// The characters alone.
  public var plain: String { spans.map(\.text).joined() }
}

/// A foreign string made safe for a terminal: control characters (escape sequences among them) shown, not sent.
public func printable(_ foreign: String) -> String {
  var safe = ""
  for scalar in foreign.unicodeScalars {
    switch scalar.value {
    case 0x0a, 0x09: safe.unicodeScalars.append(scalar)
    case 0...0x1f, 0x7f...0x9f: safe += "\\u{\(String(scalar.value, radix: 16))}"
    // Directional marks, overrides and isolates can make a line read as another; two more end a line.
    case 0x061c, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069:
      safe += "\\u{\(String(scalar.value, radix: 16))}"
    default: safe.unicodeScalars.append(scalar)
    }
  }
  return safe
}
