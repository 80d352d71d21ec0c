public import Setup
import SystemPackage

/// As much of JSON Schema as the published schema of our documents uses: `$ref`, `type`, `properties`, `required`,
/// `additionalProperties`, `items`, `enum` and `oneOf`. A keyword that it does not know is an error, not a pass.
public struct JSONSchema: Sendable {
  private let root: JSON

  /// The published schema, docs/schema.json.
  public static var published: JSONSchema {
    get throws {
      JSONSchema(
        root: try JSON.parse(Array(text(of: Part.packageRoot.appending("docs/schema.json")).utf8)))
    }
  }

  /// What is wrong with a document that a definition describes, each with its place; empty when it is as described.
  public func problems(of document: JSON, as definition: String) -> [String] {
    guard let schema = root["$defs"]?[definition] else { return ["there is no \(definition)"] }
    return problems(document, schema, at: definition)
  }

  private static let keywords: Set<String> = [
    "$ref", "type", "properties", "required", "additionalProperties", "items", "enum", "oneOf",
  ]

  private func problems(_ value: JSON, _ schema: JSON, at place: String) -> [String] {
    var found = (schema.members ?? []).filter { !Self.keywords.contains($0.key) }
      .map { "\(place): the schema has the unknown keyword \($0.key)" }
    if let reference = schema["$ref"]?.text {
      let name = String(reference.split(separator: "/").last ?? "")
      guard let target = root["$defs"]?[name] else { return found + ["\(place): no \(reference)"] }
      found += problems(value, target, at: place)
    }
    if let type = schema["type"]?.text, !isOf(value, type) {
      return found + ["\(place): \(value.compact) is no \(type)"]
    }
    if let values = schema["enum"]?.elements, !values.contains(value) {
      found.append("\(place): \(value.compact) is none of the values")
    }
    if let alternatives = schema["oneOf"]?.elements {
      let fitting = alternatives.filter { problems(value, $0, at: place).isEmpty }.count
      if fitting != 1 { found.append("\(place): fits \(fitting) of the alternatives") }
    }
    if let items = schema["items"], let elements = value.elements {
      for (index, element) in elements.enumerated() {
        found += problems(element, items, at: "\(place)[\(index)]")
      }
    }
    guard let members = value.members else { return found }
    for name in schema["required"]?.elements ?? [] where value[name.text ?? ""] == nil {
      found.append("\(place): \(name.compact) is missing")
    }
    for member in members {
      let inner = "\(place).\(member.key)"
      if let described = schema["properties"]?[member.key] {
        found += problems(member.value, described, at: inner)
      } else {
        switch schema["additionalProperties"] {
        case .bool(false): found.append("\(inner) is not described")
        case .object(let rest): found += problems(member.value, .object(rest), at: inner)
        default: break
        }
      }
    }
    return found
  }

  private func isOf(_ value: JSON, _ type: String) -> Bool {
    switch (value, type) {
    case (.string, "string"), (.bool, "boolean"), (.array, "array"), (.object, "object"),
      (.number, "number"):
      true
    case (.number, "integer"): value.int != nil
    default: false
    }
  }
}
