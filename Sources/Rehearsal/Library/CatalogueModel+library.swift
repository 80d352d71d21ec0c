extension CatalogueModel {
  /// The models of Ollama's library that this project knows.
  ///
  /// Sizes and geometry are of the project's table of models; a size given there in GB is that many
  /// thousand million bytes. Two things are made up: gemma4's geometry (the table says to ask the
  /// server), and each model's number of query heads.
  public static let library: [CatalogueModel] = [
    named(
      ["qwen3-coder:30b", "qwen3-coder:latest"], 18.6, "qwen3moe", "30.5B", (48, 32, 4, 128),
      262_144, 2048
    ) {
      $0.lateSystem = .dropped
    },
    named(
      ["gpt-oss:20b", "gpt-oss:latest"], 13.8, "gptoss", "20.9B", (24, 64, 8, 64), 131_072, 2880
    ) {
      $0.quantization = "MXFP4"
      $0.thinking = true
      $0.geometry.windowedLayers = 12
      $0.geometry.window = 128
    },
    named(
      ["glm-4.7-flash:latest", "glm-4.7-flash:q4_K_M"], 19, "glm4moelite", "29.9B",
      (47, 20, 20, 256), 202_752, 2048
    ) {
      $0.thinking = true
      $0.geometry.latentRank = 512
      $0.geometry.rotary = 64
    },
    named(
      ["devstral:24b", "devstral:latest"], 14.3, "llama", "23.6B", (40, 32, 8, 128), 131_072, 5120),
    named(["qwen3:1.7b"], 1.4, "qwen3", "2.0B", (28, 16, 8, 128), 40_960, 2048) {
      $0.thinking = true
    },
    named(["qwen3:8b", "qwen3:latest"], 5.2, "qwen3", "8.2B", (36, 32, 8, 128), 40_960, 4096) {
      $0.thinking = true
    },
    named(["qwen3:14b"], 9.3, "qwen3", "14.8B", (40, 40, 8, 128), 40_960, 5120) {
      $0.thinking = true
    },
    named(
      ["llama3.1:8b", "llama3.1:latest"], 4.9, "llama", "8.0B", (32, 32, 8, 128), 131_072, 4096),
    named(["llama3.2:1b"], 1.3, "llama", "1.2B", (16, 32, 8, 64), 131_072, 2048) {
      $0.quantization = "Q8_0"
    },
    named(["deepseek-r1:14b"], 9, "qwen2", "14.8B", (48, 40, 8, 128), 131_072, 5120) {
      $0.tools = false
      $0.thinking = true
    },
    named(
      ["deepseek-r1:8b", "deepseek-r1:latest"], 5.2, "qwen3", "8.2B", (36, 32, 8, 128), 131_072,
      4096
    ) {
      $0.tools = false
      $0.thinking = true
    },
    named(["codellama:13b"], 7.4, "llama", "13B", (40, 40, 40, 128), 16_384, 5120) {
      $0.quantization = "Q4_0"
      $0.tools = false
    },
    named(["qwen3.5:9b", "qwen3.5:latest"], 6.6, "qwen35", "9.7B", (32, 16, 4, 256), 262_144, 4096)
    {
      $0.thinking = true
      $0.geometry.attentionInterval = 4
    },
    named(
      ["qwen3.6:27b", "qwen3.6:latest"], 18, "qwen35", "27.8B", (64, 24, 4, 256), 262_144, 5120
    ) {
      $0.thinking = true
      $0.geometry.attentionInterval = 4
    },
    named(["qwen3.6:35b-a3b"], 23.6, "qwen35moe", "36.0B", (40, 16, 2, 256), 262_144, 2048) {
      $0.thinking = true
      $0.geometry.attentionInterval = 4
    },
    named(
      ["qwen3-coder-next:latest", "qwen3-coder-next:q4_K_M"], 51.7, "qwen3next", "79.7B",
      (48, 16, 2, 256), 262_144, 2048
    ) {
      $0.geometry.attentionInterval = 4
    },
    named(
      ["gemma4:e4b", "gemma4:latest"], 9.6, "gemma4", "8.0B", (42, 8, 2, 256), 131_072, 2560, gemma),
    named(["gemma4:12b"], 7.6, "gemma4", "12.2B", (48, 16, 8, 256), 262_144, 3840, gemma),
    named(["gemma4:26b"], 18, "gemma4", "26.1B", (30, 16, 8, 256), 262_144, 2816, gemma),
    named(["gemma4:31b"], 20, "gemma4", "31.3B", (60, 32, 16, 256), 262_144, 5376, gemma),
    // A model whose GGUF template refuses a late system message.
    named(
      ["hf.co/unsloth/Qwen3.5-9B-GGUF:Q4_K_M"], 5.7, "qwen35", "9.7B", (32, 16, 4, 256), 262_144,
      4096
    ) {
      $0.geometry.attentionInterval = 4
      $0.lateSystem = .refused
    },
  ].flatMap(\.self)

  /// Five of six layers see a window of 1,024 tokens.
  private static func gemma(_ model: inout CatalogueModel) {
    model.geometry.window = 1024
    model.geometry.windowedLayers = model.geometry.layers * 5 / 6
  }

  private static func named(
    _ names: [String], _ gigabytes: Double, _ architecture: String, _ parameters: String,
    _ shape: (layers: Int, heads: Int, keyValueHeads: Int, headLength: Int), _ context: Int,
    _ embedding: Int, _ change: (inout CatalogueModel) -> Void = { _ in }
  ) -> [CatalogueModel] {
    names.map { name in
      var model = CatalogueModel(
        name: name, size: Int(gigabytes * 1e9), architecture: architecture, parameters: parameters,
        geometry: Geometry(
          layers: shape.layers, heads: shape.heads, keyValueHeads: shape.keyValueHeads,
          headLength: shape.headLength, context: context, embedding: embedding))
      change(&model)
      return model
    }
  }
}
