import NIOCore

/// The list of what passed, newest last, and those who watch it grow.
final class Journal {
  struct Entry {
    var id: Int
    /// The summary as a JSON object.
    var row: ByteBuffer
    /// Where the whole line is; nil if it was not recorded.
    var segment: RecordSegment?
    var offset = 0
    var length = 0
  }

  private struct Feed {
    var channel: any Channel
    var running: Bool
  }

  private var entries: [Entry] = []
  /// Entries before this index are forgotten and wait to be removed together.
  private var first = 0
  private var earlier: (segment: RecordSegment, size: Int)?
  private var feeds: [ObjectIdentifier: Feed] = [:]
  var stopped: String?

  /// Entries that are remembered, and that the page can list.
  static let limit = 10_000

  /// - Parameter earlier: the record as it was found; it is read when somebody asks for the list.
  init(earlier: RecordFile?) {
    if let earlier, earlier.size > 0 { self.earlier = (earlier.segment, earlier.size) }
  }

  func add(_ entry: Entry) {
    entries.append(entry)
    if entries.count - first > Self.limit { forget() }
    guard !feeds.isEmpty else { return }
    var event = ByteBuffer(string: "data: ")
    event.writeImmutableBuffer(entry.row)
    event.writeString("\n\n")
    for feed in feeds.values { send(event, to: feed.channel) }
  }

  /// Tells of an exchange that is on its way; a watcher that does not keep up hears of it the next time.
  func tell(running row: ByteBuffer) {
    var event = ByteBuffer(string: "event: running\ndata: ")
    event.writeImmutableBuffer(row)
    event.writeString("\n\n")
    for feed in feeds.values where feed.running && feed.channel.isWritable {
      feed.channel.writeAndFlush(event, promise: nil)
    }
  }

  private func forget() {
    entries[first] = Entry(id: entries[first].id, row: ByteBuffer())
    first += 1
    if first > Self.limit {
      entries.removeFirst(first)
      first = 0
    }
  }

  /// A file of the record has gone: its entries keep no hold of it, or the disk would not get its room back.
  func forget(_ segment: RecordSegment) {
    if earlier?.segment === segment { earlier = nil }
    for index in entries.indices where entries[index].segment === segment {
      entries[index].segment = nil
    }
  }

  /// The remembered entries, oldest first.
  func all() throws -> ArraySlice<Entry> {
    if let earlier {
      self.earlier = nil
      let old = try readEntries(of: earlier.segment, size: earlier.size)
      entries = old + entries[first...]
      first = max(0, entries.count - Self.limit)
    }
    return entries[first...]
  }

  func entry(_ id: Int) throws -> Entry? {
    let all = try all()
    var low = all.startIndex
    var high = all.endIndex
    while low < high {
      let middle = (low + high) / 2
      if all[middle].id < id { low = middle + 1 } else { high = middle }
    }
    // Exchanges end in another order than they begin in, so the search is only nearly right.
    if low < all.endIndex, all[low].id == id { return all[low] }
    return all.last { $0.id == id }
  }

  // MARK: - Feeds

  /// Somebody wants to know of exchanges before they end.
  var isWatched: Bool { feeds.values.contains { $0.running } }

  func subscribe(_ channel: any Channel, running: Bool) {
    feeds[ObjectIdentifier(channel)] = Feed(channel: channel, running: running)
  }

  func unsubscribe(_ channel: any Channel) { feeds[ObjectIdentifier(channel)] = nil }

  func endFeeds() {
    for feed in feeds.values { feed.channel.close(promise: nil) }
    feeds = [:]
  }

  /// A watcher that does not keep up is let go; it comes again and asks for what it missed.
  private func send(_ event: ByteBuffer, to channel: any Channel) {
    guard channel.isActive, channel.isWritable else {
      unsubscribe(channel)
      channel.close(promise: nil)
      return
    }
    channel.writeAndFlush(event, promise: nil)
  }

  // MARK: - The record as it was found

  private func readEntries(of segment: RecordSegment, size: Int) throws -> [Entry] {
    var found: [Entry] = []
    var lineStart = 0
    var place = 0
    var head: [UInt8] = []
    while place < size {
      let bytes = try segment.read(min(1 << 20, size - place), at: place)
      if bytes.isEmpty { break }
      bytes.withUnsafeBytes { bytes in
        var start = 0
        while start < bytes.count {
          let newline = bytes.position(of: .newline, from: start)
          if head.count < rowLimit {
            let end = min(newline ?? bytes.count, start + rowLimit - head.count)
            head += bytes[start..<end]
          }
          guard let newline else { break }
          if let (id, row) = row(of: head) {
            found.append(
              Entry(
                id: id, row: row, segment: segment, offset: lineStart,
                length: place + newline - lineStart))
          }
          lineStart = place + newline + 1
          start = newline + 1
          head.removeAll(keepingCapacity: true)
        }
      }
      place += bytes.count
      if found.count > 2 * Self.limit { found.removeFirst(found.count - Self.limit) }
    }
    return found
  }
}

/// Bytes of a line within which its summary ends.
private let rowLimit = 64 * 1024

/// The summary at the beginning of a recorded line, as an object of its own.
func row(of line: [UInt8]) -> (id: Int, ByteBuffer)? {
  line.withUnsafeBytes { bytes in
    var id: Int?
    var end: Int?
    JSONCursor(bytes).members(at: 0) { name, value in
      switch name.count {
      case 2 where bytes.starts(at: name.lowerBound, with: "id"): id = Int(bytes.text(value))
      default: break
      }
      // The bodies follow; what stands before them is the summary.
      end = value.upperBound
      return !bytes.starts(at: value.upperBound, with: ",\"sent\":")
    }
    guard let id, let end else { return nil }
    var row = ByteBuffer(bytes: UnsafeRawBufferPointer(rebasing: bytes[..<end]))
    row.writeString("}")
    return (id, row)
  }
}
