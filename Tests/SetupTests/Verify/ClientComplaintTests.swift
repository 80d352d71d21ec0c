import Setup
import Testing

@Suite("What the client's words mean")
struct ClientComplaintTests {
  @Test("An interactive bash without a terminal speaks of itself: that is no part of the complaint")
  func noise() {
    let said = """
      bash: cannot set terminal process group (-1): Inappropriate ioctl for device
      bash: no job control in this shell
      claude-local: there is no program claude on your PATH; 'ccl-setup doctor' says how to get it.
      """
    let failure = ClientComplaint.diagnose(said, code: 127, url: "http://127.0.0.1:11434")
    #expect(failure.what == "Claude Code is not installed")
    #expect(
      failure.why
        == "claude-local: there is no program claude on your PATH; 'ccl-setup doctor' says how to get it."
    )
  }

  @Test("Words that nobody knows are shown, with the exit code")
  func unknown() {
    let failure = ClientComplaint.diagnose("first\nsecond", code: 3, url: "")
    #expect(failure.why == "it ended with exit code 3: first\nsecond")
  }
}
