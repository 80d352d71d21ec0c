#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

extension ProxyReport {
  /// Writes the report to a file that only its owner reads, whole or not at all. What is no file, such as a pipe, gets it
  /// as it comes.
  ///
  /// - Throws: if the record cannot be read, `path` is the record or one that a proxy writes, or the disk is full; what
  ///   was there before is there still.
  public func write(_ format: Format, toFile path: String) throws {
    let source = try RecordSegment(reading: record)
    var there = stat()
    guard stat(path, &there) == 0 else { return try write(source, format, beside: path) }
    switch there.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw RecordError("\(path) is a folder")
    default:
      let device = try RecordSegment(writing: path)
      return try write(source, format) { try device.append($0, naming: path) }
    }
    var here = stat()
    guard fstat(source.descriptor, &here) == 0 else { throw RecordError("read", record, errno) }
    guard here.st_dev != there.st_dev || here.st_ino != there.st_ino else {
      throw RecordError("\(path) is the record itself")
    }
    let former = try RecordSegment(reading: path)
    guard flock(former.descriptor, LOCK_SH | LOCK_NB) == 0 else {
      throw RecordError("\(path) is being written by a proxy")
    }
    // Through a link to what it names.
    guard let real = realpath(path, nil) else { throw RecordError("find", path, errno) }
    defer { free(real) }
    try write(source, format, beside: String(cString: real))
  }

  private func write(_ source: RecordSegment, _ format: Format, beside path: String) throws {
    var template = Array((path + ".XXXXXX").utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw RecordError("write", path, errno) }
    let file = RecordSegment(descriptor)
    do {
      try write(source, format) { try file.append($0, naming: path) }
      guard rename(template, path) == 0 else { throw RecordError("write", path, errno) }
    } catch {
      unlink(template)
      throw error
    }
  }
}
