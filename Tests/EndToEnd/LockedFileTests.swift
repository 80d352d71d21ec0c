import Setup
import Support
import SystemPackage
import Testing

/// A start-up file that was made one that cannot be edited after our block was put there.
@Suite(
  .requires(.namespace, .superuser, .busybox, .claude(.a), .program("bash")),
  .timeLimit(.minutes(4)))
struct LockedFileTests {
  enum Lock: CaseIterable, Sendable {
    case readOnly, hardLink
  }

  private func lock(_ how: Lock, _ person: inout Person) async throws {
    let file = person.home[".bashrc"]
    switch how {
    case .readOnly:
      person.mounts = "mount --bind \(file) \(file) && mount -o remount,ro,bind \(file)"
    case .hardLink: try await person.call("ln", [".bashrc", "second-name"]).succeed()
    }
  }

  private func unlock(_ how: Lock, _ person: inout Person) async throws {
    switch how {
    case .readOnly: person.mounts = ":"
    case .hardLink: try await person.call("rm", ["second-name"]).succeed()
    }
  }

  private func setUp(_ person: Person) async throws {
    try await person.call("ccl-setup", ["--yes", "--no-verify", "--shells", "bash"] + small)
      .succeed()
  }

  @Test(arguments: Lock.allCases)
  func whatIsRightStaysThere(how: Lock) async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let before = try person.tree()
      try await setUp(person)
      try await lock(how, &person)
      let settled = try person.tree()
      _ = try await person.document("doctor", "--no-prompt", code: 0)
      let fixed = try await person.setup("fix", "--yes", "--no-verify")
      #expect(fixed.code == 0 && fixed.output.contains("Nothing is broken"), "\(fixed.output)")
      try await setUp(person)
      try person.expectTree(settled)
      let answer = try await person.claudeLocal(in: "bash")
      #expect(answer.output.contains("pong"), "\(answer.output)\n\(answer.error)")
      try await unlock(how, &person)
      #expect(try await person.setup("uninstall", "--yes").code == 0)
      try person.expectTree(before)
    }
  }

  /// What is broken in such a file is told with the way out, and is remembered until it can be mended or taken out.
  @Test(arguments: Lock.allCases)
  func whatIsBrokenIsToldAndNotForgotten(how: Lock) async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let before = try person.tree()
      try await setUp(person)
      let whole = try person.text(".bashrc")
      let closing = try #require(whole.split(separator: "\n").last { $0.hasPrefix("# <<<") })
      try person.home.put(.file(whole.replacing(closing + "\n", with: "")), at: ".bashrc")
      try await lock(how, &person)
      let sick = try await person.document("doctor", "--no-prompt", code: 2)
      let finding = try #require(sick.checks.first { $0.id == "block-damaged:bash" })
      #expect(finding.remedySteps?.last == "ccl-setup fix", "\(finding)")
      #expect(try await person.setup("fix", "--yes", "--no-verify").code == 2)
      #expect(
        try person.text(".local/state/ccl-setup/receipt.json")
          .contains(person.home[".bashrc"].string))
      try await unlock(how, &person)
      #expect(try await person.setup("fix", "--yes", "--no-verify").code == 0)
      #expect(try person.text(".bashrc") == whole)
      #expect(try await person.setup("uninstall", "--yes").code == 0)
      try person.expectTree(before)
    }
  }
}
