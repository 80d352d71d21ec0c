import CFileAttributes
public import Setup
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Files {
  /// The real file system.
  public static let live = Files(
    read: { path throws(FileProblem) in try readWhole(path) },
    status: { path throws(FileProblem) in try linkStatus(path) },
    list: { path throws(FileProblem) in try namesInFolder(path) },
    resolve: { path throws(FileProblem) in try resolved(path) },
    isWritable: { isReplaceable($0) },
    isExecutable: { path in
      access(path.string, X_OK) == 0 && (try? statusBehindLinks(path))?.kind == .file
    },
    write: { path, bytes, mode throws(FileProblem) in
      try replace(path, with: bytes, mode: mode)
    },
    makeFolder: { path throws(FileProblem) in try makeWithParents(path) },
    remove: { path throws(FileProblem) in
      if unlink(path.string) != 0, errno != ENOENT { throw problem(path) }
    },
    removeEmptyFolder: { path throws(FileProblem) in
      if rmdir(path.string) == 0 { return true }
      if [ENOTEMPTY, EEXIST, ENOENT, ENOTDIR].contains(errno) { return false }
      throw problem(path)
    },
    removeTree: { path throws(FileProblem) in try removeWhole(path) },
    freeBytes: { path throws(FileProblem) in try freeSpace(path) },
    lock: { path throws(FileProblem) in try exclusiveLock(path) })
}

/// The last system call's error as a problem with this path.
private func problem(_ path: FilePath, _ code: Int32 = errno) -> FileProblem {
  switch code {
  case ENOENT, ENOTDIR: .missing(path)
  case EACCES, EPERM: .denied(path)
  case EROFS: .readOnly(path)
  case ENOSPC, EDQUOT: .full(path)
  default: .other(path, reason: String(cString: strerror(code)))
  }
}

/// What is longer is no file that we read whole: it would only fill the memory.
private let longestFile = 256 << 20

/// A FIFO or a device in a file's place (a link to `/dev/zero` in a project that was cloned) is an error, not a wait
/// without an end; what a shell hands over by number (`<(…)`) may be one.
private func readWhole(_ path: FilePath) throws(FileProblem) -> [UInt8] {
  let isHandedOver = ["/dev/stdin", "/dev/fd/", "/proc/self/fd/"].contains {
    path.string.hasPrefix($0)
  }
  let file = open(path.string, O_RDONLY | O_CLOEXEC | (isHandedOver ? 0 : O_NONBLOCK))
  guard file >= 0 else { throw problem(path) }
  defer { close(file) }
  var found = stat()
  guard fstat(file, &found) == 0 else { throw problem(path) }
  let kind = found.st_mode & S_IFMT
  if kind == S_IFDIR { throw problem(path, EISDIR) }
  guard isHandedOver || kind == S_IFREG else { throw .other(path, reason: notRegular) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 65536)
  while true {
    let count = Int(systemRead(file, &chunk, chunk.count))
    if count == 0 { return bytes }
    if count < 0 {
      if errno == EINTR { continue }
      throw problem(path)
    }
    bytes += chunk[..<count]
    guard bytes.count <= longestFile else {
      throw .other(path, reason: "it is longer than \(longestFile >> 20) MB")
    }
  }
}

private let notRegular = "this is not a regular file"

// `read` and `write` are also members of `Files`: name the system's.
private func systemRead(_ file: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
  read(file, buffer, count)
}

private func linkStatus(_ path: FilePath) throws(FileProblem) -> FileStatus? {
  var found = stat()
  guard lstat(path.string, &found) == 0 else {
    if errno == ENOENT || errno == ENOTDIR { return nil }
    throw problem(path)
  }
  return try fileStatus(found, path)
}

private func statusBehindLinks(_ path: FilePath) throws(FileProblem) -> FileStatus {
  var found = stat()
  guard stat(path.string, &found) == 0 else { throw problem(path) }
  return try fileStatus(found, path)
}

private func fileStatus(_ found: stat, _ path: FilePath) throws(FileProblem) -> FileStatus {
  let kind: FileStatus.Kind
  switch found.st_mode & S_IFMT {
  case S_IFREG: kind = .file
  case S_IFDIR: kind = .folder
  case S_IFLNK:
    var target = [UInt8](repeating: 0, count: 4096)
    let count = target.withUnsafeMutableBytes {
      readlink(path.string, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
    }
    guard count >= 0 else { throw problem(path) }
    kind = .link(to: FilePath(String(decoding: target[..<count], as: UTF8.self)))
  default: kind = .other
  }
  return FileStatus(
    kind: kind, mode: UInt16(found.st_mode & 0o7777), owner: found.st_uid,
    group: found.st_gid, size: UInt64(found.st_size), names: UInt64(found.st_nlink))
}

private func namesInFolder(_ path: FilePath) throws(FileProblem) -> [String] {
  guard let folder = opendir(path.string) else { throw problem(path) }
  defer { closedir(folder) }
  var names: [String] = []
  while let entry = readdir(folder) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
      tuple.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: tuple.pointee)) {
        String(cString: $0)
      }
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names.sorted()
}

private func resolved(_ path: FilePath) throws(FileProblem) -> FilePath {
  if let real = realpath(path.string, nil) {
    defer { free(real) }
    return FilePath(String(cString: real))
  }
  guard errno == ENOENT, let last = path.lastComponent else { throw problem(path) }
  // A dangling link is followed one step, so that its target is what gets written.
  if case .link(let target)? = try linkStatus(path)?.kind {
    return try resolved(
      target.isAbsolute ? target : path.removingLastComponent().pushing(target))
  }
  let parent = path.removingLastComponent()
  guard !parent.isEmpty, parent != path else { return path }
  return try resolved(parent).appending(last)
}

private func isReplaceable(_ path: FilePath) -> Bool {
  guard let real = try? resolved(path) else { return false }
  var folder = real.removingLastComponent()
  if let found = try? linkStatus(real) {
    // Root may write what it marked read-only; the mark still says "leave this alone".
    if found.kind != .file || found.mode & 0o222 == 0 || found.names > 1 { return false }
    guard canKeepOwner(found) else { return false }
    return access(real.string, W_OK) == 0 && access(folder.string, W_OK) == 0
  }
  // Folders are made for a file, and not for the target of somebody's link.
  if (try? linkStatus(path)) != nil, (try? linkStatus(folder)) == nil { return false }
  while (try? linkStatus(folder)) == nil, !folder.isEmpty, folder != "/" {
    folder.removeLastComponent()
  }
  return access(folder.string, W_OK) == 0
}

/// Whether a file that takes this one's place can be given to the same owner and group.
private func canKeepOwner(_ found: FileStatus) -> Bool {
  if geteuid() == 0 || found.owner == geteuid() && found.group == getegid() { return true }
  var groups = [gid_t](repeating: 0, count: Int(max(0, getgroups(0, nil))))
  _ = getgroups(Int32(groups.count), &groups)
  return found.owner == geteuid() && groups.contains(found.group)
}

private func replace(
  _ path: FilePath, with bytes: [UInt8], mode: UInt16?
) throws(FileProblem) {
  let real = try resolved(path)
  var before = stat()
  let exists = lstat(real.string, &before) == 0
  if exists, before.st_mode & S_IFMT != S_IFREG {
    throw .other(real, reason: notRegular)
  }
  if exists, before.st_nlink > 1 {
    throw .other(real, reason: "it has a second name, a hard link, which would keep the old text")
  }
  let folder = real.removingLastComponent()
  // A name that nobody can guess, made with O_EXCL and O_NOFOLLOW: a link planted in its place is an error, not a target.
  let temporary = TemporaryName.beside(real)
  let file = open(
    temporary.string, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
  guard file >= 0 else { throw problem(real) }
  do throws(FileProblem) {
    try writeWhole(bytes, to: file, real)
    let wanted = mode.map { mode_t($0) } ?? (exists ? before.st_mode & 0o7777 : 0o644)
    if exists, before.st_uid != geteuid() || before.st_gid != getegid(),
      fchown(file, before.st_uid, before.st_gid) != 0
    {
      throw problem(real)
    }
    guard fchmod(file, wanted) == 0 else { throw problem(real) }
    let lost = exists ? ccl_keep_attributes(real.string, file) : 0
    guard lost == 0 else { throw problem(real, lost) }
    guard fsync(file) == 0 else { throw problem(real) }
    guard rename(temporary.string, real.string) == 0 else { throw problem(real) }
  } catch {
    close(file)
    unlink(temporary.string)
    throw error
  }
  close(file)
  let opened = open(folder.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  if opened >= 0 {
    // Some file systems refuse to sync a folder; the rename itself has happened.
    _ = fsync(opened)
    close(opened)
  }
}

private func writeWhole(_ bytes: [UInt8], to file: Int32, _ path: FilePath) throws(FileProblem) {
  var written = 0
  while written < bytes.count {
    let count = bytes.withUnsafeBytes { write(file, $0.baseAddress! + written, $0.count - written) }
    if count < 0 {
      if errno == EINTR { continue }
      throw problem(path)
    }
    written += count
  }
}

private func makeWithParents(_ path: FilePath) throws(FileProblem) -> [FilePath] {
  if mkdir(path.string, 0o700) == 0 { return [path] }
  switch errno {
  case EEXIST:
    guard try statusBehindLinks(path).kind == .folder else {
      throw .other(path, reason: "there is a file of this name where a folder is needed")
    }
    return []
  case ENOENT:
    let parent = path.removingLastComponent()
    guard !parent.isEmpty, parent != path else { throw problem(path) }
    let made = try makeWithParents(parent)
    guard mkdir(path.string, 0o700) == 0 || errno == EEXIST else { throw problem(path) }
    return made + [path]
  default: throw problem(path)
  }
}

private func removeWhole(_ path: FilePath) throws(FileProblem) {
  guard let found = try linkStatus(path) else { return }
  guard found.kind == .folder else {
    guard unlink(path.string) == 0 || errno == ENOENT else { throw problem(path) }
    return
  }
  for name in try namesInFolder(path) { try removeWhole(path.appending(name)) }
  guard rmdir(path.string) == 0 || errno == ENOENT else { throw problem(path) }
}

private func freeSpace(_ path: FilePath) throws(FileProblem) -> UInt64 {
  var place = path
  while true {
    var found = statvfs()
    if statvfs(place.string, &found) == 0 {
      return UInt64(found.f_bavail) * UInt64(found.f_frsize)
    }
    let parent = place.removingLastComponent()
    guard errno == ENOENT || errno == ENOTDIR, !parent.isEmpty, parent != place else {
      throw problem(path)
    }
    place = parent
  }
}

private func exclusiveLock(_ path: FilePath) throws(FileProblem) -> FileLock? {
  while true {
    let file = open(path.string, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw problem(path) }
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      close(file)
      if code == EWOULDBLOCK { return nil }
      throw problem(path, code)
    }
    // An uninstall may have removed the file after it was opened: a lock on that excludes nobody.
    var (locked, named) = (stat(), stat())
    guard fstat(file, &locked) == 0, lstat(path.string, &named) == 0,
      locked.st_ino == named.st_ino, locked.st_dev == named.st_dev
    else {
      close(file)
      continue
    }
    // Who holds it, for the message of the one who must wait.
    let holder = Array("\(getpid())\n".utf8)
    guard ftruncate(file, 0) == 0 else { throw problem(path) }
    try writeWhole(holder, to: file, path)
    return FileLock { close(file) }
  }
}
