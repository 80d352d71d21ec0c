import NIOCore

/// What the recorder's thread knows: exchanges that are still coming, the record, and the list of what passed.
final class Keeper {
  private let configuration: ProxyConfiguration
  private let console: Console
  private var assemblies: [Int: Assembly] = [:]
  private var prompts = PromptMemory()
  private var lists = StandingLists()
  private var text = JSONText(capacity: 256 * 1024)
  private var scratch = JSONText()
  private var lastTarget = (asked: "", recorded: "")
  private var file: RecordFile?
  private(set) var journal: Journal
  /// Why nothing is recorded any more.
  private(set) var stopped: String?
  private var lines: [(id: Int, row: ByteBuffer, offset: Int, length: Int)] = []

  /// Bytes of lines that are gathered before they are written.
  private static let batch = 1 << 20

  init(_ configuration: ProxyConfiguration, file: RecordFile?, console: @escaping Console) {
    self.configuration = configuration
    self.file = file
    self.console = console
    journal = Journal(earlier: file)
  }

  func take(_ parcel: Parcel) {
    var assembly: Assembly
    if let earlier = assemblies.removeValue(forKey: parcel.id) {
      assembly = earlier
    } else if let head = parcel.requestHead {
      // Without a record a prompt is kept only until it is understood, and an answer until it is shown.
      func limit(_ unrecorded: Int) -> Int {
        file == nil ? min(configuration.bodyLimit, unrecorded) : configuration.bodyLimit
      }
      assembly = Assembly(
        id: parcel.id, head: head, limits: (limit(4 << 20), limit(256 << 10)),
        spillPath: file?.path)
    } else {
      return
    }
    assembly.take(parcel)
    if file != nil, let failure = assembly.request?.failure ?? assembly.response?.failure {
      flush()
      // The lines before may have found the disk full as well.
      if let file { stopRecording(failure, keeping: file.size) }
    }
    if let facts = parcel.facts {
      finish(&assembly, facts)
    } else {
      if parcel.progress != nil {
        let row = running(&assembly)
        if let row { journal.tell(running: row.buffer) }
      }
      assemblies[parcel.id] = assembly
    }
  }

  /// An exchange that is on its way, as the beginning of its line.
  private func running(_ assembly: inout Assembly) -> JSONText? {
    guard let facts = assembly.progress else { return nil }
    var summary = beginSummary(&assembly, facts, assembly.requestHead)
    summary.ending = "running"
    if assembly.prompt == nil, let body = assembly.request?.reread(), body.readableBytes > 0 {
      assembly.prompt = prompt(of: body, summary, facts, assembly.requestHead)
    }
    if let asked = assembly.prompt { summary.request = asked.facts }
    if let answer = assembly.answer {
      summary.answer = answer.facts
      summary.firstToken = answer.firstContent.flatMap { assembly.time(of: $0) }
    }
    summary.redact()
    var row = JSONText()
    row.object { summary.write(to: &$0) }
    return row
  }

  /// What has come of an exchange that is on its way, as its line would be if it ended now.
  func unfinished(_ id: Int) -> ByteBuffer? {
    guard var assembly = assemblies[id], var line = running(&assembly) else { return nil }
    assemblies[id] = assembly
    line.cut(to: line.count - 1)
    line.begin("sent")
    assembly.requestHead.write(to: &line)
    line.body(assembly.request?.reread(), coding: assembly.requestHead.coding)
    line.raw("}")
    if let head = assembly.responseHead {
      line.begin("received")
      head.write(to: &line)
      line.marks(assembly.marks)
      line.body(assembly.response?.reread(), coding: head.coding)
      line.raw("}")
    }
    line.endLine()
    return line.buffer
  }

  /// Gives what is gathered to the kernel.
  /// - Parameter all: false may keep a few last bytes of much for the next time, which is about to come.
  func flush(all: Bool = true) {
    if text.count > 0, let file {
      do {
        try file.append(&text, all: all || file.isDue)
        settleLines()
        if let gone = try file.rotateIfDue(text) { journal.forget(gone) }
      } catch {
        stopRecording(error, keeping: lines.first?.offset ?? file.size)
        text.clear()
      }
    }
  }

  func close() {
    flush()
    file?.sync()
    file = nil
    journal.endFeeds()
  }

  /// The lines that the file has to their ends are listed.
  private func settleLines() {
    guard let file else { return }
    let whole = lines.prefix { $0.offset + $0.length < file.size }
    for line in whole {
      journal.add(
        Journal.Entry(
          id: line.id, row: line.row, segment: file.segment, offset: line.offset,
          length: line.length))
    }
    lines.removeFirst(whole.count)
  }

  private func stopRecording(_ error: any Error, keeping length: Int) {
    file?.takeBack(to: length)
    file = nil
    for line in lines { journal.add(Journal.Entry(id: line.id, row: line.row)) }
    lines = []
    stopped = "\(error)"
    journal.stopped = stopped
    console(.notice("The recording has stopped: \(error). Requests pass as before."))
  }

  private func finish(_ assembly: inout Assembly, _ facts: ExchangeFacts) {
    let head = assembly.requestHead
    let body = assembly.request?.whole()
    let summary = summarize(&assembly, facts, head, body ?? assembly.request?.reread())
    let start = text.count
    text.object { text in
      summary.write(to: &text)
    }
    let ownRow = text.copy(from: start)
    if let file {
      let offset = file.size + start
      if writeRest(assembly, head, body, offset: offset) {
        let length = file.size + text.count - offset - 1
        lines.append((assembly.id, ownRow, offset, length))
        if text.count > Self.batch { flush(all: false) }
      } else {
        journal.add(Journal.Entry(id: assembly.id, row: ownRow))
      }
    } else {
      text.clear()
      journal.add(Journal.Entry(id: assembly.id, row: ownRow))
    }
    if configuration.output != .quiet || summary.repaired != nil {
      let transcript =
        configuration.output == .conversation
        ? Transcript(
          request: body ?? assembly.request?.reread(), response: assembly.response?.reread()) : nil
      console(.exchange(summary, transcript: transcript))
    }
  }

  private func summarize(
    _ assembly: inout Assembly, _ facts: ExchangeFacts, _ head: HeadFields, _ body: ByteBuffer?
  ) -> ExchangeSummary {
    var summary = beginSummary(&assembly, facts, head)
    if let body, body.readableBytes > 0 {
      let prompt = assembly.prompt ?? prompt(of: body, summary, facts, head)
      assembly.prompt = prompt
      summary.request = prompt.facts
      summary.prefix = prompts.compare(id: assembly.id, body: body, prompt)
    }
    if assembly.answer != nil {
      summary.answer = assembly.answer!.finish(status: summary.status)
      summary.firstToken = assembly.answer!.firstContent.flatMap { assembly.time(of: $0) }
      if wasCut(
        summary.answer,
        promptBytes: summary.request.messagesBytes == nil ? nil : summary.requestSize)
      {
        summary.answer.cut = true
      }
    }
    summary.redact()
    return summary
  }

  private func prompt(
    of body: ByteBuffer, _ summary: ExchangeSummary, _ facts: ExchangeFacts, _ head: HeadFields
  ) -> Prompt {
    let path = (facts.repairedTarget ?? summary.target).prefix { $0 != "?" }
    return body.withUnsafeReadableBytes {
      Prompt(
        $0, path: path, sessionHeader: head.first("x-claude-code-session-id"),
        isAgent: head.first("x-claude-code-agent-id") != nil, lists: &lists)
    }
  }

  /// What is known without a look into the bodies.
  private func beginSummary(
    _ assembly: inout Assembly, _ facts: ExchangeFacts, _ head: HeadFields
  ) -> ExchangeSummary {
    let parts = head.startLine.utf8.split(separator: .space, maxSplits: 2).map {
      String(Substring($0))
    }
    var summary = ExchangeSummary(
      id: assembly.id, at: timestamp(facts.startedAt), client: facts.client.map(shown) ?? "",
      method: parts.first ?? "", target: recordable(parts.count > 1 ? parts[1] : ""),
      repaired: facts.repairedTarget.map { recordable($0) },
      status: assembly.responseHead?.status ?? facts.ownStatus,
      ending: facts.ending.rawValue, remark: facts.remark, others: facts.others,
      requestDone: facts.requestDone.map { $0 / 1000 },
      firstByte: facts.firstByte.map { $0 / 1000 },
      end: facts.end / 1000, requestSize: assembly.request?.size ?? 0,
      responseSize: assembly.response?.size ?? 0)
    if assembly.lostBytes > 0 {
      summary.remark = "\(assembly.lostBytes) bytes not recorded: the disk was too slow"
    }
    return summary
  }

  /// Clients ask for the same target again and again.
  private func recordable(_ target: String) -> String {
    if lastTarget.asked != target { lastTarget = (target, withoutSecrets(target: target)) }
    return lastTarget.recorded
  }

  private func shown(_ address: SocketAddress) -> String {
    address.ipAddress.map { "\($0):\(address.port ?? 0)" } ?? ""
  }

  // MARK: - The rest of a line: headers and bodies

  /// - Returns: false if the line could not be written; the recording has stopped then.
  private func writeRest(
    _ assembly: Assembly, _ head: HeadFields, _ body: ByteBuffer?, offset: Int
  ) -> Bool {
    text.cut(to: text.count - 1)
    do {
      text.begin("sent")
      head.write(to: &text)
      try writeBody(
        assembly.request, body, coding: head.coding, standing: assembly.prompt?.standing ?? [])
      text.raw("}")
      if assembly.response != nil || assembly.responseHead != nil {
        text.begin("received")
        (assembly.responseHead ?? HeadFields(ByteBuffer())).write(to: &text)
        text.marks(assembly.marks)
        try writeBody(
          assembly.response, assembly.response?.whole(), coding: assembly.responseHead?.coding)
        text.raw("}")
      }
      text.endLine()
      return true
    } catch {
      stopRecording(error, keeping: lines.first?.offset ?? offset)
      text.clear()
      return false
    }
  }

  private func writeBody(
    _ body: BodyKeeper?, _ whole: ByteBuffer?, coding: String?,
    standing: [(part: Range<Int>, id: Int?)] = []
  ) throws {
    guard let body, body.kept > 0 else { return }
    if let coding { return text.body(leftOut: coding) }
    if body.isTruncated { text.raw(",\"truncated\":true") }
    if let whole {
      let written = standing.map { ($0.part, $0.id.flatMap(lists.text)) }
      whole.withUnsafeReadableBytes { bytes in
        text.body(bytes, isCut: body.isTruncated, written: written) { part, text in
          lists.remember(UnsafeRawBufferPointer(rebasing: bytes[part]), as: text)
        }
      }
    } else if let spill = body.spill {
      try writeSpilled(spill, isTruncated: body.isTruncated)
    }
  }

  /// Bytes of a spilled body that are looked at together.
  private static let window = 192 * 1024

  private func writeSpilled(_ spill: SpillFile, isTruncated: Bool) throws {
    var isText = true
    try eachWindow(of: spill) { bytes, isLast in
      scratch.clear()
      guard let used = scratch.escaped(bytes, isLast: isLast && !isTruncated) else {
        isText = false
        return nil
      }
      return used
    }
    guard isText else { return try writeSpilledBytes(spill) }
    text.raw(",\"body\":\"")
    try eachWindow(of: spill) { bytes, isLast in
      defer { scratch.clear() }
      if text.count > Self.batch { try writeEarly() }
      return text.redacted(bytes, isLast: isLast, isCut: isTruncated)
    }
    text.raw("\"")
  }

  private func writeSpilledBytes(_ spill: SpillFile) throws {
    scratch.clear()
    text.raw(",\"base64\":\"")
    try eachWindow(of: spill) { bytes, isLast in
      if text.count > Self.batch { try writeEarly() }
      let used = scratch.redacted(bytes, isLast: isLast, isText: false)
      // Three bytes are four letters.
      let count = isLast ? scratch.count : scratch.count / 3 * 3
      scratch.buffer.withUnsafeReadableBytes {
        text.base64(UnsafeRawBufferPointer(rebasing: $0[..<count]))
      }
      scratch.drop(first: count, phase: 0)
      return used
    }
    scratch.clear()
    text.raw("\"")
  }

  /// Calls `use` with one window after the other until it returns nil; what it did not use comes again.
  private func eachWindow(
    of spill: SpillFile, _ use: (UnsafeRawBufferPointer, _ isLast: Bool) throws -> Int?
  ) throws {
    var place = 0
    while place < spill.count {
      let count = min(Self.window, spill.count - place)
      let bytes = try spill.segment.read(count, at: place)
      let isLast = place + bytes.count >= spill.count
      guard let used = try bytes.withUnsafeBytes({ try use($0, isLast) }), used > 0 else { return }
      place += used
    }
  }

  /// Writes the beginning of a long line before its end is known.
  private func writeEarly() throws {
    guard let file else { return }
    try file.append(&text, all: true)
    // The lines before this one are complete in the file now.
    settleLines()
  }
}
