internal import CKernel
import NIOCore
import NIOPosix
import Synchronization

/// Why the proxy does not run.
public struct ProxyError: Error, CustomStringConvertible {
  public var description: String
}

/// The transparent proxy: stands between a client and an engine, changes nothing, and shows everything.
public struct ProxyServer: Sendable {
  public var configuration: ProxyConfiguration
  private let onEvent: @Sendable (ProxyEvent) -> Void

  /// - Parameter onEvent: hears of exchanges and of the proxy itself, on a thread that is not the traffic's.
  public init(
    _ configuration: ProxyConfiguration,
    onEvent: @escaping @Sendable (ProxyEvent) -> Void = { _ in }
  ) {
    self.configuration = configuration
    self.onEvent = onEvent
  }

  /// Runs until the task is cancelled; then every connection is closed and what is known is recorded.
  ///
  /// - Parameter onReady: called once with the port, when connections are taken.
  /// - Throws: ``ProxyError`` if the address is in use or the record cannot be opened.
  public func run(onReady: @escaping @Sendable (Int) -> Void = { _ in }) async throws {
    let recorder: Recorder
    do {
      recorder = try Recorder(configuration, console: onEvent)
    } catch {
      throw ProxyError(description: "\(error)")
    }
    raiseOpenFileLimit()
    ccl_keep_freed_memory()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, configuration.threads))
    let relays = OpenRelays()
    let shared = LateValue<RelayShared>()
    do {
      let server = try await listen(group, shared, relays)
      let port = server.localAddress?.port ?? configuration.port
      try await refuseItself(server.localAddress)
      let page = PageResponder(configuration, port: port, recorder: recorder) { relays.report() }
      shared.value = try RelayShared(configuration, port: port, recorder: recorder, page: page)
      // Connections wait in the kernel until there is something to answer them.
      try await server.setOption(.autoRead, value: true).get()
      onEvent(.ready(url: "http://\(shownHost):\(port)", port: port))
      onReady(port)
      await withTaskCancellationHandler {
        try? await server.closeFuture.get()
      } onCancel: {
        server.close(promise: nil)
      }
      try await relays.stop()
    } catch {
      try? await group.shutdownGracefully()
      try? await recorder.close()
      if let error = error as? ProxyError { throw error }
      let place = "\(inBrackets(configuration.host)):\(configuration.port)"
      throw ProxyError(description: whyNotListening(error, at: place))
    }
    try await recorder.close()
    try await group.shutdownGracefully()
  }

  /// A proxy that is its own engine would ask itself until no connection is left.
  private func refuseItself(_ own: SocketAddress?) async throws {
    let upstream = configuration.upstream
    guard let own, own.port == upstream.port, let bound = own.ipAddress else { return }
    let isEverywhere = bound == "0.0.0.0" || bound == "::"
    let everywhere = isEverywhere ? try System.enumerateDevices().compactMap(\.address) : []
    let mine = Set([bound] + everywhere.compactMap(\.ipAddress))
    var named: [String?] = ["127.0.0.1", "::1"]
    if upstream.host != "localhost" {
      let (host, port) = (upstream.host, upstream.port)
      // A name is looked up, which may take a while.
      named = [
        try? await NIOThreadPool.singleton.runIfActive {
          try SocketAddress.makeAddressResolvingHost(host, port: port).ipAddress
        }
      ]
    }
    guard named.contains(where: { $0.map(mine.contains) ?? false }) else { return }
    throw ProxyError(
      description: "the engine at \(upstream) would be the proxy itself; --upstream names another")
  }

  private var shownHost: String {
    ["0.0.0.0", "::"].contains(configuration.host) ? "127.0.0.1" : inBrackets(configuration.host)
  }

  private func listen(
    _ group: MultiThreadedEventLoopGroup, _ shared: LateValue<RelayShared>, _ relays: OpenRelays
  ) async throws -> any Channel {
    try await ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 1024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelOption(.autoRead, value: false)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelOption(.recvAllocator, value: receiveBuffers)
      .childChannelOption(
        .writeBufferWaterMark,
        value: .init(low: RelayShared.lowWaterMark, high: RelayShared.highWaterMark)
      )
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          guard let shared = shared.value else { throw ChannelError.ioOnClosedChannel }
          let relay = Relay(shared: shared)
          relays.add(channel, NIOLoopBound(relay, eventLoop: channel.eventLoop))
          try channel.pipeline.syncOperations.addHandler(ClientHandler(relay))
        }
      }
      .bind(host: configuration.host, port: configuration.port).get()
  }
}

/// A value that is there before the first connection is.
final class LateValue<Value: Sendable>: Sendable {
  private let box = Mutex<Value?>(nil)
  var value: Value? {
    get { box.withLock { $0 } }
    set { box.withLock { $0 = newValue } }
  }
}

/// The relays that are open, to end them when the proxy ends.
final class OpenRelays: Sendable {
  private let all = Mutex<[ObjectIdentifier: (any Channel, NIOLoopBound<Relay>)]>([:])

  func add(_ channel: any Channel, _ relay: NIOLoopBound<Relay>) {
    let key = ObjectIdentifier(channel)
    all.withLock { $0[key] = (channel, relay) }
    channel.closeFuture.whenComplete { _ in _ = self.all.withLock { $0.removeValue(forKey: key) } }
  }

  /// Those who watch have just come: every exchange on its way is told of.
  func report() {
    for (channel, relay) in all.withLock({ Array($0.values) }) {
      channel.eventLoop.execute { relay.value.report() }
    }
  }

  func stop() async throws {
    let open = all.withLock { Array($0.values) }
    for (channel, relay) in open {
      try? await channel.eventLoop.submit { relay.value.stop() }.get()
    }
  }
}
