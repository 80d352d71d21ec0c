import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The real clients, asked what they do with a server; and clients that might come.
@Suite(
  .requires(
    .namespace, .superuser, .busybox, .claude(.a), .claude(.b), .claude(.c), .claude(.d)),
  .timeLimit(.minutes(4)))
struct ProbeTests {
  @Test(arguments: ClaudeVersion.allCases)
  func theContractOfTheInstalledClientIsRead(version: ClaudeVersion) async throws {
    try await Person.alone([.client(version), .ollama], watchingAttempts: true) { person in
      let before = try person.tree()
      let result = try await person.setup(
        "--yes", "--no-verify", "--model", "qwen3:1.7b", "--context", "32k", "--shells", "bash")
      try #require(result.code == 0, "\(result.output)\n\(result.error)")
      let settled = try person.home.snapshot()
      try await person.network.forgetAttempts()
      let doctor = try await person.setup("doctor", "--json")
      #expect(doctor.code == 0, "\(doctor.output)\n\(doctor.error)")
      // With a login token alone it does not turn to its maker either.
      #expect(try await person.network.attempts() == [])
      let answer = try DoctorAnswer(doctor)
      let check = try #require(answer.checks.first { $0.id == "client-contract" })
      #expect(check.outcome == "pass")
      #expect(
        check.evidence.contains("posts to /v1/messages, the token as authorization"),
        "\(check.evidence)")
      // Nothing of the probe stays but what it found out.
      #expect(
        settled.differences(to: try person.home.snapshot())
          .allSatisfy { $0.contains("client-contract.json") })

      let contract = try person.contract()
      #expect(contract.clientVersion == version.number)
      #expect(contract.surprises == [])
      #expect(contract.unknownTiers == (version == .a ? [] : ["fable"]))
      #expect(
        contract.credentials == [
          .token: ["authorization"], .key: ["x-api-key"], .both: ["authorization", "x-api-key"],
          .login: ["authorization"],
        ])
      #expect(!contract.sendsLogin && contract.settingsWin)
      #expect(contract.contextWindow == (version == .a ? .heeded : .ignored))
      #expect(contract.options == ClientContract.Option.allCases)
      #expect(
        contract.subagentModels == [
          "none": "probe-none", "sonnet": "probe-sonnet", "opus": "probe-opus",
          "haiku": "probe-haiku",
        ])
      // The oldest warms up agents; the others ask for nothing but the prompt.
      #expect(
        contract.backgroundModels == (version == .d ? ["probe-haiku", "probe-none"] : []))
      #expect(contract.full.toolCount > 10 && contract.full.tools > contract.full.system)
      let lean = try #require(contract.lean)
      #expect(lean.toolCount == (version == .a ? 7 : 6) && lean.all * 10 < contract.full.all * 6)

      #expect(try await person.setup("uninstall", "--yes").code == 0)
      #expect(before.differences(to: try person.tree()) == [])
    }
  }

  /// Asked, proved and examined, the client leaves nothing in the machine's own folder for temporary files.
  @Test func nothingIsLeftInTheTemporaryFolder() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      person.settle()
      person.mounts += " && mount -t tmpfs tmpfs /tmp"
      person.environment["CCL_REHEARSAL_RECORD"] = nil
      let words = """
        ccl-setup --yes --engine native --model qwen3:1.7b --context 32k --shells bash && \
          ccl-setup doctor --deep && echo LEFT && ls -A /tmp
        """
      let result = try await person.run("sh", "-c", words)
      #expect(result.code == 0, "\(result.output)\n\(result.error)")
      let left = result.output.split(separator: "\n").drop { $0 != "LEFT" }.dropFirst()
      #expect(left.isEmpty, "\(left)")
    }
  }

  /// A client of tomorrow that posts to /messages gets a base URL with /v1; that of today comes back without it.
  @Test func theInstalledClientDecidesTheBaseURL() async throws {
    try await Person.alone([.ollama]) { person in
      try person.install(client: Self.futureClient(path: "/messages"))
      let result = try await person.setup(
        "--yes", "--model", "qwen3:1.7b", "--context", "32k", "--shells", "bash")
      #expect(result.code == 0, "\(result.output)\n\(result.error)")
      #expect(result.output.contains("✓ claude-local answers in a fresh bash"))
      #expect(try person.baseURL() == "http://127.0.0.1:11434/v1")
      #expect(try person.contract().path == "/messages")
      let healthy = try await person.setup("fix")
      #expect(healthy.code == 0, "\(healthy.output)\n\(healthy.error)")

      for (client, ending) in [(ClaudeVersion.a, ""), (nil, "/v1")] {
        try person.forget("claude")
        if let client {
          try person.install(client: client)
        } else {
          try person.install(client: Self.futureClient(path: "/messages", version: "9.9.10"))
        }
        let sick = try await person.setup("doctor", "--json")
        #expect(sick.code == 2, "\(sick.output)")
        #expect(sick.output.contains("client-contract-changed"))
        let repaired = try await person.setup("fix", "--yes")
        #expect(repaired.code == 0, "\(repaired.output)\n\(repaired.error)")
        #expect(repaired.output.contains("✗ client-contract-changed"), "\(repaired.output)")
        #expect(repaired.output.contains("✓ claude-local answers in a fresh bash"))
        #expect(try person.baseURL() == "http://127.0.0.1:11434\(ending)")
        let again = try await person.setup("fix")
        #expect(again.output.contains("Nothing is broken, nothing was changed."), "\(again.output)")
      }
    }
  }

  /// Another version with the same contract is asked again and changes nothing else.
  @Test func anotherVersionIsAskedAgain() async throws {
    try await Person.alone([.client(.a), .ollama]) { person in
      let result = try await person.setup(
        "--yes", "--model", "qwen3:1.7b", "--context", "32k", "--shells", "bash", "--profile",
        "full")
      #expect(result.code == 0, "\(result.output)\n\(result.error)")
      #expect(try person.contract().clientVersion == ClaudeVersion.a.number)
      // With every tool most of them need twice the context, and it is said.
      for (version, least) in [(ClaudeVersion.c, "64k"), (.d, nil), (.a, "64k")] {
        try person.forget("claude")
        try person.install(client: version)
        let settings = try person.text(".config/ccl-setup/claude-settings.json")
        let doctor = try await person.setup("doctor", "--json")
        #expect(doctor.code == 0, "\(doctor.output)\n\(doctor.error)")
        let answer = try DoctorAnswer(doctor)
        #expect(try person.contract().clientVersion == version.number)
        let short = answer.checks.first { $0.id == "context-too-small" }
        #expect((short != nil) == (least != nil), "\(version): \(short?.evidence ?? "")")
        if let least {
          #expect(short?.evidence.contains("\(least) is the least that works") == true)
        }
        #expect(try person.text(".config/ccl-setup/claude-settings.json") == settings)
      }
    }
  }

  /// A program that posts where the test wants, with the model of its options and variables.
  static func futureClient(path: String, version: String = "9.9.9") -> String {
    """
    #!/bin/sh
    case " $* " in *" --version "*) echo '\(version) (Claude Code)'; exit 0 ;; esac
    base=$ANTHROPIC_BASE_URL model=$ANTHROPIC_MODEL prompt=hi
    while [ $# -gt 0 ]; do
      case $1 in
      --settings)
        case $2 in
        '{'*) document=$2 ;;
        *) document=$(cat "$2") ;;
        esac
        found=$(printf '%s' "$document" | sed -n 's/.*"ANTHROPIC_BASE_URL": *"\\([^"]*\\)".*/\\1/p')
        base=${found:-$base}
        shift ;;
      --model)
        case $2 in
        opus) model=$ANTHROPIC_DEFAULT_OPUS_MODEL ;;
        sonnet) model=$ANTHROPIC_DEFAULT_SONNET_MODEL ;;
        haiku) model=$ANTHROPIC_DEFAULT_HAIKU_MODEL ;;
        fable) model=$ANTHROPIC_DEFAULT_FABLE_MODEL ;;
        *) model=$2 ;;
        esac
        shift ;;
      --input-format) echo 'no conversations here' >&2; exit 1 ;;
      -p) case ${2-} in -* | '') ;; *) prompt=$2; shift ;; esac ;;
      esac
      shift
    done
    key= token=
    [ -z "$ANTHROPIC_API_KEY" ] || key="x-api-key: $ANTHROPIC_API_KEY"
    [ -z "$ANTHROPIC_AUTH_TOKEN" ] || token="Authorization: Bearer $ANTHROPIC_AUTH_TOKEN"
    '\(Part.busyboxPath)' wget -q -O - --header 'content-type: application/json' \\
      ${key:+--header "$key"} ${token:+--header "$token"} \\
      --post-data '{"model":"'"$model"'","max_tokens":50,"system":"s","tools":[],"messages":[{"role":"user","content":"'"$prompt"'"}]}' \\
      "$base\(path)"
    """
  }
}

extension Person {
  /// What is kept of the client that was asked last.
  fileprivate func contract() throws -> ClientContract {
    try JSONDecoder().decode(
      ClientContract.self, from: Data(try text(".local/state/ccl-setup/client-contract.json").utf8))
  }

  fileprivate func baseURL() throws -> String? {
    try JSON.parse(text(".config/ccl-setup/claude-settings.json"))["env"]?["ANTHROPIC_BASE_URL"]?
      .text
  }
}
