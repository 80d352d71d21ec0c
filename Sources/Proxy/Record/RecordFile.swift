import NIOCore
import NIOPosix
import Synchronization

#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// The thread that waits for the disk, so that the one that writes the record does not.
private let writingOut: NIOThreadPool = {
  let pool = NIOThreadPool(numberOfThreads: 1)
  pool.start()
  return pool
}()

/// The record: JSON Lines, appended, for its owner's eyes only.
///
/// What it has taken is in the kernel, so the end of the process loses nothing of it; under load the last part of a block
/// may wait for a millisecond. The disk is made to take what is in the cache every four megabytes, at rotation and at
/// the end, not for each line, so a loss of power may cost the last ones. A line is written whole or taken back, so the
/// file is always a readable prefix of what passed.
final class RecordFile {
  let path: String
  private let rotation: ProxyConfiguration.Rotation
  private(set) var segment: RecordSegment
  private(set) var size: Int
  /// Files that were written before this one and are still there, the oldest first.
  private var former: [RecordSegment] = []
  private var born: Int64
  private(set) var lastID = 0
  /// Bytes of this file that are on their way to the disk or there.
  private var behind = 0
  /// Bytes after those that the kernel's cache has taken.
  private var cached = 0
  private var direct: DirectRun?
  private var triesDirect = true

  /// Bytes in the kernel's cache after which it is told to write them out.
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

  /// Takes what `text` has, and prepares it for what follows.
  ///
  /// - Parameter all: false leaves the end of a long run in `text` if it fills no block: more is about to come, and the
  ///   disk takes only whole blocks without the kernel's cache.
  func append(_ text: inout JSONText, all: Bool) throws {
    let failure = segment.failure.load(ordering: .relaxed)
    guard failure == 0 else { throw RecordError("write", path, failure) }
    let taken = try text.buffer.withUnsafeReadableBytes { bytes in
      guard bytes.count >= DirectRun.shortest, triesDirect else {
        try appendCached(bytes)
        return bytes.count
      }
      let gap = (DirectRun.block - size % DirectRun.block) % DirectRun.block
      try appendCached(UnsafeRawBufferPointer(rebasing: bytes[..<gap]))
      direct = direct ?? DirectRun(segment, path: path)
      let run = UnsafeRawBufferPointer(rebasing: bytes[gap...])
      let done = direct?.write(run, at: size) ?? 0
      size += done
      triesDirect = direct?.isUsable ?? false
      if triesDirect, !all { return gap + done }
      try appendCached(UnsafeRawBufferPointer(rebasing: run[done...]))
      return bytes.count
    }
    text.drop(first: taken, phase: size % DirectRun.block)
  }

  private func appendCached(_ bytes: UnsafeRawBufferPointer) throws {
    try segment.append(bytes, naming: path)
    size += bytes.count
    cached += bytes.count
    guard cached >= Self.stretch else { return }
    let segment = segment
    let range = behind..<size
    behind = size
    cached = 0
    writingOut.submit { _ in segment.writeOut(range) }
  }

  /// Takes back everything after `length` bytes: a line that could not be finished.
  func takeBack(to length: Int) {
    ftruncate(segment.descriptor, off_t(length))
    size = length
    behind = min(behind, length)
  }

  func sync() { segment.sync() }

  /// Whether this file is too large or too old to take more than what is on its way.
  var isDue: Bool {
    size > 0 && (size >= rotation.bytes || wallClock() - born >= rotation.age * 1_000_000_000)
  }

  /// Begins a new file if nothing is on its way to this one, and it is due.
  /// - Returns: the file that had to go for it, if one of this process had to.
  func rotateIfDue(_ text: JSONText) throws -> RecordSegment? {
    guard isDue, text.count == 0 else { return nil }
    sync()
    for number in stride(from: rotation.kept, to: 0, by: -1) {
      let older = number == 1 ? path : "\(path).\(number - 1)"
      if rename(older, "\(path).\(number)") != 0, errno != ENOENT {
        throw RecordError("rename", older, errno)
      }
    }
    if rotation.kept == 0 { unlink(path) }
    former.append(segment)
    (segment, size) = try Self.open(path)
    behind = 0
    cached = 0
    direct = nil
    triesDirect = true
    born = wallClock()
    return former.count > rotation.kept ? former.removeFirst() : nil
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
    guard descriptor >= 0 else {
      // Whoever may put a link there would say what is overwritten.
      if errno == ELOOP { throw RecordError("\(path) is a link; a record has to be a file") }
      throw RecordError("open", path, errno)
    }
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
