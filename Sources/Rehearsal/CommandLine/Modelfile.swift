/// A Modelfile as `ollama create` reads it: FROM, PARAMETER, TEMPLATE, SYSTEM, LICENSE, MESSAGE and the rest.
struct Modelfile: Equatable {
  struct Failure: Error, Equatable {
    var message: String
  }

  var from = ""
  var parameters: [JSON.Member] = []
  /// TEMPLATE, SYSTEM, LICENSE, RENDERER and PARSER, in lower case.
  var texts: [JSON.Member] = []

  /// - Throws: ``Failure`` with Ollama's sentence.
  init(_ text: String) throws(Failure) {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
    var number = 0
    while let line = lines.popFirst() {
      number += 1
      let parts = line.split(maxSplits: 1, whereSeparator: \.isWhitespace)
      guard let name = parts.first?.lowercased(), !name.hasPrefix("#") else { continue }
      guard Modelfile.commands.contains(name) else {
        throw Failure(
          message: "(line \(number)): command must be one of \"from\", \"license\", \"template\","
            + " \"system\", \"adapter\", \"renderer\", \"parser\", \"parameter\", \"message\", or \"requires\""
        )
      }
      var rest = parts.count > 1 ? parts[1] : ""
      var key = name
      if name == "parameter" {
        let pair = rest.split(maxSplits: 1, whereSeparator: \.isWhitespace)
        guard pair.count == 2 else { throw Failure(message: "unexpected EOF: \(rest)") }
        key = String(pair[0])
        rest = pair[1]
      }
      let value = try Modelfile.value(rest, &lines, &number)
      switch name {
      case "from": from = value
      case "parameter": try add(key, value)
      case "message": break
      default: texts.append(.init(key, .string(value)))
      }
    }
    guard !from.isEmpty else { throw Failure(message: "no FROM line") }
  }

  private static let commands: Set<String> = [
    "from", "license", "template", "system", "adapter", "renderer", "parser", "parameter",
    "message", "requires", "draft",
  ]

  /// Text up to the end of the line, or between `"` or `"""` over several lines.
  private static func value(
    _ start: Substring, _ lines: inout ArraySlice<Substring>, _ number: inout Int
  ) throws(Failure) -> String {
    var text = String(start).trimmed
    for quote in ["\"\"\"", "\""] where text.hasPrefix(quote) {
      text.removeFirst(quote.count)
      while true {
        if let end = text.firstRange(of: quote) { return String(text[..<end.lowerBound]) }
        guard let next = lines.popFirst() else { throw Failure(message: "unexpected EOF") }
        number += 1
        text += "\n" + next
      }
    }
    return text
  }

  /// A parameter in the type that Ollama gives it; `stop` is a list.
  private mutating func add(_ name: String, _ value: String) throws(Failure) {
    if name == "stop" {
      let known = parameters.last { $0.key == name }?.value.elements ?? []
      parameters.removeAll { $0.key == name }
      parameters.append(.init(name, .array(known + [.string(value)])))
      return
    }
    let type: String
    let json: JSON?
    switch name {
    case "num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "num_keep", "seed",
      "num_predict", "top_k", "repeat_last_n", "draft_num_predict":
      (type, json) = ("int", Int(value).map(JSON.int))
    case "use_mmap": (type, json) = ("bool", Bool(value).map(JSON.bool))
    case "top_p", "min_p", "typical_p", "temperature", "repeat_penalty", "presence_penalty",
      "frequency_penalty":
      (type, json) = ("float", Double(value).map { _ in .number(value) })
    default: throw Failure(message: "unknown parameter '\(name)'")
    }
    guard let json else { throw Failure(message: "invalid \(type) value [\(value)]") }
    parameters.append(.init(name, json))
  }

  /// The body of `/api/create`.
  func request(for model: String) -> JSON {
    var members: [JSON.Member] = [.init("model", .string(model)), .init("from", .string(from))]
    if !parameters.isEmpty { members.append(.init("parameters", .object(parameters))) }
    return .object(members + texts)
  }
}
