import Setup
import Support
import SystemPackage
import Testing

struct NamespaceTests {
  @Test(.requires(.namespace)) func onlyLoopbackIsThere() async throws {
    let network = try await Namespace()
    let links = try await network.run("ip", ["-o", "link"])
    #expect(links.output.split(separator: "\n").count == 1)
    #expect(links.output.contains("LOOPBACK,UP"))
    let variables = try await network.run("env", environment: ["ONLY": "this", "PATH": "/bin"])
    #expect(variables.output.split(separator: "\n").sorted() == ["ONLY=this", "PATH=/bin"])
    await network.end()
  }

  @Test(.requires(.namespace, .superuser, .program("iptables")))
  func anAttemptToLeaveIsRefusedAndSeen() async throws {
    let network = try await Namespace(watchingAttempts: true)
    let local = try network.listeningSocket()
    defer { try? FileDescriptor(rawValue: local.descriptor).close() }
    #expect(
      try await network.run("bash", ["-c", "exec 3<>/dev/tcp/127.0.0.1/\(local.port)"]).succeeded)
    #expect(try await network.attempts().isEmpty)
    let outside = try await network.run(
      "bash", ["-c", "exec 3<>/dev/tcp/198.51.100.7/443"], within: .seconds(5))
    #expect(outside.error.contains("refused"))
    #expect(try await network.attempts() == ["198.51.100.7"])
  }

  @Test(.requires(.namespace, .busybox)) func twoNetworksUseTheSamePort() async throws {
    let busybox = Part.busyboxPath.string
    for name in ["one", "two"] {
      let network = try await Namespace()
      let folder = try TemporaryFolder.make("www")
      try write(name.utf8, to: folder.appending("index.html"))
      let server = try network.start(
        busybox, ["httpd", "-f", "-p", "127.0.0.1:11434", "-h", folder.string],
        log: folder.appending("log"))
      let answer = try await eventually(within: .seconds(10)) {
        let got = try await network.run(busybox, ["wget", "-qO-", "http://127.0.0.1:11434/"])
        return got.succeeded ? got.output : nil
      }
      #expect(answer == name)
      await server.end()
      await network.end()
    }
  }

  @Test(.requires(.namespace, .superuser))
  func theTestItselfListensInside() async throws {
    let network = try await Namespace()
    let (descriptor, port) = try network.listeningSocket()
    defer { try? FileDescriptor(rawValue: descriptor).close() }
    let connect = ["-c", "exec 3<>/dev/tcp/127.0.0.1/\(port)"]
    #expect(try await network.run("bash", connect).succeeded)
    let outside = try await Namespace()
    #expect(try await !outside.run("bash", connect).succeeded)
  }

  @Test(
    .requires(.namespace, .claude(.a), .claude(.b), .claude(.c), .claude(.d)),
    arguments: ClaudeVersion.allCases)
  func theRealClientRuns(version: ClaudeVersion) async throws {
    let network = try await Namespace()
    let home = try TemporaryHome()
    let result = try await network.run(
      version.path.string, ["--version"], environment: home.environment)
    #expect(result.output.hasPrefix(version.number))
  }
}
