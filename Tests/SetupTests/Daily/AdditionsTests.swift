import Support
import SystemPackage
import Testing

@testable import Setup

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What `pull`, `alias` and `context` add, and what a plan makes of it.
struct AdditionsTests {
  private static let url = "http://127.0.0.1:11434"

  private static func model(_ name: String, _ digest: String, trained: Int? = nil)
    -> OllamaServer.Model
  {
    OllamaServer.Model(
      name: name, size: 1_400_000_000, digest: digest,
      details: trained.map {
        .init(
          family: "qwen3", parameterSize: "2.0B", quantizationLevel: "Q4_K_M", contextLength: $0)
      }, capabilities: nil)
  }

  private static let choices = Choices(
    engine: .native(port: 11434), model: "qwen3:1.7b", contextWindow: 32768, shells: [.bash])

  @Test func receiptsOfTheFirstVersionsHaveNone() throws {
    let old =
      #"{"engine":{"native":{"port":11434}},"model":"m","contextWindow":1024,"shells":["bash"],"profile":"lean"}"#
    let choices = try JSONDecoder().decode(Choices.self, from: Data(old.utf8))
    #expect(choices.additions == Additions())
    var later = choices
    later.additions = Additions(
      models: ["a"], aliases: ["b": "a"], contexts: [.init(model: "a", contextWindow: 65536)])
    #expect(
      try JSONDecoder().decode(Choices.self, from: JSONEncoder().encode(later)) == later)
    // One without a setup keeps them beside.
    var receipt = Receipt(tool: "test")
    receipt.additions = later.additions
    #expect(receipt.looseAdditions == later.additions && receipt.choices == nil)
    receipt.choices = choices
    receipt.additions = later.additions
    #expect(receipt.looseAdditions == nil && receipt.choices?.additions == later.additions)
  }

  @Test(arguments: [
    ("qwen3-coder", 65536, "qwen3-coder-64k"), ("qwen3-coder:30b", 65536, "qwen3-coder:30b-64k"),
    ("a/b", 50000, "a/b-50000"),
  ])
  func aContextIsInTheName(model: String, tokens: Int, name: String) throws {
    #expect(
      try ContextVariant(model: model, contextWindow: tokens).name().description == name)
  }

  @Test(arguments: [
    (["nosuch", "x"], "There is no model nosuch here"),
    (["qwen3:1.7b", "qwen3:1.7b"], "already has that name"),
    (["qwen3:1.7b", "qwen3:1.7b-32k"], "cannot be another model's name"),
    (["llama3.2:1b", "qwen3:1.7b"], "cannot be another model's name"),
    (["x:cloud", "y"], "does not run on your machine"), (["a b", "y"], "cannot be a model"),
  ])
  func anAliasThatIsRefused(words: [String], why: String) throws {
    let models = [Self.model("qwen3:1.7b", "1"), Self.model("llama3.2:1b", "2")]
    let failure = #expect(throws: Failure.self) {
      try Additions().naming(words[0], words[1], among: models, chosen: Self.choices)
    }
    #expect(failure?.what.contains(why) == true, "\(failure?.what ?? "")")
  }

  /// What the server tells goes before the catalogue, which does not know the second one at all.
  @Test(arguments: ["qwen3:1.7b", "mine"]) func aContextBeyondTheTrainedOneIsRefused(
    model: String
  ) throws {
    let models = [Self.model(model, "1")]
    func plan(_ size: String, trained: [String: Int], made: [String: Int] = [:]) throws -> Plan {
      try Plan(
        try Additions().baking(model, size, among: models), on: Self.url, catalogue: .embedded(),
        survey: Survey(
          server: .init(version: "0.32.15", models: models, contexts: made, trained: trained)),
        environment: .someone)
    }
    #expect(try plan("20k", trained: [model: 20480]).notes.isEmpty)
    let failure = #expect(throws: Failure.self) { try plan("32k", trained: [model: 20480]) }
    #expect(failure?.what == "\(model) cannot use a context of 32k")
    #expect(failure?.why.contains("20480") == true)
    #expect(failure?.tryNext == ["`ccl-setup context \(model) 20k`"])
    #expect(failure?.code == .usage)
    // One that an earlier version made is no obstacle to another change, and is spoken of.
    let notes = try plan("32k", trained: [model: 20480], made: ["\(model)-32k": 32768]).notes
    #expect(notes.map(\.kind) == [.warning])
    #expect(notes.first?.text.plain.contains("ccl-setup context \(model) 20k") == true)
  }

  /// What lies on the server, whether we made the name, and what the plan does about it.
  @Test(arguments: [
    (existing: String?.none, isOurs: false, subject: "copy"),
    ("1", false, "nothing"), ("2", false, "replace"), ("2", true, "copy"),
  ])
  func anAliasOverWhatIsThere(existing: String?, isOurs: Bool, subject: String) throws {
    var models = [Self.model("qwen3:1.7b", "1"), Self.model("llama3.2:1b", "2")]
    if let existing { models.append(Self.model("mine:latest", existing)) }
    var receipt = Receipt(tool: "test")
    if isOurs {
      receipt.entries = [
        .init(
          subject: Receipt.subject(ofModel: "mine", on: Self.url), title: "", state: .done,
          undo: .deleteModel(server: Self.url, name: "mine", bytes: nil), at: .now)
      ]
    }
    let plan = try Plan(
      Additions(aliases: ["mine": "qwen3:1.7b"]), on: Self.url, catalogue: .embedded(),
      survey: Survey(
        receipt: receipt, server: .init(version: "0.32.15", models: models, contexts: [:])),
      environment: .someone)
    switch plan.changes.first {
    case .copyModel(Self.url, "qwen3:1.7b", "mine"): #expect(subject == "copy")
    case .replaceModel(let replacement):
      #expect(subject == "replace")
      #expect(replacement.keptAs == "ccl-setup-before/mine")
    case nil: #expect(subject == "nothing")
    default: Issue.record("\(plan.changes)")
    }
    #expect(plan.changes.count <= 1 && plan.withdrawn.isEmpty)
  }

  @Test func aNameForANameComesAfterIt() throws {
    let plan = try Plan(
      Additions(
        models: ["qwen3:1.7b"], aliases: ["a": "z", "z": "qwen3:1.7b-32k", "lost": "nosuch"],
        contexts: [.init(model: "qwen3:1.7b", contextWindow: 32768)]),
      on: Self.url, catalogue: .embedded(),
      survey: Survey(server: .init(version: "0.32.15", models: [], contexts: [:])),
      environment: .someone)
    #expect(
      plan.changes.map(\.subject) == [
        Receipt.subject(ofModel: "qwen3:1.7b", on: Self.url),
        "file:/home/someone/.config/ccl-setup/models/Modelfile.qwen3-1.7b-32k",
        Receipt.subject(ofModel: "qwen3:1.7b-32k", on: Self.url),
        Receipt.subject(ofModel: "z", on: Self.url), Receipt.subject(ofModel: "a", on: Self.url),
      ])
    #expect(plan.notes.map(\.text.plain).joined().contains("The alias lost waits"))
  }

  @Test func anEngineThatWasStartedAnewGoesAfterItsModels() {
    func entry(_ subject: String, _ undo: Undo) -> Receipt.Entry {
      .init(subject: subject, title: "", state: .done, undo: undo, at: .now)
    }
    let process = entry("engine:native", .endProcess(id: 1, program: "ollama"))
    let model = entry("model:a", .deleteModel(server: Self.url, name: "a", bytes: 1))
    let other = entry("model:b", .deleteModel(server: Self.url, name: "b", bytes: nil))
    let file = entry(
      "file:f", .removeFile(path: "f", after: Digest(of: []), folders: []))
    func order(_ entries: [Receipt.Entry]) -> [String] {
      Receipt(tool: "", entries: entries).inUndoOrder.map(\.subject)
    }
    #expect(
      order([process, model, other, file]) == ["file:f", "model:b", "model:a", "engine:native"])
    #expect(
      order([file, model, other, process]) == ["model:b", "model:a", "engine:native", "file:f"])
    #expect(order([file, process]) == ["engine:native", "file:f"])
  }

  @Test func cleanCountsEachDownloadOnce() {
    let receipt = Receipt(
      tool: "",
      entries: [
        .init(
          subject: "engine:docker", title: "", state: .done,
          undo: .stopEngine(commands: [], storage: []), at: .now),
        .init(
          subject: Receipt.subject(ofModel: "a", on: Self.url), title: "", state: .done,
          undo: .deleteModel(server: Self.url, name: "a", bytes: 1000), at: .now),
        .init(
          subject: Receipt.subject(ofModel: "a-32k", on: Self.url), title: "", state: .done,
          undo: .deleteModel(server: Self.url, name: "a-32k", bytes: nil), at: .now),
        .init(
          subject: Receipt.subject(ofModel: "elsewhere", on: "http://other"), title: "",
          state: .done,
          undo: .deleteModel(server: "http://other", name: "elsewhere", bytes: 7), at: .now),
      ])
    let models = [
      Self.model("a:latest", "1"), Self.model("a-32k:latest", "2"), Self.model("theirs", "3"),
      Self.model("theirs-too", "3"),
    ]
    let clean = CleanUp(receipt, url: Self.url, models: models)
    #expect(clean.bytes == 1000 + 1_400_000_000)
    #expect(clean.foreign == ["theirs", "theirs-too"])
    #expect(
      clean.entries.map(\.subject) == [
        Receipt.subject(ofModel: "a-32k", on: Self.url),
        Receipt.subject(ofModel: "a", on: Self.url), "engine:docker",
      ])
    #expect(CleanUp(receipt, url: Self.url, models: nil).bytes == 1000)
  }
}

extension Environment {
  /// A person's, with nothing set.
  fileprivate static let someone = Environment(
    variables: [:], home: "/home/someone", workingFolder: "/",
    account: .init(name: "someone", userID: 1000, home: "/home/someone", loginShell: "/bin/bash"),
    platform: .linux)
}
