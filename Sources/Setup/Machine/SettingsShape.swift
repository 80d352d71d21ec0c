extension SettingsFile {
  /// Why the client passes over the whole file, `nil` where it does not: one value of a kind that it does not expect is
  /// enough. Only what all four measured versions refuse is named here.
  static func fault(of document: JSON) -> String? {
    guard document.members != nil else { return "the document is not an object" }
    for path in ["env", "permissions"] {
      if let value = document.member(path), value.members == nil {
        return "\(path) is not an object"
      }
    }
    for path in ["permissions.allow", "permissions.ask", "permissions.deny"] {
      if let value = document.member(path), value.elements == nil { return "\(path) is not a list" }
    }
    for path in ["model", "apiKeyHelper", "permissions.defaultMode"] {
      if let value = document.member(path), value.text == nil { return "\(path) is not a text" }
    }
    return nil
  }
}

extension JSON {
  /// The member at a path of names, `permissions.defaultMode`; one that is `null` is none.
  func member(_ path: String) -> JSON? {
    var value: JSON? = self
    for name in path.split(separator: ".") { value = value?[String(name)] }
    return value == .null ? nil : value
  }
}
