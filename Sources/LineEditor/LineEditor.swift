import CLineEditor

/// A person's line, edited with libedit: history, completion, Unicode, a terminal left as it was.
///
/// - A paste is text, never keys: its lines are joined by spaces, it cannot press Return or Tab, and nothing in it reaches
///   the terminal as a control sequence.
/// - Ctrl-C gives the line up, Ctrl-D on an empty line ends the input, Ctrl-Z stops the program, Tab completes and, pressed
///   twice, lists.
/// - Where the input or output is no terminal, or a dumb one, whole lines are read as they come.
///
/// The actor runs on a thread of its own, because a read waits for a person. One read at a time has the terminal,
/// whatever the number of editors.
public actor LineEditor {
  /// What a person answered.
  public enum Line: Sendable, Hashable {
    case text(String)
    /// Ctrl-C, or the task was cancelled.
    case interrupted
    /// Ctrl-D on an empty line, or the end of the input.
    case end
  }

  /// What can stand in the place of the word before the cursor.
  ///
  /// It gets the line and the cursor's place in it, in characters, and runs on the editor's thread.
  public typealias Completer = @Sendable (_ buffer: String, _ cursor: Int) -> [Completion]

  private let thread = EditorThread()
  private let input: Int32
  private let output: Int32
  private var history: History?
  private let reader: Reader

  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// - Parameters:
  ///   - history: a file for the lines of earlier runs; `nil` keeps them for this run only.
  ///   - limit: how many lines are kept.
  ///   - input: a descriptor, as a rule 0.
  ///   - output: a descriptor, as a rule 1.
  public init(
    history file: String?, limit: Int = 1_000, input: Int32 = 0, output: Int32 = 1,
    completer: @escaping Completer = { _, _ in [] }
  ) {
    self.input = input
    self.output = output
    history = file.map { History(path: $0, limit: limit) }
    reader = Reader(output: output, completer: completer)
  }

  /// Asks for a line.
  ///
  /// - Parameter prompt: can have colours; only its last line stays in front of the text while it is edited.
  /// - Returns: the text without its end of line. A read that fails is the end of the input.
  public func line(prompt: String) async -> Line {
    guard ccl_terminal_can_edit(input, output) != 0 else { return plainLine(prompt: prompt) }
    guard reader.open(input: input, lines: history?.lines() ?? []) else {
      return plainLine(prompt: prompt)
    }
    let prompt = Prompt(prompt)
    write(prompt.above, to: output)
    return await withTaskCancellationHandler {
      reader.read(prompt: prompt.marked, isCancelled: Task.isCancelled)
    } onCancel: {
      reader.cancel()
    }
  }

  /// Makes the line the newest of the history, here and in the file; blank ones and repetitions are left out.
  ///
  /// A caller decides which lines are worth it: a password is not.
  /// - Throws: `HistoryError` when the file cannot be written; the line is remembered for this run all the same.
  public func remember(_ line: String) throws(HistoryError) {
    guard !line.allSatisfy(\.isWhitespace), line != reader.newest else { return }
    reader.remember(line)
    try history?.append(line)
  }

  /// Puts the terminal back as it was before the read that is under way: for whoever ends the program from elsewhere.
  ///
  /// Can be called from any thread and in a signal handler. The signals that end a program by themselves
  /// (SIGTERM, SIGHUP, a crash) do it already.
  public nonisolated static func restore() { ccl_terminal_restore() }

  private func plainLine(prompt: String) -> Line {
    var text: UnsafeMutablePointer<CChar>?
    return Line(ccl_plain_read(input, output, prompt, &text), text)
  }
}

extension LineEditor.Line {
  /// Takes the text over.
  init(_ outcome: ccl_outcome, _ text: UnsafeMutablePointer<CChar>?) {
    switch outcome {
    case CCL_TEXT: self = .text(takeText(text))
    case CCL_INTERRUPTED: self = .interrupted
    default: self = .end
    }
  }
}
