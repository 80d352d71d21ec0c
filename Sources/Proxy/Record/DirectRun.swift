internal import CKernel
import NIOCore

#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// Writes long runs of a file past the kernel's cache, which not every file system can do.
///
/// The cache would have each byte copied into a page, the page written and let go again: 20 µs of processor time for the
/// 55 kB of an exchange, against 4 µs in runs of a megabyte past it (ext4 on a virtual disk). Only whole blocks can be
/// written so, and whoever writes waits for the disk.
final class DirectRun {
  /// Bytes of a block: no disk has larger ones, and some file systems take no smaller ones.
  static let block = 4096
  /// Shorter runs are not worth the wait.
  static let shortest = 256 * 1024
  private static let longest = 2 << 20
  /// Time that the disk may take for the longest run; a slower one is better left to the cache.
  private static let patience = TimeAmount.milliseconds(200)

  private let descriptor: Int32
  private let staging = UnsafeMutableRawBufferPointer.allocate(byteCount: longest, alignment: block)
  private(set) var isUsable = true

  /// - Returns: nil if `path` is not the file of `segment` any more, or its file system always goes through the cache.
  init?(_ segment: RecordSegment, path: String) {
    descriptor = ccl_open_direct(path)
    var here = stat()
    var there = stat()
    guard descriptor >= 0, fstat(descriptor, &here) == 0, fstat(segment.descriptor, &there) == 0,
      here.st_dev == there.st_dev, here.st_ino == there.st_ino
    else { return nil }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    staging.deallocate()
  }

  /// Writes `bytes` as far as they fill blocks.
  ///
  /// - Parameters:
  ///   - bytes: if they begin at a multiple of the block in memory too, nothing has to be copied.
  ///   - offset: where they belong in the file, a multiple of the block.
  /// - Returns: how many of them the file has now. The others have to go the ordinary way, which also finds out why.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int {
    let isPlaced = Int(bitPattern: bytes.baseAddress) % Self.block == 0
    var taken = 0
    while isUsable {
      let left = bytes[taken...].prefix(Self.longest)
      let part = UnsafeRawBufferPointer(rebasing: left.prefix(left.count / Self.block * Self.block))
      guard !part.isEmpty else { break }
      if !isPlaced { staging.copyMemory(from: part) }
      let begin = NIODeadline.now()
      let wrote = pwrite(
        descriptor, isPlaced ? part.baseAddress : UnsafeRawPointer(staging.baseAddress), part.count,
        off_t(offset + taken))
      if wrote < 0, errno == EINTR { continue }
      isUsable = wrote == part.count && NIODeadline.now() - begin < Self.patience
      taken += max(0, wrote)
    }
    return taken
  }
}
