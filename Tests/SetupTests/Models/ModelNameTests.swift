import Foundation
import Setup
import Testing

@Suite("Models: names")
struct ModelNameTests {
  @Test(
    "Where the registry keeps the manifest",
    arguments: [
      ("qwen3:1.7b", "https://registry.ollama.ai/v2/library/qwen3/manifests/1.7b"),
      ("qwen3-coder", "https://registry.ollama.ai/v2/library/qwen3-coder/manifests/latest"),
      ("someone/model:tag", "https://registry.ollama.ai/v2/someone/model/manifests/tag"),
      ("hf.co/unsloth/Qwen3-GGUF:Q4_K_M", "https://hf.co/v2/unsloth/Qwen3-GGUF/manifests/Q4_K_M"),
      ("127.0.0.1:5000/library/toy:64k", "https://127.0.0.1:5000/v2/library/toy/manifests/64k"),
      ("localhost:5000/library/toy", "https://localhost:5000/v2/library/toy/manifests/latest"),
    ])
  func urls(name: String, url: String) throws {
    #expect(try ModelName(name).manifestURL() == url)
  }

  @Test func withoutTLS() throws {
    #expect(
      try ModelName("127.0.0.1:5000/library/toy").manifestURL(insecure: true)
        == "http://127.0.0.1:5000/v2/library/toy/manifests/latest")
  }

  @Test(
    "The shortest spelling",
    arguments: [
      ("qwen3:latest", "qwen3"), ("library/qwen3:1.7b", "qwen3:1.7b"),
      ("registry.ollama.ai/library/qwen3", "qwen3"), ("a/b:latest", "a/b"),
      ("hf.co/library/x:Q4", "hf.co/library/x:Q4"),
    ])
  func shortest(name: String, expected: String) throws {
    #expect(try ModelName(name).description == expected)
    #expect(try ModelName(expected) == ModelName(name))
  }

  @Test(
    "Another spelling",
    arguments: [
      ("qwen3:1.7b-32k", "library/qwen3:1.7b-32k"), ("a/b", "registry.ollama.ai/a/b"),
      ("hf.co/unsloth/x:Q4", nil),
    ])
  func otherwise(name: String, expected: String?) throws {
    let name = try ModelName(name)
    #expect(name.otherSpelling == expected)
    if let expected { #expect(try ModelName(expected) == name) }
  }

  @Test(
    "Hostile and mistaken names are refused",
    arguments: [
      "", " ", "qwen3 coder", "qwen3;id", "$(id)", "`id`", "qwen3\nFROM evil", "qwen3\r\n",
      "qwen3\u{1b}[2J", "qwen3\u{7}",
      "qwen3\0", "../../etc/passwd", "a/../b", "/qwen3", "qwen3/", "a//b", "a/b/c/d", "qwen3:",
      ":tag", "qwen3:a:b", "-rf",
      "--help", ".hidden", "qwen3:-x", "a.b/model", "qwen3@sha256:00", "claude-sonnet-4-6[1m]",
      "qwen3\u{301}", "ｑwen3", "模型",
      "http://host/library/x", "host:0/library/x", "host:99999/library/x", "host:x/library/x",
      "host:/library/x", "a:1/b",
      "qwen3'", "qwen3\"", "qwen3&x", "qwen3|x", "qwen3>x", "~/x", "%2e", "a\\b",
      String(repeating: "a", count: 81), "x:" + String(repeating: "a", count: 81),
      String(repeating: "a", count: 600),
    ])
  func refused(name: String) throws {
    let error = try #require(throws: ModelNameError.self) { _ = try ModelName(name) }
    // What is printed of a hostile name must not reach the terminal as a command.
    #expect(error.description.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f })
  }

  @Test(
    "Cloud models do not run on this machine",
    arguments: [
      ("gpt-oss:120b-cloud", true), ("glm-4.6:cloud", true), ("cloudy:8b", false),
      ("gpt-oss:20b", false),
    ])
  func cloud(name: String, expected: Bool) throws {
    #expect(try ModelName(name).isCloud == expected)
  }
}

@Suite("Models: context sizes and derived names")
struct ContextSizeTests {
  @Test(
    "Sizes as people write them",
    arguments: [
      ("64k", 65_536), ("64K", 65_536), ("65536", 65_536), ("128K", 131_072), ("1m", 1_048_576),
      ("40960", 40_960), ("512", 512),
    ])
  func sizes(text: String, tokens: Int) throws {
    #expect(try ContextSize(text).tokens == tokens)
  }

  @Test(
    "What is no size",
    arguments: [
      "", "k", "64 k", "64kb", "-64k", "+64k", "6.4k", "0x10", "64k\n", "٦٤k", "64,000",
      "99999999999999999999",
    ])
  func notSizes(text: String) {
    #expect(
      throws: ContextSizeError.notANumber(
        text.unicodeScalars.map {
          $0.value < 0x20 || $0.value > 0x7e ? $0.escaped(asASCII: true) : String($0)
        }.joined())
    ) { try ContextSize(text) }
  }

  @Test(
    "Sizes that cannot be meant",
    arguments: [("1", 1), ("511", 511), ("5m", 5_242_880), ("999999999k", 1_023_999_998_976)])
  func outOfRange(text: String, tokens: Int) {
    #expect(throws: ContextSizeError.outOfRange(tokens)) { try ContextSize(text) }
  }

  @Test(
    "A derived name says its base and its context",
    arguments: [
      ("qwen3-coder", "64k", "qwen3-coder-64k"), ("qwen3-coder:latest", "65536", "qwen3-coder-64k"),
      ("qwen3-coder:30b", "64k", "qwen3-coder:30b-64k"), ("qwen3:1.7b", "40960", "qwen3:1.7b-40k"),
      ("gpt-oss:20b", "100000", "gpt-oss:20b-100000"),
      ("hf.co/unsloth/Qwen3-GGUF:Q4_K_M", "128k", "hf.co/unsloth/Qwen3-GGUF:Q4_K_M-128k"),
    ])
  func derived(base: String, size: String, expected: String) throws {
    let (base, context) = (try ModelName(base), try ContextSize(size))
    let name = try base.derived(context: context)
    #expect(name.description == expected)
    let back = try #require(name.derivation)
    #expect(back.base == base)
    #expect(back.context == context)
  }

  @Test("No two bases and sizes share a derived name")
  func injective() throws {
    let bases = [
      "qwen3", "qwen3:64k", "qwen3-64k", "qwen3:1.7b", "qwen3-1.7b", "qwen3:1.7b-64k", "a/qwen3",
      "a-qwen3",
      "hf.co/a/qwen3", "host:1/a/qwen3", "qwen3-", "qwen3--64k",
    ]
    let sizes = ["64k", "128k", "65537", "64000", "1m", "512"]
    var names: Set<String> = []
    for base in bases {
      for size in sizes {
        let name = try ModelName(base).derived(context: ContextSize(size)).description
        #expect(names.insert(name).inserted, "\(name)")
      }
    }
  }

  @Test(
    "A name that no rule of ours made",
    arguments: ["qwen3-coder", "qwen3:1.7b", "qwen3-65536", "qwen3-64K"])
  func notDerived(name: String) throws {
    #expect(try ModelName(name).derivation == nil)
  }

  @Test func tooLongToDerive() throws {
    let base = try ModelName(String(repeating: "a", count: 78))
    #expect(throws: ModelNameError.tooLong(part: .model, limit: 80)) {
      try base.derived(context: ContextSize("64k"))
    }
  }
}

@Suite("Models: the registry's manifest")
struct RegistryManifestTests {
  @Test("Layers and configuration make the download")
  func size() throws {
    let json = """
      {"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",
       "config":{"mediaType":"application/vnd.docker.container.image.v1+json","digest":"sha256:c","size":719},
       "layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:a","size":3131040},
                 {"mediaType":"application/vnd.ollama.image.params","digest":"sha256:b","size":96}]}
      """
    let manifest = try RegistryManifest(json: Data(json.utf8))
    #expect(manifest.bytes == 719 + 3_131_040 + 96)
    #expect(manifest.digests == ["sha256:c", "sha256:a", "sha256:b"])
  }

  @Test(
    "What is no manifest",
    arguments: [
      "", "<html>", "{}", #"{"config":{"digest":"x","size":1}}"#,
      #"{"config":{"digest":"x","size":-1},"layers":[]}"#,
      #"{"config":{"digest":"x","size":0},"layers":[]}"#,
      #"{"config":{"digest":"x","size":9223372036854775807},"layers":[{"digest":"y","size":1}]}"#,
    ])
  func unreadable(json: String) {
    #expect(throws: RegistryManifestError.self) { try RegistryManifest(json: Data(json.utf8)) }
  }

  @Test func refused() {
    let json = #"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown\u001b[2J"}]}"#
    let error = #expect(throws: RegistryManifestError.self) {
      try RegistryManifest(json: Data(json.utf8))
    }
    #expect(error?.description.contains("manifest unknown") == true)
    #expect(error?.description.contains("\u{1b}") == false)
  }
}

@Suite("Models: tiers")
struct TierTests {
  @Test(
    "Every name of the starting document and of the measured clients has its tier",
    arguments: [
      ("claude-sonnet-4-6", Tier.sonnet), ("claude-haiku-3-5-20241022", .haiku),
      ("claude-opus-4-6", .opus),
      ("claude-opus-5-5", .opus), ("claude-sonnet-5-5", .sonnet), ("claude-haiku-5-5", .haiku),
      ("claude-fable-5-2", .fable), ("claude-haiku-4-5-20251001", .haiku),
      ("claude-sonnet-4-5-20250929", .sonnet),
      ("claude-opus-4-7", .opus), ("claude-sonnet-5", .sonnet),
      ("claude-3-5-haiku-20241022", .haiku),
    ])
  func tiers(name: String, tier: Tier) {
    #expect(Tier(anthropicName: name) == tier)
  }

  @Test("Every alias is a name that Ollama accepts, and stands in one tier only")
  func valid() throws {
    let names = Tier.allCases.flatMap(\.anthropicNames)
    #expect(Set(names).count == names.count)
    for name in names { #expect(try ModelName(name).description == name) }
    #expect(Tier.opus.variable == "ANTHROPIC_DEFAULT_OPUS_MODEL")
    #expect(Tier(anthropicName: "qwen3:1.7b") == nil)
  }
}
