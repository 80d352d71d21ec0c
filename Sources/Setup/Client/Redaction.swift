extension ClientVariable {
  /// The value as it may be shown: a secret never, not even its length; an address without its credentials.
  public func shown(_ value: String) -> String {
    if value.isEmpty { return "(empty)" }
    if kind == .header, isSecret { return ClientVariable.headerNames(value) }
    return isSecret ? hiddenValue : redacted(value)
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

/// A value of unknown meaning as it may be shown: what looks like a key or a token hidden, credentials and queries
/// taken out of addresses, control characters made visible, cut to 120 characters.
public func redacted(_ value: String) -> String {
  let words = value.split(separator: " ", omittingEmptySubsequences: false)
  var shown: [String] = []
  for (index, word) in words.enumerated() {
    let before = index > 0 ? words[index - 1].lowercased() : ""
    let follows = ["bearer", "basic", "token"].contains(before) || isCredentialFlag(before)
    shown.append(follows || looksSecret(word) ? hiddenValue : withoutCredentials(word))
  }
  let line = printable(shown.joined(separator: " "))
  return line.count > 120 ? line.prefix(119) + "…" : line
}

/// A line of a file as it may be shown in a diff: the value of what is named as a key, a token, a secret or a password
/// is hidden, and whatever looks like one. What refers to another place (`$NAME`, `$(command)`) is shown.
public func withoutSecrets(line: String) -> String {
  let words = line.split(separator: " ", omittingEmptySubsequences: false)
  var shown: [String] = []
  for (index, word) in words.enumerated() {
    let equals = word.firstIndex(of: "=") ?? word.endIndex
    let isAssignment = equals < word.endIndex && isNamedSecret(word[..<equals])
    let isValue =
      index > 0 && isNamedSecret(words[index - 1])
      && (words[index - 1].hasSuffix("\":") || words.contains("set"))
    guard isAssignment || isValue else {
      shown.append(looksSecret(word) || holdsMember(word) ? hiddenValue : String(word))
      continue
    }
    let value = isAssignment ? word[word.index(after: equals)...] : word
    // A value may hold spaces: where it ends is for a shell to say.
    guard isHarmless(value) else {
      shown.append((isAssignment ? String(word[...equals]) : "") + hiddenValue)
      break
    }
    shown.append(String(word))
  }
  return shown.joined(separator: " ")
}

private let quotes: Set<Character> = ["\"", "'"]

private let secretNames = ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD"]

private func isNamedSecret(_ word: Substring) -> Bool {
  let name = word.filter { !quotes.contains($0) && $0 != ":" }.uppercased()
  return secretNames.contains { name.hasSuffix($0) }
}

/// Whether a piece of JSON without spaces gives a secret's name a text.
private func holdsMember(_ word: Substring) -> Bool {
  let upper = word.uppercased()
  return secretNames.contains { upper.contains("\($0)\":\"") }
}

private func isHarmless(_ value: Substring) -> Bool {
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

private func withoutCredentials(_ word: Substring) -> String {
  var text = String(word)
  guard let scheme = text.firstRange(of: "://") else { return text }
  let authority = text[scheme.upperBound...].prefix { !"/?#".contains($0) }
  if let at = authority.lastIndex(of: "@") {
    text.replaceSubrange(authority.startIndex..<at, with: hiddenValue)
  }
  if let query = text.firstIndex(where: { $0 == "?" || $0 == "#" }) {
    text.replaceSubrange(text.index(after: query)..., with: hiddenValue)
  }
  return text
}
