#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The lines of earlier runs, in a file that only its owner can read; one line each, oldest first.
///
/// The file is replaced, never written in place, so an interrupted run leaves the old one. It is read again before
/// each line is added: another run may have added its own. It is not forced to the disk: no answer is worth that wait.
struct History {
  var path: String
  var limit: Int

  /// The lines; none when there is no file yet or it cannot be read.
  func lines() -> [String] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    // Whatever else was put there: a file of a foreign program is not read without end.
    let most = 4 << 20
    withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
      while bytes.count < most {
        let count = fread(buffer.baseAddress, 1, buffer.count, file)
        if count == 0 { return }
        bytes += buffer.prefix(count)
      }
    }
    let lines = bytes.split(separator: UInt8(ascii: "\n")).map {
      String(decoding: $0, as: UTF8.self)
    }
    return Array(lines.suffix(limit))
  }

  func append(_ line: String) throws(HistoryError) {
    let line = String(line.map { $0.isNewline ? " " : $0 })
    let text = (lines() + [line]).suffix(limit).map { $0 + "\n" }.joined()
    var name = Array("\(path).XXXXXX".utf8CString)
    // mkstemp makes it 0600.
    let descriptor = mkstemp(&name)
    guard descriptor >= 0 else { throw HistoryError(path: path, code: errno) }
    let complete = write(text, to: descriptor)
    let closed = close(descriptor) == 0
    guard complete, closed, rename(name, path) == 0 else {
      let code = errno
      unlink(name)
      throw HistoryError(path: path, code: code)
    }
  }
}

/// The history's file could not be written.
public struct HistoryError: Error, Hashable, Sendable, CustomStringConvertible {
  public var path: String
  /// The system's error number.
  public var code: Int32

  public var description: String {
    "The history file \(path) could not be written: \(String(cString: strerror(code)))."
  }
}
