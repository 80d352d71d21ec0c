/// What the stand-in says: always the same to the same request.
struct Answer: Sendable, Equatable {
  var text: String
  var toolCall: ChatMessage.ToolCall?

  /// What it says when nothing else is asked of it.
  static let sentence =
    "This is the rehearsal stand-in for Ollama speaking, not a language model: your request arrived."

  init(to request: ChatRequest, callsTools: Bool = true) {
    let messages = request.messages
    let question = Answer.question(in: messages)
    text = Answer.sentence
    guard let last = messages.last else { return }
    if last.role == "tool" {
      text = Answer.report(of: last.content)
    } else if callsTools, let path = Answer.path(in: question),
      let call = Answer.readCall(of: path, with: request.tools)
    {
      text = ""
      toolCall = call
    } else if let word = Answer.word(askedFor: question) {
      text = word
    }
  }

  /// What the person wrote last, without what the client put around it.
  private static func question(in messages: [ChatMessage]) -> String {
    var text = messages.last { $0.role == "user" }?.content ?? ""
    while let open = text.firstRange(of: "<system-reminder>") {
      let rest = text[open.upperBound...]
      let end = rest.firstRange(of: "</system-reminder>")?.upperBound ?? text.endIndex
      text.removeSubrange(open.lowerBound..<end)
    }
    return text
  }

  /// The words behind `answer with exactly:`, `reply with the word` and the like.
  static func word(askedFor question: String) -> String? {
    let phrases = [
      "exactly:", "with exactly ", "with the word ", "with only the word ", "just the word ",
    ]
    let lower = question.lowercased()
    guard lower.utf8.count == question.utf8.count else { return nil }
    let ends = phrases.compactMap { lower.ranges(of: $0).last?.upperBound }
    guard let end = ends.max() else { return nil }
    let offset = lower.utf8.distance(from: lower.startIndex, to: end)
    let line = question.utf8.dropFirst(offset).prefix { $0 != 0x0a }
    var word = String(Substring(line)).trimmed
    while let last = word.last, "\"'`.!".contains(last) { word.removeLast() }
    word = String(word.drop { "\"'`:".contains($0) }).trimmed
    return word.isEmpty ? nil : word
  }

  /// The first absolute path in a question that asks for what a file says.
  static func path(in question: String) -> String? {
    let lower = question.lowercased()
    guard ["read", "file", "word", "open", "cat "].contains(where: lower.contains) else {
      return nil
    }
    let words = question.split { $0.isWhitespace || "\"'`()<>,;".contains($0) }
    guard var path = words.first(where: { $0.hasPrefix("/") && $0.count > 2 }) else { return nil }
    while let last = path.last, ".?!:".contains(last) { path.removeLast() }
    return path.dropFirst().contains("/") || path.contains(".") ? String(path) : nil
  }

  private static func readCall(of path: String, with tools: [ChatRequest.Tool])
    -> ChatMessage.ToolCall?
  {
    if tools.contains(where: { $0.name == "Read" }) {
      return .init(name: "Read", arguments: ["file_path": .string(path)])
    }
    guard tools.contains(where: { $0.name == "Bash" }) else { return nil }
    let quoted = "'" + path.replacing("'", with: "'\\''") + "'"
    return .init(
      name: "Bash",
      arguments: ["command": .string("cat \(quoted)"), "description": "Read the file"])
  }

  /// The first line of a tool's result, without the line number that Read puts before it.
  private static func report(of result: String) -> String {
    let lines = result.split(separator: "\n").map { line -> String in
      let parts = line.split(maxSplits: 1, omittingEmptySubsequences: false) {
        $0 == "\t" || $0 == "→"
      }
      guard parts.count == 2, Int(String(parts[0]).trimmed) != nil else {
        return String(line).trimmed
      }
      return String(parts[1]).trimmed
    }
    guard let line = lines.first(where: { !$0.isEmpty && !$0.hasPrefix("<") }) else {
      return "The tool brought nothing."
    }
    return "The tool brought this: \(line)"
  }
}
