/// What of a model's architecture decides how much memory its context costs.
public struct Geometry: Hashable, Sendable, Decodable {
  /// Layers that share one shape of key-value cache.
  public struct Attention: Hashable, Sendable, Decodable {
    /// How many layers of this shape keep a cache of their own.
    public var layers: Int
    /// What one token costs in one such layer, in cache elements.
    public var elementsPerToken: Int
    /// How far back these layers look, if not over the whole context.
    public var window: Int?

    /// Layers with heads of their own.
    public init(layers: Int, kvHeads: Int, keyLength: Int, valueLength: Int, window: Int? = nil) {
      self.init(
        layers: layers, elementsPerToken: kvHeads * (keyLength + valueLength), window: window)
    }

    /// Layers with multi-head latent attention: one compressed vector a token, for all heads together.
    public init(layers: Int, latentRank: Int, ropeDimension: Int) {
      self.init(layers: layers, elementsPerToken: latentRank + ropeDimension, window: nil)
    }

    init(layers: Int, elementsPerToken: Int, window: Int?) {
      self.layers = layers
      self.elementsPerToken = elementsPerToken
      self.window = window
    }
  }

  /// All layers, with those that keep no key-value cache.
  public var layers: Int
  public var attention: [Attention]
  /// What the recurrent layers of a hybrid model keep, whatever the context.
  public var recurrentStateBytes: Int

  public init(layers: Int, attention: [Attention], recurrentStateBytes: Int = 0) {
    self.layers = layers
    self.attention = attention
    self.recurrentStateBytes = recurrentStateBytes
  }

  /// How many layers keep a key-value cache.
  public var attentionLayers: Int { attention.reduce(0) { $0 + $1.layers } }

  /// The size of the key-value cache.
  ///
  /// - Parameters:
  ///   - context: in tokens.
  ///   - bytesPerElement: see ``CacheType``; `f16` is the server's default.
  ///   - parallel: requests that the server keeps slots for at a time.
  /// - Returns: bytes.
  public func kvBytes(
    context: Int, bytesPerElement: Double = CacheType.f16.bytesPerElement, parallel: Int = 1
  ) -> Int {
    let elements = attention.reduce(0) { sum, group in
      sum + group.layers * group.elementsPerToken * min(context, group.window ?? context)
    }
    return Int((Double(elements * parallel) * bytesPerElement).rounded())
  }
}

/// How the server stores the key-value cache (`OLLAMA_KV_CACHE_TYPE`).
public enum CacheType: String, Sendable, CaseIterable {
  case f16
  case q8 = "q8_0"
  case q4 = "q4_0"

  /// The quantised ones carry one 2-byte scale for each block of 32 elements.
  public var bytesPerElement: Double {
    switch self {
    case .f16: 2
    case .q8: 1.0625
    case .q4: 0.5625
    }
  }
}

extension Geometry {
  private enum Key: String, CodingKey { case layers, attention, recurrentStateBytes }

  public init(from decoder: any Decoder) throws {
    let box = try decoder.container(keyedBy: Key.self)
    layers = try box.decodePositive(.layers)
    attention = try box.decode([Attention].self, forKey: .attention)
    recurrentStateBytes = try box.decodeIfPresent(Int.self, forKey: .recurrentStateBytes) ?? 0
    guard attentionLayers <= layers else {
      throw DecodingError.dataCorruptedError(
        forKey: .attention, in: box,
        debugDescription: "\(attentionLayers) layers attend, but there are only \(layers)")
    }
  }
}

extension Geometry.Attention {
  private enum Key: String, CodingKey {
    case layers, kvHeads, keyLength, valueLength, latentRank, ropeDimension, window
  }

  public init(from decoder: any Decoder) throws {
    let box = try decoder.container(keyedBy: Key.self)
    let layers = try box.decodePositive(.layers)
    if box.contains(.latentRank) {
      self.init(
        layers: layers, latentRank: try box.decodePositive(.latentRank),
        ropeDimension: try box.decodePositive(.ropeDimension))
    } else {
      self.init(
        layers: layers, kvHeads: try box.decodePositive(.kvHeads),
        keyLength: try box.decodePositive(.keyLength),
        valueLength: try box.decodePositive(.valueLength),
        window: box.contains(.window) ? try box.decodePositive(.window) : nil)
    }
  }
}

extension KeyedDecodingContainer {
  func decodePositive(_ key: Key) throws -> Int {
    let number = try decode(Int.self, forKey: key)
    guard number > 0 else {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: self, debugDescription: "\(number) is not a positive number")
    }
    return number
  }
}
