import CSupport
public import Setup
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A program on a terminal of its own, driven as a person would: type, read, resize, interrupt.
public actor PseudoTerminal {
  public nonisolated let program: RunningProgram
  private let leader: FileDescriptor
  private var received: [UInt8] = []
  /// How far `expect` has read, in characters of `transcript`.
  private var read = 0

  /// Starts the program in a new session on a terminal of this size.
  public init(_ invocation: Invocation, columns: UInt16 = 80, rows: UInt16 = 24) async throws {
    var name = [CChar](repeating: 0, count: 128)
    let descriptor = support_open_terminal(columns, rows, &name, name.count)
    guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    leader = FileDescriptor(rawValue: descriptor)
    let path = FilePath(platformString: name)
    do {
      program = try RunningProgram(invocation, input: .terminal(path), output: "/dev/null")
    } catch {
      try? leader.close()
      throw error
    }
  }

  deinit {
    try? leader.close()
    program.signal(SIGHUP)
  }

  /// A key that is no character.
  public enum Key: String, Sendable {
    case enter = "\r"
    case tab = "\t"
    case escape = "\u{1b}"
    case backspace = "\u{7f}"
    case up = "\u{1b}[A"
    case down = "\u{1b}[B"
    case right = "\u{1b}[C"
    case left = "\u{1b}[D"
    case controlA = "\u{01}"
    case controlC = "\u{03}"
    case controlD = "\u{04}"
    case controlL = "\u{0c}"
    case controlU = "\u{15}"
    case controlZ = "\u{1a}"
  }

  public func press(_ keys: Key...) throws {
    for key in keys { try send(key.rawValue) }
  }

  /// Types the text and Return.
  public func type(_ line: String) throws { try send(line + Key.enter.rawValue) }

  /// Types the text as it is.
  public func send(_ text: String) throws { _ = try leader.writeAll(Array(text.utf8)) }

  public func resize(columns: UInt16, rows: UInt16) {
    _ = support_resize_terminal(leader.rawValue, columns, rows)
  }

  /// Everything printed so far, escape sequences and carriage returns removed. What is typed is echoed here too.
  public var transcript: String {
    get throws {
      try receive()
      return withoutEscapes(received)
    }
  }

  /// Everything printed so far, as the bytes came.
  public var bytes: [UInt8] {
    get throws {
      try receive()
      return received
    }
  }

  /// Waits until the text appears after what earlier calls have read, and answers everything up to its end.
  @discardableResult
  public func expect(_ wanted: String, within limit: Duration = .seconds(20)) async throws
    -> String
  {
    do {
      return try await eventually(within: limit) { try match(wanted) }
    } catch is TookTooLong {
      let unread = String(try transcript.dropFirst(read))
      throw TookTooLong(description: "no “\(wanted)” within \(limit); since then:\n\(unread)")
    }
  }

  private func match(_ wanted: String) throws -> String? {
    let ended = program.exitCode != nil
    let unread = try transcript.dropFirst(read)
    guard let found = unread.firstRange(of: wanted) else {
      guard ended else { return nil }
      throw TookTooLong(
        description: "the program ended without “\(wanted)”; since then:\n\(unread)")
    }
    let text = String(unread[..<found.upperBound])
    read += text.count
    return text
  }

  /// Waits for the end of the program, reading on; answers its exit code (128 + signal number after a signal).
  public func exit(within limit: Duration = .seconds(20)) async throws -> Int32 {
    do {
      return try await eventually(within: limit) {
        try receive()
        return program.exitCode
      }
    } catch is TookTooLong {
      program.signal(SIGKILL)
      throw TookTooLong(description: "still running after \(limit):\n\(try transcript)")
    }
  }

  /// The settings of the terminal as `stty` has them, to compare before and after.
  public func settings() throws -> [UInt32] {
    var settings = termios()
    guard tcgetattr(leader.rawValue, &settings) == 0 else { throw Errno(rawValue: errno) }
    return [settings.c_iflag, settings.c_oflag, settings.c_cflag, settings.c_lflag].map {
      UInt32(truncatingIfNeeded: $0)
    }
  }

  private func receive() throws {
    try withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
      while true {
        do {
          let count = try leader.read(into: buffer)
          if count == 0 { return }
          received += buffer.prefix(count)
        } catch Errno.wouldBlock, Errno.ioError {
          // EIO: the program has gone and all it wrote has been read.
          return
        }
      }
    }
  }
}

/// Text without terminal control: CSI and OSC sequences, other escapes, carriage returns and bells.
func withoutEscapes(_ bytes: [UInt8]) -> String {
  var plain: [UInt8] = []
  var rest = bytes[...]
  while let byte = rest.popFirst() {
    switch byte {
    case 0x1b:
      switch rest.popFirst() {
      case UInt8(ascii: "["): rest = rest.drop { !(0x40...0x7e).contains($0) }.dropFirst()
      case UInt8(ascii: "]"):
        rest = rest.drop { $0 != 0x07 && $0 != 0x1b }
        if rest.popFirst() == 0x1b { rest = rest.dropFirst() }
      case UInt8(ascii: "("), UInt8(ascii: ")"): rest = rest.dropFirst()
      default: break
      }
    case 0x0d, 0x07: break
    default: plain.append(byte)
    }
  }
  return String(decoding: plain, as: UTF8.self)
}
