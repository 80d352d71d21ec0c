import NIOCore

/// How an exchange ended.
enum Ending: String, Sendable {
  case complete
  case clientHungUp = "client hung up"
  case engineHungUp = "engine hung up"
  case engineUnreachable = "engine unreachable"
  case refused = "request refused"
  case stopped = "proxy stopped"
}

/// When bytes of the answer came: how many of the body as sent were there, and the time since the request began.
struct Mark: Sendable {
  var bytes: Int
  var nanoseconds: Int64
}

/// What is known of an exchange besides its bytes.
struct ExchangeFacts: Sendable {
  var client: SocketAddress?
  /// Nanoseconds since 1970.
  var startedAt: Int64
  /// What the proxy itself has answered.
  var ownStatus: Int?
  /// Where the request really went, if its path was repaired.
  var repairedTarget: String?
  var requestFraming: Framing
  var responseFraming: Framing?
  /// Nanoseconds since the request began.
  var requestDone: Int64?
  var firstByte: Int64?
  var end: Int64
  /// How many other requests were on their way when this one began.
  var others: Int
  var ending: Ending
  /// What was wrong with the framing of either side, or why the engine was not reached.
  var remark: String?
}

/// Bytes of one exchange on their way from an event loop to the recorder, in order.
struct Parcel: Sendable {
  var id: Int
  var requestHead: ByteBuffer?
  var request: [ByteBuffer] = []
  var responseHead: ByteBuffer?
  var response: [ByteBuffer] = []
  var marks: [Mark] = []
  /// Set in an exchange's last parcel.
  var facts: ExchangeFacts?
  /// What is known so far, for those who watch.
  var progress: ExchangeFacts?
  /// Bytes that this parcel keeps in memory.
  var weight = 0
  /// Bytes of bodies that were left out because the disk could not keep up.
  var lostBytes = 0
}

/// One request and its answer while they pass; belongs to its event loop.
struct Exchange {
  let start: NIODeadline
  var facts: ExchangeFacts
  var parcel: Parcel
  private var responseBytes = 0

  /// Bytes that an exchange gathers before it hands them to the recorder.
  static let parcelWeight = 128 * 1024
  /// Reads beyond this number are not told apart any more within a millisecond.
  private static let exactMarks = 20_000
  private var marks = 0

  init(
    id: Int, client: SocketAddress?, start: NIODeadline, startedAt: Int64, framing: Framing,
    others: Int
  ) {
    self.start = start
    facts = ExchangeFacts(
      client: client, startedAt: startedAt, requestFraming: framing, end: 0, others: others,
      ending: .complete)
    parcel = Parcel(id: id)
  }

  /// Whether those who watch have not heard of it for a while. It looks at no clock: bytes that come bring their time.
  var isNews: Bool { (parcel.marks.last?.nanoseconds ?? 0) - told > Self.pause }
  private var told: Int64 = 0
  private static let pause: Int64 = 150_000_000

  /// What is gathered so far, with what is known of it.
  mutating func report() -> Parcel {
    told = elapsed()
    facts.end = told
    parcel.progress = facts
    return handOver()
  }

  func elapsed(_ now: NIODeadline = .now()) -> Int64 { (now - start).nanoseconds }

  mutating func keepRequest(_ bytes: ByteBuffer) {
    parcel.weight += keep(bytes, in: &parcel.request)
  }

  mutating func keepResponse(_ bytes: ByteBuffer) {
    responseBytes += bytes.readableBytes
    let now = elapsed()
    let last = parcel.marks.indices.last
    if marks > Self.exactMarks, let last, now - parcel.marks[last].nanoseconds < 1_000_000 {
      parcel.marks[last].bytes = responseBytes
    } else {
      marks += 1
      parcel.marks.append(Mark(bytes: responseBytes, nanoseconds: now))
    }
    parcel.weight += keep(bytes, in: &parcel.response)
  }

  /// The bytes gathered so far, which the exchange forgets.
  mutating func handOver() -> Parcel {
    let full = parcel
    parcel = Parcel(id: full.id)
    return full
  }

  /// Keeps a large piece as it is and copies a small one, since a piece keeps the whole buffer it was read into.
  private func keep(_ bytes: ByteBuffer, in pieces: inout [ByteBuffer]) -> Int {
    let count = bytes.readableBytes
    guard count > 0 else { return 0 }
    if count >= bytes.storageCapacity / 4 {
      pieces.append(bytes)
      return bytes.storageCapacity
    }
    if let last = pieces.indices.last, pieces[last].writableBytes >= count {
      pieces[last].writeImmutableBuffer(bytes)
      return 0
    }
    var copy = ByteBufferAllocator().buffer(capacity: max(count, 2048))
    copy.writeImmutableBuffer(bytes)
    let weight = copy.storageCapacity
    pieces.append(copy)
    return weight
  }
}
