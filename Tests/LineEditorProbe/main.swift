// Reads lines until the end of its input and says what it got; what the tests of LineEditor drive.
//
// Usage: line-editor-probe HISTORY-FILE [PROMPT]

import LineEditor

let words = [
  "qwen3:1.7b", "qwen3-coder:30b", "qwen3-coder-next", "gpt-oss:20b", "glm-4.7-flash", "größe",
  "漢字",
]

let arguments = CommandLine.arguments
let editor = LineEditor(history: arguments.count > 1 ? arguments[1] : nil, limit: 5) {
  buffer, cursor in
  let before = buffer.prefix(cursor)
  if before.hasPrefix("many ") {
    return (1...200).map { Completion("choice-\($0)", label: "choice-\($0) \u{1b}[31mred") }
  }
  let word = before.split(separator: " ", omittingEmptySubsequences: false).last ?? ""
  return words.filter { $0.hasPrefix(word) }.map { Completion($0) }
}
let prompt = arguments.count > 2 ? arguments[2] : "> "

func read() async -> LineEditor.Line { await editor.line(prompt: prompt) }

reading: while true {
  switch await read() {
  case .interrupted: print("interrupted.")
  case .end:
    print("end.")
    break reading
  case .text("trap"):
    _ = Task {
      try await Task.sleep(for: .milliseconds(300))
      fatalError("asked for")
    }
    _ = await read()
  case .text("cancel"):
    let task = Task { await read() }
    try await Task.sleep(for: .milliseconds(300))
    task.cancel()
    print("cancelled: \(await task.value)")
  case .text(let line):
    print("got [\(line)] \(line.unicodeScalars.count)")
    do { try await editor.remember(line) } catch { print(error) }
  }
}
