/// A JSON value that keeps its keys in order and its numbers as they were written, so that a settings file of the
/// person's can be changed in one place and stay as it was everywhere else.
public enum JSON: Sendable, Hashable {
  case null
  case bool(Bool)
  /// The number's text, as JSON writes it.
  case number(String)
  case string(String)
  case array([JSON])
  case object([Member])

  public struct Member: Sendable, Hashable {
    public var key: String
    public var value: JSON

    public init(_ key: String, _ value: JSON) {
      self.key = key
      self.value = value
    }
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
  ExpressibleByNilLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int) { self = .number(String(value)) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(elements.map { Member($0.0, $0.1) })
  }
  public init(nilLiteral: ()) { self = .null }
}

extension JSON {
  /// The member of that name: of several the last, as JavaScript takes it. Setting `nil` removes it, setting a new
  /// name appends it; on anything but an object reading gives `nil` and setting makes an object.
  public subscript(key: String) -> JSON? {
    get { members?.last { $0.key == key }?.value }
    set {
      var members = members ?? []
      if let newValue {
        if let index = members.lastIndex(where: { $0.key == key }) {
          members[index].value = newValue
        } else {
          members.append(Member(key, newValue))
        }
      } else {
        members.removeAll { $0.key == key }
      }
      self = .object(members)
    }
  }

  public var text: String? { if case .string(let text) = self { text } else { nil } }
  public var bool: Bool? { if case .bool(let bool) = self { bool } else { nil } }
  public var elements: [JSON]? { if case .array(let elements) = self { elements } else { nil } }
  public var members: [Member]? { if case .object(let members) = self { members } else { nil } }
  public var double: Double? { if case .number(let text) = self { Double(text) } else { nil } }
  public var int: Int? {
    guard case .number(let text) = self else { return nil }
    return Int(text) ?? Double(text).flatMap { Int(exactly: $0) }
  }
}

extension JSON {
  /// The value on one line, without spaces.
  public var compact: String {
    var out = ""
    write(to: &out, indent: nil)
    return out
  }

  /// The value as people keep it in files: two spaces a level, no newline at the end.
  public var pretty: String {
    var out = ""
    write(to: &out, indent: 0)
    return out
  }

  private func write(to out: inout String, indent: Int?) {
    func newLine(_ level: Int) -> String { "\n" + String(repeating: "  ", count: level) }
    func list<Item>(
      _ open: String, _ items: [Item], _ close: String, _ write: (Item, inout String) -> Void
    ) {
      out += open
      for (index, item) in items.enumerated() {
        if index > 0 { out += "," }
        if let indent { out += newLine(indent + 1) }
        write(item, &out)
      }
      if let indent, !items.isEmpty { out += newLine(indent) }
      out += close
    }
    switch self {
    case .null: out += "null"
    case .bool(let bool): out += bool ? "true" : "false"
    case .number(let text): out += text
    case .string(let text): out += JSON.quoted(text)
    case .array(let elements):
      list("[", elements, "]") { $0.write(to: &$1, indent: indent.map { $0 + 1 }) }
    case .object(let members):
      list("{", members, "}") {
        $1 += JSON.quoted($0.key) + (indent == nil ? ":" : ": ")
        $0.value.write(to: &$1, indent: indent.map { $0 + 1 })
      }
    }
  }

  private static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      case _ where scalar.value < 0x20:
        let hex = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}
