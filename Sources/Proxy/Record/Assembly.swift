import NIOCore

/// An exchange whose parcels are still coming.
struct Assembly {
  let id: Int
  let requestHead: HeadFields
  var request: BodyKeeper?
  var responseHead: HeadFields?
  var response: BodyKeeper?
  var answer: AnswerReader?
  /// Bytes of content that were there at a time, in microseconds.
  var marks: [(bytes: Int, microseconds: Int64)] = []
  var lostBytes = 0
  /// What was known of it when somebody last wanted to.
  var progress: ExchangeFacts?
  /// What it asks for, once somebody has looked that up.
  var prompt: Prompt?
  private var rawResponse = 0
  private let limits: (request: Int, response: Int)
  private let spillPath: String?

  /// Half a megabyte of them: a stream that goes on for hours fills no memory.
  static let mostMarks = 32 * 1024

  init(id: Int, head: ByteBuffer, limits: (request: Int, response: Int), spillPath: String?) {
    self.id = id
    requestHead = HeadFields(head)
    self.limits = limits
    self.spillPath = spillPath
  }

  mutating func take(_ parcel: Parcel) {
    lostBytes += parcel.lostBytes
    if let news = parcel.progress { progress = news }
    if request == nil {
      request = BodyKeeper(
        requestHead.framing(orElse: .none), limit: limits.request, spillPath: spillPath)
    }
    for piece in parcel.request { request!.add(piece) { _ in } }
    if let head = parcel.responseHead { responseHead = HeadFields(head) }
    if response == nil, responseHead != nil || !parcel.response.isEmpty {
      response = BodyKeeper(
        responseHead?.framing(orElse: .untilClose) ?? .untilClose, limit: limits.response,
        spillPath: spillPath)
      answer = AnswerReader(contentType: responseHead?.first("content-type"))
    }
    var times = parcel.marks[...]
    for piece in parcel.response { takeResponse(piece, &times) }
    // Bytes that were left out still came at some time.
    for mark in times { note(mark.bytes, mark.nanoseconds) }
  }

  /// Reads a piece in the parts in which it came, so that each has its time.
  private mutating func takeResponse(_ piece: ByteBuffer, _ times: inout ArraySlice<Mark>) {
    var piece = piece
    while piece.readableBytes > 0 {
      var part = piece
      var time: Int64?
      if let mark = times.first, mark.bytes - rawResponse <= piece.readableBytes {
        part = piece.readSlice(length: max(0, mark.bytes - rawResponse))!
        time = mark.nanoseconds
        times.removeFirst()
      } else {
        piece.clear()
      }
      rawResponse += part.readableBytes
      response!.add(part) { answer!.read($0) }
      if let time { note(response!.size, time) }
    }
  }

  private mutating func note(_ bytes: Int, _ nanoseconds: Int64) {
    if let last = marks.last, bytes <= last.bytes { return }
    if marks.count == Self.mostMarks {
      // Every second one goes, and what is left is as true as before, only coarser.
      marks = stride(from: 1, to: marks.count, by: 2).map { marks[$0] }
    }
    marks.append((bytes, nanoseconds / 1000))
  }

  /// When the byte of the answer's content at `position` came.
  func time(of position: Int) -> Int64? {
    var low = 0
    var high = marks.count
    while low < high {
      let middle = (low + high) / 2
      if marks[middle].bytes <= position { low = middle + 1 } else { high = middle }
    }
    return low < marks.count ? marks[low].microseconds : nil
  }
}

/// The fields of a head, for whoever has time to look them up.
struct HeadFields {
  var startLine = ""
  private let bytes: ByteBuffer
  private var head = MessageHead(startLine: 0..<0, fields: [], length: 0)

  init(_ bytes: ByteBuffer) {
    self.bytes = bytes
    bytes.withUnsafeReadableBytes { bytes in
      guard case .found(let found) = scanHead(bytes, folds: true) else { return }
      startLine = bytes.text(found.startLine)
      head = found
    }
  }

  var fields: [(name: String, value: String)] {
    bytes.withUnsafeReadableBytes { bytes in
      head.fields.map { (bytes.text($0.name), bytes.text($0.value)) }
    }
  }

  /// - Parameter name: in lower case.
  func first(_ name: StaticString) -> String? {
    bytes.withUnsafeReadableBytes { bytes in
      head.fields.first { bytes.matches($0.name, name) }.map { bytes.text($0.value) }
    }
  }

  func framing(orElse other: Framing) -> Framing {
    if let encoding = first("transfer-encoding"), encoding.lowercased().hasSuffix("chunked") {
      return .chunked
    }
    return first("content-length").flatMap { Int($0) }.map(Framing.length) ?? other
  }

  /// How the body is compressed; nil if it is not.
  var coding: String? {
    first("content-encoding").flatMap { $0.isEmpty || $0.lowercased() == "identity" ? nil : $0 }
  }

  var status: Int? {
    Int(Substring(startLine.utf8.dropFirst(9).prefix(3)))
  }

  /// Writes a list of pairs, names and values, without what may not be recorded.
  func write(to text: inout JSONText) {
    text.array { text in
      bytes.withUnsafeReadableBytes { bytes in
        for field in head.fields {
          text.array {
            $0.string(UnsafeRawBufferPointer(rebasing: bytes[field.name]))
            let value = UnsafeRawBufferPointer(rebasing: bytes[field.value])
            if isSecretHeader(bytes, field.name) || !findSecrets(in: value).isEmpty
              || value.contains("?", in: 0..<value.count)
            {
              $0.string(
                withoutSecrets(header: bytes.text(field.name), bytes.text(field.value)))
            } else {
              $0.string(value)
            }
          }
        }
      }
    }
  }
}
