import NIOPosix
import Synchronization

#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// Why there is no record.
struct RecordError: Error, CustomStringConvertible {
  var description: String
  init(_ doing: String, _ path: String, _ code: Int32) {
    description = "cannot \(doing) \(path): \(String(cString: strerror(code)))"
  }
  init(_ description: String) { self.description = description }
}

/// A file of the record that stays readable as long as somebody refers to a line in it.
final class RecordSegment: Sendable {
  let descriptor: Int32
  /// Why the disk did not take what the kernel had taken; 0 if it did.
  fileprivate let failure = Atomic<Int32>(0)
  init(_ descriptor: Int32) { self.descriptor = descriptor }
  deinit { close(descriptor) }

  /// Opens a file that is only read.
  convenience init(reading path: String) throws {
    let flags = O_RDONLY | O_CLOEXEC
    #if canImport(Darwin)
      let descriptor = Darwin.open(path, flags)
    #elseif canImport(Musl)
      let descriptor = Musl.open(path, flags)
    #else
      let descriptor = Glibc.open(path, flags)
    #endif
    guard descriptor >= 0 else { throw RecordError("open", path, errno) }
    self.init(descriptor)
  }

  /// - Returns: up to `count` bytes from `offset` on; fewer at the end of the file.
  func read(_ count: Int, at offset: Int) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
      done = try read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
    }
  }

  /// Fills `target` from `offset` on, as far as the file goes.
  func read(into target: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int {
    var done = 0
    while done < target.count {
      let got = pread(
        descriptor, target.baseAddress! + done, target.count - done, off_t(offset + done))
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw RecordError("read", "the record", errno) }
      if got == 0 { break }
      done += got
    }
    return done
  }
}

extension RecordSegment {
  /// Waits until the bytes of `range` are on the disk and lets go of the memory that holds them.
  ///
  /// Nobody is about to read the record, so its pages are better used again for its next lines than kept: they would push
  /// a model that the engine has mapped out of memory, and a page that the machine has not used yet costs a virtual one
  /// far more than the write itself (measured: 109 to 169 µs for 55 kB, 23 µs with this).
  fileprivate func writeOut(_ range: Range<Int>) {
    sync()
    #if os(Linux)
      _ = posix_fadvise(
        descriptor, off_t(range.lowerBound), off_t(range.count), POSIX_FADV_DONTNEED)
    #endif
  }

  /// Waits until everything is on the disk, and remembers if it cannot be.
  fileprivate func sync() {
    #if os(Linux)
      let result = fdatasync(descriptor)
    #else
      let result = fsync(descriptor)
    #endif
    // What is no file, such as /dev/full, has nothing to wait for.
    if result != 0, errno != EINVAL { failure.store(errno, ordering: .relaxed) }
  }
}

/// The thread that waits for the disk, so that the one that writes the record does not.
private let writingOut: NIOThreadPool = {
  let pool = NIOThreadPool(numberOfThreads: 1)
  pool.start()
  return pool
}()

/// The record: JSON Lines, appended, for its owner's eyes only.
///
/// What `append` has taken is in the kernel when it returns, so the end of the process loses nothing; the disk is made to
/// take it every four megabytes, at rotation and at the end, not for each line, so a loss of power may cost the last ones. A line is written whole
/// or taken back, so the file is always a readable prefix of what passed.
final class RecordFile {
  let path: String
  private let rotation: ProxyConfiguration.Rotation
  private(set) var segment: RecordSegment
  private(set) var size: Int
  private var born: Int64
  private(set) var lastID = 0
  /// Bytes of this file that are on their way to the disk or there.
  private var behind = 0

  /// Bytes after which the kernel is told to write them out.
  private static let stretch = 4 << 20

  init(path: String, rotation: ProxyConfiguration.Rotation) throws {
    self.path = path
    self.rotation = rotation
    if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
      try makeFolders(String(path[..<slash]))
    }
    (segment, size) = try Self.open(path)
    behind = size
    born = wallClock()
    try mendEnd()
    lastID = try readLastID()
    if size > 0 { born = try firstTime() ?? born }
  }

  /// Takes the bytes of whole lines.
  func append(_ bytes: UnsafeRawBufferPointer) throws {
    let failure = segment.failure.load(ordering: .relaxed)
    guard failure == 0 else { throw RecordError("write", path, failure) }
    var done = 0
    while done < bytes.count {
      let wrote = write(segment.descriptor, bytes.baseAddress! + done, bytes.count - done)
      if wrote < 0, errno == EINTR { continue }
      guard wrote > 0 else {
        throw RecordError("write", path, wrote < 0 ? errno : ENOSPC)
      }
      done += wrote
    }
    size += bytes.count
    if size - behind >= Self.stretch {
      let segment = segment
      let range = behind..<size
      behind = size
      writingOut.submit { _ in segment.writeOut(range) }
    }
  }

  /// Takes back everything after `length` bytes: a line that could not be finished.
  func takeBack(to length: Int) {
    ftruncate(segment.descriptor, off_t(length))
    size = length
    behind = min(behind, length)
  }

  func sync() { segment.sync() }

  /// Begins a new file if this one has become too large or too old.
  func rotateIfDue() throws {
    guard size > 0,
      size >= rotation.bytes || wallClock() - born >= rotation.age * 1_000_000_000
    else { return }
    sync()
    for number in stride(from: rotation.kept, to: 0, by: -1) {
      let older = number == 1 ? path : "\(path).\(number - 1)"
      if rename(older, "\(path).\(number)") != 0, errno != ENOENT {
        throw RecordError("rename", older, errno)
      }
    }
    if rotation.kept == 0 { unlink(path) }
    (segment, size) = try Self.open(path)
    behind = 0
    born = wallClock()
  }

  private static func open(_ path: String) throws -> (RecordSegment, Int) {
    let flags = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
    #if canImport(Darwin)
      let descriptor = Darwin.open(path, flags, 0o600)
    #elseif canImport(Musl)
      let descriptor = Musl.open(path, flags, 0o600)
    #else
      let descriptor = Glibc.open(path, flags, 0o600)
    #endif
    guard descriptor >= 0 else { throw RecordError("open", path, errno) }
    let segment = RecordSegment(descriptor)
    var information = stat()
    guard fstat(descriptor, &information) == 0 else { throw RecordError("look at", path, errno) }
    guard information.st_mode & S_IFMT == S_IFREG else {
      // A device such as /dev/full takes lines too, but has no size.
      if information.st_mode & S_IFMT == S_IFCHR { return (segment, 0) }
      throw RecordError("\(path) is not a file")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw RecordError("another proxy records to \(path)")
    }
    if information.st_mode & 0o077 != 0 { fchmod(descriptor, 0o600) }
    return (segment, Int(information.st_size))
  }

  /// A process that was killed in the middle of a line leaves half of it; it is cut off.
  private func mendEnd() throws {
    var end = size
    while end > 0 {
      let start = max(0, end - 65536)
      let bytes = try segment.read(end - start, at: start)
      if let newline = bytes.lastIndex(of: .newline) {
        end = start + newline + 1
        break
      }
      end = start
    }
    if end != size { takeBack(to: end) }
  }

  /// The last line begins with its number.
  private func readLastID() throws -> Int {
    var lineStart = 0
    var end = size - 1
    while end > 0 {
      let start = max(0, end - 65536)
      let bytes = try segment.read(end - start, at: start)
      if let newline = bytes.lastIndex(of: .newline) {
        lineStart = start + newline + 1
        break
      }
      end = start
    }
    guard size > 0 else { return 0 }
    let beginning = try segment.read(min(64, size - lineStart), at: lineStart)
    return beginning.withUnsafeBytes { bytes in
      var id = 0
      JSONCursor(bytes).members(at: 0) { name, value in
        guard bytes.text(name) == "id" else { return true }
        id = Int(bytes.text(value)) ?? 0
        return false
      }
      return id
    }
  }

  /// When the first line's request came: not every file system knows when a file was made.
  private func firstTime() throws -> Int64? {
    try segment.read(min(256, size), at: 0).withUnsafeBytes { bytes in
      var time: Int64?
      JSONCursor(bytes).members(at: 0) { name, value in
        guard bytes.text(name) == "at" else { return true }
        time = nanoseconds(JSONCursor(bytes).string(value) ?? "")
        return false
      }
      return time
    }
  }
}

private func makeFolders(_ path: String) throws {
  if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
  guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
    throw RecordError("make", path, errno)
  }
  try makeFolders(String(path[..<slash]))
  guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw RecordError("make", path, errno) }
}

/// Bytes that are too many for memory, in a file without a name.
final class SpillFile {
  let segment: RecordSegment
  private(set) var count = 0

  init(besides path: String) throws {
    var template = Array((path + ".XXXXXX").utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw RecordError("make a file besides", path, errno) }
    unlink(template)
    segment = RecordSegment(descriptor)
  }

  func append(_ bytes: UnsafeRawBufferPointer) throws {
    var done = 0
    while done < bytes.count {
      let wrote = write(segment.descriptor, bytes.baseAddress! + done, bytes.count - done)
      if wrote < 0, errno == EINTR { continue }
      guard wrote > 0 else { throw RecordError("write", "a body", errno) }
      done += wrote
    }
    count += bytes.count
  }
}
