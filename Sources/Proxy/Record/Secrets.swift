internal import CScan

/// What stands in the record for a key.
let redacted: StaticString = "[redacted]"

/// Whether the value of the header with this name is never recorded.
func isSecretHeader(_ bytes: UnsafeRawBufferPointer, _ name: Range<Int>) -> Bool {
  var end = name.upperBound
  // `api-key-2`
  while end > name.lowerBound, !bytes[end - 1].isLetter { end -= 1 }
  for ending in secretEndings where end - name.lowerBound >= ending.utf8CodeUnitCount {
    if bytes.matches(end - ending.utf8CodeUnitCount..<end, ending) { return true }
  }
  return false
}

/// Ends of the names of headers that hold credentials: `x-api-key`, `proxy-authorization`, `X-Auth`, `set-cookie`.
private let secretEndings: [StaticString] = [
  "key", "token", "secret", "password", "passwd", "auth", "authorization", "cookie", "credential",
  "credentials",
]

/// Query parameters whose values are never recorded: `api_key`, `access_token`, `X-Amz-Signature`, `sig` and their kind.
func isSecretParameter(_ name: some StringProtocol) -> Bool {
  let name = name.lowercased()
  return ["auth", "code", "sig"].contains(name)
    || [
      "key", "token", "secret", "password", "passwd", "signature", "credential", "authorization",
    ].contains { name.hasSuffix($0) }
}

/// Where something that looks like a key stands in `bytes`, in order and without overlaps.
///
/// A key is recognised by the beginning that its maker gave it for this purpose: `sk-` (Anthropic's keys and OAuth
/// tokens, OpenAI and many), `ghp_`, `gho_`, `ghu_`, `ghs_`, `ghr_` and `github_pat_` (GitHub), `glpat-` (GitLab), `xoxb-`
/// and its kind (Slack), `hf_` (Hugging Face), `gsk_` (Groq), `xai-` (xAI), `npm_`, `pypi-`, `dop_v1_` (DigitalOcean),
/// `sk_live_` (Stripe), `AKIA` and `ASIA` (AWS), `AIza` (Google), `eyJ` with two dots (a JSON web token), and a private key
/// of PEM or PGP; or by what stands before it: `Bearer`, a name (``namedValue(at:in:)``), or the user in a URL.
/// The search looks for rare bytes of these only, so that a body costs microseconds.
func findSecrets(in bytes: UnsafeRawBufferPointer) -> [Range<Int>] {
  guard let start = bytes.baseAddress, bytes.count >= 8 else { return [] }
  let first = start.assumingMemoryBound(to: UInt8.self)
  var found: [Range<Int>] = []
  var index = 0
  while true {
    index = ccl_next_rare(first, index, bytes.count)
    guard index < bytes.count else { return found }
    if let secret = secret(around: index, in: bytes, after: found.last?.upperBound ?? 0) {
      found.append(secret)
      index = secret.upperBound
    } else {
      index += 1
    }
  }
}

private struct Beginning {
  var text: StaticString
  /// Place of the rare byte in it.
  var rare: Int
  /// Shortest rest of the key.
  var rest: Int
}

private let dashed = [
  Beginning(text: "sk-", rare: 2, rest: 16), Beginning(text: "glpat-", rare: 5, rest: 16),
  Beginning(text: "xoxb-", rare: 4, rest: 10), Beginning(text: "xoxp-", rare: 4, rest: 10),
  Beginning(text: "xoxa-", rare: 4, rest: 10), Beginning(text: "xoxs-", rare: 4, rest: 10),
  Beginning(text: "xai-", rare: 3, rest: 20), Beginning(text: "pypi-", rare: 4, rest: 30),
]
private let underscored = [
  Beginning(text: "ghp_", rare: 3, rest: 20), Beginning(text: "gho_", rare: 3, rest: 20),
  Beginning(text: "ghu_", rare: 3, rest: 20), Beginning(text: "ghs_", rare: 3, rest: 20),
  Beginning(text: "ghr_", rare: 3, rest: 20), Beginning(text: "github_pat_", rare: 6, rest: 20),
  Beginning(text: "hf_", rare: 2, rest: 20), Beginning(text: "npm_", rare: 3, rest: 30),
  Beginning(text: "gsk_", rare: 3, rest: 20), Beginning(text: "dop_v1_", rare: 3, rest: 30),
  Beginning(text: "sk_live_", rare: 2, rest: 16), Beginning(text: "rk_live_", rare: 2, rest: 16),
]
private let withI = [
  Beginning(text: "AKIA", rare: 2, rest: 16), Beginning(text: "ASIA", rare: 2, rest: 16),
  Beginning(text: "AIza", rare: 1, rest: 30),
]
private let withJ = [Beginning(text: "eyJ", rare: 2, rest: 16)]

private func secret(
  around index: Int, in bytes: UnsafeRawBufferPointer, after floor: Int
) -> Range<Int>? {
  let beginnings: [Beginning]
  switch bytes[index] {
  case UInt8(ascii: "-"):
    guard index > floor else { return nil }
    switch bytes[index - 1] {
    case UInt8(ascii: "-"): return privateKey(at: index, in: bytes, after: floor)
    case UInt8(ascii: "k"), UInt8(ascii: "t"), UInt8(ascii: "b"), UInt8(ascii: "p"),
      UInt8(ascii: "a"), UInt8(ascii: "s"), UInt8(ascii: "i"):
      beginnings = dashed
    default: return nil
    }
  case UInt8(ascii: "_"):
    guard index > floor else { return nil }
    switch bytes[index - 1] {
    case UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "k"), UInt8(ascii: "m"),
      UInt8(ascii: "o"), UInt8(ascii: "p"), UInt8(ascii: "r"), UInt8(ascii: "s"),
      UInt8(ascii: "u"):
      beginnings = underscored
    default: return nil
    }
  case UInt8(ascii: "I"): beginnings = withI
  case UInt8(ascii: "J"): beginnings = withJ
  case UInt8(ascii: "B"): return bearer(at: index, in: bytes)
  default:
    let value = namedValue(at: index, in: bytes) ?? password(ofURL: index, in: bytes)
    return value.flatMap { $0.lowerBound >= floor ? $0 : nil }
  }
  for beginning in beginnings {
    let start = index - beginning.rare
    let length = beginning.text.utf8CodeUnitCount
    guard start >= floor, start + length + beginning.rest <= bytes.count,
      bytes.starts(at: start, with: beginning.text),
      start == 0 || !bytes[start - 1].isAlphanumeric || follows(escapeAt: start, in: bytes)
    else { continue }
    var end = start + length
    let isToken = beginning.text.utf8Start[0] == UInt8(ascii: "e")
    var dots = 0
    while end < bytes.count {
      if isToken, bytes[end] == UInt8(ascii: ".") {
        dots += 1
      } else if !bytes[end].isKeyByte {
        break
      }
      end += 1
    }
    guard end - start - length >= beginning.rest, !isToken || dots == 2 else { continue }
    return start..<end
  }
  return nil
}

/// Longest distance from the byte before a value by which it is recognised to the value, quotes and scheme included.
let longestLead = 48

private func bearer(at index: Int, in bytes: UnsafeRawBufferPointer) -> Range<Int>? {
  guard bytes.starts(at: index, with: "Bearer ") || bytes.starts(at: index, with: "BEARER ")
  else { return nil }
  let token = bytes.token(from: index + 7)
  return token.range.count >= 12 && token.hasDigit ? token.range : nil
}

/// Whether the letter before `index` is the end of a JSON escape such as `\n`, not of a word.
private func follows(escapeAt index: Int, in bytes: UnsafeRawBufferPointer) -> Bool {
  index >= 2 && bytes[index - 2] == UInt8(ascii: "\\")
}

/// A PEM private key up to its end line, or up to the end of `bytes`.
private func privateKey(
  at index: Int, in bytes: UnsafeRawBufferPointer, after floor: Int
) -> Range<Int>? {
  let start = index - 4
  guard start >= floor, bytes.starts(at: start, with: "-----BEGIN ") else { return nil }
  var end = start + 11
  while end < bytes.count, end < start + 60, bytes[end] != UInt8(ascii: "-") { end += 1 }
  guard end >= 11 + start,
    bytes.starts(at: end - 11, with: "PRIVATE KEY-----")
      || bytes.starts(at: end - 17, with: "PRIVATE KEY BLOCK-----")
  else { return nil }
  while end < bytes.count, !bytes.starts(at: end, with: "-----END ") { end += 1 }
  return start..<end
}

extension UnsafeRawBufferPointer {
  func starts(at index: Int, with text: StaticString) -> Bool {
    let length = text.utf8CodeUnitCount
    guard index >= 0, index + length <= count else { return false }
    for offset in 0..<length where self[index + offset] != text.utf8Start[offset] { return false }
    return true
  }
}

extension UInt8 {
  var isLetter: Bool { lowercased >= 0x61 && lowercased <= 0x7A }
  var isDigit: Bool { self >= 0x30 && self <= 0x39 }
  var isAlphanumeric: Bool { isDigit || isLetter }

  /// What RFC 6750 allows in a bearer token.
  var isTokenByte: Bool {
    isKeyByte || self == UInt8(ascii: ".") || self == UInt8(ascii: "~") || self == UInt8(ascii: "+")
      || self == UInt8(ascii: "/") || self == UInt8(ascii: "=")
  }

  var isKeyByte: Bool {
    isAlphanumeric || self == UInt8(ascii: "-") || self == UInt8(ascii: "_")
  }
}
