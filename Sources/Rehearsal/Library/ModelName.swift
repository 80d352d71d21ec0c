/// A model's name in Ollama's four parts, with what is missing filled in.
///
/// Written `[scheme://]host/namespace/model:tag`. (`types/model/name.go` of Ollama.)
struct ModelName: Sendable, Hashable {
  var host = "registry.ollama.ai"
  var namespace = "library"
  var model: String
  var tag = "latest"
  var scheme = "https"

  /// The name, or nil where Ollama calls it invalid.
  init?(_ text: String) {
    var rest = Substring(text)
    // A separator promises what stands on both its sides: an empty side makes the name invalid.
    func cut(_ separator: Character) -> Substring?? {
      guard let at = rest.lastIndex(of: separator) else { return .some(nil) }
      let part = rest[rest.index(after: at)...]
      rest = rest[..<at]
      return part.isEmpty || rest.isEmpty ? nil : part
    }
    let colon = rest.lastIndex(of: ":")
    if let colon, rest.lastIndex(of: "/").map({ $0 < colon }) ?? true {
      guard case .some(.some(let part)) = cut(":") else { return nil }
      tag = String(part)
    }
    guard let name = cut("/") else { return nil }
    guard let name else {
      model = String(rest)
      guard isValid else { return nil }
      return
    }
    model = String(name)
    guard let space = cut("/") else { return nil }
    guard let space else {
      namespace = String(rest)
      guard isValid else { return nil }
      return
    }
    namespace = String(space)
    if let range = rest.firstRange(of: "://") {
      scheme = String(rest[..<range.lowerBound])
      host = String(rest[range.upperBound...])
    } else {
      host = String(rest)
    }
    guard isValid else { return nil }
  }

  private var isValid: Bool {
    func holds(_ part: String, upTo limit: Int = 80, also extra: String) -> Bool {
      guard (1...limit).contains(part.utf8.count) else { return false }
      return part.utf8.enumerated().allSatisfy { index, byte in
        let character = Character(UnicodeScalar(byte))
        let plain =
          byte < 0x80 && (character.isLetter || character.isNumber || character == "_")
        return index == 0 ? plain : plain || character == "-" || extra.contains(character)
      }
    }
    return holds(host, upTo: 350, also: ".:") && holds(namespace, also: "")
      && holds(model, also: ".") && holds(tag, also: ".")
  }

  /// As Ollama shows it: host and namespace only where they are not the default, the tag always.
  var shortest: String {
    let name = "\(model):\(tag)"
    if host.lowercased() != "registry.ollama.ai" { return "\(host)/\(namespace)/\(name)" }
    return namespace.lowercased() == "library" ? name : "\(namespace)/\(name)"
  }

  var full: String { "\(host)/\(namespace)/\(model):\(tag)" }

  /// Where its manifest lies below the folder of manifests.
  var path: String { "\(host)/\(namespace)/\(model)/\(tag)" }

  func matchesIgnoringCase(_ other: ModelName) -> Bool {
    full.lowercased() == other.full.lowercased()
  }
}

/// Where a name says that its model runs: 0.32.15 reads `:cloud`, `-cloud` and `:local` off the tag.
enum ModelSource: Sendable {
  case unspecified, local, cloud

  /// The name without that ending, and what it said. (`internal/modelref` of Ollama.)
  static func split(_ text: String) -> (base: String, source: ModelSource) {
    guard let colon = text.lastIndex(of: ":") else { return (text, .unspecified) }
    let suffix = text[text.index(after: colon)...]
    switch suffix.lowercased() {
    case "cloud": return (String(text[..<colon]), .cloud)
    case "local": return (String(text[..<colon]), .local)
    case let tag where tag.hasSuffix("-cloud") && !tag.contains("/"):
      return (String(text.dropLast("-cloud".count)), .cloud)
    default: return (text, .unspecified)
    }
  }
}
