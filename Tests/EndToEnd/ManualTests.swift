import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `man ccl-setup`: in step with the commands, and found.
@Suite(.timeLimit(.minutes(3))) struct ManualTests {
  /// The embedded page is the one that the commands of this very program make. Recorded as the golden files are.
  @Test func thePageIsThatOfTheCommands() async throws {
    struct Whole: Decodable { var command: Manual.CommandInfo }
    let dump = try await Invocation.clean(Part.product.string, ["--experimental-dump-help"])
      .succeed()
    let version = try await Invocation.clean(Part.product.string, ["--version"]).succeed()
    let tree = try JSONDecoder().decode(Whole.self, from: Data(dump.utf8)).command
    let page = Manual(tree, version: version).page
    expectGolden(page, "../../templates/man/ccl-setup.1")
    for command in tree.subcommands ?? [] where command.shouldDisplay ?? true {
      guard command.commandName != "help" else { continue }
      #expect(page.contains("\\fB\(command.commandName)"), "\(command.commandName)")
    }
  }

  /// groff finds nothing wrong with it.
  @Test(.requires(.program("groff"))) func thePageIsWellFormed() async throws {
    let page = Part.packageRoot.appending("templates/man/ccl-setup.1")
    let result = try await Invocation.clean(
      "groff", ["-man", "-Tutf8", "-ww", "-z", page.string]
    ).run()
    #expect(result.succeeded && result.error.isEmpty, "\(result.error)")
  }

  @Test(.requires(.namespace, .superuser, .busybox, .program("man")))
  func manFindsItAndUninstallTakesItBack() async throws {
    try await Person.alone([.ollama]) { person in
      person.environment["PATH", default: ""] += ":\(person.home[".local/bin"])"
      try FileManager.default.createDirectory(
        atPath: person.home[".local/bin"].string, withIntermediateDirectories: true)
      person.environment["MANPAGER"] = "cat"
      let before = try person.home.snapshot()
      let made = try await person.call(
        "ccl-setup", ["--yes", "--no-verify", "--shells", "bash"] + small
      ).run()
      try #require(made.code == 0, "\(made.error)")
      let well = try await person.setup("doctor", "--no-prompt")
      #expect(!well.output.contains("until then"))
      let path = person.environment["PATH"]
      person.environment["PATH"] = path?.replacing(":\(person.home[".local/bin"])", with: "")
      let apart = try await person.setup("doctor", "--no-prompt")
      #expect(flowed(apart.output).contains("finds it once ~/.local/bin is on the PATH"))
      #expect(try await person.run("man", "-w", "ccl-setup").code != 0)
      person.environment["PATH"] = path
      let found = try await person.run("man", "-w", "ccl-setup")
      #expect(found.output.hasSuffix("/.local/share/man/man1/ccl-setup.1"), "\(found.error)")
      let shown = try await person.run("man", "ccl-setup")
      #expect(shown.code == 0)
      #expect(flowed(shown.output).contains("remove name Take back one model, alias or context."))
      // Lost, it is found missing and comes back.
      try FileManager.default.removeItem(
        atPath: person.home[".local/share/man/man1/ccl-setup.1"].string)
      let sick = try await person.setup("doctor", "--no-prompt")
      #expect(flowed(sick.output).contains("ccl-setup.1 is missing"), "\(sick.output)")
      _ = try await person.setup("fix", "--yes", "--no-verify")
      #expect(try await person.run("man", "-w", "ccl-setup").code == 0)
      #expect(try await person.setup("uninstall", "--yes").code == 0)
      #expect(try await person.run("man", "-w", "ccl-setup").code != 0)
      try person.expectHome(before)
    }
  }
}
