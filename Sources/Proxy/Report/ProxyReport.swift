import NIOCore

/// Turns a record into something that opens elsewhere.
public struct ProxyReport: Sendable {
  public enum Format: String, Sendable, CaseIterable {
    case html, har, jsonl
  }

  public var record: String

  /// - Parameter record: path of a record file.
  public init(record: String) { self.record = record }

  /// Writes the report piece by piece; a record may be larger than memory.
  ///
  /// - Throws: if the record cannot be read, or what `write` throws.
  public func write(
    _ format: Format, to write: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    try self.write(RecordSegment(reading: record), format, to: write)
  }

  func write(
    _ source: RecordSegment, _ format: Format, to write: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let reader = RecordReader(source)
    func emit(_ buffer: ByteBuffer) throws { try buffer.withUnsafeReadableBytes(write) }
    switch format {
    case .jsonl:
      while let line = try reader.next() { try emit(ByteBuffer(bytes: line + [.newline])) }
    case .har:
      var har = HARWriter(base: "http://127.0.0.1:4000")
      while let line = try reader.next() {
        har.add(line: line)
        try emit(har.take())
      }
      try emit(har.finish())
    case .html:
      let (before, after) = reportFrame()
      try emit(before)
      while let line = try reader.next() { try emit(reportElement(line)) }
      try emit(after)
    }
  }

  /// The exchanges in the record, oldest first.
  public func summaries() throws -> [ExchangeSummary] {
    let reader = RecordReader(try RecordSegment(reading: record))
    var found: [ExchangeSummary] = []
    while let line = try reader.next() {
      if let (_, row) = row(of: line), let summary = ExchangeSummary(json: row) {
        found.append(summary)
      }
    }
    return found
  }
}

/// Reads a record line by line; a line that was not finished is left out.
final class RecordReader {
  private let segment: RecordSegment
  private var place = 0
  private var buffer: [UInt8] = []
  private var start = 0

  init(_ segment: RecordSegment) { self.segment = segment }

  func next() throws -> [UInt8]? {
    var searched = start
    while true {
      let newline = buffer.withUnsafeBytes { $0.position(of: .newline, from: searched) }
      if let newline {
        defer { start = newline + 1 }
        return Array(buffer[start..<newline])
      }
      buffer.removeFirst(start)
      start = 0
      searched = buffer.count
      let more = try segment.read(1 << 20, at: place)
      if more.isEmpty { return nil }
      place += more.count
      buffer += more
    }
  }
}
