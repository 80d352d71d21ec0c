/// A listener on 127.0.0.1 that passes everything on to one server, and keeps what went through it.
public struct PromptRelay: Sendable {
  /// One request and what became of it.
  public struct Exchange: Sendable {
    public var request: ClientContract.Request
    /// 0 as long as the server has not answered.
    public var status: Int
    /// From the whole request to the first byte of the answer.
    public var secondsToFirstByte: Double?
    /// The answer's body, as far as it was kept (1 MiB).
    public var answer: [UInt8]

    public init(
      request: ClientContract.Request, status: Int = 0, secondsToFirstByte: Double? = nil,
      answer: [UInt8] = []
    ) {
      self.request = request
      self.status = status
      self.secondsToFirstByte = secondsToFirstByte
      self.answer = answer
    }
  }
  /// `http://127.0.0.1:PORT`.
  public var url: String
  public var exchanges: @Sendable () -> [Exchange]
  public var stop: @Sendable () async -> Void

  public init(
    url: String, exchanges: @escaping @Sendable () -> [Exchange],
    stop: @escaping @Sendable () async -> Void
  ) {
    self.url = url
    self.exchanges = exchanges
    self.stop = stop
  }
}

extension PromptRelay.Exchange {
  /// The prompt, where the request is one.
  var prompt: JSON? {
    guard request.method == "POST", let body = try? JSON.parse(request.body),
      body["messages"]?.elements != nil
    else { return nil }
    return body
  }

  /// What the streamed answer says of itself.
  var stream: AnswerStream {
    var stream = AnswerStream()
    stream.receive(answer, at: secondsToFirstByte ?? 0)
    return stream
  }
}
