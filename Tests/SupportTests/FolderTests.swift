import Setup
import Support
import SystemPackage
import Testing

struct FolderTests {
  @Test func packageRootHoldsThePackage() throws {
    #expect(try text(of: Part.packageRoot.appending("Package.swift")).contains("ccl-setup"))
  }

  @Test func theProductOfThisBuildIsFound() async throws {
    let result = try await Invocation.clean(Part.product.string, ["--version"]).run()
    #expect(result.succeeded)
  }

  @Test func homeHoldsWhatWasGiven() throws {
    let home = try TemporaryHome([
      ".bashrc": "echo hello\n", "dot files/zshrc": .file("x", mode: 0o600),
      ".zshrc": .link(to: "dot files/zshrc"), ".config/fish": .folder(mode: 0o700),
    ])
    #expect(try text(of: home[".bashrc"]) == "echo hello\n")
    #expect(
      try home.snapshot().description == """
        700 folder .
        644 file of 11 bytes .bashrc
        755 folder .config
        700 folder .config/fish
        link to dot files/zshrc .zshrc
        755 folder dot files
        600 file of 1 bytes dot files/zshrc
        """)
  }

  /// Each change of a home that a test must be able to see, and what it is called.
  @Test(arguments: [
    ("new", TemporaryHome.Entry.file("a"), "+ new (644 file of 1 bytes)"),
    ("same", "B\n", "~ same (644 file of 2 bytes -> 644 file of 2 bytes)"),
    ("same", .file("b\n", mode: 0o600), "~ same (644 file of 2 bytes -> 600 file of 2 bytes)"),
    ("sub", .folder(mode: 0o700), "~ sub (755 folder -> 700 folder)"),
    ("link", .link(to: "nowhere"), "+ link (link to nowhere)"),
  ])
  func treeSeesEveryChange(name: String, entry: TemporaryHome.Entry, difference: String) throws {
    let home = try TemporaryHome(["same": "b\n", "sub": .folder()])
    let before = try home.snapshot()
    let hash = try home.hash()
    #expect(try home.snapshot() == before)
    try home.put(entry, at: name)
    #expect(before.differences(to: try home.snapshot()) == [difference])
    #expect(try home.hash() != hash)
  }
}
