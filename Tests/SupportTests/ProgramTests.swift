import Setup
import Support
import SystemPackage
import Testing

struct ProgramTests {
  @Test func runsWithExactlyTheGivenVariablesFolderAndInput() async throws {
    let folder = try TemporaryFolder.make("here")
    let result = try await Invocation.clean(
      "sh", ["-c", "pwd; cat; env | sort; echo oops >&2; exit 3"],
      environment: ["A": "b c", "PATH": "/usr/bin:/bin"], folder: folder, input: Array("in\n".utf8)
    ).run()
    #expect(result.code == 3)
    #expect(result.error == "oops")
    // The shell itself adds PWD (and bash SHLVL and _).
    let lines = result.output.split(separator: "\n").filter {
      !$0.hasPrefix("SHLVL") && !$0.hasPrefix("_=") && !$0.hasPrefix("OLDPWD")
    }
    #expect(lines == ["\(folder)", "in", "A=b c", "PATH=/usr/bin:/bin", "PWD=\(folder)"])
  }

  @Test func saysWhichSignalEndedIt() async throws {
    #expect(try await Invocation.clean("sh", ["-c", "kill -9 $$"]).run().code == 137)
  }

  @Test func pastItsLimitItIsKilledWithItsChildren() async throws {
    let folder = try TemporaryFolder.make("late")
    let call = Invocation.clean(
      "sh", ["-c", "sleep 60 & echo $! > child; sleep 60"], folder: folder)
    await #expect(throws: ProgramProblem.self) { try await call.run(within: .milliseconds(500)) }
    let child = try text(of: folder.appending("child")).split(separator: "\n")[0]
    // A killed child may stay as a zombie until whoever inherited it asks.
    try await eventually(within: .seconds(5)) {
      let state = try await Invocation.clean("ps", ["-o", "state=", "-p", "\(child)"]).run().output
      return state.isEmpty || state.hasPrefix("Z") ? true : nil
    }
  }

  @Test func hangingUpIsSeenByTheGuardian() async throws {
    let log = try TemporaryFolder.make("lifeline").appending("log")
    let guardian = try RunningProgram(
      .clean("sh", ["-c", "read -r _; echo cleaned; exit 4"]), input: .lifeline, output: log)
    #expect(guardian.exitCode == nil)
    guardian.hangUp()
    #expect(try await guardian.exit(within: .seconds(10)) == 4)
    #expect(try text(of: log) == "cleaned\n")
  }

  @Test func aMissingProgramIsNamed() async {
    await #expect(throws: ProgramProblem.notFound("no-such-program")) {
      try await Invocation.clean("no-such-program").run()
    }
  }
}
