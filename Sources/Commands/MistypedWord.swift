import ArgumentParser
import Setup

/// A word that is no command, and the command that was probably meant.
struct MistypedWord {
  var command: any ParsableCommand.Type
  var error: ValidationError

  /// `nil` where the words before the first option are commands, or there are none.
  init?(in arguments: [String]) {
    let root: any ParsableCommand.Type = CCLSetup.self
    guard let word = arguments.first, !word.hasPrefix("-"), word != "help" else { return nil }
    guard let named = root.commands[word] else {
      self.init(word, under: root, path: "ccl-setup")
      return
    }
    // Where a command has a default one, its words are no arguments of that.
    guard named.configuration.defaultSubcommand != nil, arguments.count > 1,
      !arguments[1].hasPrefix("-"), named.commands[arguments[1]] == nil
    else { return nil }
    self.init(arguments[1], under: named, path: "ccl-setup \(word)")
  }

  private init(_ word: String, under command: any ParsableCommand.Type, path: String) {
    self.command = command
    let shown = command.commands.filter { $0.value.configuration.shouldDisplay }.keys.sorted()
    let nearest = shown.map { (name: $0, distance: distance(word, $0)) }
      .min { $0.distance < $1.distance }
    let guess = nearest.flatMap { $0.distance <= max(1, word.count / 3) ? $0.name : nil }
    error = ValidationError(
      "\(path) has no “\(printable(word))”."
        + (guess.map { " Did you mean: \(path) \($0)" } ?? ""))
  }
}

extension ParsableCommand {
  fileprivate static var commands: [String: any ParsableCommand.Type] {
    let all = configuration.subcommands + configuration.groupedSubcommands.flatMap(\.subcommands)
    return Dictionary(
      all.flatMap { type in
        ([type.configuration.commandName].compactMap { $0 } + type.configuration.aliases)
          .map { ($0, type) }
      }, uniquingKeysWith: { first, _ in first })
  }
}

/// How many letters have to be put in, left out, changed or swapped with their neighbour (optimal string alignment).
private func distance(_ one: String, _ other: String) -> Int {
  let (a, b) = (Array(one), Array(other))
  var table = (0...a.count).map { row in (0...b.count).map { row == 0 ? $0 : $0 == 0 ? row : 0 } }
  for i in a.indices {
    for j in b.indices {
      let change = table[i][j] + (a[i] == b[j] ? 0 : 1)
      table[i + 1][j + 1] = min(table[i][j + 1] + 1, table[i + 1][j] + 1, change)
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
        table[i + 1][j + 1] = min(table[i + 1][j + 1], table[i - 1][j - 1] + 1)
      }
    }
  }
  return table[a.count][b.count]
}
