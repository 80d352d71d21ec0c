import CLineEditor

/// One way to go on with the word before the cursor.
public struct Completion: Sendable, Hashable {
  /// The whole word, as it would stand in the line.
  public var text: String
  /// What is listed for it; the text itself where nothing is given.
  public var label: String
  /// How many characters before the cursor the text takes the place of; `nil` means back to the last blank.
  public var replaces: Int?

  public init(_ text: String, label: String? = nil, replaces: Int? = nil) {
    self.text = text
    self.label = label ?? text
    self.replaces = replaces
  }
}

/// What Tab does.
enum CompletionReply: Hashable {
  case nothing
  case replace(String, with: String)
  case list([String])
}

/// Goes as far as all candidates agree, and lists them when that is no further and Tab was pressed twice.
func reply(to before: String, candidates: [Completion], again: Bool) -> CompletionReply {
  guard let first = candidates.first else { return .nothing }
  func word(_ candidate: Completion) -> String {
    guard let count = candidate.replaces else {
      return String(
        before[(before.lastIndex(of: " ").map(before.index(after:)) ?? before.startIndex)...])
    }
    return String(before.suffix(count))
  }
  let erased = word(first)
  // Candidates that begin at different places have no common beginning to insert.
  if candidates.allSatisfy({ word($0) == erased }) {
    let common = candidates.dropFirst().reduce(first.text) { common, candidate in
      String(zip(common, candidate.text).prefix { $0 == $1 }.map(\.0))
    }
    let isProgress = common.count > erased.count || (candidates.count == 1 && common != erased)
    if isProgress { return .replace(erased, with: common) }
  }
  return candidates.count > 1 && again ? .list(candidates.map(\.label)) : .nothing
}

/// The labels in as many columns as fit, read downwards; no line is wider than the terminal, and no list higher.
func table(_ labels: [String], columns: Int, rows: Int) -> [String] {
  // A line that fills the last column would make the terminal begin another one.
  let room = max(1, columns - 1)
  let labels = labels.map { clip(printable($0), to: room) }
  let widest = labels.map(width).max() ?? 0
  let gap = 2
  let across = max(1, (room + gap) / (widest + gap))
  let down = (labels.count + across - 1) / across
  var lines = (0..<down).map { row in
    var line = ""
    for index in stride(from: row, to: labels.count, by: down) {
      let label = labels[index]
      line += label
      if index + down < labels.count {
        line += String(repeating: " ", count: widest - width(label) + gap)
      }
    }
    return line
  }
  let most = max(1, rows - 2)
  if lines.count > most {
    let left = (lines.count - most + 1) * across
    lines = lines.prefix(most - 1) + [clip("… about \(left) more", to: room)]
  }
  return lines
}

func width(_ text: String) -> Int { Int(ccl_text_width(text)) }

private func clip(_ text: String, to room: Int) -> String {
  if width(text) <= room { return text }
  var kept = ""
  var used = 0
  for character in text {
    let next = width(String(character))
    if used + next > room - 1 { break }
    kept.append(character)
    used += next
  }
  return kept + "…"
}

/// A name of a file or model can hold anything; in a list it must not move the cursor.
private func printable(_ text: String) -> String {
  String(
    text.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : Character($0) })
}
