import Setup
import Support
import Testing

struct TerminalTests {
  let environment = ["TERM": "xterm-256color", "HOME": "/", "LANG": "C.UTF-8"]

  @Test func aPersonTypesResizesAndInterrupts() async throws {
    let script = """
      stty size; printf '\\033[1mname?\\033[0m '; read -r name; echo "hello <$name>"
      trap 'echo interrupted; exit 7' INT; trap 'stty size' WINCH
      while :; do sleep 0.1; done
      """
    let terminal = try await PseudoTerminal(
      .clean("bash", ["-c", script], environment: environment), columns: 40, rows: 10)
    try await terminal.expect("10 40")
    try await terminal.expect("name? ")
    try await terminal.type("Ü $(x)")
    try await terminal.expect("hello <Ü $(x)>")
    await terminal.resize(columns: 120, rows: 33)
    try await terminal.expect("33 120")
    try await terminal.press(.controlC)
    try await terminal.expect("interrupted")
    #expect(try await terminal.exit() == 7)
    #expect(try await terminal.bytes.contains(0x1b))
  }

  @Test func whatIsNotPrintedIsReportedWithWhatIs() async throws {
    let terminal = try await PseudoTerminal(
      .clean("sh", ["-c", "echo something else; sleep 60"], environment: environment))
    let error = await #expect(throws: TookTooLong.self) {
      try await terminal.expect("the prompt", within: .seconds(1))
    }
    #expect(error?.description.contains("something else") == true)
    terminal.program.signal(9)
    #expect(try await terminal.exit() == 137)
  }

  @Test(.requires(.program("tmux"))) func theScreenIsWhatAPersonSees() async throws {
    let script =
      #"printf 'one\n\033[31mtwo\033[0m\033[1A\rONE\n\n'; read -r line; echo "<$line>"; exit 5"#
    let screen = try await TmuxScreen(
      .clean("sh", ["-c", script], environment: environment), columns: 30, rows: 8)
    #expect(try await screen.expect("two").hasPrefix("ONE\ntwo"))
    #expect(try await screen.text(colors: true).contains("\u{1b}[31mtwo"))
    try await screen.type("; rm -rf 'x';")
    try await screen.press("Enter")
    try await screen.expect("<; rm -rf 'x';>")
    #expect(try await screen.exit() == 5)
    try await screen.end()
  }
}
