import Setup

/// What Tab offers at a place of a command line.
struct Offer: Sendable, Hashable {
  struct Word: Sendable, Hashable {
    var text: String
    var explanation: String?
  }
  /// Names that only the running engine and the receipt know.
  enum Names: Sendable, Hashable {
    /// Models on the engine.
    case present
    /// Those of the library too.
    case library
    /// What `remove` takes.
    case removable
  }
  var words: [Word] = []
  var names: Names?
  /// What stands in front of each name: `--model=`.
  var prefix = ""
  var files = false
}

/// Reads a command line up to the cursor and says what may come there: a pure function of ArgumentParser's own tree.
struct Completer: Sendable {
  let tree: CommandTree

  /// - Parameter line: the words from the program's name to the one under the cursor, which may be empty.
  func offer(for line: [String]) -> Offer {
    guard let program = line.first, let typed = line.last, line.count > 1 else { return Offer() }
    let before = Array(line[1..<line.count - 1])
    if program.split(separator: "/").last == "claude-local" {
      return offerForFunction(after: before, typed)
    }
    // Behind `help` stands the way to a subcommand, and nothing else.
    if before.first == "help" {
      let command = before.dropFirst().reduce(tree) { $0[$1] ?? $0 }
      return Offer(
        words: command.offered.map { .init(text: $0.commandName, explanation: $0.abstract) })
    }
    var path = [tree]
    var positionals = 0
    var pending: CommandTree.Argument?
    var areOptionsOver = false
    for word in before {
      if pending != nil {
        pending = nil
      } else if word == "--" {
        areOptionsOver = true
      } else if !areOptionsOver, word.hasPrefix("-") {
        pending = word.contains("=") ? nil : option(word, of: path)
      } else if positionals == 0, let next = path[path.count - 1][word] {
        path.append(next)
      } else {
        positionals += 1
      }
    }
    let command = path[path.count - 1]
    if let pending { return values(of: pending, in: command) }
    if !areOptionsOver, typed.hasPrefix("--"), let sign = typed.firstIndex(of: "="),
      let option = option(String(typed[..<sign]), of: path)
    {
      var offer = values(of: option, in: command)
      offer.prefix = String(typed[...sign])
      return offer
    }
    if !areOptionsOver, typed.hasPrefix("-") { return Offer(words: options(of: path)) }
    let subcommands = positionals == 0 ? command.offered : []
    let arguments = (command.arguments ?? []).filter { $0.kind == .positional && $0.shouldDisplay }
    var offer = Offer()
    if positionals < arguments.count {
      offer = values(of: arguments[positionals], in: command)
    }
    offer.words += subcommands.map { .init(text: $0.commandName, explanation: $0.abstract) }
    return offer
  }

  /// The arguments that count at a place: those of the command, and of the one that runs when none is named.
  private func arguments(of path: [CommandTree]) -> [CommandTree.Argument] {
    let command = path[path.count - 1]
    let standing = command.defaultSubcommand.flatMap { command[$0] }
    return (command.arguments ?? []) + (standing?.arguments ?? [])
  }

  /// The option of that name, when it takes a value.
  private func option(_ typed: String, of path: [CommandTree]) -> CommandTree.Argument? {
    arguments(of: path).first { argument in
      argument.kind == .option && (argument.names ?? []).contains { $0.typed == typed }
    }
  }

  private func options(of path: [CommandTree]) -> [Offer.Word] {
    var seen: Set<String> = []
    return arguments(of: path).filter { $0.kind != .positional && $0.shouldDisplay }
      .flatMap { argument in
        (argument.names ?? []).filter { $0.kind == .long }
          .map { Offer.Word(text: $0.typed, explanation: argument.abstract) }
      }.filter { seen.insert($0.text).inserted }
  }

  private func values(of argument: CommandTree.Argument, in command: CommandTree) -> Offer {
    func list(_ words: [String]) -> Offer { Offer(words: words.map { .init(text: $0) }) }
    let name = argument.valueName ?? argument.names?.first { $0.kind == .long }?.name ?? ""
    if let values = argument.allValues, !values.isEmpty { return list(values) }
    switch (command.commandName, name) {
    case ("remove", "name"): return Offer(names: .removable)
    case ("pull", "model"): return Offer(names: .library)
    case ("context", "model"), ("alias", "from"): return Offer(names: .present)
    case ("alias", "to"): return list(Tier.allCases.flatMap(\.anthropicNames))
    case (_, "size"), (_, "context"): return list(["16k", "32k", "64k", "128k", "256k"])
    case (_, "model"): return Offer(names: .library)
    case (_, "full|lean"): return list(Profile.allCases.map(\.rawValue))
    case (_, "yours|own"): return list(ClientFolder.allCases.map(\.rawValue))
    case (_, "on|off"): return list(["on", "off"])
    case (_, "docker|native|URL"): return list(["docker", "native", "http://", "https://"])
    case (_, "shells"): return list(Shell.allCases.map(\.rawValue) + ["all", "none"])
    case (_, "file"): return Offer(files: true)
    default: return Offer()
    }
  }

  /// What the function itself takes, and the client's option whose values we know.
  private static let flagsOfFunction: [Offer.Word] = [
    .init(text: "--model", explanation: "another model, for this once"),
    .init(text: "--no-warm", explanation: "do not have the prompt read beforehand"),
    .init(text: "--proxy", explanation: "go through `ccl-setup proxy`"),
  ]

  /// `claude-local --model`: the rest of the client's own words is not ours to know.
  private func offerForFunction(after before: [String], _ typed: String) -> Offer {
    if before.last == "--model" { return Offer(names: .present) }
    if typed.hasPrefix("--model=") { return Offer(names: .present, prefix: "--model=") }
    let flags = Self.flagsOfFunction.filter { $0.text.hasPrefix(typed) }
    if !before.contains("--"), typed.hasPrefix("-"), !flags.isEmpty { return Offer(words: flags) }
    return Offer(files: true)
  }
}
