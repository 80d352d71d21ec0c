import NIOCore

extension JSONText {
  mutating func digits(_ value: Int) {
    var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
    var value = value
    withUnsafeMutableBytes(of: &digits) { bytes in
      var index = bytes.count
      repeat {
        index -= 1
        bytes[index] = UInt8(ascii: "0") + UInt8(value % 10)
        value /= 10
      } while value > 0
      raw(UnsafeRawBufferPointer(rebasing: bytes[index...]))
    }
  }

  /// When bytes of an answer came, as pairs of their number and microseconds.
  mutating func marks(_ marks: [(bytes: Int, microseconds: Int64)]) {
    raw(",\"marks\":[")
    for (index, mark) in marks.enumerated() {
      if index > 0 { raw(",") }
      raw("[")
      digits(mark.bytes)
      raw(",")
      digits(Int(mark.microseconds))
      raw("]")
    }
    raw("]")
  }

  /// A body that is whole in memory, as text if it is UTF-8.
  /// - Parameter isCut: what follows was not kept, so it may end within a character.
  ///   - written: parts of it in order, JSON lists, with what stands for them if that is known already.
  ///   - remember: told what stands for the others.
  mutating func body(
    _ bytes: UnsafeRawBufferPointer, isCut: Bool,
    written: [(part: Range<Int>, text: ByteBuffer?)] = [],
    remember: (Range<Int>, ByteBuffer) -> Void = { _, _ in }
  ) {
    let start = count
    raw(",\"body\":\"")
    if !parts(bytes, isCut, written, remember) {
      cut(to: start)
      var clean = JSONText(capacity: bytes.count)
      _ = clean.redacted(bytes, isLast: true, isText: false)
      raw(",\"base64\":\"")
      clean.buffer.withUnsafeReadableBytes { base64($0) }
    }
    raw("\"")
  }

  /// - Returns: false if it is not UTF-8.
  private mutating func parts(
    _ bytes: UnsafeRawBufferPointer, _ isCut: Bool,
    _ written: [(part: Range<Int>, text: ByteBuffer?)],
    _ remember: (Range<Int>, ByteBuffer) -> Void
  ) -> Bool {
    var place = 0
    for (part, text) in written {
      // No key goes on beyond the bracket of a list.
      let before = UnsafeRawBufferPointer(rebasing: bytes[place..<part.lowerBound])
      guard redacted(before, isLast: true) != nil else { return false }
      if let text {
        raw(text)
      } else {
        let start = count
        let list = UnsafeRawBufferPointer(rebasing: bytes[part])
        guard redacted(list, isLast: true) != nil else { return false }
        remember(part, copy(from: start))
      }
      place = part.upperBound
    }
    let rest = UnsafeRawBufferPointer(rebasing: bytes[place...])
    return redacted(rest, isLast: true, isCut: isCut) != nil
  }

  /// A body as far as it has come.
  mutating func body(_ bytes: ByteBuffer?, coding: String?) {
    guard let bytes, bytes.readableBytes > 0 else { return }
    if let coding { return body(leftOut: coding) }
    bytes.withUnsafeReadableBytes { body($0, isCut: true) }
  }

  /// A body that is not recorded, since a compressed one cannot be searched for keys.
  mutating func body(leftOut coding: String) { field("leftOut", coding) }

  /// A part of a string with everything that looks like a key replaced.
  ///
  /// - Parameters:
  ///   - isLast: no other part follows.
  ///   - isCut: what follows the last part was not kept, so it may end within a character.
  ///   - isText: false writes the bytes as they are.
  /// - Returns: bytes used, nil if they are not UTF-8. A part that is not the last leaves out what may be the beginning of a
  ///   key, or a name whose value follows.
  mutating func redacted(
    _ bytes: UnsafeRawBufferPointer, isLast: Bool, isCut: Bool = false, isText: Bool = true
  ) -> Int? {
    let secrets = findSecrets(in: bytes)
    var end = bytes.count
    if !isLast {
      end = max(end - 4096, end / 2)
      var earlier = 0
      for secret in secrets {
        if secret.upperBound == bytes.count, secret.lowerBound > longestLead {
          end = max(earlier, min(end, secret.lowerBound - longestLead))
        } else if secret.upperBound > end, secret.lowerBound < end + longestLead {
          end = secret.upperBound
        }
        earlier = secret.upperBound
      }
    }
    var start = 0
    for secret in secrets where secret.upperBound <= end {
      let clear = UnsafeRawBufferPointer(rebasing: bytes[start..<secret.lowerBound])
      if !isText {
        raw(clear)
      } else if escaped(clear, isLast: true) == nil {
        return nil
      }
      raw(Proxy.redacted)
      start = secret.upperBound
    }
    let rest = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    guard isText else {
      raw(rest)
      return end
    }
    return escaped(rest, isLast: isLast && !isCut).map { start + $0 }
  }
}

/// A header's value as it may be recorded; the scheme of credentials stays.
func withoutSecrets(header name: String, _ value: String) -> String {
  var name = name
  let isSecret = name.withUTF8 {
    isSecretHeader(UnsafeRawBufferPointer($0), 0..<$0.count)
  }
  // A Referer may have keys in its query.
  guard isSecret else { return withoutSecrets(target: value) }
  let scheme = value.prefix { $0.isLetter }
  return ["Bearer", "Basic", "Digest"].contains(scheme) ? "\(scheme) \(redacted)" : "\(redacted)"
}

/// A request's target as it may be recorded.
func withoutSecrets(target: String) -> String {
  guard let query = target.utf8.firstIndex(of: UInt8(ascii: "?")) else {
    return withoutSecrets(target)
  }
  let parameters = target[target.index(after: query)...].split(
    separator: "&", omittingEmptySubsequences: false)
  let clean = parameters.map { parameter in
    let name = parameter.prefix { $0 != "=" }
    return isSecretParameter(name) && name.count < parameter.count
      ? "\(name)=\(redacted)" : String(parameter)
  }
  return withoutSecrets(target[..<query] + "?" + clean.joined(separator: "&"))
}

func withoutSecrets(_ text: some StringProtocol) -> String {
  var text = String(text)
  let secrets = text.withUTF8 { findSecrets(in: UnsafeRawBufferPointer($0)) }
  guard !secrets.isEmpty else { return text }
  var clean = ""
  var start = text.utf8.startIndex
  for secret in secrets {
    clean += text[start..<text.utf8.index(text.utf8.startIndex, offsetBy: secret.lowerBound)]
    clean += "\(redacted)"
    start = text.utf8.index(text.utf8.startIndex, offsetBy: secret.upperBound)
  }
  return clean + text[start...]
}
