#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

/// Reads `model_info` of `/api/show`: once a model is here, its own figures beat the catalogue's.
///
/// The keys are GGUF's, prefixed with the architecture (`qwen3moe.attention.head_count_kv`). What has to be known:
/// - a count can be one number for all layers or an array with one for each (0: the layer keeps no cache);
/// - `/api/show` empties arrays of more than five entries unless it is asked with `"verbose": true`;
/// - `full_attention_interval` n: of n layers one attends, the others are recurrent (Qwen3-Next's kind);
/// - `nextn_predict_layers` are counted in `block_count` but are not run here;
/// - `attention.shared_kv_layers`: the last n layers read another layer's cache;
/// - a window without a pattern: gpt-oss alternates, so one layer in two sees the whole context.
public struct ModelInfo: Sendable {
  public let geometry: Geometry
  /// The longest context that the model was trained for.
  public let nativeContext: Int?
  public let parameters: Int?

  /// - Parameter show: the whole answer of `/api/show`.
  /// - Throws: `ModelInfoError`.
  public init(show: Data) throws(ModelInfoError) {
    struct Answer: Decodable {
      var modelInfo: [String: Value]
      enum CodingKeys: String, CodingKey { case modelInfo = "model_info" }
    }
    let answer: Answer
    do {
      answer = try JSONDecoder().decode(Answer.self, from: show)
    } catch {
      throw .unreadable("\(error)")
    }
    let keys = Keys(info: answer.modelInfo)
    geometry = try Geometry(keys)
    nativeContext = try keys.number("context_length")
    parameters = answer.modelInfo["general.parameter_count"]?.number
  }
}

/// Why `model_info` does not tell a model's geometry.
public enum ModelInfoError: Error, Equatable, Sendable, CustomStringConvertible {
  case unreadable(String)
  case missing(String)
  case unusable(String)
  /// The array was left out of the answer: ask again with `"verbose": true`.
  case needsVerbose(String)

  public var description: String {
    switch self {
    case .unreadable(let why): "The answer of /api/show is not what it should be: \(why)"
    case .missing(let key): "/api/show does not tell “\(key)”."
    case .unusable(let key): "/api/show tells no usable number for “\(key)”."
    case .needsVerbose(let key):
      "/api/show left out the list “\(key)”: ask it again with \"verbose\": true."
    }
  }
}

/// The few kinds of value that matter here; everything else (token lists, text) is passed over unread.
private enum Value: Decodable {
  case text(String)
  case number(Int)
  case numbers([Int])
  case flags([Bool])
  case emptyArray
  case other

  init(from decoder: any Decoder) throws {
    let box = try decoder.singleValueContainer()
    if let text = try? box.decode(String.self) {
      self = .text(text)
    } else if let number = try? box.decode(Int.self) {
      self = .number(number)
    } else if let number = try? box.decode(Double.self), number.magnitude < 1e15 {
      self = .number(Int(number))
    } else if let numbers = try? box.decode([Int].self) {
      self = numbers.isEmpty ? .emptyArray : .numbers(numbers)
    } else if let flags = try? box.decode([Bool].self) {
      self = .flags(flags)
    } else {
      self = box.decodeNil() ? .emptyArray : .other
    }
  }

  var number: Int? { if case .number(let number) = self { number } else { nil } }
}

private struct Keys {
  var info: [String: Value]
  var architecture: String

  init(info: [String: Value]) {
    self.info = info
    if case .text(let name) = info["general.architecture"] {
      architecture = name
    } else {
      architecture = ""
    }
  }

  func name(_ key: String) -> String { architecture.isEmpty ? key : "\(architecture).\(key)" }

  func number(_ key: String) throws(ModelInfoError) -> Int? {
    guard let value = info[name(key)] else { return nil }
    guard let number = value.number, number >= 0 else { throw .unusable(name(key)) }
    return number
  }

  func required(_ key: String) throws(ModelInfoError) -> Int {
    guard let number = try number(key), number > 0 else { throw .missing(name(key)) }
    return number
  }

  /// One number for each layer, from a number or an array.
  func perLayer(_ key: String, layers: Int) throws(ModelInfoError) -> [Int]? {
    switch info[name(key)] {
    case nil: return nil
    case .number(let number): return Array(repeating: number, count: layers)
    case .numbers(let numbers) where numbers.count >= layers: return Array(numbers.prefix(layers))
    case .emptyArray: throw .needsVerbose(name(key))
    default: throw .unusable(name(key))
    }
  }
}

extension Geometry {
  fileprivate init(_ keys: Keys) throws(ModelInfoError) {
    guard !keys.architecture.isEmpty else { throw .missing("general.architecture") }
    let layers = try keys.required("block_count") - (keys.number("nextn_predict_layers") ?? 0)
    guard layers > 0 else { throw .unusable(keys.name("block_count")) }
    let interval = try keys.number("full_attention_interval") ?? 1
    let own = try layers - (keys.number("attention.shared_kv_layers") ?? 0)

    if let rank = try keys.number("attention.kv_lora_rank"), rank > 0 {
      let rope = try keys.required("rope.dimension_count")
      self.init(
        layers: layers,
        attention: [Attention(layers: layers, latentRank: rank, ropeDimension: rope)])
      return
    }

    let queryHeads = try keys.perLayer("attention.head_count", layers: layers)
    guard let heads = try keys.perLayer("attention.head_count_kv", layers: layers) ?? queryHeads
    else { throw .missing(keys.name("attention.head_count_kv")) }
    var headLength: Int? = nil
    if let width = try keys.number("embedding_length"), let count = queryHeads?.max(), count > 0 {
      headLength = width / count
    }
    guard let key = try keys.number("attention.key_length") ?? headLength else {
      throw .missing(keys.name("attention.key_length"))
    }
    let value = try keys.number("attention.value_length") ?? headLength ?? key
    let windowedKey = try keys.number("attention.key_length_swa") ?? key
    let windowedValue = try keys.number("attention.value_length_swa") ?? value
    let window = try keys.number("attention.sliding_window") ?? 0
    let slides =
      window > 0 ? try keys.slidingLayers(layers) : Array(repeating: false, count: layers)

    var groups: [Attention] = []
    for layer in 0..<max(0, own) {
      guard heads[layer] > 0, (layer + 1).isMultiple(of: max(1, interval)) else { continue }
      let one =
        slides[layer]
        ? Attention(
          layers: 1, kvHeads: heads[layer], keyLength: windowedKey, valueLength: windowedValue,
          window: window)
        : Attention(layers: 1, kvHeads: heads[layer], keyLength: key, valueLength: value)
      if let same = groups.firstIndex(where: {
        $0.elementsPerToken == one.elementsPerToken && $0.window == one.window
      }) {
        groups[same].layers += 1
      } else {
        groups.append(one)
      }
    }
    let attending = groups.reduce(0) { $0 + $1.layers }
    self.init(
      layers: layers, attention: groups,
      recurrentStateBytes: try keys.recurrentStateBytes(layers: own - attending))
  }
}

extension Keys {
  /// Which layers see only the window.
  fileprivate func slidingLayers(_ layers: Int) throws(ModelInfoError) -> [Bool] {
    let key = "attention.sliding_window_pattern"
    switch info[name(key)] {
    case .flags(let flags) where flags.count >= layers: return Array(flags.prefix(layers))
    case .numbers(let numbers) where numbers.count >= layers:
      return numbers.prefix(layers).map { $0 != 0 }
    case .emptyArray: throw .needsVerbose(name(key))
    case .number(let period) where period > 1:
      return (0..<layers).map { !($0 + 1).isMultiple(of: period) }
    case nil where architecture == "gptoss" || architecture == "gpt-oss":
      return (0..<layers).map { $0.isMultiple(of: 2) }
    case nil where architecture == "gemma3":
      return (0..<layers).map { !($0 + 1).isMultiple(of: 6) }
    // Unknown: count every layer in full. Too much is the honest side to err on.
    case nil: return Array(repeating: false, count: layers)
    default: throw .unusable(name(key))
    }
  }

  /// The state of the recurrent layers, kept in 32-bit floats: llama.cpp's `n_embd_r` and `n_embd_s`.
  fileprivate func recurrentStateBytes(layers: Int) throws(ModelInfoError) -> Int {
    guard layers > 0, let inner = try number("ssm.inner_size"),
      let state = try number("ssm.state_size"), let kernel = try number("ssm.conv_kernel")
    else { return 0 }
    let groups = try number("ssm.group_count") ?? 1
    let convolution = max(0, kernel - 1) * (inner + 2 * groups * state)
    return layers * 4 * (convolution + inner * state)
  }
}
