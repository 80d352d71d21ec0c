/// Cuts text into tokens of about four bytes and a half, always at the same places.
///
/// A marker `<|…|>` and a newline are one token each; what stands between is cut behind five bytes and
/// behind four, by turns. So two texts have as many first tokens in common as they have bytes in
/// common, nearly; and Claude Code's prompts have as many tokens as a small real vocabulary made of them.
enum Tokenizer {
  typealias Token = UInt32

  static func tokens(of text: [UInt8]) -> [Token] {
    text.withUnsafeBufferPointer { bytes in
      var tokens: [Token] = []
      tokens.reserveCapacity(bytes.count * 2 / 9)
      var hash: UInt32 = 2_166_136_261
      var length = 0
      var limit = 5
      var index = 0
      func mixed(_ hash: UInt32, _ byte: UInt8) -> UInt32 { (hash ^ UInt32(byte)) &* 16_777_619 }
      func close() {
        if length > 0 { tokens.append(hash) }
        limit = length == 5 ? 4 : 5
        hash = 2_166_136_261
        length = 0
      }
      while index < bytes.count {
        let byte = bytes[index]
        if byte == 0x0a {
          close()
          tokens.append(0)
          index += 1
        } else if byte == UInt8(ascii: "<"), let end = marker(in: bytes, at: index) {
          close()
          while index < end {
            hash = mixed(hash, bytes[index])
            index += 1
          }
          length = 1
          close()
        } else {
          hash = mixed(hash, byte)
          length += 1
          index += 1
          if length == limit { close() }
        }
      }
      close()
      return tokens
    }
  }

  /// The pieces in which an answer is sent: a word with the space before it.
  static func pieces(of answer: String) -> [String] {
    var pieces: [String] = []
    for character in answer {
      if character.isWhitespace || pieces.isEmpty {
        pieces.append(String(character))
      } else {
        pieces[pieces.count - 1].append(character)
      }
    }
    return pieces
  }

  private static func marker(in bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> Int? {
    guard start + 1 < bytes.count, bytes[start + 1] == UInt8(ascii: "|") else { return nil }
    for index in (start + 2)..<max(start + 2, min(start + 24, bytes.count - 1)) {
      if bytes[index] == UInt8(ascii: "|"), bytes[index + 1] == UInt8(ascii: ">") {
        return index + 2
      }
    }
    return nil
  }
}
