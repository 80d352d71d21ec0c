/// The columns that a string takes up in a terminal: 2 for wide East Asian characters and emoji, 0 for marks.
public func columns(_ text: String) -> Int {
  if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) { return text.utf8.count }
  return text.reduce(0) { $0 + columns($1) }
}

private func columns(_ character: Character) -> Int {
  guard let scalar = character.unicodeScalars.first else { return 0 }
  if character.unicodeScalars.contains(where: \.properties.isEmojiPresentation) { return 2 }
  switch scalar.properties.generalCategory {
  case .nonspacingMark, .enclosingMark, .format, .control: return 0
  default: break
  }
  // The wide and fullwidth blocks of Unicode's EastAsianWidth.txt.
  switch scalar.value {
  case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0x33ff, 0x3400...0x4dbf, 0x4e00...0x9fff,
    0xa000...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe4f, 0xff00...0xff60,
    0xffe0...0xffe6, 0x20000...0x3fffd:
    return 2
  default: return 1
  }
}

/// The string, cut to at most this many columns, with an ellipsis where something is missing.
public func cut(_ text: String, to width: Int) -> String {
  guard columns(text) > width else { return text }
  guard width > 1 else { return width == 1 ? "…" : "" }
  var kept = ""
  var used = 0
  for character in text {
    let next = columns(String(character))
    if used + next > width - 1 { break }
    kept.append(character)
    used += next
  }
  return kept + "…"
}

/// The string, followed by blanks up to this many columns.
func padded(_ text: String, to width: Int, right: Bool = false) -> String {
  let blanks = String(repeating: " ", count: max(0, width - columns(text)))
  return right ? blanks + text : text + blanks
}
