import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The proxy wired in and out of a finished setup, with the real client, and what doctor and uninstall make of it.
@Suite(
  .requires(
    .namespace, .superuser, .busybox, .claude(.a), .program("bash"), .program("zsh"),
    .program("fish")),
  .timeLimit(.minutes(5)))
struct ProxiedTests {
  private static let folder = ".local/state/ccl-setup/proxy"
  private static let record = folder + "/record.jsonl"

  private func setUp(_ person: Person, _ more: String...) async throws {
    let result = try await person.call("ccl-setup", ["--yes", "--no-verify"] + small + more).run()
    try #require(result.code == 0, "\(result.output)\n\(result.error)")
  }

  @discardableResult
  private func say(
    _ person: Person, _ words: String..., code: Int32 = 0,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> String {
    let result = try await person.call("ccl-setup", words).run()
    #expect(
      result.code == code, "\(words): \(result.output)\n\(result.error)",
      sourceLocation: sourceLocation)
    return flowed(result.output + "\n" + result.error)
  }

  private func claude(
    _ person: Person, _ arguments: String = "-p hi", in shell: Shell = .bash
  ) async throws -> ProgramResult {
    try await person.run(shell.rawValue, "-ic", "claude-local \(arguments)")
  }

  /// Requests to the model that the proxy has recorded.
  private func recorded(_ person: Person) throws -> Int {
    guard let text = try? person.text(Self.record) else { return 0 }
    return text.split(separator: "\n").filter { $0.contains("/v1/messages") }.count
  }

  private func proxyCheck(_ person: Person) async throws -> DoctorAnswer.Check {
    let result = try await person.setup("doctor", "--no-prompt", "--json")
    let answer = try DoctorAnswer(result)
    return try #require(answer.checks.first { $0.id.hasPrefix("proxy") })
  }

  @Test func onceAlwaysAndNotAnyMore() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let before = try person.tree()
      try await setUp(person)
      let settled = try person.tree()
      let check = try await proxyCheck(person)
      #expect(check.outcome == "pass" && check.evidence.hasPrefix("not wired in: claude-local"))

      // Once: in each shell, through one and the same proxy.
      var process: String?
      for (count, shell) in Shell.allCases.enumerated() {
        let answer = try await claude(person, "-p 'Reply with the word pong' --proxy", in: shell)
        #expect(answer.code == 0 && answer.output.contains("pong"), "\(shell): \(answer.error)")
        #expect(try recorded(person) == count + 1)
        let note = try person.text(Self.folder + "/running.json")
        #expect(process == nil || process == note)
        process = note
      }
      #expect(try person.served().filter(\.isOfTheClient).count == 3)
      #expect(try await claude(person).code == 0)
      #expect(try recorded(person) == 3)
      let runs = try await proxyCheck(person)
      #expect(runs.outcome == "pass" && runs.evidence.contains("not wired in, but it runs"))
      #expect(runs.evidence.contains("/api/version says"), "\(runs.evidence)")

      // Always.
      #expect(try await say(person, "proxy", "on", "--dry-run").contains("Nothing was changed"))
      #expect(try await say(person, "proxy", "on").contains("goes through the proxy"))
      #expect(try await say(person, "proxy", "on").contains("goes through the proxy"))
      for shell in Shell.allCases { #expect(try await claude(person, in: shell).code == 0) }
      #expect(try recorded(person) == 6)
      let wired = try await proxyCheck(person)
      #expect(
        wired.outcome == "pass" && wired.evidence.hasPrefix("wired in: http://127.0.0.1:4000"))
      // Another run of the wizard leaves it so.
      try await setUp(person, "--profile", "full")
      #expect(try await claude(person).code == 0)
      #expect(try recorded(person) == 7)
      // Stopped or killed, it is started again; doctor says that it does not run.
      #expect(try await say(person, "proxy", "stop").contains("has ended"))
      let stopped = try await proxyCheck(person)
      #expect(stopped.outcome == "warn" && stopped.evidence.contains("none runs"))
      #expect(try await claude(person).code == 0)
      let note = try person.text(Self.folder + "/running.json")
      let number = try #require(note.firstMatch(of: /"process":([0-9]+)/)?.1)
      _ = try await person.run("kill", "-9", String(number))
      try await eventually(within: .seconds(10)) {
        try await proxyCheck(person).evidence.contains("none runs") ? true : nil
      }
      #expect(try await claude(person).code == 0)
      #expect(try recorded(person) == 9)

      // Not any more: the files are those of before.
      try await setUp(person, "--profile", "lean")
      #expect(try await say(person, "proxy", "off").contains("still runs"))
      #expect(try await claude(person).code == 0)
      #expect(try recorded(person) == 9)
      for shell in Shell.allCases {
        let file = Folders(
          Setup.Environment(
            variables: [:], home: "/", workingFolder: "/",
            account: .init(name: "", userID: 0, home: "/", loginShell: nil), platform: .linux)
        ).function(for: shell).string.dropFirst()
        #expect(try person.tree().nodes[String(file)] == settled.nodes[String(file)])
      }

      // Uninstall ends it, and says what goes.
      let dry = try await say(person, "uninstall", "--dry-run")
      #expect(dry.contains("end the proxy at http://127.0.0.1:4000"), "\(dry)")
      #expect(dry.contains("remove the proxy's record of prompts and answers ("))
      let gone = try await say(person, "uninstall", "--yes")
      #expect(gone.contains("taken back: end the proxy"), "\(gone)")
      await #expect(throws: Unsuccessful.self) { try await person.web("/", port: 4000) }
      try person.expectTree(before)
    }
  }

  @Test func aFlagAndAnAnswersFileSayItToo() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let before = try person.tree()
      try await setUp(person, "--proxy", "on", "--shells", "bash")
      #expect(try await claude(person).code == 0)
      #expect(try recorded(person) == 1)
      try person.home.put(.file(#"{"proxy": "off"}"#), at: "answers.json")
      try await setUp(person, "--answers", person.home["answers.json"].string, "--shells", "bash")
      #expect(try await claude(person).code == 0)
      #expect(try recorded(person) == 1)
      #expect(try await say(person, "--yes", "--proxy", "maybe", code: 64).contains("off, on"))
      try TemporaryFolder.remove(person.home["answers.json"])
      // The receipt lost, the function of either kind is recognised.
      try await setUp(person, "--proxy", "on", "--shells", "bash")
      try await say(person, "proxy", "stop")
      try TemporaryFolder.remove(person.home[".local/state/ccl-setup"])
      try await say(person, "uninstall", "--yes")
      try person.expectTree(before)
    }
  }

  /// Nothing was set up: the proxy has an engine all the same, and uninstall takes back what it has left.
  @Test func withoutASetup() async throws {
    try await Person.alone([]) { person in
      let before = try person.tree()
      #expect(try await say(person, "proxy", "wire", code: 1).contains("nothing is set up here"))
      #expect(try await say(person, "proxy", "on", code: 1).contains("nothing is set up here"))
      let stand = try await person.serve()
      let started = try await say(person, "proxy", "--detach")
      #expect(started.contains("The proxy runs at http://127.0.0.1:4000"))
      #expect(try await person.web("/api/version", port: 4000).contains("version"))
      #expect(try await say(person, "proxy", "--detach").contains("runs already"))
      // One that is asked for something else says so.
      let other = ["--upstream", "http://127.0.0.1:9"]
      let elsewhere = try await say(person, "proxy", "--detach", other[0], other[1], code: 1)
      #expect(elsewhere.contains("the one at http://127.0.0.1:4000 goes to http://127.0.0.1:11434"))
      try await say(person, "proxy", "--detach", "--listen", "127.0.0.1:4009", code: 1)
      let usual = "http://127.0.0.1:11434"
      let version = try await say(person, "proxy", "--detach", "--upstream", usual + "/v1")
      #expect(version.contains("runs already"))
      try await say(person, "proxy", "stop")
      let said = try await say(
        person, "proxy", "--detach", "--listen", "0.0.0.0:4000", "--upstream", usual + "/v1")
      #expect(said.contains("whoever reaches this machine at 0.0.0.0"))
      #expect(said.contains("--strict leaves it as it is"))
      for odd in [":4000", "[::1"] {
        try await say(person, "proxy", "--listen", odd, "--detach", code: 64)
      }
      #expect(try await say(person, "proxy", "--help").contains("ccl-setup proxy run --help"))
      #expect(try await say(person, "uninstall", "--dry-run").contains("end the proxy at"))
      // Somebody is to say yes before a record goes.
      #expect(try await say(person, "uninstall", code: 64).contains("nobody to ask"))
      #expect(try await say(person, "uninstall", "--yes").contains("as it was before"))
      await #expect(throws: Unsuccessful.self) { try await person.web("/", port: 4000) }
      try person.expectTree(before)
      await stand.end()
    }
  }

  /// What stands in the way is told, and the client is not started.
  @Test func whatStandsInTheWay() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let before = try person.tree()
      try await setUp(person, "--shells", "bash")
      // Somebody else has port 4000: another is taken.
      let other = try await person.serve(port: 4000)
      #expect(try await claude(person, "--proxy -p hi").code == 0)
      #expect(try recorded(person) == 1)
      #expect(try await !proxyCheck(person).evidence.contains(":4000 goes to"))
      try await say(person, "proxy", "stop")
      await other.end()
      // One that goes elsewhere.
      try await say(person, "proxy", "--upstream", "http://127.0.0.1:9", "--detach")
      let elsewhere = try await claude(person, "--proxy -p hi")
      #expect(elsewhere.code == 1)
      #expect(flowed(elsewhere.error).contains("goes to another server"), "\(elsewhere.error)")
      #expect(elsewhere.error.contains("the client was not started"))
      #expect(try await proxyCheck(person).outcome == "warn")
      try await say(person, "proxy", "on")
      #expect(try await proxyCheck(person).outcome == "fail")
      try await say(person, "proxy", "stop")
      // Settings that are gone, or were made by somebody else.
      let document = ".config/ccl-setup/claude-settings.json"
      let whole = try person.text(document)
      for broken in [nil, "{", #"{"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:114341"}}"#] {
        if broken == nil { try TemporaryFolder.remove(person.home[document]) }
        if let broken { try person.home.put(.file(broken), at: document) }
        let result = try await claude(person)
        #expect(result.code == 1, "\(broken ?? "nothing")")
        #expect(flowed(result.error).contains("ccl-setup fix"), "\(result.error)")
      }
      try person.home.put(.file(whole, mode: 0o600), at: document)
      #expect(try await claude(person).code == 0)
      // Two at once share one.
      try await say(person, "proxy", "stop")
      let both = try await person.run(
        "sh", "-c", "ccl-setup proxy wire & ccl-setup proxy wire & wait")
      let urls = both.output.split(separator: "\n")
      #expect(urls.count == 2 && urls[0] == urls[1], "\(both.output)\n\(both.error)")
      // What passes is not in its log, only that the base URL is wrong, once; uninstall names it.
      let port = try #require(Int(urls[0].split(separator: ":").last ?? ""))
      for _ in 0..<3 { _ = try? await person.web("/v1/v1/models", port: port) }
      try await eventually(within: .seconds(10)) {
        try person.text(Self.folder + "/log").contains("the base URL is wrong") ? true : nil
      }
      #expect(try person.text(Self.folder + "/log").split(separator: "\n").count == 1)
      #expect(try await say(person, "uninstall", "--dry-run").contains("remove the proxy's log ("))
      for flag in ["--detach", "--follow"] {
        let refused = try await say(person, "proxy", flag, "-v", code: 64)
        #expect(refused.contains("-v does not go with \(flag)"))
      }
      // Keys of the session are not the proxy's.
      try await say(person, "proxy", "stop")
      let wired = try await person.setup("proxy", "wire", with: ["ANTHROPIC_API_KEY": "sk-ant-x"])
      #expect(wired.output == "http://127.0.0.1:4000")
      let number = try #require(
        try person.text(Self.folder + "/running.json").firstMatch(of: /"process":([0-9]+)/)?.1)
      let variables = try text(of: FilePath("/proc/\(number)/environ"))
      #expect(variables.contains("HOME=") && !variables.contains("sk-ant"))
      // Without the program on the PATH.
      try person.forget("ccl-setup")
      let without = try await claude(person)
      #expect(without.code == 127 && without.error.contains("not on your PATH"))
      let doctor = try await person.call(Part.product.string, ["doctor", "--no-prompt"]).run()
      #expect(doctor.code == 2 && flowed(doctor.output).contains("ccl-setup is not on the PATH"))
      let gone = try await person.call(Part.product.string, ["uninstall", "--yes"]).run()
      #expect(gone.code == 0, "\(gone.error)")
      try person.expectTree(before)
    }
  }

  /// A real engine, and one behind TLS with a token.
  @Test(.requires(.engine, .program("nginx"), .program("openssl")), arguments: [false, true])
  func anEngineElsewhere(isSecure: Bool) async throws {
    try await Person.alone([.client(.a)]) { person in
      let engine = try await LlamaServer(in: person.network)
      var arguments = ["--engine", engine.url]
      var front: TLSFront?
      if isSecure {
        let made = try await TLSFront(for: person, upstream: engine.url, token: "tok-3e9c41")
        try person.home.put(.file("tok-3e9c41\n", mode: 0o600), at: "token")
        arguments = [
          "--engine", made.url, "--token-file", person.home["token"].string, "--ca",
          made.authority.string,
        ]
        front = made
      }
      let before = try person.tree()
      let made = try await person.call(
        "ccl-setup",
        ["--yes", "--no-verify", "--shells", "bash", "--profile", "lean", "--proxy", "on"]
          + arguments
      ).run()
      #expect(made.code == 0, "\(made.output)\n\(made.error)")
      let answer = try await claude(person)
      #expect(answer.output.contains("The toy model"), "\(answer.output)\n\(answer.error)")
      #expect(try recorded(person) == 1)
      let record = try person.text(Self.record)
      // The words of the answer are in it, the token is not.
      #expect(record.contains("toy") && !record.contains("tok-3e9c41"))
      let check = try await proxyCheck(person)
      #expect(check.outcome == "pass" && check.evidence.contains("/v1/models names"), "\(check)")
      try await say(person, "uninstall", "--yes")
      try person.expectTree(before)
      await front?.stop()
      await engine.stop()
    }
  }
}
