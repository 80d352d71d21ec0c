import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A person whose `ccl-setup` is spoiled again and again, beside a server that goes on running.
struct Victim: Sendable {
  let person: Person
  /// The home before anything, and with everything in place.
  let old: Tree
  let new: Tree
  /// The models that were on the server before.
  let models: [String: String]
  /// How long a whole run of each takes.
  let durations: [FaultTests.Word: Duration]
  private let shim: FilePath
  private let log: FilePath

  /// Files as people have them: links, modes, ends.
  private static let files: [String: TemporaryHome.Entry] = [
    ".bashrc": .link(to: "dotfiles/bashrc"),
    "dotfiles/bashrc": .file(
      Array("# caf\u{e9}\r\nalias ll='ls -l'\r\nHISTSIZE=10".utf8), mode: 0o640),
    ".profile": "[ -n \"$BASH_VERSION\" ] && [ -f ~/.bashrc ] && . ~/.bashrc\n",
    ".zshrc": .file("setopt autocd\n\nreturn\nnot reached\n", mode: 0o600),
    ".config/fish/config.fish": "set -g fish_greeting\n",
    // The client keeps things there too.
    ".local/share/notes": "mine\n",
    ".config/ccl-setup/claude-settings.json": .file("mine, from before\n", mode: 0o604),
  ]

  static func alone(_ live: (Victim) async throws -> Void) async throws {
    try await Person.alone([.client(.a), .ollama], files: files) { person in
      let server = try await person.serve()
      // The bytes of the model stay on the server under a name of its own: every later pull is quick.
      _ = try await person.web("/api/pull", post: #"{"model":"qwen3:1.7b"}"#)
      _ = try await person.web(
        "/api/copy", post: #"{"source":"qwen3:1.7b","destination":"theirs"}"#)
      try await person.remove("qwen3:1.7b")
      try await live(try await Victim(person))
      #expect(server.exitCode == nil)
    }
  }

  private init(_ person: Person) async throws {
    self.person = person
    let folder = try TemporaryFolder.make("faults")
    shim = folder.appending("shim.so")
    log = folder.appending("log")
    try await Invocation.clean(
      "cc",
      [
        "-shared", "-fPIC", "-o", shim.string, Part.packageRoot.appending("Faults/shim.c").string,
        "-ldl",
      ]
    ).succeed()
    old = try person.tree()
    models = try EndToEndTests.models(try await person.web("/api/tags"))
    var durations: [FaultTests.Word: Duration] = [:]
    let clock = ContinuousClock()
    func time(_ word: FaultTests.Word) async throws {
      let begin = clock.now
      let result = try await Self.call(word, person).run()
      try #require(result.code == 0, "\(word): \(result.output)\n\(result.error)")
      durations[word] = clock.now - begin
    }
    try await time(.install)
    new = try person.tree()
    try Self.damage(person)
    try await time(.fix)
    #expect(Self.files(new).differences(to: Self.files(try person.tree())) == [])
    try await time(.uninstall)
    try person.expectTree(old)
    self.durations = durations
  }

  // MARK: - Running

  private static func call(
    _ word: FaultTests.Word, _ person: Person, _ variables: [String: String] = [:]
  ) -> Invocation {
    let arguments =
      switch word {
      case .install:
        ["--yes", "--no-verify", "--engine", "http://127.0.0.1:11434", "--shells", "bash,zsh,fish"]
          + small
      case .fix: ["fix", "--yes", "--no-verify"]
      case .uninstall: ["uninstall", "--yes"]
      }
    // Set for the program alone, and not for those that lead to it.
    let settings = variables.map { "\($0)=\($1)" }.sorted()
    return person.call("env", settings + ["ccl-setup"] + arguments)
  }

  func run(_ word: FaultTests.Word) async throws -> ProgramResult {
    try await Self.call(word, person).run()
  }

  private func shimmed(_ step: Int, _ how: String) -> [String: String] {
    [
      "LD_PRELOAD": shim.string, "FAULT_ROOT": person.home.path.string, "FAULT_LOG": log.string,
      "FAULT_AT": "\(step)", "FAULT_HOW": how,
    ]
  }

  /// Each step in which a whole run changes a file.
  func steps(of word: FaultTests.Word) async throws -> [String] {
    try await prepare(word)
    let result = try await Self.call(word, person, shimmed(0, "")).run()
    #expect(result.code == 0, "\(result.error)")
    let steps = try text(of: log).split(separator: "\n").map(String.init)
    var tally = Tally()
    try await finish("counting", &tally)
    return steps
  }

  /// Brings about what the word starts from.
  private func prepare(_ word: FaultTests.Word) async throws {
    guard word != .install else { return }
    let result = try await run(.install)
    try #require(result.code == 0, "\(result.error)")
    if word == .fix { try Self.damage(person) }
  }

  private static func damage(_ person: Person) throws {
    for name in [".config/ccl-setup/claude-local.zsh", ".config/fish/functions/claude-local.fish"] {
      try TemporaryFolder.remove(person.home[name])
    }
    let lines = try person.text(".zshrc").split(
      separator: "\n", omittingEmptySubsequences: false)
    let isInside = { (line: Substring) in
      line.contains("ccl-setup: claude-local") || line.contains("ZSH_VERSION")
    }
    try write(
      lines.filter { !isInside($0) }.joined(separator: "\n").utf8, to: person.home[".zshrc"],
      mode: 0o600)
  }

  // MARK: - Enduring

  func endure(
    _ word: FaultTests.Word, step: Int, _ how: FaultTests.How, _ name: String,
    _ tally: inout Tally
  ) async throws {
    try await prepare(word)
    let start = try person.tree()
    let result = try await Self.call(word, person, shimmed(step, how.rawValue)).run()
    let what = "\(word.rawValue) \(how.name) \(step) (\(name))"
    if how.isDeath {
      #expect(result.code == 137, "\(what): \(result.code) \(result.error)")
    } else if result.code != 0 {
      // An error has a cause with a name, and something to try.
      #expect(flowed(result.error).contains("✗ "), "\(what): \(result.error)")
    }
    try await check(what, from: start, word, &tally)
  }

  /// Killed after this part of the time that a whole run takes.
  func endure(_ word: FaultTests.Word, moment: Double, _ tally: inout Tally) async throws {
    try await prepare(word)
    let start = try person.tree()
    let output = try TemporaryFolder.make("killed").appending("log")
    let program = try RunningProgram(Self.call(word, person), output: output)
    try await Task.sleep(for: (durations[word] ?? .seconds(1)) * moment)
    program.signal(9)
    try await program.exit(within: .seconds(20))
    try await check(
      "\(word.rawValue) killed at \(moment)", from: start, word, &tally)
  }

  private func check(
    _ what: String, from start: Tree, _ word: FaultTests.Word, _ tally: inout Tally
  ) async throws {
    tally.injected += 1
    // The old state or the new one, file by file; what a killed write leaves beside it goes with the next run.
    let end = word == .uninstall ? old : new
    let now = Self.files(try person.tree())
    for name in Set(now.nodes.keys).union(start.nodes.keys).union(end.nodes.keys) {
      let found = now.nodes[name]
      let isLeftover = name.contains(".ccl-")
      let allowed = [Self.files(start).nodes[name], Self.files(end).nodes[name]]
      if case .folder? = found?.kind { continue }
      if isLeftover || Self.isState(name) { continue }
      #expect(allowed.contains(found) || found == old.nodes[name], "\(what): \(name)")
    }
    // Every second time straight to the uninstall.
    if word != .uninstall, tally.injected.isMultiple(of: 2) {
      let again = try await run(word)
      #expect(again.code == 0, "\(what), again: \(again.output)\n\(again.error)")
      let differences = Self.files(new).differences(to: Self.files(try person.tree()))
      #expect(differences == [], "\(what), again")
    }
    try await finish(what, &tally)
  }

  /// Uninstalls: everything is as it was before.
  func finish(_ what: String, _ tally: inout Tally) async throws {
    let result = try await run(.uninstall)
    #expect(result.code == 0, "\(what), uninstall: \(result.output)\n\(result.error)")
    let now = try person.tree()
    let differences = old.differences(to: now)
    #expect(differences == [], "\(what), after uninstall")
    let left = try EndToEndTests.models(try await person.web("/api/tags"))
    #expect(left == models, "\(what), models after uninstall")
    if differences.isEmpty, left == models {
      tally.survived += 1
    } else {
      tally.bytesLost += old.bytesLost(in: now)
      try restore()
    }
  }

  /// After a fault that was not survived: the next one starts from the beginning all the same.
  private func restore() throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: person.home.path.string) {
      try TemporaryFolder.remove(person.home[name])
    }
    for (name, entry) in Self.files { try person.home.put(entry, at: name) }
  }

  /// Without our own state, which is neither old nor new.
  private static func files(_ tree: Tree) -> Tree {
    var tree = tree
    tree.nodes = tree.nodes.filter { !isState($0.key) }
    return tree
  }

  private static func isState(_ name: String) -> Bool {
    name.hasPrefix(".local/state") || name == ".local" || name == "."
  }
}

extension Tree {
  /// Bytes of this tree's files that are not where they were.
  func bytesLost(in later: Tree) -> Int {
    nodes.reduce(0) { lost, node in
      guard case .file(let bytes) = node.value.kind else { return lost }
      guard case .file(let now)? = later.nodes[node.key]?.kind else { return lost + bytes.count }
      return lost + zip(bytes, now).count { $0 != $1 } + max(0, bytes.count - now.count)
    }
  }
}

extension Person {
  /// Removes a model from this person's server.
  func remove(_ model: String) async throws {
    try await network.inside(
      .clean(
        "ollama", ["rm", model], environment: environment)
    ).succeed()
  }
}
