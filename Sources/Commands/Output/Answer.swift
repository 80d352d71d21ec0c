import LineEditor
import Setup

/// The person's answer to a command's one question, in small letters; Ctrl-C and Ctrl-D end the command, whatever the answer to no
/// question would mean.
func answer(to question: String) async throws(Failure) -> String {
  guard case .text(let text) = await LineEditor(history: nil).line(prompt: question) else {
    throw Failure(
      "Nothing was changed", why: "you left at the question", code: .interrupted)
  }
  return text.lowercased()
}
