/// A model that the stand-in's registry has: its size and geometry are those of the real one, its weights are not there.
public struct CatalogueModel: Sendable, Equatable {
  /// What a model does with a system message that stands behind the first message.
  public enum LateSystem: Sendable, Equatable {
    /// A Go template joins it into the top system prompt.
    case joined
    /// The qwen3-coder renderer drops it without a word.
    case dropped
    /// A template in the GGUF answers 400.
    case refused
  }

  /// What of the GGUF decides how much memory a context takes.
  public struct Geometry: Sendable, Equatable {
    public var layers: Int
    public var heads: Int
    public var keyValueHeads: Int
    public var headLength: Int
    public var context: Int
    public var embedding: Int
    /// Layers that see only the last ``window`` tokens.
    public var windowedLayers = 0
    public var window = 0
    /// Every so many layers one attends, the others keep a fixed state; 1 is all of them.
    public var attentionInterval = 1
    /// MLA: the rank of the compressed keys and values, and the rotary dimensions beside it.
    public var latentRank = 0
    public var rotary = 0

    public init(
      layers: Int, heads: Int, keyValueHeads: Int, headLength: Int, context: Int, embedding: Int
    ) {
      self.layers = layers
      self.heads = heads
      self.keyValueHeads = keyValueHeads
      self.headLength = headLength
      self.context = context
      self.embedding = embedding
    }

    /// Bytes of an f16 cache for so many tokens.
    func cache(tokens: Int) -> Int {
      if latentRank > 0 { return layers * (latentRank + rotary) * 2 * tokens }
      let attending = layers / attentionInterval
      let perToken = keyValueHeads * headLength * 2 * 2
      return (attending - windowedLayers) * perToken * tokens
        + windowedLayers * perToken * min(tokens, window)
    }
  }

  public var name: String
  /// The weights in bytes.
  public var size: Int
  public var architecture: String
  /// As Ollama shows it, such as `30.5B`.
  public var parameters: String
  public var quantization: String
  public var geometry: Geometry
  public var tools: Bool
  public var thinking: Bool
  public var lateSystem: LateSystem

  public init(
    name: String, size: Int, architecture: String, parameters: String,
    quantization: String = "Q4_K_M", geometry: Geometry, tools: Bool = true, thinking: Bool = false,
    lateSystem: LateSystem = .joined
  ) {
    self.name = name
    self.size = size
    self.architecture = architecture
    self.parameters = parameters
    self.quantization = quantization
    self.geometry = geometry
    self.tools = tools
    self.thinking = thinking
    self.lateSystem = lateSystem
  }

  var capabilities: [String] {
    ["completion"] + (tools ? ["tools"] : []) + (thinking ? ["thinking"] : [])
  }

  /// The blob that stands for the weights; two names of one model share it.
  var weights: String {
    "sha256:" + sha256(Array("\(architecture) \(parameters) \(size) \(geometry.context)".utf8))
  }
}
