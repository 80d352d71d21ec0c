import NIOPosix
import Synchronization

#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

struct WireError: Error, CustomStringConvertible {
  var description: String
}

/// One end of a TCP connection, byte by byte: what no HTTP library would let a test see or do.
///
/// Calls block for ten seconds at most, so they are made on ``blocking(_:)``.
final class Wire: Sendable {
  private let descriptor: Int32
  private let isOpen = Mutex(true)
  private let pending = Mutex<[UInt8]>([])

  init(_ descriptor: Int32) {
    self.descriptor = descriptor
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
    var one: Int32 = 1
    setsockopt(
      descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
  }

  convenience init(to port: Int) throws {
    let descriptor = socket(AF_INET, streamType, 0)
    var address = loopback(port)
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw WireError(description: "cannot connect: \(errno)") }
    self.init(descriptor)
  }

  deinit { close() }

  func send(_ text: String) throws { try send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) throws {
    var done = 0
    while done < bytes.count {
      let wrote = bytes.withUnsafeBytes {
        write(descriptor, $0.baseAddress! + done, bytes.count - done)
      }
      guard wrote > 0 else { throw WireError(description: "cannot send: \(errno)") }
      done += wrote
    }
  }

  /// Whatever comes next; empty at the end.
  func receive() throws -> [UInt8] {
    let earlier = pending.withLock { bytes in
      defer { bytes = [] }
      return bytes
    }
    if !earlier.isEmpty { return earlier }
    var buffer = [UInt8](repeating: 0, count: 65536)
    let got = read(descriptor, &buffer, buffer.count)
    guard got >= 0 else { throw WireError(description: "cannot receive: \(errno)") }
    return Array(buffer[..<got])
  }

  /// Everything up to and including `end`.
  func receive(until end: String) throws -> String {
    var bytes: [UInt8] = []
    let end = Array(end.utf8)
    while true {
      if let place = bytes.firstRange(of: end) {
        let rest = Array(bytes[place.upperBound...])
        pending.withLock { $0 = rest + $0 }
        return String(decoding: bytes[..<place.upperBound], as: UTF8.self)
      }
      let more = try receive()
      guard !more.isEmpty else {
        throw WireError(description: "ended after \(String(decoding: bytes, as: UTF8.self))")
      }
      bytes += more
    }
  }

  func receive(count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      let more = try receive()
      guard !more.isEmpty else { throw WireError(description: "ended after \(bytes.count) bytes") }
      bytes += more
    }
    let rest = Array(bytes[count...])
    pending.withLock { $0 = rest + $0 }
    return Array(bytes[..<count])
  }

  /// Everything until the other side ends.
  func receiveAll() throws -> [UInt8] {
    var bytes: [UInt8] = []
    while true {
      let more = try receive()
      if more.isEmpty { return bytes }
      bytes += more
    }
  }

  /// Waits until the other side has hung up, in whatever way.
  func waitForEnd() -> Bool {
    while true {
      guard let more = try? receive() else { return errno == ECONNRESET }
      if more.isEmpty { return true }
    }
  }

  func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  func close() {
    let wasOpen = isOpen.withLock { open in
      defer { open = false }
      return open
    }
    if wasOpen { closeDescriptor(descriptor) }
  }

  /// Closes as a killed process with unread input does.
  func reset() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    close()
  }
}

/// A server whose every connection is a test's script.
final class ScriptedEngine: Sendable {
  let port: Int
  private let descriptor: Int32
  private let failures = Mutex<[String]>([])

  init(_ script: @escaping @Sendable (Wire) throws -> Void) throws {
    let listener = socket(AF_INET, streamType, 0)
    descriptor = listener
    var address = loopback(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    try withUnsafeMutablePointer(to: &address) {
      try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        guard bind(listener, $0, length) == 0, listen(listener, 128) == 0,
          getsockname(listener, $0, &length) == 0
        else { throw WireError(description: "cannot listen: \(errno)") }
      }
    }
    port = Int(UInt16(bigEndian: address.sin_port))
    threads.submit { _ in
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { return }
        threads.submit { [self] _ in
          let wire = Wire(connection)
          do {
            try script(wire)
          } catch {
            failures.withLock { $0.append("\(error)") }
          }
          wire.close()
        }
      }
    }
  }

  func stop() {
    shutdown(descriptor, Int32(SHUT_RDWR))
    closeDescriptor(descriptor)
  }
}

private let threads: NIOThreadPool = {
  let pool = NIOThreadPool(numberOfThreads: 64)
  pool.start()
  return pool
}()

/// Runs calls that block where they hold up nobody.
func blocking<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value
{
  try await threads.runIfActive(work)
}

private func loopback(_ port: Int) -> sockaddr_in {
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = in_port_t(port).bigEndian
  address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  return address
}

#if canImport(Glibc)
  private let streamType = Int32(SOCK_STREAM.rawValue)
#else
  private let streamType = SOCK_STREAM
#endif

private func closeDescriptor(_ descriptor: Int32) { close(descriptor) }

func usleepMillisecond(_ count: UInt32 = 1) { usleep(count * 1000) }
