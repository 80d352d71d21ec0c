#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif
#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// The note that a running proxy leaves for other commands: where it listens, which process it is.
///
/// The process holds a lock on the note, so a note that was left behind by a killed process is known for what it is.
public struct ProxyPresence: Sendable {
  public struct Note: Codable, Sendable, Equatable {
    public var process: Int32
    public var url: String
    public var upstream: String
    public var record: String?
  }

  public var path: String

  /// - Parameter path: of the note; its folder must exist.
  public init(path: String) { self.path = path }

  /// Keeps the lock as long as the process lives.
  public final class Claim: Sendable {
    private let segment: RecordSegment
    private let path: String

    fileprivate init(_ segment: RecordSegment, path: String) {
      self.segment = segment
      self.path = path
    }

    /// Takes the note away.
    public func end() { unlink(path) }
  }

  /// Leaves a note of this process.
  /// - Throws: ``ProxyError`` if another proxy has left one and runs.
  public func claim(url: String, upstream: String, record: String?) throws -> Claim {
    let descriptor = openNote(path, O_RDWR | O_CREAT | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw ProxyError(description: "cannot write \(path): \(String(cString: strerror(errno)))")
    }
    let segment = RecordSegment(descriptor)
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let other = find().map { " at \($0.url)" } ?? ""
      throw ProxyError(description: "a proxy runs already\(other); `ccl-setup proxy stop` ends it")
    }
    let note = Note(process: getpid(), url: url, upstream: upstream, record: record)
    let bytes = [UInt8](try JSONEncoder().encode(note))
    guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, bytes, bytes.count, 0) == bytes.count
    else {
      throw ProxyError(description: "cannot write \(path): \(String(cString: strerror(errno)))")
    }
    return Claim(segment, path: path)
  }

  /// The proxy that runs, if one does.
  public func find() -> Note? {
    let descriptor = openNote(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    let segment = RecordSegment(descriptor)
    guard flock(descriptor, LOCK_SH | LOCK_NB) != 0 else { return nil }
    guard let bytes = try? segment.read(65536, at: 0) else { return nil }
    return try? JSONDecoder().decode(Note.self, from: Data(bytes))
  }

  /// Ends the proxy that runs, and waits until it has. One that does not react within ten seconds is killed.
  /// - Returns: the note it had left; nil if none runs.
  /// - Throws: ``ProxyError`` if it cannot be ended.
  public func stop() async throws -> Note? {
    guard let note = find() else { return nil }
    for signal in [SIGTERM, SIGKILL] {
      guard kill(note.process, signal) == 0 || errno == ESRCH else {
        throw ProxyError(
          description:
            "process \(note.process) cannot be ended: \(String(cString: strerror(errno)))")
      }
      for _ in 0..<500 {
        // Another one may have been started meanwhile.
        guard let found = find(), found.process == note.process else { return note }
        try await Task.sleep(for: .milliseconds(20))
      }
    }
    throw ProxyError(description: "process \(note.process) does not end")
  }
}

private func openNote(_ path: String, _ flags: Int32) -> Int32 {
  open(path, flags | O_NOFOLLOW, 0o600)
}
