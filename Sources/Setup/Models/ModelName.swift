/// A model's name as Ollama reads it: `[host/][namespace/]model[:tag]`.
///
/// Names come from people, files and flags and end up in requests, file names and terminal output, so nothing
/// else is let in: letters, digits, `_`, `-`, `.`, and `:` only before a port or a tag.
/// Source of the grammar: Ollama's types/model/name.go.
public struct ModelName: Hashable, Sendable, CustomStringConvertible {
  public static let defaultHost = "registry.ollama.ai"
  public static let defaultNamespace = "library"
  public static let defaultTag = "latest"

  /// The registry, with its port if it has one.
  public let host: String
  public let namespace: String
  public let model: String
  public let tag: String

  /// - Throws: `ModelNameError` that says which part is wrong, and why.
  public init(_ text: String) throws(ModelNameError) {
    guard !text.isEmpty else { throw .empty }
    guard text.utf8.count <= 512 else { throw .tooLong(part: .whole, limit: 512) }
    // Looked at byte by byte first: "a\r\n" is one Character, and so is a letter with a combining mark.
    for byte in text.utf8 where !isNameByte(byte) {
      throw .forbiddenCharacter(in: text.escapedForDisplay)
    }
    var rest = text[...]
    var tag = Self.defaultTag
    if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/") {
      tag = String(rest[rest.index(after: colon)...])
      rest = rest[..<colon]
    }
    let parts = rest.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    switch parts.count {
    case 1: (host, namespace) = (Self.defaultHost, Self.defaultNamespace)
    case 2: (host, namespace) = (Self.defaultHost, parts[0])
    case 3: (host, namespace) = (parts[0], parts[1])
    default: throw .tooManyParts(text)
    }
    model = parts[parts.count - 1]
    self.tag = tag
    try check(host, .host)
    try check(namespace, .namespace)
    try check(model, .model)
    try check(tag, .tag)
  }

  /// The shortest spelling that means the same model: what Ollama lists it under.
  public var description: String {
    var text = model
    if host != Self.defaultHost {
      text = "\(host)/\(namespace)/\(model)"
    } else if namespace != Self.defaultNamespace {
      text = "\(namespace)/\(model)"
    }
    return tag == Self.defaultTag ? text : "\(text):\(tag)"
  }

  /// A longer spelling that means the same model; `nil` where there is none.
  public var otherSpelling: String? {
    guard host == Self.defaultHost else { return nil }
    return "\(namespace == Self.defaultNamespace ? namespace : host)/\(self)"
  }

  /// The name without host, namespace and tag: what Ollama's own lists call the family.
  public var family: String { model.lowercased() }

  /// Whether Ollama would answer this name from its cloud, not from this machine (`…:cloud`, `…:480b-cloud`).
  public var isCloud: Bool {
    let tag = tag.lowercased()
    return tag == "cloud" || tag.hasSuffix("-cloud")
  }

  /// Where the registry keeps the manifest, which holds the true size of the download.
  ///
  /// - Parameter insecure: ask without TLS, which Ollama does only when it is told to (`--insecure`).
  public func manifestURL(insecure: Bool = false) -> String {
    "\(insecure ? "http" : "https")://\(host)/v2/\(namespace)/\(model)/manifests/\(tag)"
  }
}

/// Why a text is not a model's name.
public enum ModelNameError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Part: String, Sendable {
    case whole = "name"
    case host, namespace, model, tag
  }

  case empty
  case forbiddenCharacter(in: String)
  case emptyPart(Part)
  case badStart(part: Part, String)
  case misplaced(part: Part, String)
  case tooLong(part: Part, limit: Int)
  case tooManyParts(String)
  case badPort(String)

  public var description: String {
    switch self {
    case .empty: "A model's name cannot be empty."
    case .forbiddenCharacter(let text):
      "“\(text)” is not a model's name: only letters, digits, “_”, “-”, “.”, “:” and “/” can stand in one."
    case .emptyPart(let part): "The model's \(part.rawValue) is empty."
    case .badStart(let part, let text):
      "The model's \(part.rawValue) “\(text)” must start with a letter, a digit or “_”."
    case .misplaced(let part, let text):
      "The model's \(part.rawValue) “\(text)” has a “.” or “:” where none can stand."
    case .tooLong(let part, let limit):
      "The model's \(part.rawValue) is longer than \(limit) characters."
    case .tooManyParts(let text):
      "“\(text)” has too many “/”: a name is [host/][namespace/]model[:tag]."
    case .badPort(let text): "“\(text)” has no valid port after its “:”."
    }
  }
}

private func isNameByte(_ byte: UInt8) -> Bool {
  isWordByte(byte) || "-.:/".utf8.contains(byte)
}

private func isWordByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
    true
  default: false
  }
}

private func check(_ text: String, _ part: ModelNameError.Part) throws(ModelNameError) {
  guard let first = text.utf8.first else { throw .emptyPart(part) }
  let limit = part == .host ? 350 : 80
  guard text.utf8.count <= limit else { throw .tooLong(part: part, limit: limit) }
  guard isWordByte(first) else { throw .badStart(part: part, text) }
  if part == .host, let colon = text.firstIndex(of: ":") {
    guard let port = Int(text[text.index(after: colon)...]), (1...65_535).contains(port) else {
      throw .badPort(text)
    }
  } else if text.contains(":") || (part == .namespace && text.contains(".")) {
    throw .misplaced(part: part, text)
  }
}

extension String {
  /// The text with everything that could move a cursor or hide a character written out.
  var escapedForDisplay: String {
    unicodeScalars.map {
      $0.value < 0x20 || $0.value > 0x7e ? $0.escaped(asASCII: true) : String($0)
    }
    .joined()
  }
}
