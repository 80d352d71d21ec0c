/// Fills in a template of the embedded files.
///
/// The syntax is Mustache's, as far as a file that must be safe to run may use it:
/// - `{{name}}` is the value, always quoted for the language that the file's name says (see `Quoting`); there is no
///   unquoted form. Of more than two braces the inner two count, so that `${{{name}}-}` is a parameter expansion.
/// - `{{#name}}…{{/name}}` is repeated for each item of a list (inside, the item's values come first, and `last` says
///   whether it is the last one), or kept if a flag is true; `{{^name}}…{{/name}}` if it is false or the list empty.
/// - A line with nothing but a section's tag goes.
///
/// Unlike Mustache, a value that is missing is an error, not an empty string. (And why no package: swift-mustache
/// needs the whole of Foundation, which makes a static program of 13 MB one of 58 MB.)
///
/// - Throws: `TemplateError`, naming the tag.
public func render(_ template: Asset, _ values: [String: Value]) throws(TemplateError) -> String {
  try render(template.text, quoting: Quoting(file: template.rawValue), values)
}

/// Fills in any text in the syntax of `render(_:_:)`; without `quoting` it takes bare words only.
public func render(_ text: String, quoting: Quoting?, _ values: [String: Value])
  throws(TemplateError) -> String
{
  var parser = TemplateParser(text)
  let parts = try parser.parts(until: nil)
  var output = ""
  try append(parts, values: [values], quoting: quoting, to: &output)
  return output
}

/// What a tag of a template stands for.
public enum Value: Sendable, Hashable {
  /// Any text without NUL: becomes one quoted literal.
  case text(String)
  /// Letters, digits and `_.:/@-`: inserted as it is, for names of variables and models.
  case word(String)
  /// A path below the home folder, without it: `$HOME` is left to the shell that runs the file.
  case homePath(String)
  case flag(Bool)
  case list([[String: Value]])
}

/// Why a template could not be filled in; each names its tag.
public enum TemplateError: Error, Sendable, Hashable {
  case missing(String)
  /// The value cannot be written in this place: NUL in a text, a character that a word may not have, a list or flag
  /// where one value belongs, a home path outside of a shell.
  case unsuitable(String)
  case unclosed(String)
}

private enum Part {
  case text(Substring)
  case value(String)
  case section(String, inverted: Bool, [Part])
}

private struct TemplateParser {
  private var rest: Substring

  init(_ text: String) { rest = text[...] }

  /// The parts up to the closing tag of `section`, or to the end.
  mutating func parts(until section: String?) throws(TemplateError) -> [Part] {
    var parts: [Part] = []
    while var open = rest.firstRange(of: "{{") {
      while rest[open.upperBound...].first == "{" {
        open = rest.index(after: open.lowerBound)..<rest.index(after: open.upperBound)
      }
      guard let close = rest[open.upperBound...].firstRange(of: "}}") else {
        throw .unclosed(String(rest[open.upperBound...].prefix(20)))
      }
      let tag = rest[open.upperBound..<close.lowerBound]
      var before = rest[..<open.lowerBound]
      rest = rest[close.upperBound...]
      let name = String(tag.dropFirst())
      guard let kind = tag.first, "#^/".contains(kind) else {
        parts += [.text(before), .value(String(tag))]
        continue
      }
      if before.isEmpty || before.last == "\n", rest.first == "\n" { rest = rest.dropFirst() }
      parts.append(.text(before))
      if kind == "/" {
        guard name == section else { throw .unclosed(section ?? name) }
        return parts
      }
      parts.append(.section(name, inverted: kind == "^", try self.parts(until: name)))
      before = ""
    }
    if let section { throw .unclosed(section) }
    parts.append(.text(rest))
    return parts
  }
}

extension Substring {
  fileprivate func firstRange(of pattern: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(pattern) {
        return start..<index(start, offsetBy: pattern.count)
      }
      start = index(after: start)
    }
    return nil
  }
}

private func append(
  _ parts: [Part], values: [[String: Value]], quoting: Quoting?, to output: inout String
) throws(TemplateError) {
  func value(_ name: String) throws(TemplateError) -> Value {
    for scope in values.reversed() { if let value = scope[name] { return value } }
    throw .missing(name)
  }
  for part in parts {
    switch part {
    case .text(let text): output += text
    case .value(let name): output += try literal(of: try value(name), name, quoting)
    case .section(let name, let inverted, let inner):
      switch try value(name) {
      case .flag(let isOn):
        if isOn != inverted {
          try append(inner, values: values, quoting: quoting, to: &output)
        }
      case .list(let items) where inverted:
        if items.isEmpty { try append(inner, values: values, quoting: quoting, to: &output) }
      case .list(let items):
        for (index, item) in items.enumerated() {
          let scope = ["last": Value.flag(index == items.count - 1)]
          try append(inner, values: values + [scope, item], quoting: quoting, to: &output)
        }
      case .text, .word, .homePath: throw .unsuitable(name)
      }
    }
  }
}

private func literal(of value: Value, _ name: String, _ quoting: Quoting?) throws(TemplateError)
  -> String
{
  switch value {
  case .word(let word):
    guard !word.isEmpty, word.utf8.allSatisfy(isWordByte) else { throw .unsuitable(name) }
    return word
  case .text(let text):
    guard let quoting, !text.utf8.contains(0) else { throw .unsuitable(name) }
    return quoting.quoted(text)
  case .homePath(let path):
    guard let quoting, quoting != .json, !path.utf8.contains(0) else { throw .unsuitable(name) }
    // With `set -u` and no HOME, a bare $HOME would end the shell; fish has no such option.
    return (quoting == .fish ? "\"$HOME\"" : "\"${HOME-}\"") + quoting.quoted("/" + path)
  case .flag, .list: throw .unsuitable(name)
  }
}

private func isWordByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"):
    true
  default: "_.:/@-".utf8.contains(byte)
  }
}
