import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What was asked for is taken back one by one, or brought up to date, on a native server.
@Suite(.requires(.namespace, .superuser, .busybox), .timeLimit(.minutes(4)))
struct DayTwoChangeTests {
  /// Somebody with a setup of `qwen3:1.7b` at 32k.
  private func someone(_ live: (inout Person) async throws -> Void) async throws {
    try await Person.alone([.ollama]) { person in
      person.environment["OLLAMA_MODELS"] = try TemporaryFolder.make("models").string
      let made = try await person.call(
        "ccl-setup", ["--yes", "--no-verify", "--shells", "bash"] + small
      ).run()
      try #require(made.code == 0, "\(made.output)\n\(made.error)")
      try await live(&person)
    }
  }

  @discardableResult
  private func say(
    _ person: Person, _ words: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> String {
    let result = try await person.call("ccl-setup", words).run()
    #expect(result.code == 0, "\(words): \(result.error)", sourceLocation: sourceLocation)
    return flowed(result.output)
  }

  private func names(_ person: Person) async throws -> [String: String] {
    try models(try await person.web("/api/tags"))
  }

  @Test func oneAdditionIsTakenBack() async throws {
    try await someone { person in
      let before = try await names(person)
      let tree = try person.tree()
      try await say(person, "pull", "llama3.2:1b")
      try await say(person, "context", "llama3.2:1b", "16k")
      try await say(person, "alias", "llama3.2:1b-16k", "claude-sonnet-4-6")
      try await say(person, "alias", "llama3.2:1b-16k", "other")

      // What others are made of stays while they are there.
      for (name, user) in [("llama3.2:1b-16k", "other"), ("llama3.2:1b", "llama3.2:1b-16k")] {
        let refused = try await person.setup("remove", name, "--yes")
        #expect(refused.code == 64)
        #expect(flowed(refused.error).contains("ccl-setup remove \(user)"), "\(refused.error)")
      }
      let all = try await names(person)
      #expect(try await say(person, "remove", "other", "--dry-run").contains("take back"))
      #expect(try await names(person) == all)
      #expect(try await say(person, "remove", "other").contains("other is taken back"))
      #expect(try await names(person)["other:latest"] == nil)
      // The name of a tier means the setup's own model again.
      try await say(person, "rm", "claude-sonnet-4-6")
      #expect(
        try await names(person)["claude-sonnet-4-6:latest"] == before["claude-sonnet-4-6:latest"])
      let document = try await person.setup("remove", "llama3.2:1b-16k", "--json")
      #expect(document.output.contains("\"applied\" : true"))
      #expect(
        !FileManager.default.fileExists(
          atPath: person.home[".config/ccl-setup/models/Modelfile.llama3.2-1b-16k"].string))

      // A download is asked about.
      #expect(try await person.setup("remove", "llama3.2:1b").code == 64)
      for (answer, isThere) in [("", true), ("yes", false)] {
        let terminal = try await person.wizard("remove", "llama3.2:1b")
        try await terminal.expect("Delete llama3.2:1b (1.3 GB)? [no] ▸ ")
        try await terminal.type(answer)
        #expect(try await terminal.exit() == 0)
        #expect(try await names(person).keys.contains("llama3.2:1b") == isThere)
      }
      #expect(try await names(person) == before)
      // Nothing of it is wanted any more: the next run makes none of it.
      let again = try await person.setup("--yes", "--no-verify")
      #expect(again.output.contains("Everything is in place already"), "\(again.output)")
      let left = tree.differences(to: try person.tree())
      #expect(left.allSatisfy { $0.contains(".local/state/ccl-setup") }, "\(left)")
    }
  }

  @Test func aNameOfThePersonsMeansItsOldSelfAgain() async throws {
    try await someone { person in
      _ = try await person.web("/api/pull", post: #"{"model": "llama3.2:1b"}"#)
      _ = try await person.web(
        "/api/copy", post: #"{"source": "llama3.2:1b", "destination": "mine"}"#)
      let before = try await names(person)
      try await say(person, "alias", "qwen3:1.7b", "mine", "--yes")
      #expect(try await names(person)["mine:latest"] == before["qwen3:1.7b"])
      try await say(person, "remove", "mine")
      #expect(try await names(person) == before)
    }
  }

  @Test(arguments: [
    ("qwen3:1.7b", "claude-local works with it"), ("qwen3:1.7b-32k", "claude-local works with it"),
    ("claude-opus-4-6", "belongs to the setup"), ("foreign", "ccl-setup did not make foreign"),
    ("$(x)", "cannot be a model"),
  ])
  func whatIsNotTakenBack(name: String, why: String) async throws {
    try await someone { person in
      _ = try await person.web(
        "/api/copy", post: #"{"source": "qwen3:1.7b", "destination": "foreign"}"#)
      let before = try await names(person)
      let tree = try person.tree()
      let refused = try await person.setup("remove", name, "--yes")
      #expect(refused.code == 64)
      #expect(flowed(refused.error).contains(why), "\(refused.error)")
      #expect(try await names(person) == before)
      try person.expectTree(tree)
    }
  }

  /// `pull` of what is here asks the registry again, and what was made of the model follows it.
  @Test func aModelThatIsHereIsBroughtUpToDate() async throws {
    try await someone { person in
      let fresh = try await names(person)
      #expect(try await say(person, "pull", "qwen3:1.7b").contains("qwen3:1.7b is up to date"))
      #expect(try await names(person) == fresh)

      // An older one under the same name, with all that was made of it.
      _ = try await person.web("/api/pull", post: #"{"model": "llama3.2:1b"}"#)
      try await say(person, "alias", "qwen3:1.7b-32k", "other")
      _ = try await person.web(
        "/api/copy", post: #"{"source": "llama3.2:1b", "destination": "qwen3:1.7b"}"#)
      _ = try await person.web(
        "/api/create",
        post:
          #"{"model": "qwen3:1.7b-32k", "from": "qwen3:1.7b", "parameters": {"num_ctx": 32768}}"#)
      let old = try await names(person)
      #expect(old["qwen3:1.7b-32k"] != fresh["qwen3:1.7b-32k"])
      let dry = try await say(person, "pull", "qwen3:1.7b", "--dry-run")
      #expect(dry.contains("the registry would be asked") && dry.contains("make qwen3:1.7b-32k"))
      #expect(try await names(person) == old)

      #expect(try await say(person, "pull", "qwen3:1.7b").contains("qwen3:1.7b is newer now"))
      let new = try await names(person)
      for name in ["qwen3:1.7b", "qwen3:1.7b-32k"] { #expect(new[name] == fresh[name], "\(name)") }
      for alias in Tier.allCases.flatMap(\.anthropicNames) + ["other"] {
        #expect(new["\(alias):latest"] == fresh["qwen3:1.7b-32k"], "\(alias)")
      }
      try await say(person, "uninstall", "--yes")
      _ = try await person.serve()
      #expect(Set(try await names(person).keys) == ["llama3.2:1b"])
    }
  }

  /// The number of a server that we started may be another program's meanwhile: that one is not ours to end.
  @Test func aProcessThatOnlyHasTheNumberIsLeftAlone() async throws {
    try await someone { person in
      try await person.endServers()
      let bystander = try person.network.start("sleep", ["600"], log: "/dev/null")
      let file = person.home[".local/state/ccl-setup/receipt.json"]
      let receipt = try Support.text(of: file)
      let id = try #require(receipt.firstMatch(of: /"id" : ([0-9]+)/)).1
      try write(
        receipt.replacing("\"id\" : \(id)", with: "\"id\" : \(bystander.pid)").utf8, to: file,
        mode: 0o600)
      // Somebody else's server answers on the port: there is something to stop, and it is not that process.
      _ = try await person.serve()
      let stop = try await person.setup("stop")
      #expect(bystander.exitCode == nil, "\(stop.output)\n\(stop.error)")
      #expect(stop.code == 1)
      #expect(flowed(stop.error).contains("An Ollama goes on answering at http://127.0.0.1:11434"))
      #expect(flowed(stop.error).contains("ccl-setup's own did not run, this is another one"))
      #expect(try !Support.text(of: file).contains("\(bystander.pid)"))
      await bystander.end()
    }
  }
}
