import NIOCore

/// A relay's connection to the engine: made when there are bytes for it, which wait until it is there.
///
/// A class, since what it calls may come back to it: a write may fill the connection, which its relay is told at once.
final class EngineEnd {
  private enum State {
    case none, connecting
    case open(ChannelHandlerContext)
  }
  private var state = State.none
  private var waiting: [ByteBuffer] = []
  private var waitingBytes = 0

  /// The connection, once it is there.
  var context: ChannelHandlerContext? {
    if case .open(let context) = state { context } else { nil }
  }
  var isConnecting: Bool { if case .connecting = state { true } else { false } }

  /// Whether it takes more bytes without too many waiting.
  var takesMore: Bool {
    switch state {
    case .none: true
    case .connecting: waitingBytes <= RelayShared.highWaterMark
    case .open(let context): context.channel.isWritable
    }
  }

  /// - Returns: whether a connection has to be made for the bytes.
  func send(_ bytes: ByteBuffer) -> Bool {
    guard bytes.readableBytes > 0 else { return false }
    if case .open(let context) = state {
      context.write(NIOAny(bytes), promise: nil)
      return false
    }
    waiting.append(bytes)
    waitingBytes += bytes.readableBytes
    if isConnecting { return false }
    state = .connecting
    return true
  }

  /// The connection is there; what waited for it goes out.
  func opened(_ context: ChannelHandlerContext) {
    let waited = waiting
    forget()
    state = .open(context)
    for bytes in waited { context.write(NIOAny(bytes), promise: nil) }
    context.flush()
  }

  func flush() { context?.flush() }
  func read() { context?.channel.pipeline.read() }
  func endOutput() { context?.close(mode: .output, promise: nil) }

  /// The connection is gone, or there never was one.
  func forget() {
    state = .none
    waiting = []
    waitingBytes = 0
  }

  func close() {
    let old = context
    forget()
    old?.close(promise: nil)
  }
}
