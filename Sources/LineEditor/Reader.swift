import CLineEditor
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// libedit's state, which only the editor's thread touches, and the one thing that others may do: cancel.
final class Reader: Sendable {
  private let output: Int32
  private let completer: LineEditor.Completer
  private let state = Mutex(State())

  private struct State {
    // Opened by the editor's thread and used by it alone, but for a cancellation, which libedit does not see.
    nonisolated(unsafe) var editor: OpaquePointer?
    var reading = false
    var newest: String?
  }

  init(output: Int32, completer: @escaping LineEditor.Completer) {
    self.output = output
    self.completer = completer
  }

  deinit { state.withLock { ccl_editor_close($0.editor) } }

  var newest: String? { state.withLock(\.newest) }

  private var editor: OpaquePointer? {
    state.withLock {
      nonisolated(unsafe) let editor = $0.editor
      return editor
    }
  }

  /// Starts libedit if it has not been.
  func open(input: Int32, lines: @autoclosure () -> [String]) -> Bool {
    if editor != nil { return true }
    let callbacks = ccl_callbacks(
      context: Unmanaged.passUnretained(self).toOpaque(),
      complete: { context, editor, again in
        guard let context, let editor else { return }
        Unmanaged<Reader>.fromOpaque(context).takeUnretainedValue()
          .complete(editor, again: again != 0)
      },
      last_character: { before in
        guard let before, let last = String(cString: before).last else { return 1 }
        return last.unicodeScalars.count
      })
    guard let opened = ccl_editor_open(input, output, callbacks) else { return false }
    nonisolated(unsafe) let editor = opened
    state.withLock { $0.editor = editor }
    lines().forEach(remember)
    return true
  }

  func remember(_ line: String) {
    state.withLock { $0.newest = line }
    if let editor { ccl_editor_remember(editor, line) }
  }

  func read(prompt: String, isCancelled: @autoclosure () -> Bool) -> LineEditor.Line {
    guard let editor else { return .end }
    state.withLock { $0.reading = true }
    defer {
      state.withLock {
        $0.reading = false
        ccl_editor_forget_cancel(editor)
      }
    }
    if isCancelled() { return .interrupted }
    var text: UnsafeMutablePointer<CChar>?
    let outcome = ccl_editor_read(editor, prompt, &text)
    return LineEditor.Line(outcome, text)
  }

  /// From any thread.
  func cancel() {
    state.withLock { if $0.reading, let editor = $0.editor { ccl_editor_cancel(editor) } }
  }

  private func complete(_ editor: OpaquePointer, again: Bool) {
    var before: UnsafeMutablePointer<CChar>?
    var after: UnsafeMutablePointer<CChar>?
    ccl_editor_line(editor, &before, &after)
    let left = takeText(before)
    let candidates = completer(left + takeText(after), left.count)
    var (columns, rows): (Int32, Int32) = (0, 0)
    ccl_terminal_size(output, &columns, &rows)
    switch reply(to: left, candidates: candidates, again: again) {
    case .nothing: ccl_editor_beep(editor)
    case .replace(let erased, let text):
      ccl_editor_replace(editor, erased.unicodeScalars.count, text)
    case .list(let shown):
      let list = table(shown, columns: Int(columns), rows: Int(rows))
      ccl_editor_print_below(editor, list.joined(separator: "\r\n") + "\r\n")
    }
  }
}

/// Frees what C handed over, and answers its text.
func takeText(_ text: UnsafeMutablePointer<CChar>?) -> String {
  guard let text else { return "" }
  defer { free(text) }
  return String(cString: text)
}

/// Writes all of the text; false where that failed, with the reason in `errno`.
@discardableResult
func write(_ text: String, to descriptor: Int32) -> Bool {
  var bytes = Array(text.utf8)[...]
  while !bytes.isEmpty {
    let written = bytes.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
    if written < 0, errno != EINTR { return false }
    bytes = bytes.dropFirst(max(0, written))
  }
  return true
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  #if canImport(Glibc)
    Glibc.write(descriptor, bytes, count)
  #elseif canImport(Musl)
    Musl.write(descriptor, bytes, count)
  #else
    Darwin.write(descriptor, bytes, count)
  #endif
}
