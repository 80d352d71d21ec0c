import Foundation
import Setup
import Testing

private let gibibyte = 1_073_741_824.0

private func gib(_ bytes: Int) -> Double { Double(bytes) / gibibyte }

@Suite("Models: what context costs")
struct GeometryTests {
  @Test(
    "Figures that servers logged are reproduced",
    arguments: [
      // llama3.1:8b, 256,000 tokens, f16: 31.2 GiB logged (ollama/ollama#6283)
      (
        Geometry(
          layers: 32, attention: [.init(layers: 32, kvHeads: 8, keyLength: 128, valueLength: 128)]),
        256_000, 2.0, 31.25
      ),
      // qwen2.5-14b, 70,000 tokens at 1 byte: 6.4 GiB logged (ollama/ollama#9555)
      (
        Geometry(
          layers: 48, attention: [.init(layers: 48, kvHeads: 8, keyLength: 128, valueLength: 128)]),
        70_000, 1.0, 6.41
      ),
      // qwen3.6:27b, 16 of 64 layers attend, 262,144 tokens: 16,384 MiB (LM Studio #1862)
      (
        Geometry(
          layers: 64, attention: [.init(layers: 16, kvHeads: 4, keyLength: 256, valueLength: 256)]),
        262_144, 2.0, 16.0
      ),
    ])
  func published(geometry: Geometry, context: Int, bytes: Double, expected: Double) {
    let found = gib(geometry.kvBytes(context: context, bytesPerElement: bytes))
    #expect(abs(found - expected) < 0.005)
  }

  @Test(
    "glm-4.7-flash on a server that does not use latent attention: 47.7 GiB, 51 GB logged (#13805)")
  func withoutLatentAttention() throws {
    var model = try #require(try catalogue().model(named: ModelName("glm-4.7-flash")))
    model.geometry = Geometry(
      layers: 47, attention: [.init(layers: 47, kvHeads: 20, keyLength: 256, valueLength: 256)])
    #expect(model.geometry?.kvBytes(context: 1) == 940 * 1_024)
    let need = try #require(model.memoryNeed(context: 32_768))
    #expect(abs(gib(need) - 47.7) < 0.05)
    #expect(abs(Double(need) / 1e9 - 51) < 0.5)
  }

  // Totals in GiB at 32k, 64k and 128k, as published with the figures (weights + f16 cache + 0.6, the state of
  // recurrent layers left out), rounded there to a tenth or to a whole.
  @Test(
    "The whole table of needs is reproduced",
    arguments: [
      ("qwen3-coder:30b", 96, [21.3, 24.3, 30.3]),
      ("gpt-oss:20b", 24, [14.4, 15.1, 16.6]),
      ("glm-4.7-flash", 53, [19.9, 21.6, 24.9]),
      ("devstral:24b", 160, [18.6, 23.6, 33.6]),
      ("qwen3:1.7b", 112, [5.4]),
      ("qwen3:8b", 144, [9.9]),
      ("qwen3:14b", 160, [14.3]),
      ("llama3.1:8b", 128, [9.2, 13.2, 21.2]),
      ("deepseek-r1:14b", 192, [15, 21, 33]),
      ("qwen3.5:9b", 32, [7.7, 8.7, 10.7]),
      ("qwen3.6:27b", 64, [19.4, 21.4, 25.4]),
      ("qwen3.6:35b-a3b", 20, [23.6, 24.2, 25.5]),
      ("qwen3-coder-next", 24, [49.8, 50.5, 52]),
    ])
  func table(name: String, kibPerToken: Int, totals: [Double]) throws {
    let model = try #require(try catalogue().model(named: ModelName(name)))
    let geometry = try #require(model.geometry)
    let perToken = geometry.kvBytes(context: 200_000) - geometry.kvBytes(context: 199_000)
    #expect(abs(Double(perToken) / 1_000 / 1_024 - Double(kibPerToken)) < 0.2)
    for (context, total) in zip([32_768, 65_536, 131_072], totals) {
      let need = try #require(model.memoryNeed(context: context)) - geometry.recurrentStateBytes
      #expect(abs(gib(need) - total) < 0.06, "at \(context)")
    }
  }

  @Test("codellama:13b needs 20 GiB for its 16k")
  func codellama() throws {
    let model = try #require(try catalogue().model(named: ModelName("codellama:13b")))
    #expect(abs(gib(try #require(model.memoryNeed(context: 16_384))) - 20.0) < 0.05)
  }

  @Test("A window bounds what its layers keep")
  func window() {
    let geometry = Geometry(
      layers: 2,
      attention: [
        .init(layers: 1, kvHeads: 1, keyLength: 1, valueLength: 1),
        .init(layers: 1, kvHeads: 1, keyLength: 1, valueLength: 1, window: 128),
      ])
    #expect(geometry.kvBytes(context: 100) == 800)
    #expect(geometry.kvBytes(context: 1_000) == 4_000 + 512)
  }

  @Test("Parallel requests and the cache's type multiply")
  func factors() {
    let geometry = Geometry(
      layers: 1, attention: [.init(layers: 1, kvHeads: 1, keyLength: 64, valueLength: 64)])
    let one = geometry.kvBytes(context: 1_024)
    #expect(geometry.kvBytes(context: 1_024, parallel: 2) == 2 * one)
    #expect(
      geometry.kvBytes(context: 1_024, bytesPerElement: CacheType.q8.bytesPerElement) == one * 17
        / 32)
    #expect(
      geometry.kvBytes(context: 1_024, bytesPerElement: CacheType.q4.bytesPerElement) == one * 9
        / 32)
  }
}

@Suite("Models: /api/show")
struct ModelInfoTests {
  private func info(_ json: String) throws -> ModelInfo {
    try ModelInfo(show: Data(#"{"model_info":{\#(json)},"capabilities":["completion"]}"#.utf8))
  }

  @Test("One head count for all layers")
  func plain() throws {
    let info = try info(
      """
      "general.architecture":"qwen3moe","general.parameter_count":30532122624,"qwen3moe.block_count":48,
      "qwen3moe.context_length":262144,"qwen3moe.embedding_length":2048,"qwen3moe.attention.head_count":32,
      "qwen3moe.attention.head_count_kv":4,"qwen3moe.attention.key_length":128,
      "qwen3moe.attention.value_length":128,"tokenizer.ggml.tokens":["a","b"],"tokenizer.ggml.scores":null,
      "qwen3moe.rope.freq_base":1e+07
      """)
    #expect(info.geometry == (try catalogue().model(named: ModelName("qwen3-coder"))?.geometry))
    #expect(info.nativeContext == 262_144)
    #expect(info.parameters == 30_532_122_624)
  }

  @Test("Without key_length the width is shared among the query heads")
  func derivedHeadLength() throws {
    let info = try info(
      """
      "general.architecture":"llama","llama.block_count":32,"llama.embedding_length":4096,
      "llama.attention.head_count":32,"llama.attention.head_count_kv":8
      """)
    #expect(info.geometry.kvBytes(context: 1) == 128 * 1_024)
    #expect(info.nativeContext == nil)
  }

  @Test(
    "full_attention_interval: one layer in four attends, the others keep a state; drafts are not counted"
  )
  func hybrid() throws {
    let info = try info(
      """
      "general.architecture":"qwen35","qwen35.block_count":65,"qwen35.nextn_predict_layers":1,
      "qwen35.full_attention_interval":4,"qwen35.attention.head_count_kv":4,
      "qwen35.attention.key_length":256,"qwen35.attention.value_length":256,"qwen35.ssm.inner_size":6144,
      "qwen35.ssm.state_size":128,"qwen35.ssm.conv_kernel":4,"qwen35.ssm.group_count":16
      """)
    #expect(info.geometry == (try catalogue().model(named: ModelName("qwen3.6:27b"))?.geometry))
  }

  @Test("Head counts as an array: zero keeps no cache")
  func arrays() throws {
    let info = try info(
      """
      "general.architecture":"nemotron_h","nemotron_h.block_count":4,
      "nemotron_h.attention.head_count_kv":[0,2,0,2],"nemotron_h.attention.key_length":128,
      "nemotron_h.attention.value_length":128
      """)
    #expect(
      info.geometry.attention == [.init(layers: 2, kvHeads: 2, keyLength: 128, valueLength: 128)])
    #expect(info.geometry.layers == 4)
  }

  @Test("A window with a pattern, other lengths inside of it, and layers that share a cache")
  func windows() throws {
    let info = try info(
      """
      "general.architecture":"gemma4","gemma4.block_count":5,"gemma4.attention.head_count_kv":[8,8,2,8,2],
      "gemma4.attention.key_length":512,"gemma4.attention.value_length":512,
      "gemma4.attention.key_length_swa":256,"gemma4.attention.value_length_swa":256,
      "gemma4.attention.sliding_window":1024,
      "gemma4.attention.sliding_window_pattern":[true,true,false,true,false],
      "gemma4.attention.shared_kv_layers":2
      """)
    #expect(
      info.geometry.attention == [
        .init(layers: 2, kvHeads: 8, keyLength: 256, valueLength: 256, window: 1_024),
        .init(layers: 1, kvHeads: 2, keyLength: 512, valueLength: 512),
      ])
  }

  @Test(
    "gpt-oss tells a window and no pattern: every second layer", arguments: ["gptoss", "gpt-oss"])
  func alternating(architecture: String) throws {
    let info = try info(
      """
      "general.architecture":"\(architecture)","\(architecture).block_count":24,
      "\(architecture).attention.head_count_kv":8,"\(architecture).attention.key_length":64,
      "\(architecture).attention.value_length":64,"\(architecture).attention.sliding_window":128
      """)
    let known = try #require(try catalogue().model(named: ModelName("gpt-oss:20b"))?.geometry)
    #expect(Set(info.geometry.attention) == Set(known.attention))
  }

  @Test("Latent attention")
  func latent() throws {
    let info = try info(
      """
      "general.architecture":"deepseek2","deepseek2.block_count":47,"deepseek2.attention.head_count":20,
      "deepseek2.attention.head_count_kv":1,"deepseek2.attention.kv_lora_rank":512,
      "deepseek2.rope.dimension_count":64
      """)
    #expect(info.geometry == (try catalogue().model(named: ModelName("glm-4.7-flash"))?.geometry))
  }

  @Test(
    "What cannot be read is an error that says what",
    arguments: [
      (
        #""general.architecture":"x","x.block_count":2"#,
        ModelInfoError.missing("x.attention.head_count_kv")
      ),
      (#""general.architecture":"x""#, .missing("x.block_count")),
      (#""x.block_count":2"#, .missing("general.architecture")),
      (
        #""general.architecture":"x","x.block_count":8,"x.attention.head_count_kv":[]"#,
        .needsVerbose("x.attention.head_count_kv")
      ),
      (
        #""general.architecture":"x","x.block_count":8,"x.attention.head_count_kv":null"#,
        .needsVerbose("x.attention.head_count_kv")
      ),
      (
        #""general.architecture":"x","x.block_count":8,"x.attention.head_count_kv":[1,2]"#,
        .unusable("x.attention.head_count_kv")
      ),
      (#""general.architecture":"x","x.block_count":"many""#, .unusable("x.block_count")),
      (#""general.architecture":"x","x.block_count":-3"#, .unusable("x.block_count")),
    ])
  func errors(json: String, expected: ModelInfoError) {
    #expect(throws: expected) { try info(json) }
  }

  @Test("An answer without model_info, or no JSON", arguments: ["{}", "<html>", ""])
  func unreadable(answer: String) {
    #expect(throws: ModelInfoError.self) { try ModelInfo(show: Data(answer.utf8)) }
  }
}
