/// How the end of a message's body is recognised (RFC 9112, 6.3).
enum Framing: Equatable, Sendable {
  case none
  case length(Int)
  case chunked
  case untilClose
}

/// What a piece of input meant to a body.
struct Consumed: Equatable {
  enum State: Equatable { case more, complete, malformed }
  var count: Int
  var state: State
}

/// Finds the end of a body in bytes that pass by, without changing or keeping them.
enum BodyScanner {
  case length(Int)
  case chunked(ChunkScanner)
  case untilClose

  init(_ framing: Framing) {
    switch framing {
    case .none: self = .length(0)
    case .length(let count): self = .length(count)
    case .chunked: self = .chunked(ChunkScanner())
    case .untilClose: self = .untilClose
    }
  }

  mutating func consume(_ bytes: UnsafeRawBufferPointer) -> Consumed {
    switch self {
    case .length(let left):
      let taken = min(left, bytes.count)
      self = .length(left - taken)
      return Consumed(count: taken, state: taken == left ? .complete : .more)
    case .chunked(var scanner):
      let consumed = scanner.consume(bytes) { _ in }
      self = .chunked(scanner)
      return consumed
    case .untilClose:
      return Consumed(count: bytes.count, state: .more)
    }
  }
}

/// Walks through chunked framing (RFC 9112, 7.1) at the speed of the chunks, not of their bytes.
struct ChunkScanner {
  private enum Place {
    case size, afterSize, sizeEnd, data, dataReturn, dataEnd, trailer, last, done
  }

  private var place = Place.size
  private var size = 0
  private var digits = 0
  private var lineLength = 0

  /// Goes on with `bytes` and reports each range of them that is content.
  @inline(__always)
  mutating func consume(
    _ bytes: UnsafeRawBufferPointer, _ content: (Range<Int>) -> Void
  ) -> Consumed {
    var index = 0
    let count = bytes.count
    while index < count {
      switch place {
      case .size:
        let digit = hexDigit(bytes[index])
        if digit >= 0 {
          size = size << 4 | digit
          digits += 1
          guard digits <= 15 else { return Consumed(count: index, state: .malformed) }
          index += 1
        } else {
          guard digits > 0 else { return Consumed(count: index, state: .malformed) }
          place = .afterSize
          lineLength = 0
        }
      case .afterSize:
        let byte = bytes[index]
        index += 1
        lineLength += 1
        if byte == .return {
          place = .sizeEnd
        } else if byte == .newline {
          beginChunk()
        } else if lineLength == 1, byte != UInt8(ascii: ";"), !byte.isBlank {
          return Consumed(count: index - 1, state: .malformed)
        } else if lineLength > longestHead {
          return Consumed(count: index, state: .malformed)
        }
      case .sizeEnd:
        guard bytes[index] == .newline else { return Consumed(count: index, state: .malformed) }
        index += 1
        beginChunk()
      case .data:
        let taken = min(size, count - index)
        content(index..<(index + taken))
        index += taken
        size -= taken
        if size == 0 { place = .dataReturn }
      case .dataReturn:
        if bytes[index] == .return {
          index += 1
          place = .dataEnd
        } else {
          guard bytes[index] == .newline else { return Consumed(count: index, state: .malformed) }
          place = .dataEnd
        }
      case .dataEnd:
        guard bytes[index] == .newline else { return Consumed(count: index, state: .malformed) }
        index += 1
        place = .size
      case .trailer:
        // A trailer line is passed over; an empty one ends the body.
        switch bytes[index] {
        case .return where lineLength == 0: place = .last
        case .newline where lineLength == 0:
          place = .done
          return Consumed(count: index + 1, state: .complete)
        case .newline: lineLength = 0
        case .return: break
        default: lineLength += 1
        }
        index += 1
      case .last:
        guard bytes[index] == .newline else { return Consumed(count: index, state: .malformed) }
        place = .done
        return Consumed(count: index + 1, state: .complete)
      case .done:
        return Consumed(count: index, state: .complete)
      }
    }
    return Consumed(count: count, state: .more)
  }

  private mutating func beginChunk() {
    place = size == 0 ? .trailer : .data
    digits = 0
    lineLength = 0
  }
}

@inline(__always)
private func hexDigit(_ byte: UInt8) -> Int {
  switch byte {
  case 0x30...0x39: Int(byte) - 0x30
  case 0x61...0x66: Int(byte) - 0x61 + 10
  case 0x41...0x46: Int(byte) - 0x41 + 10
  default: -1
  }
}
