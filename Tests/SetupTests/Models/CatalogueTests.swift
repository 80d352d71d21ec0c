import Foundation
import Setup
import Testing

/// A file of `models/` as it is shipped.
private func shipped(_ name: String) throws -> Data {
  let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  return try Data(contentsOf: root.appending(path: "models/\(name)"))
}

func catalogueFile() throws -> Data { try shipped("catalogue.json") }

func catalogue() throws -> Catalogue { try Catalogue(json: catalogueFile()) }

@Suite("Models: the catalogue")
struct CatalogueTests {
  @Test(
    "The six rows of the starting document are there, under the names used in it",
    arguments: [
      "qwen3-coder", "qwen3-coder:30b", "deepseek-r1:14b", "codellama:13b", "llama3.1:8b",
      "qwen3:1.7b",
    ])
  func startingRows(name: String) throws {
    let model = try catalogue().model(named: ModelName(name))
    #expect(model != nil)
    #expect(model?.geometry != nil)
  }

  @Test(
    "An alias is the model itself; case and :latest make no difference",
    arguments: [
      ("qwen3-coder", "qwen3-coder:30b"), ("qwen3-coder:latest", "qwen3-coder:30b"),
      ("Qwen3-Coder:30B", "qwen3-coder:30b"), ("gpt-oss", "gpt-oss:20b"),
      ("library/qwen3:1.7b", "qwen3:1.7b"), ("registry.ollama.ai/library/qwen3:1.7b", "qwen3:1.7b"),
    ])
  func aliases(name: String, expected: String) throws {
    #expect(try catalogue().model(named: ModelName(name))?.name == ModelName(expected))
  }

  @Test(
    "A model of another namespace or host is another model",
    arguments: [
      "someone/qwen3-coder:30b", "hf.co/unsloth/qwen3-coder:30b", "qwen3-coder:480b", "qwen3",
    ])
  func strangers(name: String) throws {
    #expect(try catalogue().model(named: ModelName(name)) == nil)
  }

  @Test(
    "Ollama's not-for-agents list goes by family and by tag",
    arguments: [
      ("codellama:13b", true), ("llama3.1:8b", true), ("llama3.1", true), ("mistral", true),
      ("deepseek-r1", true), ("deepseek-r1:14b", true), ("deepseek-r1:70b", false),
      ("qwen2.5-coder:32b", true), ("qwen3-coder:30b", false), ("someone/llama3.1:8b", true),
      ("LLAMA3.1:8B", true),
    ])
  func notForAgents(name: String, expected: Bool) throws {
    #expect(try catalogue().notForAgents.contains(ModelName(name)) == expected)
  }

  @Test("Tool support and purpose are as measured or published")
  func suitability() throws {
    let catalogue = try catalogue()
    let toolless = catalogue.models.filter { !$0.tools }.map(\.name.description)
    #expect(Set(toolless) == ["deepseek-r1:14b", "codellama:13b"])
    #expect(catalogue.models.filter(\.setupOnly).map(\.name.description) == ["qwen3:1.7b"])
    let ranks = catalogue.models.compactMap(\.rank)
    #expect(Set(ranks).count == ranks.count)
  }

  @Test("A figure that has no geometry behind it needs no mark; every other figure has one")
  func marks() throws {
    for model in try catalogue().models {
      #expect(model.marks[.download] != nil)
      #expect((model.marks[.geometry] != nil) == (model.geometry != nil), "\(model.name)")
    }
  }

  @Test("The table in models/README.md says what the formula says")
  func readme() throws {
    let text = try String(decoding: shipped("README.md"), as: UTF8.self)
    var compared = 0
    for line in text.split(separator: "\n") where line.hasPrefix("| `") {
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      guard cells.count > 4, let name = cells[0].split(separator: "`").first,
        let model = try catalogue().model(named: ModelName(String(name)))
      else { continue }
      for (cell, context) in zip(cells[2...4], [32_768, 65_536, 131_072]) where Double(cell) != nil
      {
        let need = try #require(model.memoryNeed(context: context))
        #expect(Bytes.memory(need) == "\(cell) GiB", "\(name) at \(context)")
        compared += 1
      }
    }
    #expect(compared > 30)
  }

  // Each entry changes one thing of the shipped file.
  @Test(
    "An unreadable catalogue names the place",
    arguments: [
      ("\"title\": \"Qwen3 Coder 30B-A3B\",", "", "models[1].title", "is missing"),
      ("\"layers\": 48,", "\"layers\": \"48\",", "models[0].geometry.layers", "is not a number"),
      (
        "\"kvHeads\": 2,", "\"kvHeads\": 0,", "models[0].geometry.attention[0].kvHeads",
        "0 is not a positive number"
      ),
      (
        "\"layers\": 48,", "\"layers\": 3,", "models[0].geometry.attention",
        "12 layers attend, but there are only 3"
      ),
      ("\"tools\": true", "\"tools\": \"yes\"", "models[0].tools", "is not true or false"),
      ("\"tag\": \"qwen3-coder-next\"", "\"tag\": \"qwen3 $(id)\"", "models[0].tag", nil),
      (
        "\"tag\": \"qwen3-coder-next\"", "\"tag\": \"qwen3-coder\"", "models[1]",
        "“qwen3-coder” stands there twice"
      ),
      ("\"download\": \"pub\",", "", "models[0].marks", "does not say where “download” comes from"),
      (
        "\"download\": \"pub\",", "\"colour\": \"pub\",", "models[0].marks", "“colour” is no figure"
      ),
      ("\"notForAgents\"", "\"notforagents\"", "notForAgents", "is missing"),
      ("\"models\": [", "\"models\": [,", "", "is not JSON"),
    ] as [(String, String, String, String?)])
  func unreadable(change: String, by: String, at: String, problem: String?) throws {
    let whole = try String(decoding: catalogueFile(), as: UTF8.self)
    let spot = try #require(whole.range(of: change))
    let broken = Data(whole.replacingCharacters(in: spot, with: by).utf8)
    let error = try #require(throws: CatalogueError.self) { _ = try Catalogue(json: broken) }
    #expect(error.place == "models/catalogue.json")
    #expect(error.at == at)
    if let problem { #expect(error.problem == problem) }
    #expect(error.description.hasPrefix("models/catalogue.json: \(at)"))
  }

  @Test(
    "An empty file, and one that is no text",
    arguments: [[], [0xff, 0xfe, 0x00], [0x5b, 0x5d]] as [[UInt8]])
  func noCatalogue(bytes: [UInt8]) {
    #expect(throws: CatalogueError.self) { try Catalogue(json: Data(bytes), place: "x.json") }
  }
}
