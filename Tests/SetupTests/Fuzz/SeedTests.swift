import Fuzzed
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The seeds of `make fuzz`, and everything that it has found: each once, on every run of the tests.
@Suite("Fuzz: seeds and findings", .timeLimit(.minutes(4)))
struct SeedTests {
  private static let folder = Part.packageRoot.appending("Fuzz/Seeds")

  struct Seed: Sendable, CustomTestStringConvertible {
    var parser: FuzzedParser
    var name: String
    var testDescription: String { "\(parser.rawValue)/\(name)" }
  }

  static let seeds: [Seed] = FuzzedParser.allCases.flatMap { parser in
    let path = folder.appending(parser.rawValue).string
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.sorted().map { Seed(parser: parser, name: $0) }
  }

  @Test(arguments: FuzzedParser.allCases)
  func everyParserHasSeeds(parser: FuzzedParser) {
    #expect(Self.seeds.count { $0.parser == parser } >= 3)
  }

  @Test(arguments: seeds)
  func whatIsPromisedOfEveryInputHolds(seed: Seed) async throws {
    let path = Self.folder.appending(seed.parser.rawValue).appending(seed.name)
    let input = try bytes(of: path)
    try await seed.parser.check(input)
    // Cut anywhere, as a connection or a disk can cut it.
    for part in 1..<6 { try await seed.parser.check(Array(input.prefix(input.count * part / 6))) }
  }
}
