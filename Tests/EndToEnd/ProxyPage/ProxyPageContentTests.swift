import Setup
import Support
import SystemPackage
import Testing

/// What the page says of what passed.
extension ProxyPageTests {
  @Test func aChangingHeaderIsTheFirstByteThatDiffers() async throws {
    let stage = try stage
    let id = try await stage.first { $0["prefix"]?["header"] != nil }
    // The record first: a place within the header's own field.
    let line = try await stage.exchange(id)
    #expect(line["prefix"]?["broken"]?.text == "system")
    #expect(line["prefix"]?["place"]?.text == "system[0]")
    #expect(line["prefix"]?["header"]?.text == "x-anthropic-billing-header cch")
    let body = Array(try #require(line["sent"]?["body"]?.text).utf8)
    let position = try #require(line["prefix"]?["position"]?.int)
    let before = String(decoding: body[..<position], as: UTF8.self)
    let field = try #require(before.split(separator: ";").last)
    #expect(field.hasPrefix(" cch="), "\(field)")
    #expect(before.split(separator: "\"").last?.hasPrefix("x-anthropic-billing-header: ") == true)

    try await withPage { window in
      #expect(try await window.text("#r\(id)").contains("cache lost"))
      try await window.click("#r\(id)")
      try await window.wait("document.querySelector('#detail .box.warn')")
      #expect(
        try await window.text("#detail .box.warn").contains(
          "The prefix cache is destroyed: this prompt differs from #"))
      try await window.click("#t-difference")
      try await window.wait("document.querySelector('#verdict')")
      let verdict = try await window.text("#verdict")
      #expect(
        verdict.hasPrefix("The prefix cache is destroyed. The first byte that differs is byte"))
      #expect(verdict.contains("of system[0]"))
      #expect(
        verdict.contains("It is the attribution header x-anthropic-billing-header, its field cch"))
      // What is marked is that byte, in both.
      let marks = try await window.evaluate(
        "[...document.querySelectorAll('#panel pre mark')].map(m => m.textContent)")
      let digits = marks.elements?.compactMap(\.text) ?? []
      #expect(digits.count == 2 && digits[0] != digits[1] && digits.allSatisfy { $0.count == 1 })
      #expect(digits.last == String(decoding: [body[position]], as: UTF8.self))
    }
  }

  @Test func aTurnThatContinuesKeepsTheCache() async throws {
    let stage = try stage
    let kept = try await stage.first { $0["prefix"] != nil && $0["prefix"]?["broken"] == nil }
    try await withPage { window in
      #expect(try await !window.text("#r\(kept)").contains("cache lost"))
      try await window.click("#r\(kept)")
      try await window.press("4")
      try await window.wait("document.querySelector('#verdict.good')")
      #expect(try await window.text("#verdict").contains("The prefix cache is kept."))
    }
    // No turn of the story broke it: what the client does is no false alarm.
    for exchange in try await stage.exchanges()
    where exchange["answer"]?["cacheRead"] != nil {
      #expect(exchange["prefix"]?["broken"] == nil, "\(exchange.compact)")
    }
  }

  @Test func aPromptThatWasCutIsWarnedOf() async throws {
    let cut = try await stage.first { $0["answer"]?["cut"] == true }
    try await withPage { window in
      #expect(try await window.text("#r\(cut)").contains("cut"))
      try await window.click("#r\(cut)")
      try await window.wait("document.querySelector('#detail .box.warn')")
      let warning = try await window.text("#detail .box.warn")
      #expect(warning.contains("The engine read 2,050 tokens of about 12,"), "\(warning)")
      #expect(warning.contains("ccl-setup context qwen3:1.7b 64k"))
      // Wrong URLs and failures are there in the same way.
      let list = try await window.text("#list")
      #expect(list.contains("wrong URL") && list.contains("error"))
    }
  }

  @Test func theAnatomyOfAPrompt() async throws {
    let story = try await stage.first { $0["answer"]?["called"]?.elements?.count == 2 }
    let sent = try JSON.parse(
      try #require(try await stage.exchange(story)["sent"]?["body"]?.text))
    let tools = try #require(sent["tools"]?.elements)
    try await withPage { window in
      try await window.click("#r\(story)")
      try await window.press("2")
      try await window.wait("document.querySelector('#panel .bar')")
      let bar = try await window.evaluate("document.querySelector('#panel .bar').ariaLabel").text
      for part in ["system", "tools", "messages", "settings"] {
        #expect(bar?.contains(part + " ") == true, "\(bar ?? "no bar")")
      }
      let panel = try await window.text("#panel")
      #expect(panel.contains("System: \(sent["system"]?.elements?.count ?? 0) blocks"))
      #expect(panel.contains("Tools: \(tools.count) by size"))
      #expect(panel.contains("Messages: \(sent["messages"]?.elements?.count ?? 0)"))
      // Ranked, and each with the bytes of its definition.
      let rows = try await window.evaluate(
        """
        [...document.querySelectorAll('.rank tbody tr')].map(row =>
          [row.querySelector('summary').textContent, Number(row.cells[1].textContent.replace(',', ''))])
        """)
      let ranked = (rows.elements ?? []).compactMap { row -> (String, Int)? in
        guard let name = row.elements?[0].text, let bytes = row.elements?[1].int else { return nil }
        return (name, bytes)
      }
      #expect(ranked.count == tools.count)
      #expect(ranked.map(\.1) == ranked.map(\.1).sorted(by: >))
      for (name, bytes) in ranked {
        let tool = try #require(tools.first { $0["name"]?.text == name })
        #expect(bytes == tool.compact.utf8.count, "\(name)")
      }
    }
  }

  @Test func theAnswerStandsBesideTheResultsOfItsCalls() async throws {
    let story = try await stage.first { $0["answer"]?["called"]?.elements?.count == 2 }
    try await withPage { window in
      try await window.click("#r\(story)")
      try await window.press("3")
      try await window.wait("document.querySelectorAll('.pair').length == 2")
      #expect(try await window.text(".turn.thinking").contains("I read both before I decide."))
      #expect(try await window.text("#panel").contains("I look at the notes first."))
      let pairs = try await window.evaluate(
        "[...document.querySelectorAll('.pair')].map(p => p.innerText)")
      let texts = pairs.elements?.compactMap(\.text) ?? []
      #expect(texts.first?.contains("The garden has a north bed") == true, "\(texts)")
      #expect(texts.first?.contains("notes.txt") == true)
      #expect(texts.last?.contains("result: an error") == true)
      // Side by side, and one below the other in a narrow window.
      let beside = """
        (() => { const [a, b] = document.querySelector('.pair').children, r = e => e.getBoundingClientRect();
          return [r(b).left >= r(a).right, r(b).top >= r(a).bottom]; })()
        """
      #expect(try await window.evaluate(beside) == [true, false])
      try await window.resize(width: 390, height: 844)
      #expect(try await window.evaluate(beside) == [false, true])
    }
  }

  @Test func timeIsPartedIntoQueueEvaluationAndGeneration() async throws {
    let stage = try stage
    let queued = try await stage.first {
      $0["request"]?["kind"]?.text == "agent" && $0["others"]?.int ?? 0 > 1
    }
    let alone = try await stage.first { $0["others"] == 0 && $0["firstToken"] != nil }
    try await withPage { window in
      for (id, wanted) in [
        (queued, ["queue", "prompt evaluation", "generation"]),
        (alone, ["prompt evaluation", "generation"]),
      ] {
        try await window.click("#r\(id)")
        try await window.wait(
          "document.querySelector('#detail h2')?.innerText.startsWith('#\(id) ')")
        let parts = try await window.evaluate(
          "[...document.querySelectorAll('#panel .legend li')].map(li => li.firstElementChild.nextSibling.data.trim())"
        )
        #expect(parts.elements?.compactMap(\.text) == wanted)
      }
    }
  }

  @Test func theEventsLieOnATimeAxis() async throws {
    let story = try await stage.first { $0["answer"]?["called"]?.elements?.count == 2 }
    let received = try #require(try await stage.exchange(story)["received"]?["body"]?.text)
    let count = received.ranges(of: "event: ").count
    try await withPage { window in
      try await window.click("#r\(story)")
      try await window.press("5")
      try await window.wait("document.querySelector('#panel canvas')?.height > 0")
      #expect(try await window.text("#panel h3").hasPrefix("\(count) events"))
      #expect(try await window.text(".events").contains("message_start"))
      // Something is drawn.
      #expect(
        try await window.evaluate(
          """
          (() => { const c = document.querySelector('canvas'), d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
            return new Set(new Uint32Array(d.buffer)).size > 5; })()
          """) == true)
      // Times never go back, and pieces of the answer come one after the other.
      let times = try await window.evaluate(
        "whole(\(story)).then(full => eventsOf(full).map(event => event.at))")
      let at = times.elements?.compactMap(\.int) ?? []
      #expect(at.count == count && at == at.sorted() && Set(at).count > count / 2)
    }
  }

  @Test func conversationsHaveTheirSubagentsBesideThem() async throws {
    try await withPage { window in
      try await window.click("#viewTalk")
      try await window.wait("document.querySelector('.session')")
      let session = try await window.evaluate(
        "[...document.querySelectorAll('.session')].map(s => s.innerText).find(t => t.includes('2 subagents'))"
      ).text
      let text = try #require(session)
      #expect(text.contains("Read ×2") && text.contains("Agent ×2"), "\(text)")
      #expect(
        try await window.evaluate("document.querySelectorAll('.thread.sub').length") == 2)
      // Each line leads to its request.
      try await window.click(".thread.sub .line")
      try await window.wait("document.querySelector('#detail h2')")
      let id = try await window.evaluate("document.querySelector('.thread.sub .line').dataset.id")
      #expect(try await window.text("#detail h2").hasPrefix("#\(id.text ?? "") "))
    }
  }

  /// What is no request of the client's is shown all the same, side by side.
  @Test func oddShapesAreShown() async throws {
    let person = try stage.person
    let record = try TemporaryFolder.make("odd").appending("record.jsonl")
    let proxy = try await person.proxy("http://127.0.0.1:9", port: 4004, record: record)
    let bodies = [
      #"{"model":5,"messages":7,"tools":{"a":1},"system":9}"#, "[1]", "7", "null", #""text""#,
      #"{"messages":[null,3,"x",{"content":[null,{"type":"text","text":4},{"type":"tool_result","content":{}}]}],"#
        + #""tools":[null,1],"system":[null,{"text":{}}]}"#,
      #"{"messages":{"0":1},"system":{"text":"t"}}"#,
    ]
    for body in bodies { _ = try? await person.web("/v1/messages", port: 4004, post: body) }
    try await withPage(at: "http://127.0.0.1:4004/") { window in
      for id in 1...bodies.count {
        try await window.wait("document.querySelector('#r\(id)')")
        try await window.click("#r\(id)")
        for tab in 1...6 {
          try await window.press("\(tab)")
          try await window.wait(
            "document.querySelector('[role=tab][aria-selected=true]')?.id == 't-' + tabs[\(tab - 1)][0] && picked == \(id)"
          )
          let text = try await window.text("#panel")
          #expect(!text.contains("cannot be shown"), "\(bodies[id - 1]), \(tab): \(text)")
        }
      }
    }
    await proxy.end()
  }

  /// What the page says of the prefix is what a real engine's cache does: nearly all of it is there for a turn that
  /// continues, and nothing for one whose system prompt has changed. The attribution header is left out by this engine.
  @Test(.requires(.engine)) func aRealEnginesCacheDoesWhatThePageSays() async throws {
    let person = try stage.person
    let engine = try await LlamaServer(in: person.network)
    let record = try TemporaryFolder.make("engine-record").appending("record.jsonl")
    let proxy = try await person.proxy(engine.url, port: 4003, record: record)
    for (name, header, words) in [
      ("same", "0", ["Be brief.", "Be brief."]), ("words", "0", ["It is noon.", "It is one."]),
      ("header", "1", ["Be brief.", "Be brief."]),
    ] {
      for (turn, words) in words.enumerated() {
        try await person.ask(
          .b, turn == 0 ? "hello \(name)" : "and again", continues: turn > 0,
          options: ["--tools=Read", "--append-system-prompt", words], port: 4003,
          with: ["CLAUDE_CODE_ATTRIBUTION_HEADER": header])
      }
    }
    let list = try JSON.parse(try await person.web("/_proxy/list", port: 4003))
    let turns = (list["exchanges"]?.elements ?? []).filter { $0["prefix"] != nil }
    try #require(turns.count == 3, "\(list.compact)")
    let evaluated = turns.compactMap { $0["answer"]?["inputTokens"]?.int }
    let cached = turns.compactMap { $0["answer"]?["cacheRead"]?.int }
    try #require(evaluated.count == 3 && cached.count == 3, "\(list.compact)")
    #expect(turns.map { $0["prefix"]?["broken"]?.text } == [nil, "system", "system"])
    #expect(turns[2]["prefix"]?["header"]?.text == "x-anthropic-billing-header cch")
    #expect(evaluated[0] < 100 && cached[0] > 1_000, "\(turns[0].compact)")
    #expect(evaluated[1] > 1_000, "\(turns[1].compact)")
    #expect(evaluated[2] < 100 && cached[2] > 1_000, "\(turns[2].compact)")
    try await withPage(at: "http://127.0.0.1:4003/") { window in
      for (turn, verdict) in zip(
        turns,
        [
          "The prefix cache is kept.", "The engine took \(cached[1]) tokens from its cache.",
          "from its cache: it does not give that part to the model.",
        ])
      {
        let id = turn["id"]?.int ?? 0
        try await window.click("#r\(id)")
        try await window.press("4")
        try await window.wait(
          "document.querySelector('#panel h3')?.innerText.startsWith('#\(id) against')")
        let text = try await window.text("#verdict").replacing(",", with: "")
        #expect(text.contains(verdict.replacing(",", with: "")), "\(text)")
        let isLost = turn == turns[1]
        #expect(text.contains("The prefix cache is destroyed.") == isLost)
        #expect(try await window.text("#r\(id)").contains("cache lost") == isLost)
      }
    }
    await proxy.end()
    await engine.stop()
  }
}
