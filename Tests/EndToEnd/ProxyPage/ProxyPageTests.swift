import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The proxy's page in a real browser, on sessions of real clients. What it shows, keys, size, life and exports are in the
/// files beside this one.
///
/// With `CCL_SETUP_SCREENSHOTS=FOLDER` a picture of every view is left there.
@Suite(
  .serialized,
  .requires(
    .namespace, .superuser, .busybox, .browser, .axe, .claude(.a), .claude(.b)),
  .timeLimit(.minutes(10)), .proxyPageStage)
struct ProxyPageTests {
  var stage: ProxyPageStage {
    get throws { try #require(ProxyPageStage.current) }
  }

  /// Uses the page in a window of its own; whatever is done there, nothing is asked of anybody but the proxy, and the
  /// browser has nothing to complain about.
  func withPage(
    at url: String? = nil, width: Int = 1400, scheme: Window.Scheme = .light,
    _ use: (Window) async throws -> Void
  ) async throws {
    let stage = try stage
    let url = url ?? stage.url + "/"
    let window = try await stage.browser.window(width: width, scheme: scheme)
    try await window.open(url)
    try await window.wait("document.querySelector('[role=option]')")
    do { try await use(window) } catch {
      try await picture("failed", of: window)
      throw error
    }
    #expect(try await window.complaints() == [])
    // What passed is text, whatever it says.
    #expect(
      try await window.evaluate("document.querySelectorAll('main :is(img, script, style)').length")
        == 0)
    let base = url.hasPrefix("file:") ? "file:///" : url
    for address in try await window.requests() {
      #expect(address.hasPrefix(base), "\(address)")
    }
    try await window.close()
  }

  func picture(_ name: String, of window: Window) async throws {
    guard let folder = Part.variable("CCL_SETUP_SCREENSHOTS") else { return }
    try write(try await window.picture(), to: FilePath(folder).appending("\(name).png"))
  }

  /// Every view, where in the page what is new of it is, and how one gets there.
  private func views() async throws -> [(name: String, place: String, script: String)] {
    let story = try await stage.first { $0["answer"]?["called"]?.elements?.count == 2 }
    let changed = try await stage.first { $0["prefix"]?["header"] != nil }
    let cut = try await stage.first { $0["answer"]?["cut"] == true }
    let queued = try await stage.first {
      $0["request"]?["kind"]?.text == "agent" && $0["others"]?.int ?? 0 > 1
    }
    let hostile = try await stage.first { $0["repaired"] != nil }
    let (all, detail, panel) = ("html", "#detail", "#panel")
    return [
      ("list", all, "0"), ("overview", detail, "pick(\(queued))"),
      ("anatomy", panel, "show('anatomy')"),
      (
        "anatomy-open", panel,
        "document.querySelectorAll('#panel details').forEach((d, i) => { d.open = i % 5 == 1 })"
      ),
      ("answer", panel, "pick(\(story)).then(() => show('answer'))"),
      ("difference-kept", panel, "pick(\(story + 1)).then(() => show('difference'))"),
      ("difference", panel, "pick(\(changed))"),
      ("difference-open", panel, "document.querySelector('#panel details').open = true"),
      ("events", panel, "pick(\(story)).then(() => show('events'))"),
      ("raw", panel, "show('raw')"),
      ("hostile", panel, "pick(\(hostile)).then(() => show('answer'))"),
      ("cut", detail, "pick(\(cut)).then(() => show('overview'))"),
      ("conversations", "#talk", "(leave(), toggleTalk(true))"),
      ("keys", all, "(toggleTalk(false), $('keys').showModal())"),
      ("export", "header", "($('keys').close(), $('exports').open = true)"),
      (
        "nothing", all,
        "($('exports').open = false, $('search').value = 'no such thing', refresh())"
      ),
    ]
  }

  @Test(arguments: [390, 1400], Window.Scheme.allCases)
  func everyViewIsWholeAndHasNoErrorsOfAccessibility(width: Int, scheme: Window.Scheme) async throws
  {
    let views = try await views()
    try await withPage(width: width, scheme: scheme) { window in
      for (name, place, script) in views {
        try await window.evaluate(script + "; 0")
        // Frames in which sizes are observed and canvases drawn.
        try await window.evaluate("new Promise(done => setTimeout(done, 100))")
        #expect(try await window.accessibilityErrors(in: place) == [], "\(name)")
        let overflow = try await window.evaluate(
          """
          Math.max(...['html', '#left', '#detail', '#talk'].map(place => document.querySelector(place))
            .map(e => e.scrollWidth - e.clientWidth))
          """)
        #expect(overflow.int ?? 1 <= 0, "\(name) is wider than the window")
        try await picture("\(name)-\(width)-\(scheme)", of: window)
      }
    }
  }

  @Test func followsTheSystemsColoursUntilAPersonChooses() async throws {
    try await withPage(scheme: .dark) { window in
      try await window.wait("document.documentElement.dataset.theme == 'dark'")
      try await window.prefer(.light)
      try await window.wait("document.documentElement.dataset.theme == 'light'")
      try await window.click("#theme")
      try await window.wait("document.documentElement.dataset.theme == 'dark'")
      try await window.prefer(.dark)
      try await window.prefer(.light)
      try await window.open(try stage.url + "/")
      try await window.wait("document.documentElement.dataset.theme == 'dark'")
      // The next test sees no choice.
      try await window.evaluate("localStorage.clear()")
    }
  }

  @Test func cannotBeFramed() async throws {
    let stage = try stage
    let window = try await stage.browser.window()
    try await window.open("data:text/html,<iframe src='\(stage.url)/_proxy/'></iframe>")
    try await eventually(within: .seconds(20)) {
      try await window.failures().contains(stage.url + "/_proxy/") ? true : nil
    }
    try await window.close()
  }
}
