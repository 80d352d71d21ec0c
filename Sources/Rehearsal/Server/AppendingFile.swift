#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file to whose end whole lines are written, each with one call, so that two writers never mix.
struct AppendingFile: ~Copyable {
  struct Failure: Error {
    var path: String
    var code: Int32
  }

  private let descriptor: Int32
  private let path: String

  /// - Throws: ``Failure`` with the system's error code.
  init(path: String) throws(Failure) {
    descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
    self.path = path
    guard descriptor >= 0 else { throw Failure(path: path, code: errno) }
  }

  deinit { close(descriptor) }

  func write(_ line: some Sequence<UInt8>) throws(Failure) {
    let bytes = Array(line)
    #if canImport(Glibc)
      let written = Glibc.write(descriptor, bytes, bytes.count)
    #elseif canImport(Musl)
      let written = Musl.write(descriptor, bytes, bytes.count)
    #else
      let written = Darwin.write(descriptor, bytes, bytes.count)
    #endif
    guard written == bytes.count else { throw Failure(path: path, code: errno) }
  }
}
