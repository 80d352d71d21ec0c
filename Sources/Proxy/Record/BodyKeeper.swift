import NIOCore

/// A body on its way into the record: decoded from its framing, counted, kept up to the limit.
struct BodyKeeper {
  private let isChunked: Bool
  private var scanner = ChunkScanner()
  private var isRaw = false
  private var limit: Int
  private let spillPath: String?
  private var raw = 0
  /// Bytes of content that passed.
  private(set) var size = 0
  private(set) var kept = 0
  private(set) var pieces: [ByteBuffer] = []
  private(set) var spill: SpillFile?
  /// Why the disk did not take what was to wait there; nothing more is kept then.
  private(set) var failure: (any Error)?
  private var inMemory = 0

  /// Bytes of one body that are kept in memory.
  private static let memory = 512 * 1024

  init(_ framing: Framing, limit: Int, spillPath: String?) {
    isChunked = framing == .chunked
    self.limit = limit
    self.spillPath = spillPath
  }

  var isTruncated: Bool { kept < size }

  /// Takes bytes as they were on the wire and shows the content to `look`.
  mutating func add(_ piece: ByteBuffer, look: (UnsafeRawBufferPointer) -> Void) {
    guard isChunked, !isRaw else {
      piece.withUnsafeReadableBytes(look)
      keep(piece)
      return
    }
    piece.withUnsafeReadableBytes { bytes in
      var content = ByteBufferAllocator().buffer(capacity: bytes.count)
      let consumed = scanner.consume(bytes) {
        content.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[$0]))
      }
      if consumed.state == .malformed {
        isRaw = true
        content.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[consumed.count...]))
      }
      content.withUnsafeReadableBytes(look)
      keep(content)
    }
  }

  private mutating func keep(_ piece: ByteBuffer) {
    size += piece.readableBytes
    var piece = piece
    let room = limit - kept
    guard room > 0, piece.readableBytes > 0 else { return }
    if piece.readableBytes > room { piece = piece.getSlice(at: piece.readerIndex, length: room)! }
    kept += piece.readableBytes
    if let spill {
      piece.withUnsafeReadableBytes { bytes in write(bytes, to: spill) }
      return
    }
    inMemory += piece.storageCapacity
    if let last = pieces.indices.last, pieces[last].writableBytes >= piece.readableBytes {
      inMemory -= piece.storageCapacity
      pieces[last].writeImmutableBuffer(piece)
    } else {
      pieces.append(piece)
    }
    if inMemory > Self.memory, let spillPath {
      let file: SpillFile
      do { file = try SpillFile(besides: spillPath) } catch { return fail(error) }
      spill = file
      let earlier = pieces
      pieces = []
      for piece in earlier { piece.withUnsafeReadableBytes { bytes in write(bytes, to: file) } }
    }
  }

  private mutating func write(_ bytes: UnsafeRawBufferPointer, to file: SpillFile) {
    guard failure == nil else { return }
    do { try file.append(bytes) } catch { fail(error) }
  }

  /// Lets go of what there is: the lines before may still have room on the disk.
  private mutating func fail(_ error: any Error) {
    failure = error
    spill = nil
    pieces = []
    kept = 0
    limit = 0
  }

  /// Longest body that is read back to be understood; no model takes a prompt of more.
  private static let longestPrompt = 8 << 20

  /// The body in one piece, read back if it went to disk.
  func reread() -> ByteBuffer? {
    guard let spill else { return whole() }
    guard spill.count <= Self.longestPrompt else { return nil }
    var body = ByteBufferAllocator().buffer(capacity: spill.count)
    let got = try? body.writeWithUnsafeMutableBytes(minimumWritableBytes: spill.count) {
      try spill.segment.read(into: .init(rebasing: $0[..<spill.count]), at: 0)
    }
    return got == spill.count ? body : nil
  }

  /// The body in one piece, if it is in memory.
  func whole() -> ByteBuffer? {
    guard spill == nil else { return nil }
    guard pieces.count != 1 else { return pieces[0] }
    var whole = ByteBufferAllocator().buffer(capacity: kept)
    for piece in pieces { whole.writeImmutableBuffer(piece) }
    return whole
  }
}
