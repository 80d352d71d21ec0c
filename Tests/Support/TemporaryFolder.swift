import Synchronization
public import SystemPackage

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

/// Folders that live until the test process ends, all in one folder of its own under `/tmp`.
///
/// A test needs no clean-up code, and a folder cannot vanish while something still uses it. What a killed run left
/// behind is removed by the next one. `CCL_SETUP_KEEP=1` keeps everything for a look.
public enum TemporaryFolder {
  /// A new empty folder, mode 0700. The path is short: a Unix socket in it stays under the limit of 104 bytes.
  public static func make(_ name: String) throws -> FilePath {
    let number = next.withLock { next in
      next += 1
      return next
    }
    let path = root.appending("\(name)-\(number)")
    guard mkdir(path.string, 0o700) == 0 else { throw Errno(rawValue: errno) }
    return path
  }

  public static func remove(_ path: FilePath) throws {
    try FileManager.default.removeItem(atPath: path.string)
  }

  /// Runs when the test process ends, before the folders are removed, the last one first.
  static func atEnd(_ action: @escaping @Sendable () -> Void) {
    _ = root
    endings.withLock { $0.append(action) }
  }

  private static let next = Mutex(0)
  private static let endings = Mutex<[@Sendable () -> Void]>([])

  private static let root: FilePath = {
    let prefix = "ccl-tests-"
    let leftovers = (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? []
    for name in leftovers where name.hasPrefix(prefix) {
      guard let pid = pid_t(name.dropFirst(prefix.count)), kill(pid, 0) != 0, errno == ESRCH
      else { continue }
      try? FileManager.default.removeItem(atPath: "/tmp/" + name)
    }
    let path = FilePath("/tmp/\(prefix)\(getpid())")
    guard mkdir(path.string, 0o700) == 0 else {
      fatalError("cannot make \(path): \(Errno(rawValue: errno))")
    }
    atexit { TemporaryFolder.removeAll() }
    return path
  }()

  private static func removeAll() {
    for action in endings.withLock({ $0 }).reversed() { action() }
    guard Part.variable("CCL_SETUP_KEEP") != "1" else { return }
    try? FileManager.default.removeItem(atPath: root.string)
  }
}

/// The whole file; throws `Errno` or a Foundation error when it cannot be read.
public func bytes(of path: FilePath) throws -> [UInt8] {
  Array(try Data(contentsOf: URL(filePath: path.string)))
}

/// The whole file as text, invalid UTF-8 replaced.
public func text(of path: FilePath) throws -> String {
  String(decoding: try bytes(of: path), as: UTF8.self)
}

/// Replaces the file; the folder has to exist.
public func write(_ bytes: some Sequence<UInt8>, to path: FilePath, mode: UInt16 = 0o644) throws {
  let file = try FileDescriptor.open(
    path, .writeOnly, options: [.create, .truncate], permissions: FilePermissions(rawValue: 0o600))
  try file.closeAfter { _ = try file.writeAll(Array(bytes)) }
  guard chmod(path.string, mode_t(mode)) == 0 else { throw Errno(rawValue: errno) }
}
