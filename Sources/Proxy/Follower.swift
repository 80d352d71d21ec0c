import NIOCore
import NIOPosix

/// Watches a proxy that runs in another process.
public struct ProxyFollower: Sendable {
  public var url: String

  /// - Parameter url: where the proxy listens.
  public init(url: String) { self.url = url }

  /// Calls `onExchange` for every exchange that ends from now on, until the proxy or the task does.
  ///
  /// - Throws: ``ProxyError`` if nothing answers there.
  public func run(_ onExchange: @escaping @Sendable (ExchangeSummary) -> Void) async throws {
    guard let place = Upstream(url) else { throw ProxyError(description: "\(url) is no URL") }
    let connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>
    do {
      connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(host: place.host, port: place.port) { channel in
          channel.eventLoop.makeCompletedFuture {
            try NIOAsyncChannel(wrappingChannelSynchronously: channel)
          }
        }
    } catch {
      throw ProxyError(
        description: "no proxy answers at \(url): \(ConnectionProblem(error).reason)")
    }
    try await connection.executeThenClose { inbound, outbound in
      try await outbound.write(
        ByteBuffer(string: "GET /_proxy/feed HTTP/1.1\r\nHost: \(place.authority)\r\n\r\n"))
      var rest = ByteBuffer()
      for try await var piece in inbound {
        rest.writeBuffer(&piece)
        while let line = readLine(&rest) {
          guard line.starts(with: Array("data: ".utf8)) else { continue }
          if let summary = ExchangeSummary(json: ByteBuffer(bytes: line.dropFirst(6))) {
            onExchange(summary)
          }
        }
      }
    }
  }

  private func readLine(_ buffer: inout ByteBuffer) -> [UInt8]? {
    guard let end = buffer.readableBytesView.firstIndex(of: .newline) else { return nil }
    let line = buffer.readBytes(length: end - buffer.readerIndex)
    buffer.moveReaderIndex(forwardBy: 1)
    return line
  }
}
