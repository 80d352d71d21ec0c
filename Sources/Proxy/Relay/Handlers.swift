import NIOCore
import NIOSSL
import NIOTLS

/// The client's end of a relay.
final class ClientHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer

  private let relay: Relay

  init(_ relay: Relay) { self.relay = relay }

  func handlerAdded(context: ChannelHandlerContext) { relay.client = context }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    relay.clientRead(unwrapInboundIn(data))
  }

  func channelReadComplete(context: ChannelHandlerContext) { relay.clientReadComplete() }

  func read(context: ChannelHandlerContext) {
    if relay.clientMayRead { context.read() }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { relay.resumeEngine() }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .inputClosed? = event as? ChannelEvent { relay.clientInputEnded() }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) { relay.clientEnded() }
}

/// The engine's end of a relay.
final class EngineHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer

  private let relay: Relay
  /// The connection is of use only when both sides have agreed on TLS.
  private let awaitsHandshake: Bool
  private var hasStarted = false
  private var failure: (any Error)?

  init(_ relay: Relay, awaitsHandshake: Bool) {
    self.relay = relay
    self.awaitsHandshake = awaitsHandshake
  }

  func channelActive(context: ChannelHandlerContext) {
    if !awaitsHandshake { start(context) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted? = event as? TLSUserEvent { start(context) }
  }

  private func start(_ context: ChannelHandlerContext) {
    hasStarted = true
    relay.engineStarted(context)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    relay.engineRead(unwrapInboundIn(data))
  }

  func channelReadComplete(context: ChannelHandlerContext) { relay.engineReadComplete() }

  func read(context: ChannelHandlerContext) {
    if relay.engineMayRead { context.read() }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { relay.resumeClient() }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    failure = failure ?? error
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    if hasStarted {
      relay.engineEnded(context, hasFailed: failure != nil)
    } else {
      relay.engineUnreachable(ConnectionProblem(failure ?? NIOSSLError.uncleanShutdown))
    }
  }
}
