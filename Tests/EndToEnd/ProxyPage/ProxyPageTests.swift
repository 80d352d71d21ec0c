import Setup
import Support
import SystemPackage
import Testing

/// The proxy's page in a real browser.
@Suite(
  .serialized,
  .requires(.namespace, .superuser, .busybox, .browser, .axe, .claude(.a), .claude(.b)),
  .timeLimit(.minutes(5)),
  .proxyPageStage)
struct ProxyPageTests {
  static let widths = [390, 1400]

  private var stage: ProxyPageStage {
    get throws { try #require(ProxyPageStage.current) }
  }

  @Test(arguments: widths, Window.Scheme.allCases)
  func hasNoErrorsOfAccessibility(width: Int, scheme: Window.Scheme) async throws {
    let stage = try stage
    let window = try await stage.browser.window(width: width, scheme: scheme)
    try await window.open(stage.url + "/")
    try await window.wait("document.querySelectorAll('[role=option]').length > 8")
    #expect(try await window.accessibilityErrors() == [])
    #expect(try await window.complaints() == [])
    for address in try await window.requests() { #expect(address.hasPrefix(stage.url + "/")) }
    try await window.close()
  }
}
