import Setup
import Support
import SystemPackage
import Testing

/// The tests' own ground: what nobody scripted must fail, and the disk must behave like one.
struct ScriptedWorldTests {
  @Test func `a call that nobody scripted fails the test`() async {
    let scripted = ScriptedWorld()
    scripted.install("docker")
    await withKnownIssue {
      _ = try? await scripted.world.programs.run(
        Invocation("docker", ["info"]), within: .seconds(1))
      _ = try? await scripted.world.network.exchange(WebRequest("GET", "http://127.0.0.1:1/"))
    } matching: { issue in
      issue.description.contains("nobody scripted")
    }
    #expect(scripted.calls.count == 1)
  }

  @Test func `a program that is not installed is not found`() async {
    let programs = ScriptedWorld().world.programs
    #expect(programs.find("docker") == nil)
    await #expect(throws: ProgramProblem.notFound("docker")) {
      try await programs.run(Invocation("docker", ["info"]), within: .seconds(1))
    }
  }

  @Test func `a scripted call is known by its command line, whichever way it is found`()
    async throws
  {
    let scripted = ScriptedWorld()
    let path = scripted.install("docker")
    scripted.program("docker info --format '{{json .}}'", prints: "{}\n")
    for program in ["docker", path.string] {
      let result = try await scripted.world.programs.run(
        Invocation(program, ["info", "--format", "{{json .}}"]), within: .seconds(1))
      #expect(result.output == "{}")
    }
  }

  @Test func `a hanging program ends when the clock has passed the limit`() async {
    let scripted = ScriptedWorld()
    scripted.install("docker")
    scripted.program("docker info", .hangs)
    let programs = scripted.world.programs
    let outcome = Task {
      try await programs.run(Invocation("docker", ["info"]), within: .seconds(4))
    }
    await scripted.clock.waitForSleepers(1)
    scripted.clock.advance(by: .seconds(4))
    await #expect(throws: ProgramProblem.tookTooLong("docker", limit: .seconds(4))) {
      try await outcome.value
    }
  }

  @Test func `the disk follows links, keeps modes and knows what was written`() throws {
    let scripted = ScriptedWorld()
    scripted.file("/dotfiles/bashrc", "one\n", mode: 0o600)
    scripted.link("/home/ada/.bashrc", to: "../../dotfiles/bashrc")
    let files = scripted.world.files
    #expect(try files.status("/home/ada/.bashrc")?.kind == .link(to: "../../dotfiles/bashrc"))
    #expect(try files.resolve("/home/ada/.bashrc") == "/dotfiles/bashrc")
    try files.write("/home/ada/.bashrc", Array("two\n".utf8), nil)
    #expect(scripted.text("/dotfiles/bashrc") == "two\n")
    #expect(try files.status("/dotfiles/bashrc")?.mode == 0o600)
    #expect(try files.list("/home") == ["ada"])
    #expect(try files.makeFolder("/home/ada/a/b") == ["/home/ada/a", "/home/ada/a/b"])
    #expect(throws: FileProblem.missing("/nowhere")) { try files.read("/nowhere") }
    scripted.fault("/dotfiles/bashrc", .denied("/dotfiles/bashrc"))
    #expect(throws: FileProblem.denied("/dotfiles/bashrc")) { try files.read("/home/ada/.bashrc") }
    #expect(scripted.writes == ["/dotfiles/bashrc", "/home/ada/a", "/home/ada/a/b"])
  }

  @Test func `a lock is held once and can be released`() throws {
    let files = ScriptedWorld().world.files
    let lock = try #require(try files.lock("/home/ada/lock"))
    #expect(try files.lock("/home/ada/lock") == nil)
    lock.release()
    #expect(try files.lock("/home/ada/lock") != nil)
  }
}
