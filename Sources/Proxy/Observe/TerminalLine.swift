/// How lines for the terminal are written.
public struct TerminalStyle: Sendable {
  public var color: Bool
  /// The time of day of so many seconds since 1970.
  public var clock: @Sendable (Int64) -> String

  public init(
    color: Bool, clock: @escaping @Sendable (Int64) -> String = localClock(secondsSince1970:)
  ) {
    self.color = color
    self.clock = clock
  }
}

/// One exchange as one line: when, what, how large, how fast, how it ended.
public func terminalLine(_ summary: ExchangeSummary, _ style: TerminalStyle) -> String {
  func paint(_ code: String, _ text: String) -> String {
    style.color && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
  var parts: [String] = []
  parts.append(
    paint("2", nanoseconds(summary.at).map { style.clock($0 / 1_000_000_000) } ?? "--:--:--"))
  let status = summary.status.map(String.init) ?? "---"
  let good = (summary.status ?? 0) / 100 == 2 && summary.ending == "complete"
  parts.append(paint(good ? "32" : "31", status))
  let request = summary.request
  if let model = request.model {
    let tier = tierName(model)
    parts.append(paint("1;36", clean(tier.map { "\($0) \(model)" } ?? model)))
    if let kind = request.kind, kind != "chat" {
      parts.append(paint("35", kind == "agent" ? "subagent" : kind))
    }
  } else {
    parts.append(clean("\(summary.method) \(summary.target)"))
  }
  if let tokens = summary.promptTokens {
    parts.append("\(grouped(tokens)) tokens" + (cacheText(summary).map { " (\($0))" } ?? ""))
  } else if request.messagesBytes != nil {
    parts.append(
      "\(kilobytes(summary.requestSize))" + (cacheText(summary).map { " (\($0))" } ?? ""))
  }
  if let first = summary.firstToken ?? summary.firstByte {
    parts.append("first \(summary.firstToken == nil ? "byte" : "token") \(duration(first))")
  }
  if let speed = summary.tokensPerSecond, let tokens = summary.answer.outputTokens {
    parts.append("\(tokens) at \(oneDecimal(speed)) tok/s")
  } else if let tokens = summary.answer.outputTokens {
    parts.append("\(tokens) out")
  }
  if let called = summary.answer.called, !called.isEmpty {
    parts.append(paint("33", "→ " + clean(called.joined(separator: ", "))))
  }
  if let stop = summary.answer.stop, stop != "tool_use" { parts.append(clean(stop)) }
  parts.append(paint("2", "in \(duration(summary.end))"))
  var warnings: [String] = []
  if summary.ending != "complete" { warnings.append(summary.ending) }
  if let error = summary.answer.error { warnings.append(clean(String(error.prefix(200)))) }
  if summary.answer.unfinished == true, summary.ending == "complete" {
    warnings.append("the stream ended without message_stop: the model's process may have died")
  }
  if summary.answer.cut == true {
    warnings.append("the engine cut the prompt: it is longer than the model's context")
  }
  if let repair = repair(summary) { warnings.append(repair) }
  if let remark = summary.remark { warnings.append(clean(remark)) }
  let line = parts.joined(separator: "  ")
  guard !warnings.isEmpty else { return line }
  return line + warnings.map { "\n          " + paint("33", "! \($0)") }.joined()
}

private func repair(_ summary: ExchangeSummary) -> String? {
  summary.repaired.map {
    clean(
      "the base URL is wrong: \(summary.target) went to \($0); "
        + "ANTHROPIC_BASE_URL must end before /v1")
  }
}

/// What somebody who wants to hear of nothing else is told of an exchange: that its path was repaired.
public func repairLine(_ summary: ExchangeSummary, _ style: TerminalStyle) -> String? {
  repair(summary).map { style.color ? "\u{1B}[33m! \($0)\u{1B}[0m" : "! \($0)" }
}

/// The assembled conversation below an exchange's line.
public func terminalTranscript(_ transcript: Transcript, _ style: TerminalStyle) -> String {
  func paint(_ code: String, _ text: String) -> String {
    style.color ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
  func block(_ mark: String, _ code: String, _ text: String) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { clean($0) }
    return lines.enumerated().map { index, line in
      "  " + (index == 0 ? paint(code, mark) : String(repeating: " ", count: mark.count)) + " "
        + line
    }.joined(separator: "\n")
  }
  return transcript.parts.map { part in
    switch part {
    case .asked(let text): block("user     ", "1;34", text)
    case .toolResult(let text): block("result   ", "33", text)
    case .thinking(let text): block("thinking ", "2", text)
    case .said(let text): block("assistant", "1;32", text)
    case .toolCall(let name, let input): block("call     ", "1;33", "\(name) \(input)")
    }
  }.joined(separator: "\n")
}

/// How much of the prompt the engine had already evaluated: what it says, or what the bytes let expect.
private func cacheText(_ summary: ExchangeSummary) -> String? {
  if let read = summary.answer.cacheRead, let prompt = summary.promptTokens, prompt > 0 {
    return "\(grouped(read)) cached, \(grouped(prompt - read)) evaluated"
  }
  guard let prefix = summary.prefix, prefix.total > 0 else { return nil }
  let share = prefix.kept * 100 / prefix.total
  return prefix.broken.map { "begins to differ in \($0), \(share) % kept" } ?? "prefix kept"
}

/// The tier that an alias names. The setup's own model stands for all of them, and no request says for which.
private func tierName(_ model: String) -> String? {
  ["opus", "sonnet", "haiku", "fable"].first {
    model.hasPrefix("claude") && model.contains($0)
  }
}

/// What others sent cannot move the cursor or change colours.
private func clean(_ text: some StringProtocol) -> String {
  String(
    String.UnicodeScalarView(
      text.unicodeScalars.map {
        $0.properties.generalCategory == .control || $0.properties.generalCategory == .format
          ? ($0 == "\t" ? " " : "\u{FFFD}") : $0
      }))
}

private func grouped(_ number: Int) -> String {
  let digits = String(number)
  var text = ""
  for (index, digit) in digits.enumerated() {
    if index > 0, (digits.count - index) % 3 == 0 { text += "," }
    text.append(digit)
  }
  return text
}

private func kilobytes(_ bytes: Int) -> String {
  bytes < 1000 ? "\(bytes) B" : "\(oneDecimal(Double(bytes) / 1000)) kB"
}

private func duration(_ microseconds: Int64) -> String {
  switch microseconds {
  case ..<10_000: "\(oneDecimal(Double(microseconds) / 1000)) ms"
  case ..<1_000_000: "\(microseconds / 1000) ms"
  case ..<60_000_000: "\(oneDecimal(Double(microseconds) / 1_000_000)) s"
  default: "\(microseconds / 60_000_000) min \(microseconds / 1_000_000 % 60) s"
  }
}

private func oneDecimal(_ value: Double) -> String {
  let tenths = Int((value * 10).rounded())
  return "\(tenths / 10).\(tenths % 10)"
}
