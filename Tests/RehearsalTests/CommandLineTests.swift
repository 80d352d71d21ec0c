import Synchronization
import Testing

@testable import Rehearsal

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The `ollama` subset of walk-throughs, against the stand-in.
@Suite struct CommandLineTests {
  /// What a command wrote, and what it found.
  final class Terminal: Sendable {
    let output = Mutex("")
    let errors = Mutex("")
    let input: String?
    let files: [String: String]

    init(input: String? = nil, files: [String: String] = [:]) {
      self.input = input
      self.files = files
    }

    var streams: CommandStreams {
      CommandStreams(
        output: { text in self.output.withLock { $0 += text } },
        errors: { text in self.errors.withLock { $0 += text } },
        input: { self.input.map { Array($0.utf8) } },
        file: { self.files[$0].map { Array($0.utf8) } })
    }
  }

  private func ollama(
    _ client: Client, _ arguments: String..., input: String? = nil, files: [String: String] = [:]
  ) async -> (code: Int32, output: String, errors: String) {
    let terminal = Terminal(input: input, files: files)
    let code = await commandLine(
      arguments: arguments, environment: ["OLLAMA_HOST": "127.0.0.1:\(client.port)"],
      streams: terminal.streams)
    return (code, terminal.output.withLock { $0 }, terminal.errors.withLock { $0 })
  }

  @Test func theWalkThroughOfTheStartingDocument() async throws {
    try await withServer(.test { $0.catalogue = CatalogueModel.library }) { client in
      #expect(await ollama(client, "list").output == "NAME    ID    SIZE    MODIFIED    \n")
      let pull = await ollama(client, "pull", "qwen3:1.7b")
      #expect(pull.code == 0)
      #expect(pull.errors.hasSuffix("verifying sha256 digest\nwriting manifest\nsuccess\n"))
      #expect(pull.errors.contains("% of 1.4 GB\n"))
      #expect(
        await ollama(client, "cp", "qwen3:1.7b", "claude-sonnet-4-6").output
          == "copied 'qwen3:1.7b' to 'claude-sonnet-4-6'\n")
      let modelfile = "FROM qwen3:1.7b\nPARAMETER num_ctx 65536\n"
      let create = await ollama(client, "create", "qwen3-64k", input: modelfile)
      #expect(create.code == 0)
      #expect(create.errors.hasSuffix("success\n"))
      let file = await ollama(
        client, "create", "-f", "models/Modelfile.x", "other",
        files: ["models/Modelfile.x": modelfile])
      #expect(file.code == 0)
      let list = await ollama(client, "ls").output
      for name in [
        "qwen3:1.7b ", "claude-sonnet-4-6:latest ", "qwen3-64k:latest ", "other:latest ",
      ] {
        #expect(list.contains("\n\(name)"))
      }
      #expect(list.contains("    1.4 GB    "))
      #expect(list.contains("ago"))
      let show = await ollama(client, "show", "qwen3-64k").output
      #expect(show.hasPrefix("  Model\n    architecture        qwen3     \n"))
      #expect(show.contains("    num_ctx    65536"))
      #expect(
        await ollama(client, "show", "--parameters", "qwen3-64k").output.contains(
          "num_ctx                        65536\n"))
      let run = await ollama(client, "run", "qwen3-64k", "Reply with the word pong")
      #expect(run.output == "pong\n\n")
      let ps = await ollama(client, "ps").output
      #expect(ps.contains("qwen3-64k:latest"))
      // The model was trained for 40,960.
      #expect(ps.contains("100% CPU     40960      4 minutes from now"))
      #expect(await ollama(client, "stop", "qwen3-64k").code == 0)
      #expect(await ollama(client, "ps").output.split(separator: "\n").count == 1)
      #expect(await ollama(client, "rm", "other").output == "deleted 'other'\n")
      #expect(await ollama(client, "--version").output == "ollama version is 0.32.15\n")
    }
  }

  @Test func failuresAreOllamas() async throws {
    try await withServer { client in
      let missing = await ollama(client, "rm", "nosuch")
      #expect(missing.code == 1)
      #expect(missing.errors == "Error: model 'nosuch' not found\n")
      #expect(
        await ollama(client, "pull", "nosuch").errors.hasSuffix(
          "Error: pull model manifest: file does not exist\n"))
      #expect(
        await ollama(client, "create", "x").errors == "Error: specified Modelfile wasn't found\n")
      #expect(
        await ollama(client, "create", "x", input: "PARAMETER a 1").errors
          == "Error: unknown parameter 'a'\n")
      #expect(await ollama(client, "cp", "a").code == 1)
      #expect(
        await ollama(client, "dance").errors == "Error: unknown command \"dance\" for \"ollama\"\n")
    }
    let terminal = Terminal()
    let code = await commandLine(
      arguments: ["list"], environment: ["OLLAMA_HOST": "127.0.0.1:1"], streams: terminal.streams)
    #expect(code == 1)
    #expect(
      terminal.errors.withLock { $0 }
        == "Error: could not connect to ollama server, run 'ollama serve' to start it\n")
  }

  @Test func aModelfile() throws {
    let file = try Modelfile(
      "# a comment\nFROM tiny\n\nparameter num_ctx 65536\nPARAMETER stop <a>\nPARAMETER stop \"<b>\"\nPARAMETER temperature 0.7\nSYSTEM \"\"\"You are\nhelpful.\"\"\"\nTEMPLATE {{ .Prompt }}\n"
    )
    #expect(
      file.request(for: "x").description
        == #"{"model":"x","from":"tiny","parameters":{"num_ctx":65536,"stop":["\u003ca\u003e","\u003cb\u003e"],"temperature":0.7},"system":"You are\nhelpful.","template":"{{ .Prompt }}"}"#
    )
  }

  @Test(arguments: [
    ("", "no FROM line"), ("FROM x\nPARAMETER num_ctx 32k", "invalid int value [32k]"),
    ("FROM x\nSYSTEM \"\"\"open", "unexpected EOF"),
    ("FROM x\nPARAMETER nosuch 1", "unknown parameter 'nosuch'"),
  ])
  func aModelfileThatIsNone(_ text: String, _ message: String) {
    #expect(throws: Modelfile.Failure(message: message)) { try Modelfile(text) }
  }

  @Test(arguments: [
    (0, "0 B"), (999, "999 B"), (1000, "1 KB"), (1_400_000_863, "1.4 GB"),
    (18_600_000_000, "18 GB"),
    (3_131_040, "3.1 MB"),
  ])
  func sizes(_ count: Int, _ text: String) {
    #expect(Text.bytes(count) == text)
  }

  @Test(
    arguments: [
      (-3.0, "3 seconds ago"), (-61, "About a minute ago"), (299, "4 minutes from now"),
      (-3600 * 30, "30 hours ago"), (-86_400 * 20, "2 weeks ago"), (9_000_000_000, "Forever"),
    ] as [(Double, String)])
  func times(_ seconds: Double, _ text: String) {
    let now = Date(timeIntervalSince1970: 1_795_000_000)
    #expect(Text.time(now.addingTimeInterval(seconds).timestamp, now: now) == text)
  }
}
