/// One request that the stand-in has served: the proof of where an answer came from.
public struct ServedRequest: Sendable, Equatable, Codable {
  /// Seconds since 1970.
  public var time: Double
  public var method: String
  public var path: String
  public var status: Int
  /// The model as the request spelled it.
  public var model: String?
  public var requestBytes: Int
  public var stream: Bool?
  /// Tokens of the whole request, before any truncation; nil where no prompt was evaluated.
  public var promptTokens: Int?
  /// Tokens that had to be evaluated, and tokens that were in the cache; their sum is what the model got.
  public var evaluated: Int?
  public var cached: Int?
  /// The context in which the model ran.
  public var contextLength: Int?
  public var truncated: Bool?
  /// How many times a model was loaded for this request.
  public var loads: Int?
  public var toolsOffered: Int?
  public var stopReason: String?

  init(time: Double, method: String, path: String, requestBytes: Int) {
    self.time = time
    self.method = method
    self.path = path
    self.requestBytes = requestBytes
    status = 200
  }
}
