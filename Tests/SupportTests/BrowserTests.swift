import Setup
import Support
import Testing

/// What the tests of pages stand on: a browser that does what a person does, and says what is wrong.
@Suite(.requires(.namespace, .browser, .axe), .timeLimit(.minutes(2)))
struct BrowserTests {
  @Test func aPageIsUsedSeenAndJudged() async throws {
    let browser = try await Browser(in: try await Namespace())
    let window = try await browser.window(width: 400, height: 300, scheme: .dark)
    let page = """
      <html lang=en><title>A page</title><main><h1>Hi</h1><img src=data:,><label>Name <input></label><button \
      onclick="document.title = document.querySelector('input').value; console.error('pressed')">Go</button></main>
      """
    let blank = try await window.picture()
    try await window.open("data:text/html,\(page)")
    #expect(try await window.text("h1") == "Hi")
    #expect(try await window.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") == true)
    try await window.click("input")
    try await window.type("Ada")
    try await window.press("Tab", "Enter")
    try await window.wait("document.title == 'Ada'")
    let errors = try await window.accessibilityErrors()
    #expect(errors.count == 1 && errors[0].hasPrefix("image-alt (critical)"), "\(errors)")
    #expect(try await window.complaints().contains { $0.contains("pressed") })
    let picture = try await window.picture()
    #expect(picture.starts(with: [0x89, 0x50, 0x4E, 0x47]) && picture != blank)
    try await window.close()
    await browser.end()
  }
}
