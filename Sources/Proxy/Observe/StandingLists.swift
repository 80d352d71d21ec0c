internal import CScan
import NIOCore

/// Lists that stand in prompt after prompt, system blocks and tools, with what stands for them in the record.
///
/// They are most of a prompt's bytes. One that is known by its bytes need be neither walked through nor escaped again, which
/// is most of what a request costs the recorder.
struct StandingLists {
  private struct Known {
    var id: Int
    var bytes: ByteBuffer
    var text: ByteBuffer
    var size: Int { bytes.readableBytes + text.readableBytes }
  }

  /// The one that was met last is the last.
  private var known: [Known] = []
  private var lastID = 0
  private var size = 0

  /// Bytes of a list below which it is no gain to remember it.
  static let shortest = 4096
  private static let limit = 4 << 20
  private static let count = 8

  /// The known list that begins at `start`, and its length.
  mutating func find(_ bytes: UnsafeRawBufferPointer, at start: Int) -> (id: Int, length: Int)? {
    guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
    let index = known.lastIndex { list in
      list.bytes.withUnsafeReadableBytes {
        $0.count <= bytes.count - start
          && ccl_same($0.baseAddress!.assumingMemoryBound(to: UInt8.self), base + start, $0.count)
            == $0.count
      }
    }
    guard let index else { return nil }
    if index != known.count - 1 { known.append(known.remove(at: index)) }
    return (known.last!.id, known.last!.bytes.readableBytes)
  }

  /// What stands in the record for a known list; nil if it is forgotten.
  func text(of id: Int) -> ByteBuffer? { known.last { $0.id == id }?.text }

  /// Remembers a list that is whole, and what stands for it.
  mutating func remember(_ list: UnsafeRawBufferPointer, as text: ByteBuffer) {
    lastID += 1
    let new = Known(id: lastID, bytes: ByteBuffer(bytes: list), text: text)
    known.append(new)
    size += new.size
    while size > Self.limit || known.count > Self.count { size -= known.removeFirst().size }
  }
}
