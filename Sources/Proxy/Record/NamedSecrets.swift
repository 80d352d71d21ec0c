/// Names, without the `-` and `_` in them, whose value is a credential whatever it looks like; more may stand before.
private let certainNames: [StaticString] = [
  "password", "passwd", "secret", "apikey", "accesskey", "secretkey", "privatekey", "apitoken",
  "accesstoken", "authtoken", "refreshtoken", "sessiontoken", "idtoken",
]
private let schemes: [StaticString] = ["bearer ", "basic ", "token "]

/// A value that is known by the name before the separator at `index`: `"apiKey": "…"`, `PASSWORD=…`, `x-api-key: …`, also in
/// JSON inside of JSON.
///
/// Prose and programs are full of these names, so the value has to look like one: in quotes after one of the certain
/// names, anything without a blank; after such a name in capitals and `=`, too; else a run of a token's bytes with a
/// digit in it, as a key has and few words do, but no number and no call of a function.
func namedValue(at index: Int, in bytes: UnsafeRawBufferPointer) -> Range<Int>? {
  var end = index
  while end > 0, index - end < 8, bytes[end - 1].isQuote || bytes[end - 1].isBlank { end -= 1 }
  let isCertain = certainNames.contains { bytes.start(of: $0, before: end) != nil }
  var least = isCertain ? 6 : 12
  var needsDigit = true
  let isAuthorization = bytes.start(of: "authorization", before: end) != nil
  if !isCertain, !isAuthorization {
    guard let start = bytes.start(of: "key", before: end) ?? bytes.start(of: "token", before: end)
    else { return nil }
    let before = start > 0 ? bytes[start - 1] : .space
    if before.isLetter {
      // `monkey` is no key, `sortKey` is.
      guard bytes[start].lowercased != bytes[start], before.lowercased == before else { return nil }
    } else if before != UInt8(ascii: "_"), before != UInt8(ascii: "-") {
      least = 16
    }
  }
  let limit = min(bytes.count, index + longestLead)
  var place = index + 1
  // `:=`, `==`, `=>`
  if place < limit, bytes[place] == UInt8(ascii: "=") || bytes[place] == UInt8(ascii: ">") {
    place += 1
  }
  let isTight = place == index + 1 && end == index
  while place < limit, bytes[place].isBlank { place += 1 }
  var escapes = 0
  while place < limit, bytes[place] == UInt8(ascii: "\\") {
    escapes += 1
    place += 1
  }
  guard place < limit else { return nil }
  let isQuoted = bytes[place] == UInt8(ascii: "\"") || bytes[place] == UInt8(ascii: "'")
  if isQuoted { place += 1 } else if escapes > 0 { return nil }
  if isAuthorization {
    for scheme in schemes {
      let end = place + scheme.utf8CodeUnitCount
      if end <= limit, bytes.matches(place..<end, scheme) {
        place = end
        needsDigit = false
      }
    }
  }
  if isCertain, isQuoted {
    return bytes.literal(from: place, until: bytes[place - 1], escapes: escapes)
  }
  if isCertain, isTight, bytes[index] == UInt8(ascii: "="),
    bytes[end - 1].isLetter, bytes[end - 1].lowercased != bytes[end - 1]
  {
    return bytes.literal(from: place, until: nil, escapes: 0)
  }
  let token = bytes.token(from: place)
  let next = token.range.upperBound
  guard token.range.count >= least, token.hasDigit || !needsDigit, isQuoted || !token.isNumber,
    next == bytes.count || (bytes[next] != UInt8(ascii: "(") && bytes[next] != UInt8(ascii: "["))
  else { return nil }
  return token.range
}

/// The password in `scheme://user:password@host`, whose colon is at `index`.
func password(ofURL index: Int, in bytes: UnsafeRawBufferPointer) -> Range<Int>? {
  guard bytes.starts(at: index, with: "://") else { return nil }
  var start = index + 3
  let limit = min(bytes.count, start + 32)
  while start < limit, bytes[start].isOfUserInfo { start += 1 }
  guard start < limit, bytes[start] == .colon else { return nil }
  start += 1
  var end = start
  while end < bytes.count, end < start + 256, bytes[end].isOfUserInfo || bytes[end] == .colon {
    end += 1
  }
  guard end > start, end < bytes.count, bytes[end] == UInt8(ascii: "@"),
    !bytes[start].beginsPlaceholder
  else { return nil }
  return start..<end
}

extension UnsafeRawBufferPointer {
  /// Where `name` begins that ends before `end`, in any case, with or without `-` and `_` between its letters.
  fileprivate func start(of name: StaticString, before end: Int) -> Int? {
    var index = end
    var left = name.utf8CodeUnitCount
    while left > 0 {
      guard index > 0 else { return nil }
      index -= 1
      let byte = self[index]
      if byte.lowercased == name.utf8Start[left - 1] {
        left -= 1
      } else if left == name.utf8CodeUnitCount
        || (byte != UInt8(ascii: "-") && byte != UInt8(ascii: "_"))
      {
        return nil
      }
    }
    return index
  }

  /// A run of a token's bytes.
  func token(from start: Int) -> (range: Range<Int>, hasDigit: Bool, isNumber: Bool) {
    var end = start
    var hasDigit = false
    var isNumber = true
    while end < count, self[end].isTokenByte {
      hasDigit = hasDigit || self[end].isDigit
      isNumber = isNumber && (self[end].isDigit || self[end] == UInt8(ascii: "."))
      end += 1
    }
    return (start..<end, hasDigit, isNumber)
  }

  /// A value of at least four bytes without a blank, up to the quote that ends it, or up to what ends a shell's word.
  ///
  /// - Parameter escapes: backslashes before the quote that began it: each JSON inside of JSON doubles them and adds one.
  fileprivate func literal(from start: Int, until quote: UInt8?, escapes: Int) -> Range<Int>? {
    guard start < count, !self[start].beginsPlaceholder else { return nil }
    var end = start
    var backslashes = 0
    while end < count, end < start + 4096 {
      let byte = self[end]
      if byte == quote, backslashes % (2 * (escapes + 1)) == escapes { break }
      if quote == nil, byte.isQuote || byte == UInt8(ascii: ";") || byte == UInt8(ascii: "&") {
        break
      }
      if byte <= .space {
        guard quote == nil else { return nil }
        break
      }
      backslashes = byte == UInt8(ascii: "\\") ? backslashes + 1 : 0
      end += 1
    }
    if end < count, self[end] == quote { end -= escapes }
    guard end - start >= 4, end < start + 4096,
      quote != nil || end == count || self[end - 1] != UInt8(ascii: ")")
    else { return nil }
    return start..<end
  }
}

extension UInt8 {
  fileprivate var isQuote: Bool {
    self == UInt8(ascii: "\"") || self == UInt8(ascii: "'") || self == UInt8(ascii: "\\")
  }

  /// A variable, `<your key>`, `[redacted]`: what stands where the value would be.
  fileprivate var beginsPlaceholder: Bool {
    [
      UInt8(ascii: "$"), UInt8(ascii: "<"), UInt8(ascii: "{"), UInt8(ascii: "%"), UInt8(ascii: "["),
      UInt8(ascii: "("),
    ]
    .contains(self)
  }

  /// What stands before `@` in a URL, but for the colon.
  fileprivate var isOfUserInfo: Bool {
    self > .space && !isQuote && self != .colon
      && ![
        UInt8(ascii: "/"), UInt8(ascii: "@"), UInt8(ascii: "?"), UInt8(ascii: "#"),
        UInt8(ascii: "<"), UInt8(ascii: ">"),
      ]
      .contains(self)
  }
}
