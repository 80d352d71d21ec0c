extension ClientVariable {
  /// The value as it may be shown: a secret never, not even its length; an address without its credentials.
  public func shown(_ value: String) -> String {
    if value.isEmpty { return "(empty)" }
    if isSecret { return kind == .header ? ClientVariable.headerNames(value) : hiddenValue }
    switch kind {
    case .provider, .limit: return isHarmless(value) ? value : hiddenValue
    // A scheme may be missing there.
    case .address, .proxy: return redacted(value, isAddress: true)
    default: return redacted(value)
    }
  }

  private static func headerNames(_ value: String) -> String {
    let names = value.split { $0 == "\n" || $0 == "\r\n" }.compactMap { line -> String? in
      guard let colon = line.firstIndex(of: ":") else { return nil }
      let name = line[..<colon].trimmed
      let isName = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
      return isName && !name.isEmpty ? "\(name): \(hiddenValue)" : nil
    }
    return names.isEmpty ? hiddenValue : names.joined(separator: ", ")
  }
}

/// What stands where a secret was.
public let hiddenValue = "(hidden)"

/// A value of known meaning as it may be shown: what looks like a key or a token hidden, credentials, queries and
/// unusual parts of the path taken out of addresses, control characters made visible, cut to 120 characters.
///
/// - Parameter isAddress: whether each word is an address, be it without a scheme.
public func redacted(_ value: String, isAddress: Bool = false) -> String {
  let words = value.split(separator: " ", omittingEmptySubsequences: false)
  var shown: [String] = []
  for (index, word) in words.enumerated() {
    let before = index > 0 ? words[index - 1].lowercased() : ""
    let follows = ["bearer", "basic", "token"].contains(before) || isCredentialFlag(before)
    shown.append(
      follows || looksSecret(word)
        ? hiddenValue : withoutCredentials(word, isAddress: isAddress))
  }
  return cut(shown)
}

private func cut(_ words: [String]) -> String {
  let line = printable(words.joined(separator: " "))
  return line.count > 120 ? line.prefix(119) + "…" : line
}

/// The value of a variable that this program knows nothing about: hidden, unless it is a switch, a number, a path or an
/// address on this machine, and its name is not that of a secret.
func redacted(valueOf name: String, _ value: String) -> String {
  if value.isEmpty { return "(empty)" }
  return isHarmless(value) && !isNamedSecret(name[...]) ? value : hiddenValue
}

/// A command line as it may be shown: which program, with which options; of what they are given nothing, and of the
/// variables in front of it the names.
func redacted(command: String) -> String {
  var shown: [String] = []
  var isProgram = true
  for word in command.split(separator: " ") {
    let equals = word.firstIndex(of: "=")
    let name = word[..<(equals ?? word.endIndex)]
    let isPlain = name.allSatisfy {
      $0.isASCII && ($0.isLetter || $0.isNumber || "_-./~".contains($0))
    }
    if let equals, isPlain, isProgram || name.hasPrefix("--") {
      shown.append(String(word[...equals]) + hiddenValue)
    } else if isPlain, equals == nil, isProgram ? !looksSecret(word) : isOption(word) {
      shown.append(String(word))
      isProgram = false
    } else if shown.last?.hasSuffix(hiddenValue) != true || isProgram {
      shown.append(hiddenValue)
    }
    // Where a quoted word or a substitution ends is for a shell to say.
    if word.contains(where: { "\"'`$\\(".contains($0) }) { break }
  }
  return cut(shown)
}

private func isOption(_ word: Substring) -> Bool {
  word.hasPrefix("--")
    ? word.allSatisfy { $0.isLetter || $0 == "-" }
    : word.hasPrefix("-") && word.count == 2
}

/// A switch, a number, a path, or the address of a server on this machine: nothing that opens anything.
private func isHarmless(_ value: String) -> Bool {
  if ["true", "false", "yes", "no", "on", "off"].contains(value.lowercased()) { return true }
  if value.count <= 7, Int(value) != nil { return true }
  let authority = ["http://", "https://"].first { value.hasPrefix($0) }.map {
    value.dropFirst($0.count)
  }
  if let parts = authority?.split(separator: ":", omittingEmptySubsequences: false) {
    return ["127.0.0.1", "localhost"].contains(parts[0]) && parts.count <= 2
      && parts.dropFirst().allSatisfy { UInt16($0) != nil }
  }
  guard value.hasPrefix("/") || value.hasPrefix("~/") else { return false }
  return value.split(separator: "/").allSatisfy { part in
    part.count <= 24
      && part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-~".contains($0)) }
  }
}

/// A line of a file as it may be shown in a diff: the value of what is named as a key, a token, a secret or a password
/// is hidden, and whatever looks like one. What refers to another place (`$NAME`, `$(command)`) is shown.
public func withoutSecrets(line: String) -> String {
  let words = line.split(separator: " ", omittingEmptySubsequences: false)
  var shown: [String] = []
  for (index, word) in words.enumerated() {
    // The last of several: `alias claude='A_KEY=…`.
    let equals =
      word.indices.last { word[$0] == "=" && isNamedSecret(word[..<$0]) } ?? word.endIndex
    let isAssignment = equals < word.endIndex
    let isValue =
      index > 0 && isNamedSecret(words[index - 1])
      && (words[index - 1].hasSuffix("\":") || words.contains("set"))
    guard isAssignment || isValue else {
      let follows =
        index > 0 && ["bearer", "basic"].contains { words[index - 1].lowercased().hasSuffix($0) }
      shown.append(
        follows || looksSecret(word) || holdsMember(word)
          ? hiddenValue : withoutUserInfo(String(word)))
      continue
    }
    let value = isAssignment ? word[word.index(after: equals)...] : word
    // A value may hold spaces: where it ends is for a shell to say.
    guard refersElsewhere(value) else {
      shown.append((isAssignment ? String(word[...equals]) : "") + hiddenValue)
      break
    }
    shown.append(String(word))
  }
  return shown.joined(separator: " ")
}

private let quotes: Set<Character> = ["\"", "'"]

private let secretNames = [
  "KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASS", "PASSPHRASE", "CREDENTIALS", "HEADERS",
  "_AUTH", "_PAT",
]

private func isNamedSecret(_ word: Substring) -> Bool {
  let name = word.filter { !quotes.contains($0) && $0 != ":" }.uppercased()
  return name == "PAT" || name.contains("TOKEN_") || secretNames.contains { name.hasSuffix($0) }
}

/// Whether a piece of JSON without spaces gives a secret's name a text.
private func holdsMember(_ word: Substring) -> Bool {
  let upper = word.uppercased()
  return secretNames.contains { upper.contains("\($0)\":\"") }
}

private func refersElsewhere(_ value: Substring) -> Bool {
  let bare = value.filter { !quotes.contains($0) && $0 != "," }
  return bare.isEmpty || bare == "ollama" || bare.hasPrefix("$")
}

private let secretPrefixes = [
  "sk-", "sk_", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "AKIA", "ASIA",
  "AIza", "ya29.", "eyJ", "hf_", "npm_",
]

private func looksSecret(_ word: Substring) -> Bool {
  let marks = quotes.union([",", ";", "(", ")", "="])
  return word.split { marks.contains($0) }.contains { part in
    secretPrefixes.contains { part.hasPrefix($0) && part.count >= $0.count + 8 } || isRandom(part)
  }
}

/// 32 characters or more of one word with letters and digits mixed: a key rather than a name.
private func isRandom(_ part: Substring) -> Bool {
  guard part.count >= 32, part.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) })
  else { return false }
  return part.contains(where: \.isLetter) && part.contains(where: \.isNumber)
}

private func isCredentialFlag(_ word: String) -> Bool {
  guard word.hasPrefix("-") || word.hasSuffix(":") else { return false }
  return ["token", "key", "secret", "password", "authorization"].contains { word.contains($0) }
}

private func withoutCredentials(_ word: Substring, isAddress: Bool) -> String {
  var text = String(word)
  let scheme = text.firstRange(of: "://")
  guard scheme != nil || isAddress else { return withoutUserInfo(text) }
  let start = scheme?.upperBound ?? text.startIndex
  let query = text[start...].firstIndex { $0 == "?" || $0 == "#" }
  // A password may hold any character: what stands before an @ is never shown, nor what an @ in a query leaves.
  if let at = text[start...].lastIndex(of: "@") {
    if let query, query < at { return text[..<start] + hiddenValue }
    text.replaceSubrange(start..<at, with: hiddenValue)
  } else if let query {
    text.replaceSubrange(text.index(after: query)..., with: hiddenValue)
  }
  // The path of a socket is a file's.
  guard scheme.map({ text[..<$0.lowerBound] }) != "unix" else { return text }
  let parts = text.split(separator: "/", omittingEmptySubsequences: false)
  return parts.enumerated().map { index, part in
    index < (scheme == nil ? 1 : 3) || isUsual(part) ? String(part) : hiddenValue
  }.joined(separator: "/")
}

/// What the paths of servers like this are made of; anything else may be a key.
private func isUsual(_ part: Substring) -> Bool {
  let path = part.prefix { $0 != "?" && $0 != "#" }
  return path.count <= 2 || ["api", "anthropic", "openai", "messages", "proxy"].contains(path)
}

/// Without what stands before the @ of `name:password@host`.
private func withoutUserInfo(_ text: String) -> String {
  guard let at = text.lastIndex(of: "@"), let colon = text[..<at].firstIndex(of: ":") else {
    return text
  }
  let start =
    text[..<at].firstRange(of: "://")?.upperBound
    ?? text[..<colon].lastIndex { "='\"".contains($0) }.map { text.index(after: $0) }
  return text[..<(start ?? text.startIndex)] + hiddenValue + text[at...]
}
