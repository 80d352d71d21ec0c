import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A prompt that the model has read beforehand: what the first answer then has to evaluate.
@Suite(
  .requires(.namespace, .superuser, .busybox, .claude(.a), .program("bash")),
  .timeLimit(.minutes(5)))
struct WarmTests {
  /// Tokens that llama-server evaluated for each prompt so far, from its own log.
  private func evaluated(_ engine: LlamaServer) throws -> [Int] {
    try Support.text(of: engine.log).split(separator: "\n").compactMap { line in
      guard let range = line.firstRange(of: "prompt eval time"), !line.contains("total time") else {
        return nil
      }
      let words = line[range.upperBound...].split(separator: " ")
      return words.firstIndex(of: "/").flatMap { Int(words[words.index(after: $0)]) }
    }
  }

  @Test(.requires(.engine, .program("script"))) func theFirstAnswerOfARealServer() async throws {
    try await Person.alone([.client(.a)]) { person in
      try person.hasAnsweredTheClient()
      // The client's own session will make it.
      try person.home.put(.folder(mode: 0o700), at: ".local/share")
      let engine = try await LlamaServer(in: person.network)
      let before = try person.tree()
      let made = try await person.setup(
        "--yes", "--no-verify", "--shells", "bash", "--profile", "lean", "--engine", engine.url)
      #expect(made.code == 0, "\(made.error)")
      // The prompt says where the client works: it is read for that very folder.
      let warmed = try await person.run("bash", "-c", "cd work && ccl-setup warm -p")
      #expect(warmed.code == 0, "\(warmed.error)")
      #expect(flowed(warmed.output).contains("The model has read"), "\(warmed.output)")
      let read = try #require(try evaluated(engine).last)
      #expect(read > 4_000)
      let answer = try await person.run("bash", "-ic", "cd work && claude-local -p 'What is new?'")
      #expect(answer.code == 0, "\(answer.output)\n\(answer.error)")
      let first = try #require(try evaluated(engine).last)
      #expect(first <= 1_000)

      // The same for somebody at a terminal, whose prompt is another one. The client before may still hold its
      // connection: then nothing is sent.
      try await eventually(within: .seconds(60)) {
        let warmed = try await person.setup("warm")
        return flowed(warmed.output).contains("The model has read") ? true : nil
      }
      #expect(try #require(try evaluated(engine).max()) > 4_000)
      // What was kept is readable for this user alone, and goes with the rest.
      for mode in ["print", "interactive"] {
        let name = ".local/state/ccl-setup/prefix-\(mode).json"
        #expect(try person.tree().nodes[name]?.mode == 0o600)
        #expect(try !person.text(name).contains("user_id"))
      }
      let foreign = [".config/mimeapps.list", ".local/share/applications"]
      for name in foreign { #expect(try person.tree().nodes[name] == nil) }
      let count = try evaluated(engine).count
      let session = try await PseudoTerminal(
        person.call("bash", ["-ic", "claude-local 'What is new?'"]), columns: 100, rows: 40)
      try await eventually(within: .seconds(60)) {
        try evaluated(engine).count > count ? true : nil
      }
      #expect(try #require(try evaluated(engine).last) <= 1_000)
      try await session.press(.controlC)
      try await session.press(.controlC)
      let uninstall = try await person.setup("uninstall", "--yes")
      #expect(uninstall.code == 0, "\(uninstall.error)")
      // The session at the terminal, not ours, registered the client with the desktop.
      for name in foreign {
        try? FileManager.default.removeItem(atPath: person.home[name].string)
      }
      try person.expectTree(before)
      await engine.stop()
    }
  }

  /// As somebody uses it: set up, start in a folder, think, type. Between the first prompt and its answer little is left.
  @Test(
    .requires(.engine, .program("script"), .program("tmux"), .claude(.b), .claude(.c)),
    // The oldest sends prompts of its agents first, which take the one slot.
    arguments: [ClaudeVersion.a, .b, .c])
  func warmByItself(version: ClaudeVersion) async throws {
    try await Person.alone([.client(version)]) { person in
      try person.hasAnsweredTheClient()
      try person.hasAnIdleMachine()
      let engine = try await LlamaServer(in: person.network)
      let made = try await person.setup(
        "--yes", "--no-verify", "--shells", "bash", "--profile", "lean", "--engine", engine.url)
      #expect(made.code == 0, "\(made.error)")
      let left = try await person.setup("start", "--no-warm")
      #expect(left.code == 0 && !left.output.contains("in the background"), "\(left.output)")
      #expect(try evaluated(engine).isEmpty)
      let started = try await person.setup("start")
      #expect(started.code == 0, "\(started.error)")
      #expect(flowed(started.output).contains("in the background"), "\(started.output)")
      // For the folder in which that was said.
      try await eventually(within: .seconds(60)) {
        try evaluated(engine).contains { $0 > 4_000 } ? true : nil
      }
      let count = try evaluated(engine).count
      let screen = try await TmuxScreen(
        person.call("bash", ["-i", "-c", "cd work && claude-local"]), columns: 110, rows: 40)
      try await eventually(within: .seconds(60)) {
        try evaluated(engine).dropFirst(count).contains { $0 > 1_000 } ? true : nil
      }
      let read = try evaluated(engine).count
      try await screen.type("What is new?")
      try await screen.expect("What is new?")
      try await screen.press("Enter")
      try await eventually(within: .seconds(60)) {
        try evaluated(engine).count > read ? true : nil
      }
      let all = try evaluated(engine)
      #expect(all[read] <= 1_000, "\(all)")
      try await screen.end()
      await engine.stop()
    }
  }

  /// The client was updated since: beside its first start its own prompt is captured and read, and the old one's is gone.
  @Test(.requires(.claude(.a), .claude(.b), .program("script"), .program("tmux")))
  func anUpdatedClientIsNoticed() async throws {
    try await Person.alone([.client(.b), .ollama]) { person in
      try person.hasAnsweredTheClient()
      try person.hasAnIdleMachine()
      let made = try await person.call(
        "ccl-setup", ["--yes", "--no-verify", "--shells", "bash"] + small
      ).run()
      try #require(made.code == 0, "\(made.error)")
      try await person.call("ccl-setup", ["warm"]).succeed()
      let file = ".local/state/ccl-setup/prefix-interactive.json"
      let old = try person.text(file)
      let count = try person.served().filter(\.isOfTheClient).count
      try person.forget("claude")
      try person.install(client: .a)
      let screen = try await TmuxScreen(
        person.call("bash", ["-i", "-c", "cd work && claude-local"]), columns: 110, rows: 40)
      try await eventually(within: .seconds(120)) {
        try person.served().filter(\.isOfTheClient).count > count ? true : nil
      }
      #expect(try person.text(file) != old)
      let read = try person.served().filter(\.isOfTheClient)
      #expect(read.count == count + 1 && (read.last?.evaluated ?? 0) > 4_000, "\(read)")
      try await screen.type("What is new?")
      try await screen.expect("What is new?")
      try await screen.press("Enter")
      let first = try await eventually(within: .seconds(60)) {
        try person.served().filter(\.isOfTheClient).dropFirst(count + 1).first
      }
      #expect((first.evaluated ?? .max) <= 1_000, "\(first)")
      try await screen.end()
      // Without a prefix of an earlier client nothing is captured beside a start.
      try FileManager.default.removeItem(atPath: person.home[file].string)
      // Not the whole home: the client that has just ended still writes in its own folder.
      let state = person.home[".local/state/ccl-setup"].string
      let before = try FileManager.default.contentsOfDirectory(atPath: state).sorted()
      try await person.call("ccl-setup", ["warm", "--background"]).succeed()
      #expect(try FileManager.default.contentsOfDirectory(atPath: state).sorted() == before)
    }
  }

  /// The setup's last step, after its proof.
  @Test(.requires(.program("script"))) func theSetupEndsWithIt() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      try person.hasAnIdleMachine()
      let made = try await person.call("ccl-setup", ["--yes", "--shells", "bash"] + small).run()
      #expect(made.code == 0, "\(made.output)\n\(made.error)")
      #expect(flowed(made.output).contains("reads Claude Code's own prompt in the background"))
      // The proof's own prompt, and this one.
      try await eventually(within: .seconds(60)) {
        try person.served().filter(\.isOfTheClient).count >= 2 ? true : nil
      }
    }
  }

  @Test func neverInTheWayOfSomebodyElse() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let made = try await person.call(
        "ccl-setup", ["--yes", "--no-verify", "--shells", "bash"] + small
      ).run()
      #expect(made.code == 0, "\(made.error)")
      let warmed = try await person.setup("warm")
      #expect(warmed.code == 0, "\(warmed.error)")
      #expect(flowed(warmed.output).contains("The model has read"), "\(warmed.output)")
      // The client whose prompt was captured has ended: nothing of it is written after this.
      let captured = person.home[".local/state/ccl-setup/probe"].string
      let folders = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\($0)/cwd")
      }
      #expect(!folders.isEmpty && !folders.contains { $0.hasPrefix(captured) })
      // Another client that holds a connection to the server, which ends one that asks nothing.
      let holding = "sleep 30 | \"$0\" nc 127.0.0.1 11434 & sleep 0.5; ccl-setup warm; kill $!"
      try await eventually(within: .seconds(60)) {
        let left = try await person.run("sh", "-c", holding, Part.busyboxPath.string)
        return flowed(left.output).contains("Somebody else asks the model") ? true : nil
      }
      let status = flowed(try await person.setup("status").output)
      #expect(status.contains("in 30 min") || status.contains("in 29 min"), "\(status)")
      // Beside a client that sends its prompt at once, and one that resumes, nothing is sent.
      let sent = try person.served().filter(\.isOfTheClient).count
      for arguments in [["-p", "hi"], ["--resume", "x"], ["a prompt"], ["mcp", "list"]] {
        let quiet = try await person.call(
          "ccl-setup", ["warm", "--background", "--"] + arguments
        ).run()
        #expect(quiet.code == 0 && quiet.output.isEmpty && quiet.error.isEmpty, "\(arguments)")
      }
      #expect(try person.served().filter(\.isOfTheClient).count == sent)
    }
  }

  @Test func withoutASetupItSaysSo() async throws {
    try await Person.alone([]) { person in
      let refused = try await person.setup("warm")
      #expect(refused.code == 1)
      #expect(flowed(refused.error).contains("nothing is set up here"))
      let quiet = try await person.setup("warm", "--background")
      #expect(quiet.code == 0 && quiet.output.isEmpty && quiet.error.isEmpty)
    }
  }
}

extension Person {
  /// The questions of the client's first start are answered, for every folder.
  fileprivate func hasAnsweredTheClient() throws {
    let state =
      #"{"hasCompletedOnboarding": true, "projects": {"/": {"hasTrustDialogAccepted": true}}}"#
    try home.put(.file(state), at: ".claude.json")
  }

  /// The machine that tests this is busy, and a busy one is not warmed up.
  fileprivate mutating func hasAnIdleMachine() throws {
    try home.put("0.10 0.10 0.10 1/100 1\n", at: "idle")
    mounts = "mount --bind \(home["idle"]) /proc/loadavg"
  }
}
