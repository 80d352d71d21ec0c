#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What a command writes to and reads from.
public struct CommandStreams: Sendable {
  public var output: @Sendable (String) -> Void
  public var errors: @Sendable (String) -> Void
  /// Everything on standard input; nil when that is a terminal.
  public var input: @Sendable () -> [UInt8]?
  /// A file's bytes; nil when there is none.
  public var file: @Sendable (String) -> [UInt8]?

  public init(
    output: @escaping @Sendable (String) -> Void, errors: @escaping @Sendable (String) -> Void,
    input: @escaping @Sendable () -> [UInt8]?, file: @escaping @Sendable (String) -> [UInt8]?
  ) {
    self.output = output
    self.errors = errors
    self.input = input
    self.file = file
  }

  /// The process's own.
  public static let standard = CommandStreams(
    output: { put($0, on: 1) }, errors: { put($0, on: 2) },
    input: {
      guard isatty(0) == 0 else { return nil }
      var bytes: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      while case let count = read(0, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
      return bytes
    },
    file: { path in (try? Data(contentsOf: URL(filePath: path))).map { [UInt8]($0) } })

  private static func put(_ text: String, on descriptor: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      // A reader that is gone wants nothing more.
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}
