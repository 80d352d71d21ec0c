/// A prompt in the form that libedit draws without losing count of the columns.
///
/// libedit takes what stands between two \1 as having no width. It ties such a stretch to the character that
/// follows and drops it at the very end, so stretches are joined, and one that ends the prompt goes before its last
/// character instead of after it.
struct Prompt: Hashable {
  /// The lines above the last one: to be printed as they are.
  var above: String
  /// The last line, with \1 around escape sequences.
  var marked: String

  init(_ text: String) {
    let scalars = Array(text.unicodeScalars)
    let split = scalars.lastIndex(of: "\n").map { $0 + 1 } ?? 0
    above = string(scalars[..<split])
    var pieces: [(hidden: Bool, text: String)] = []
    var rest = scalars[split...]
    while let first = rest.first {
      let length = first == "\u{1b}" ? escapeLength(rest) : 1
      let piece = string(rest.prefix(length))
      rest = rest.dropFirst(length)
      // A stray control character would move the cursor behind libedit's back.
      if first != "\u{1b}", first.properties.generalCategory == .control { continue }
      let hidden = first == "\u{1b}"
      if hidden, let last = pieces.indices.last, pieces[last].hidden {
        pieces[last].text += piece
      } else {
        pieces.append((hidden, piece))
      }
    }
    if pieces.last?.hidden == true {
      let reset = pieces.removeLast()
      if pieces.last?.text == " " {
        let blank = pieces.removeLast()
        if let last = pieces.indices.last, pieces[last].hidden {
          pieces[last].text += reset.text
        } else {
          pieces.append(reset)
        }
        pieces.append(blank)
      } else {
        pieces += [reset, (false, " ")]
      }
    }
    marked = pieces.map { $0.hidden ? "\u{1}\($0.text)\u{1}" : $0.text }.joined()
  }
}

private func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
  var text = String.UnicodeScalarView()
  text.append(contentsOf: scalars)
  return String(text)
}

/// How long the escape sequence is that the scalars begin with: CSI, OSC or two characters.
private func escapeLength(_ scalars: ArraySlice<Unicode.Scalar>) -> Int {
  let rest = scalars.dropFirst()
  switch rest.first {
  case "[":
    let end = rest.dropFirst().firstIndex { (0x40...0x7e).contains($0.value) }
    return (end ?? rest.endIndex - 1) - scalars.startIndex + 1
  case "]":
    guard let end = rest.firstIndex(where: { $0 == "\u{7}" || $0 == "\u{1b}" }) else {
      return scalars.count
    }
    return end - scalars.startIndex + (scalars[end] == "\u{1b}" ? 2 : 1)
  case nil: return 1
  default: return 2
  }
}
