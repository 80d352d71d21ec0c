import Setup
import Support
import Testing

/// The validator finds what is wrong, so that a document without problems is as the schema says.
@Suite struct JSONSchemaTests {
  @Test(arguments: [
    (#"{"stopped": true}"#, "stop", ""),
    (#"{"stopped": "yes"}"#, "stop", "is no boolean"),
    (#"{}"#, "stop", "is missing"),
    (#"{"stopped": true, "more": 1}"#, "stop", "stop.more is not described"),
    (
      #"{"entries": [{"title": "a", "outcome": 1}]}"#, "uninstall",
      "entries[0].outcome: 1 is no string"
    ),
    (#"{"docker": {"port": 1, "graphics": true}}"#, "engine", ""),
    (#"{"docker": {"port": 1.5, "graphics": true}}"#, "engine", "fits 0 of the alternatives"),
    (#""tcsh""#, "shell", "is none of the values"),
    (
      #"{"models": [], "contexts": [], "aliases": {"a": 1}}"#, "additions",
      "aliases.a: 1 is no string"
    ),
    (#"{}"#, "nothing", "there is no nothing"),
  ])
  func problems(document: String, definition: String, problem: String) throws {
    let found = try JSONSchema.published.problems(
      of: JSON.parse(Array(document.utf8)), as: definition)
    if problem.isEmpty {
      #expect(found == [])
    } else {
      #expect(found.contains { $0.contains(problem) }, "\(found)")
    }
  }
}
