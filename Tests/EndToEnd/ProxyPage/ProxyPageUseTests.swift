import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// How the page is used: keys, search, many requests, what is on its way, and what is taken away from it.
extension ProxyPageTests {
  private static let rows = "document.querySelectorAll('[role=option]').length"
  private static let selected = "document.querySelector('[aria-selected=true][role=option]')?.id"

  @Test func everythingIsReachedByTheKeyboard() async throws {
    let all = try await stage.exchanges().count
    try await withPage { window in
      // Straight to the list.
      try await window.press("Tab")
      #expect(try await window.evaluate("document.activeElement.className") == "skip")
      try await window.press("Enter")
      try await window.wait("document.activeElement.id == 'list'")
      // Up and down.
      try await window.press("ArrowDown")
      try await window.wait("\(Self.selected) == 'r\(all)'")
      try await window.press("j", "j", "k")
      try await window.wait("\(Self.selected) == 'r\(all - 1)'")
      #expect(
        try await window.evaluate("$('list').getAttribute('aria-activedescendant')").text
          == "r\(all - 1)")
      try await window.press("End")
      try await window.wait("\(Self.selected) == 'r1'")
      // Through the conversation, and through the sides of a request.
      try await window.press("]")
      try await window.wait("\(Self.selected) == 'r2'")
      try await window.press("[")
      try await window.wait("\(Self.selected) == 'r1'")
      try await window.press("3")
      try await window.wait("document.querySelector('.pair')")
      try await window.press("Enter")
      #expect(try await window.evaluate("document.activeElement.id") == "detail")
      try await window.press("Tab")
      #expect(try await window.evaluate("document.activeElement.id") == "t-answer")
      try await window.press("ArrowRight")
      try await window.wait(
        "document.activeElement.id == 't-difference' && document.activeElement.ariaSelected == 'true'"
      )
      try await window.press("Escape")
      #expect(try await window.evaluate("document.activeElement.id") == "list")
      // Search, and into what was found.
      try await window.press("/")
      try await window.type("mistral")
      try await window.wait("\(Self.rows) == 1")
      #expect(try await window.text("#count") == "1 of \(all) requests")
      try await window.press("Enter")
      try await window.wait("\(Self.selected) == 'r\(all)' && document.activeElement.id == 'list'")
      try await window.press("/", "Escape")
      try await window.wait("\(Self.rows) == \(all)")
      // Help, conversations, colours.
      try await window.press("?")
      try await window.wait("$('keys').open")
      try await window.press("Escape")
      try await window.wait("!$('keys').open")
      try await window.press("c")
      try await window.wait("document.querySelector('.session')")
      try await window.press("c", "d")
      try await window.wait("document.documentElement.dataset.theme == 'dark'")
      try await window.evaluate("localStorage.clear()")
    }
  }

  @Test func searchAndFilterNarrowTheListDown() async throws {
    let exchanges = try await stage.exchanges()
    let agents = exchanges.count { $0["request"]?["kind"]?.text == "agent" }
    let others = exchanges.count { $0["request"]?["kind"] == nil }
    let tools = exchanges.count { $0["answer"]?["called"] != nil }
    try await withPage { window in
      for (filter, count) in [
        ("agent", agents), ("other", others), ("tools", tools), ("error", 1), ("warn", 4),
        ("", exchanges.count),
      ] {
        try await window.evaluate(
          "$('filter').value = '\(filter)'; $('filter').dispatchEvent(new Event('change'))")
        #expect(try await window.evaluate(Self.rows).int == count, "\(filter)")
      }
      try await window.click("#search")
      try await window.type("SUBAGENT qwen3")
      #expect(try await window.evaluate(Self.rows).int == agents)
      try await window.type(" no such")
      #expect(try await window.text("#none").contains("No request is like that."))
      try await window.click("#clear")
      try await window.wait("\(Self.rows) == \(exchanges.count)")
    }
  }

  /// In a narrow window a request takes the list's place, and gives it back.
  @Test func aNarrowWindowShowsOneThingAtATime() async throws {
    try await withPage(width: 390) { window in
      let visible = """
        [...document.querySelectorAll('#left, #right')].map(e => getComputedStyle(e).display != 'none')
        """
      #expect(try await window.evaluate(visible) == [true, false])
      try await window.click("[role=option]")
      try await window.wait("document.querySelector('#detail h2')")
      #expect(try await window.evaluate(visible) == [false, true])
      try await window.click(".back")
      #expect(try await window.evaluate(visible) == [true, false])
      #expect(try await window.evaluate("document.activeElement.id") == "list")
    }
  }

  @Test func tenThousandRequestsAreNoBurden() async throws {
    let stage = try stage
    let record = try TemporaryFolder.make("many").appending("record.jsonl")
    try write(manyExchanges(12_000).utf8, to: record)
    let port = 4001
    let proxy = try await stage.person.proxy("http://127.0.0.1:9", port: port, record: record)
    try await withPage(at: "http://127.0.0.1:\(port)/") { window in
      try await window.wait("$('count').textContent == '10,000 requests'")
      let most = 60
      #expect(try await window.evaluate(Self.rows).int ?? most < most)
      try await window.evaluate("$('list').scrollTop = 5000 * rowHeight")
      try await window.wait("document.querySelector('#r7000')")
      #expect(try await window.evaluate(Self.rows).int ?? most < most)
      try await window.evaluate("$('list').focus()")
      try await window.press("End")
      try await window.wait("\(Self.selected) == 'r2001'")
      try await window.click("#search")
      try await window.type("needle-9999")
      try await window.wait("$('count').textContent == '1 of 10,000 requests'")
      try await window.press("Escape")
      try await window.evaluate(
        "$('filter').value = 'tools'; $('filter').dispatchEvent(new Event('change'))")
      try await window.wait("$('count').textContent == '1,000 of 10,000 requests'")
      try await window.press("c")
      try await window.wait("document.querySelectorAll('.line').length > 100")
      #expect(try await window.evaluate("document.querySelectorAll('*').length").int ?? 0 < 60_000)
      // Another request: its conversation is drawn anew, and no other.
      let redrawn = try await window.evaluate(
        """
        (() => {
          const before = [...document.querySelectorAll('.thread')];
          add({ ...all.at(-1), id: 20001 });
          refresh();
          return [before.length > 50, before.filter(thread => !thread.isConnected).length, all.length];
        })()
        """)
      #expect(redrawn == [true, 1, 10_000])
    }
    await proxy.end()
  }

  private func manyExchanges(_ count: Int) -> String {
    (1...count).map { id in
      let second = id % 60 < 10 ? "0\(id % 60)" : "\(id % 60)"
      let called = id % 10 == 0 ? #","called":["Read"]"# : ""
      return """
        {"id":\(id),"at":"2026-11-23T05:00:\(second).000000Z","client":"127.0.0.1:1","method":"POST",\
        "target":"/v1/messages?needle-\(id)","status":200,"ending":"complete","others":0,"requestDone":100,\
        "firstByte":1000,"firstToken":1200,"end":9000,"requestSize":80,"responseSize":10,\
        "request":{"kind":"chat","model":"tiny","session":"s\(id / 100)","thread":"t\(id / 10)","messagesBytes":40},\
        "answer":{"inputTokens":20,"outputTokens":5,"stop":"end_turn"\(called)},\
        "sent":{"headers":[],"body":"{\\"messages\\":[]}"},"received":{"headers":[],"marks":[],"body":"{}"}}

        """
    }.joined()
  }

  @Test func whatIsOnItsWayIsSeenToGrow() async throws {
    let stage = try stage
    let engine = try await StoryEngine(in: stage.person.network)
    let record = try TemporaryFolder.make("live").appending("record.jsonl")
    let proxy = try await stage.person.proxy(
      "http://127.0.0.1:\(engine.port)", port: 4002, record: record)
    let ask = { (prompt: String) in
      try RunningProgram(
        stage.person.network.inside(
          .clean(
            Part.busyboxPath.string,
            [
              "wget", "-q", "-O", "-", "--post-data",
              #"{"model":"m","stream":true,"messages":[{"role":"user","content":"\#(prompt)"}]}"#,
              "http://127.0.0.1:4002/v1/messages",
            ])), output: record.removingLastComponent().appending("answer"))
    }
    // It is on its way before anybody looks.
    let client = try ask("tell me slowly")
    try await eventually(within: .seconds(20)) {
      let answer = record.removingLastComponent().appending("answer")
      return try text(of: answer).contains("One") ? true : nil
    }
    try await withPage(at: "http://127.0.0.1:4002/") { window in
      try await window.wait("document.querySelector('#r1 .running')")
      #expect(try await window.text("#count") == "1 request, 1 on its way")
      try await window.click("#r1")
      try await window.press("3")
      try await window.wait("$('panel')?.innerText.includes('One word after the other.')")
      #expect(try await window.accessibilityErrors() == [])
      let half = try await window.text("#panel")
      #expect(half.contains("Slow and steady."))
      try await picture("running", of: window)
      #expect(client.exitCode == nil)
      engine.goOn()
      try await window.wait("document.querySelector('#r1 .status.ok')")
      try await window.wait("$('panel').innerText.length > \(half.count)")
      #expect(try await window.text("#count") == "1 request")
      #expect(try await client.exit(within: .seconds(20)) == 0)
      // And one that comes while somebody looks.
      let second = try ask("once more")
      try await window.wait("document.querySelector('#r2')")
      try await window.wait("document.querySelector('#r2 .status.ok')")
      #expect(try await second.exit(within: .seconds(20)) == 0)
    }
    await proxy.end()
    try await engine.end()
  }

  @Test func whatIsExportedOpensElsewhere() async throws {
    let stage = try stage
    let count = try await stage.exchanges().count
    let downloads = stage.browser.downloads
    try await withPage { window in
      for kind in ["jsonl", "har", "html"] {
        try await window.click("#exports summary")
        try await window.wait("$('exports').open")
        try await window.click("#exportLinks a[href$=\(kind)]")
        let file = downloads.appending("proxy.\(kind)")
        try await eventually(within: .seconds(20)) {
          FileManager.default.fileExists(atPath: file.string) ? true : nil
        }
        try await window.press("Escape")
      }
    }
    let lines = try text(of: downloads.appending("proxy.jsonl"))
    #expect(lines == (try text(of: stage.record)))
    let har = try JSON.parse(try bytes(of: downloads.appending("proxy.har")))
    #expect(har["log"]?["entries"]?.elements?.count == count)
    #expect(!lines.contains("Bearer local"))

    // The file of the page, and that of the command: the same page, with nothing behind it.
    let made = stage.record.removingLastComponent().appending("report.html")
    let result = try await stage.person.setup(
      "proxy", "report", stage.record.string, "--output", made.string)
    #expect(result.code == 0, "\(result.error)")
    for file in [downloads.appending("proxy.html"), made] {
      try await withPage(at: "file://\(file)") { window in
        #expect(try await window.text("#state") == "a report of \(count) requests")
        #expect(try await window.evaluate(Self.rows).int == count)
        let changed = try await stage.first { $0["prefix"]?["header"] != nil }
        try await window.click("#r\(changed)")
        try await window.press("4")
        try await window.wait("document.querySelector('#verdict')")
        #expect(try await window.text("#verdict").contains("x-anthropic-billing-header"))
        #expect(try await window.accessibilityErrors() == [])
      }
    }
  }
}
