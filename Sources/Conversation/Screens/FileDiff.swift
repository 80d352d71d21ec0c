public import Setup

/// The lines that a file write adds and removes, with three lines around them, as `diff -u` shows them;
/// the keys and tokens in them are hidden.
public func diff(_ write: FileWrite) -> [Text] {
  let old = lines(write.before ?? [])
  let new = lines(write.after)
  let difference = new.difference(from: old)
  if difference.isEmpty { return [] }
  var removed: Set<Int> = []
  var added: Set<Int> = []
  for change in difference {
    switch change {
    case .remove(let offset, _, _): removed.insert(offset)
    case .insert(let offset, _, _): added.insert(offset)
    }
  }
  var all: [(mark: Character, text: String)] = []
  var i = 0
  var j = 0
  while i < old.count || j < new.count {
    if removed.contains(i) {
      all.append(("-", old[i]))
      i += 1
    } else if added.contains(j) {
      all.append(("+", new[j]))
      j += 1
    } else {
      all.append((" ", old[i]))
      i += 1
      j += 1
    }
  }
  var shown: [Text] = []
  var lastShown = -1
  for (index, line) in all.enumerated() {
    let around = max(0, index - 3)...min(all.count - 1, index + 3)
    guard all[around].contains(where: { $0.mark != " " }) else { continue }
    if index > lastShown + 1, lastShown >= 0 { shown.append(Text("  ⋯", .dim)) }
    lastShown = index
    let role: Text.Role = line.mark == "+" ? .added : line.mark == "-" ? .removed : .dim
    shown.append(Text("\(line.mark) \(printable(withoutSecrets(line: line.text)))", role))
  }
  return shown
}

private func lines(_ bytes: [UInt8]) -> [String] {
  var lines = String(decoding: bytes, as: UTF8.self)
    .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  if lines.last == "" { lines.removeLast() }
  return lines
}
