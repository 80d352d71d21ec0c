import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The words of daily use, each typed by somebody and taken back by `uninstall`, on a native server.
@Suite(.requires(.namespace, .superuser, .busybox), .timeLimit(.minutes(4)))
struct DayTwoTests {
  /// Somebody whose Ollama keeps its models over a restart.
  private func someone(_ live: (inout Person) async throws -> Void) async throws {
    try await Person.alone([.ollama]) { person in
      person.environment["OLLAMA_MODELS"] = try TemporaryFolder.make("models").string
      try await live(&person)
    }
  }

  private func setUp(_ person: Person) async throws {
    let result = try await person.call(
      "ccl-setup", ["--yes", "--no-verify", "--shells", "bash"] + small
    ).run()
    try #require(result.code == 0, "\(result.output)\n\(result.error)")
  }

  /// Runs a word that must succeed, and answers what it printed, in one line.
  @discardableResult
  private func say(
    _ person: Person, _ words: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> String {
    let result = try await person.call("ccl-setup", words).run()
    #expect(result.code == 0, "\(words): \(result.error)", sourceLocation: sourceLocation)
    return flowed(result.output)
  }

  @Test func additionsStayWantedAndGoWithTheUninstall() async throws {
    try await someone { person in
      let before = try person.tree()
      try await setUp(person)
      #expect(try await say(person, "pull", "llama3.2:1b").contains("llama3.2:1b is here"))
      #expect(try await say(person, "context", "llama3.2:1b", "16k").contains("llama3.2:1b-16k"))
      #expect(
        try await say(person, "alias", "llama3.2:1b-16k", "claude-sonnet-4-6")
          .contains("claude-sonnet-4-6 means llama3.2:1b-16k"))
      let held = try models(try await person.web("/api/tags"))
      #expect(held["claude-sonnet-4-6:latest"] == held["llama3.2:1b-16k"])
      #expect(held["claude-opus-4-6:latest"] == held["qwen3:1.7b-32k"])
      #expect(
        try person.text(".config/ccl-setup/models/Modelfile.llama3.2-1b-16k")
          == "FROM llama3.2:1b\nPARAMETER num_ctx 16384\n")
      #expect(
        try await person.web("/api/show", post: #"{"model": "llama3.2:1b-16k"}"#).contains("16384"))

      // A later run of the wizard, with another context for its own model, keeps all of it.
      let again = try await person.setup("--yes", "--no-verify", "--context", "16k")
      #expect(again.code == 0, "\(again.error)")
      let later = try models(try await person.web("/api/tags"))
      #expect(later["claude-sonnet-4-6:latest"] == held["llama3.2:1b-16k"])
      #expect(later["qwen3:1.7b-32k"] == nil)
      #expect(later["claude-opus-4-6:latest"] == later["qwen3:1.7b-16k"])
      let last = try await person.setup("--yes", "--no-verify", "--dry-run")
      #expect(last.output.contains("Everything is in place already"), "\(last.output)")

      try await say(person, "uninstall", "--yes")
      #expect(before.differences(to: try person.tree()) == [])
      _ = try await person.serve()
      #expect(try models(try await person.web("/api/tags")).isEmpty)
    }
  }

  @Test func aNameOfThePersonsIsAskedAboutAndGivenBack() async throws {
    try await someone { person in
      _ = try await person.serve()
      for model in ["qwen3:1.7b", "llama3.2:1b"] {
        _ = try await person.web("/api/pull", post: "{\"model\": \"\(model)\"}")
      }
      _ = try await person.web(
        "/api/copy", post: #"{"source": "llama3.2:1b", "destination": "mine"}"#)
      let before = try models(try await person.web("/api/tags"))

      let refused = try await person.setup("alias", "qwen3:1.7b", "mine")
      #expect(refused.code == 64)
      #expect(flowed(refused.error).contains("There is nobody to ask"))
      for answer in ["", "no"] {
        let terminal = try await person.wizard("alias", "qwen3:1.7b", "mine")
        try await terminal.expect("Let mine mean qwen3:1.7b? [no] ▸ ")
        try await terminal.type(answer)
        try await terminal.expect("Nothing was changed.")
        #expect(try await terminal.exit() == 0)
      }
      #expect(try models(try await person.web("/api/tags")) == before)

      let terminal = try await person.wizard("alias", "qwen3:1.7b", "mine")
      try await terminal.expect("Let mine mean qwen3:1.7b? [no] ▸ ")
      try await terminal.type("yes")
      try await terminal.expect("mine means qwen3:1.7b")
      #expect(try await terminal.exit() == 0)
      let changed = try models(try await person.web("/api/tags"))
      #expect(changed["mine:latest"] == before["qwen3:1.7b"])
      #expect(changed["ccl-setup-before/mine:latest"] == before["llama3.2:1b"])

      // A name of the person's that means the same already is used, and never taken away.
      try await say(person, "alias", "qwen3:1.7b", "qwen3:1.7b-copy", "--yes")
      try await say(person, "uninstall", "--yes")
      #expect(try models(try await person.web("/api/tags")) == before)
    }
  }

  @Test func withoutASetupTheWordsUseTheServerThatAnswers() async throws {
    try await someone { person in
      let before = try person.tree()
      #expect(try await person.setup("status").code == 2)
      for word in [["start"], ["stop"], ["profile", "lean"], ["shell"], ["logs"], ["clean"]] {
        let result = try await person.call("ccl-setup", word).run()
        #expect(result.code == 1, "\(word)")
        #expect(flowed(result.error).contains("nothing is set up here"), "\(word)")
      }
      person.environment["OLLAMA_HOST"] = "127.0.0.1:4321"
      _ = try await person.serve(port: 4321)
      #expect(try await say(person, "status").contains("the Ollama at http://127.0.0.1:4321"))
      #expect(try await say(person, "start").contains("answers already"))
      #expect(try await say(person, "models").contains("There are no models"))
      let pulled = try await say(person, "pull", "qwen3:1.7b")
      #expect(pulled.contains("Nothing was set up by ccl-setup here"))
      try await say(person, "alias", "qwen3:1.7b", "claude-haiku-4-5-20251001")
      try await say(person, "context", "qwen3:1.7b", "16k")
      let table = try await say(person, "models")
      #expect(table.contains("qwen3:1.7b-16k") && table.contains("haiku"))
      try await say(person, "uninstall", "--yes")
      #expect(try models(try await person.web("/api/tags", port: 4321)).isEmpty)
      #expect(before.differences(to: try person.tree()) == [])
    }
  }

  @Test func whatCannotBePulledIsNotWantedLater() async throws {
    try await someone { person in
      try await setUp(person)
      let result = try await person.setup("pull", "nosuch:1b")
      #expect(result.code == 1)
      #expect(flowed(result.error).contains("The registry has no such model"))
      let named = try await say(person, "alias", "qwen3:1.7b", "other")
      #expect(!named.contains("nosuch"))
      #expect(try !person.text(".local/state/ccl-setup/receipt.json").contains("nosuch"))
    }
  }

  @Test func aStoppedServerIsStartedByWhatNeedsIt() async throws {
    try await someone { person in
      let before = try person.tree()
      try await setUp(person)
      #expect(try await say(person, "stop").contains("is stopped"))
      await #expect(throws: Unsuccessful.self) { try await person.web("/api/version") }
      #expect(try await say(person, "stop").contains("does not run"))
      let status = try await person.setup("status")
      #expect(status.code == 2)
      #expect(flowed(status.output).contains("try: ccl-setup start"))
      #expect(try await say(person, "start").contains("answers at http://127.0.0.1:11434"))
      try await say(person, "status")
      try await say(person, "stop")
      #expect(try await say(person, "alias", "qwen3:1.7b", "other").contains("start Ollama"))
      try await say(person, "stop")
      // Only the server can delete its models: uninstall starts it, and ends it last.
      try await say(person, "uninstall", "--yes")
      #expect(before.differences(to: try person.tree()) == [])
      await #expect(throws: Unsuccessful.self) { try await person.web("/api/version") }
      _ = try await person.serve()
      #expect(try models(try await person.web("/api/tags")).isEmpty)
    }
  }

  @Test func profileChangesTheFunctionAndNothingElse() async throws {
    try await someone { person in
      try await setUp(person)
      let file = ".config/ccl-setup/claude-local.bash"
      let lean = try person.text(file)
      let before = try person.tree()
      try await say(person, "profile", "full", "--dry-run")
      #expect(before.differences(to: try person.tree()) == [])
      try await say(person, "profile", "full")
      #expect(try person.text(file) != lean)
      let changed = before.differences(to: try person.tree()).map { $0.split(separator: " ")[1] }
      let own = ["lock", "receipt.json", "receipt.copy.json"].map {
        Substring(".local/state/ccl-setup/\($0)")
      }
      #expect(Set(changed).isSubset(of: [Substring(file)] + own), "\(changed)")
      try await say(person, "profile", "lean")
      #expect(try person.text(file) == lean)
      #expect(try await person.setup("profile", "huge").code == 64)
    }
  }

  @Test func statusTellsWhatIsLoaded() async throws {
    try await someone { person in
      person.environment["CCL_REHEARSAL_VRAM"] = "24000000000"
      try await setUp(person)
      #expect(try await say(person, "status").contains("No model is loaded now"))
      _ = try await person.web("/api/generate", post: #"{"model": "qwen3:1.7b-32k"}"#)
      let told = try await say(person, "status")
      #expect(told.contains("claude-local uses qwen3:1.7b-32k with a context of 32k"))
      let start = try #require(told.firstRange(of: "qwen3:1.7b-32k 32k")).lowerBound
      let row = told[start...]
      #expect(row.contains("100 %"), "\(row)")
      #expect(row.contains("in 30 min") || row.contains("in 29 min"), "\(row)")
      let document = try await person.setup("status", "--json")
      struct Status: Decodable {
        struct Loaded: Decodable {
          var name: String
          var contextWindow: Int
          var graphicsShare: Double
          var secondsLeft: Double
        }
        var version: String
        var loaded: [Loaded]
      }
      let status = try JSONDecoder().decode(Status.self, from: Data(document.standardOutput))
      #expect(status.loaded.map(\.name) == ["qwen3:1.7b-32k"])
      #expect(status.loaded[0].contextWindow == 32768)
      #expect(status.loaded[0].graphicsShare == 1)
      #expect((1700...1800).contains(status.loaded[0].secondsLeft))
    }
  }

  @Test(arguments: [40, 60, 100, 160] as [UInt16])
  func theTableOfModelsFitsTheTerminal(columns: UInt16) async throws {
    try await someone { person in
      try await setUp(person)
      try await say(person, "alias", "qwen3:1.7b", "other")
      let terminal = try await person.wizard(
        "models", with: ["NO_COLOR": "1"], columns: columns)
      let shown = try await terminal.expect("what claude-local uses")
      #expect(try await terminal.exit() == 0)
      let lines = shown.split(separator: "\n")
      #expect(lines.allSatisfy { $0.count <= columns }, "\(shown)")
      #expect(shown.contains("qwen3:1.7b-32k") && shown.contains("32k"))
      #expect(shown.contains("ALSO CALLED") == (columns == 160))
      #expect(shown.contains("opus sonnet haiku fable") == (columns >= 100))
    }
  }

  @Test func cleanSaysHowMuchAndWantsAWord() async throws {
    try await someone { person in
      try await setUp(person)
      let refused = try await person.setup("clean")
      #expect(refused.code == 64)
      for answer in ["", "y", "no"] {
        let terminal = try await person.wizard("clean")
        try await terminal.expect("1.4 GB of models in all")
        try await terminal.expect("Type yes to delete 1.4 GB ▸ ")
        try await terminal.type(answer)
        try await terminal.expect("Nothing was changed.")
        #expect(try await terminal.exit() == 0)
      }
      #expect(try models(try await person.web("/api/tags")).count > 10)
      let terminal = try await person.wizard("clean")
      try await terminal.expect("▸ ")
      try await terminal.type("yes")
      try await terminal.expect("Deleted.")
      #expect(try await terminal.exit() == 0)
      #expect(try models(try await person.web("/api/tags")).isEmpty)
      #expect(try await say(person, "clean").contains("nothing to delete"))
      // The rest of the setup is there, and the next run downloads what is missing.
      #expect(try person.text(".bashrc").contains("ccl-setup"))
      try await setUp(person)
      #expect(try models(try await person.web("/api/tags")).keys.contains("qwen3:1.7b-32k"))
    }
  }

  @Test func logsOfAServerThatWeStarted() async throws {
    try await someone { person in
      try await setUp(person)
      let log = person.home[".local/state/ccl-setup/ollama.log"]
      try write("one\ntwo\nthree\n".utf8, to: log)
      #expect(try await person.setup("logs").output == "one\ntwo\nthree")
      #expect(try await person.setup("logs", "-n", "1").output == "three")
      let terminal = try await person.wizard("logs", "-f", "-n", "1")
      try await terminal.expect("three")
      try write("one\ntwo\nthree\nfour\n".utf8, to: log)
      try await terminal.press(.controlC)
      #expect(try await terminal.exit() == 130)
      #expect(try await person.setup("logs", "-n", "-1").code == 64)
      let shell = try await person.setup("shell")
      #expect(flowed(shell.error).contains("There is no container to open a shell in"))
    }
  }

  @Test(arguments: [
    ["pull", "$(touch pwned)"], ["pull", "x:cloud"], ["pull"], ["alias", "qwen3:1.7b"],
    ["alias", "qwen3:1.7b", "a b"], ["alias", "qwen3:1.7b", "qwen3:1.7b"],
    ["alias", "qwen3:1.7b", "qwen3:1.7b-32k"], ["context", "qwen3:1.7b", "lots"],
    ["context", "qwen3:1.7b", "64k"], ["start", "--gpu"],
  ])
  func aWordThatIsNone(words: [String]) async throws {
    try await someone { person in
      try await setUp(person)
      let before = try person.tree()
      let held = try await person.web("/api/tags")
      let result = try await person.call("ccl-setup", words).run()
      #expect(result.code == 64, "\(result.output)\n\(result.error)")
      #expect(!result.error.isEmpty)
      #expect(before.differences(to: try person.tree()) == [])
      #expect(try await person.web("/api/tags") == held)
    }
  }
}
