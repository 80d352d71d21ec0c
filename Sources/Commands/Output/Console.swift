import Conversation
import Setup
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The one place that prints: prose for people on stdout, or on stderr when documents go to stdout (`--json`).
public final class Console: Sendable {
  let isJSON: Bool
  /// Stands beside every heading: a rehearsal says on each screen what it is.
  let mark: String?
  private let variables: [String: String]
  private let descriptor: Int32
  /// How many rows of the screen are to be drawn over by the next `live`.
  private let liveRows = Mutex(0)

  init(isJSON: Bool = false, variables: [String: String], mark: String? = nil) {
    self.isJSON = isJSON
    self.variables = variables
    self.mark = mark
    descriptor = isJSON ? 2 : 1
  }

  /// The place where prose goes, asked anew each time: a window can be resized.
  var terminal: Terminal {
    Terminal(
      variables: variables, isTerminal: isatty(descriptor) == 1, columns: columns(of: descriptor))
  }

  /// Whether a person is there to answer questions.
  static var isInteractive: Bool { isatty(0) == 1 && isatty(1) == 1 }

  func say(_ lines: [Text]) {
    let marked = lines.map { line in
      guard let mark, line.spans.contains(where: { $0.role == .heading }) else { return line }
      return line + "  \(mark, .warning)"
    }
    Commands.write(clearing() + terminal.render(marked), to: descriptor)
  }

  func say(_ line: Text) { say([line]) }

  /// Bytes for another program, as they are.
  func write(_ text: String) { Commands.write(text, to: 1) }

  /// Draws lines over the ones of the last `live` call; without a terminal nothing is drawn.
  func live(_ lines: [Text]) {
    let terminal = terminal
    guard terminal.canRedraw else { return }
    // A line that wrapped would be more rows than are counted.
    let cut = lines.map { line -> Text in
      Conversation.columns(line.plain) < terminal.width
        ? line : Text(Conversation.cut(line.plain, to: terminal.width - 1))
    }
    let clear = clearing()
    liveRows.withLock { $0 = cut.count }
    Commands.write(clear + terminal.render(cut), to: descriptor)
  }

  /// Keeps what `live` drew last.
  func keepLive() { liveRows.withLock { $0 = 0 } }

  func fail(_ failure: Failure) {
    let errors = Terminal(
      variables: variables, isTerminal: isatty(2) == 1, columns: columns(of: 2))
    Commands.write(clearing(), to: descriptor)
    Commands.write(errors.render(failureScreen(failure)), to: 2)
  }

  /// One JSON document on stdout.
  func document(_ value: some Encodable) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    do {
      Commands.write(String(decoding: try encoder.encode(value), as: UTF8.self) + "\n", to: 1)
    } catch {
      fail(Failure("The answer could not be written as JSON", why: "\(error)"))
    }
  }

  private func clearing() -> String {
    let rows = liveRows.withLock { rows in
      defer { rows = 0 }
      return rows
    }
    return rows == 0 ? "" : "\u{1b}[\(rows)A\u{1b}[J"
  }
}

func write(_ text: String, to descriptor: Int32) {
  var rest = Array(text.utf8)[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress!, $0.count) }
    // A reader that went away (a closed pipe) is nobody to tell anything to.
    if count <= 0, errno != EINTR { return }
    rest = rest.dropFirst(max(0, count))
  }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  #if canImport(Glibc)
    Glibc.write(descriptor, bytes, count)
  #elseif canImport(Musl)
    Musl.write(descriptor, bytes, count)
  #else
    Darwin.write(descriptor, bytes, count)
  #endif
}

/// The terminal's width, `nil` where it has none.
private func columns(of descriptor: Int32) -> Int? {
  var size = winsize()
  guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
  return Int(size.ws_col)
}
