import Rehearsal
import Support
import SystemPackage
import Testing

@testable import Setup

@Suite("Apply: the one verb that writes", .timeLimit(.minutes(4)))
struct ApplyTests {
  private static let rc = Ground.home.appending(".bashrc")
  private static let modelfile = Ground.home.appending(
    ".config/ccl-setup/models/Modelfile.qwen3-1.7b-32k")

  @Test("A setup and its uninstall leave every byte and mode as they were")
  func roundTrip() async throws {
    try await withGround { ground in
      let before = ground.scripted.snapshot
      let receipt = try await ground.setUp()
      #expect(receipt.entries.allSatisfy { $0.state == .done })
      #expect(try ground.store.read() == receipt)
      #expect(
        Set(try await ground.models())
          == ["qwen3:1.7b", "qwen3:1.7b-32k", "claude-opus-5-5:latest"])
      #expect(try await ground.plan().isEmpty)
      #expect(ground.scripted.text(Self.rc)?.hasPrefix("alias ll='ls -l'\n# >>>") == true)
      let outcomes = try await ground.uninstall()
      #expect(outcomes.values.allSatisfy { (try? $0.get()) == .undone }, "\(outcomes)")
      #expect(ground.scripted.snapshot == before)
      #expect(try await ground.models() == [])
      // And once more: there is nothing left to do, and it does nothing.
      #expect(try await ground.uninstall().isEmpty)
      #expect(ground.scripted.snapshot == before)
    }
  }

  @Test("The receipt names a change as pending before it is made and as done after it")
  func order() async throws {
    try await withGround { ground in
      let states = Shared([String]())
      var world = ground.world
      let files = world.files
      let store = ground.store
      @Sendable func note(_ subject: String) {
        let state = (try? store.read())?[subject]?.state.rawValue ?? "not in the receipt"
        states.update { $0.append("\(state)") }
        #expect(state == "pending", "\(subject)")
      }
      world.files.write = { path, bytes, mode throws(FileProblem) in
        if path != store.path, path != store.copy { note("file:\(path)") }
        try files.write(path, bytes, mode)
      }
      let network = world.network
      world.network.stream = { request, head, receive in
        if request.url.hasSuffix("/api/pull") { note(ground.subject(ofModel: "qwen3:1.7b")) }
        try await network.stream(request, head, receive)
      }
      world.network.exchange = { request throws(NetworkProblem) in
        if request.url.hasSuffix("/api/create") { note(ground.subject(ofModel: "qwen3:1.7b-32k")) }
        if request.url.hasSuffix("/api/copy") { note(ground.subject(ofModel: "claude-opus-5-5")) }
        return try await network.exchange(request)
      }
      let programs = world.programs
      world.programs.run = { invocation, limit, output throws(ProgramProblem) in
        note("engine:docker")
        return try await programs.run(invocation, limit, output)
      }
      let plan = try await ground.plan()
      let done = Shared(0)
      try await Apply(in: world, tool: "test") { event in
        guard case .changing = event else { return }
        // All that came before is done by now.
        let entries = (try? store.read())?.entries ?? []
        #expect(entries.count == done.value)
        #expect(entries.allSatisfy { $0.state == .done })
        done.update { $0 += 1 }
      }(plan)
      #expect(states.value.count == plan.changes.count)
    }
  }

  @Test("Without a receipt nothing is changed")
  func noReceipt() async throws {
    try await withGround { ground in
      let before = ground.scripted.snapshot
      let plan = try await ground.plan()
      ground.revive()
      ground.journal.update { $0.full = [Ground.receipt] }
      let failure = await #expect(throws: Failure.self) { try await ground.apply(plan) }
      #expect(failure?.what == "The receipt cannot be written, so nothing was changed")
      #expect(failure?.why == "\(Ground.receipt): no space left on the disk")
      #expect(ground.journal.value.events.allSatisfy { $0 == .write(Ground.receipt) })
      let left = ground.scripted.snapshot.filter { before[$0.key] != $0.value }
      #expect(left.keys.allSatisfy { Ground.receipt.starts(with: FilePath($0)) }, "\(left)")
    }
  }

  @Test("A failing step is rolled back, and finished ones stay", arguments: ["context", "shells"])
  func rollBack(step: String) async throws {
    try await withGround { ground in
      let before = ground.scripted.snapshot
      let plan = try await ground.plan()
      if step == "context" {
        ground.server.setFaults([Fault(.status(500, "out of luck"), on: "/api/create", times: 1)])
      } else {
        ground.journal.update { $0.full = [Ground.home.appending(".bashrc")] }
      }
      let told = Shared([String]())
      let failure = await #expect(throws: Failure.self) {
        try await ground.apply(plan) { event in
          if case .rolledBack(let titles) = event { told.update { $0 = titles } }
        }
      }
      #expect(failure?.why.contains(step == "context" ? "out of luck" : "no space left") == true)
      let receipt = try #require(try ground.store.read())
      #expect(receipt.entries.allSatisfy { $0.state == .done })
      #expect(receipt["engine:docker"] != nil)
      #expect(receipt[ground.subject(ofModel: "qwen3:1.7b")] != nil)
      #expect(ground.scripted.text(Self.rc) == "alias ll='ls -l'")
      if step == "context" {
        #expect(ground.scripted.bytes(Self.modelfile) == nil)
        #expect(try await ground.models() == ["qwen3:1.7b"])
        #expect(told.value.contains("write \(Self.modelfile)"))
      } else {
        #expect(
          ground.scripted.bytes(Ground.home.appending(".config/ccl-setup/claude-local.bash"))
            == nil)
        #expect(receipt[ground.subject(ofModel: "qwen3:1.7b-32k")] != nil)
        ground.journal.update { $0.full = [] }
      }
      // The next run does what is missing, and no more.
      let second = try await ground.plan()
      #expect(!second.changes.contains { if case .pullModel = $0 { true } else { false } })
      try await ground.apply(second)
      #expect(try await ground.plan().isEmpty)
      try await ground.uninstall()
      #expect(ground.scripted.snapshot == before)
    }
  }

  @Test("A cut download is kept for the next run, and belongs to the receipt")
  func cutDownload() async throws {
    try await withGround { ground in
      ground.server.setFaults([Fault(.error("no luck", after: 2), on: "/api/pull", times: 1)])
      let plan = try await ground.plan()
      await #expect(throws: Failure.self) { try await ground.apply(plan) }
      try await ground.apply(try await ground.plan())
      let receipt = try #require(try ground.store.read())
      #expect(receipt[ground.subject(ofModel: "qwen3:1.7b")]?.state == .done)
      try await ground.uninstall()
      #expect(try await ground.models() == [])
    }
  }

  @Test("A file that changed since the plan was shown is left alone")
  func changedMeanwhile() async throws {
    try await withGround { ground in
      let plan = try await ground.plan()
      ground.scripted.file(Self.rc, "something new\n")
      let failure = await #expect(throws: Failure.self) { try await ground.apply(plan) }
      #expect(failure?.what == "\(Self.rc) was left alone")
      #expect(ground.scripted.text(Self.rc) == "something new\n")
      try await ground.setUp()
      try await ground.uninstall()
      #expect(ground.scripted.text(Self.rc) == "something new\n")
    }
  }

  @Test("The second process is told who holds the lock, and changes nothing")
  func lock() async throws {
    try await withGround { ground in
      let plan = try await ground.plan()
      let path = Ground.home.appending(".local/state/ccl-setup/lock")
      _ = try ground.world.files.makeFolder(path.removingLastComponent())
      ground.scripted.file(path, "4711\n")
      let lock = try #require(try ground.world.files.lock(path))
      let before = ground.scripted.snapshot
      for attempt in ["apply", "uninstall"] {
        let failure = await #expect(throws: Failure.self) {
          if attempt == "apply" {
            try await ground.apply(plan)
          } else {
            try await ground.uninstall()
          }
        }
        #expect(failure?.why == "\(path) is held by process 4711")
        #expect(ground.scripted.snapshot == before)
      }
      lock.release()
      try await ground.apply(plan)
    }
  }

  // MARK: - Killed

  @Test(
    "Killed at any write, the next run finishes and uninstall gives everything back",
    arguments: [false, true])
  func killed(happens: Bool) async throws {
    try await withGround { ground in
      try await ground.keepBlobs()
      let before = ground.scripted.snapshot
      // Killed before its first receipt, it leaves the empty folders made for it.
      var write = happens ? 0 : 1
      var isWhole = false
      while !isWhole {
        write += happens ? 9 : 7
        let plan = try await ground.plan()
        ground.revive()
        ground.journal.update { [write] in $0.death = (write, happens) }
        do {
          try await ground.apply(plan)
          isWhole = true
        } catch {
          #expect(ground.journal.value.isDead, "\(error)")
        }
        ground.revive()
        // Every other time straight to the uninstall.
        if write.isMultiple(of: 2) {
          try await ground.apply(try await ground.plan())
          #expect(try await ground.plan().isEmpty, "killed at write \(write)")
        }
        try await ground.uninstall()
        #expect(ground.scripted.snapshot == before, "killed at write \(write)")
        #expect(try await ground.models() == ["kept:latest"], "killed at write \(write)")
      }
      #expect(write > 20)
    }
  }

  @Test("Killed while earlier work was renewed, what is there is still known as ours")
  func killedInRenewal() async throws {
    try await withGround { ground in
      try await ground.keepBlobs()
      let before = ground.scripted.snapshot
      var write = 0
      var isWhole = false
      while !isWhole {
        write += 1
        try await ground.setUp()
        var lean = ground.choices
        lean.profile = .lean
        let plan = try await ground.plan(lean)
        #expect(!plan.isEmpty)
        ground.revive()
        ground.journal.update { [write] in $0.death = (write, write.isMultiple(of: 2)) }
        isWhole = (try? await ground.apply(plan)) != nil
        ground.revive()
        let outcomes = try await ground.uninstall()
        #expect(ground.scripted.snapshot == before, "killed at write \(write): \(outcomes)")
      }
      #expect(write > 2)
    }
  }

  // MARK: - Whose work it is

  @Test("The first undo of a file wins, however often it is written")
  func firstUndo() async throws {
    try await withGround { ground in
      let before = ground.scripted.snapshot
      for context in [32_768, 40_960, 32_768] {
        var choices = ground.choices
        choices.contextWindow = context
        try await ground.setUp(choices)
        #expect(try await ground.plan(choices).isEmpty)
      }
      #expect(!(try await ground.models().contains { $0.hasSuffix("-40k") }))
      try await ground.uninstall()
      #expect(ground.scripted.text(Ground.settings) == "not yours")
      #expect(ground.scripted.snapshot == before)
    }
  }

  @Test("What its owner edited since is kept")
  func edited() async throws {
    try await withGround { ground in
      try await ground.setUp()
      ground.scripted.file(Ground.settings, "edited", mode: 0o600)
      let text = try #require(ground.scripted.text(Self.rc))
      ground.scripted.file(Self.rc, "# above\n" + text + "# below\n", mode: 0o600)
      let outcomes = try await ground.uninstall()
      #expect(
        try outcomes["file:\(Ground.settings)"]?.get() == .kept("it was edited since (line 1)"))
      #expect(ground.scripted.text(Ground.settings) == "edited")
      #expect(ground.scripted.text(Self.rc) == "# above\nalias ll='ls -l'\n# below\n")
    }
  }

  @Test("A model that was on the engine before it was started is neither made nor taken away")
  func modelsBefore() async throws {
    try await withGround { ground in
      // The plan is made while the engine is stopped; her models are in its storage.
      ground.journal.update { $0.isDead = true }
      let plan = try await ground.plan()
      ground.revive()
      try await ground.engine.pull("qwen3:1.7b", expected: nil, clock: ground.world.clock) { _ in }
      try await ground.engine.copy(from: "qwen3:1.7b", to: "claude-opus-5-5")
      let digests = try await ground.engine.models().map(\.digest)
      #expect(plan.changes.contains { if case .pullModel = $0 { true } else { false } })
      let receipt = try await ground.apply(plan)
      #expect(receipt[ground.subject(ofModel: "qwen3:1.7b")] == nil)
      #expect(receipt[ground.subject(ofModel: "claude-opus-5-5")] == nil)
      #expect(try await ground.plan().isEmpty)
      try await ground.uninstall()
      #expect(Set(try await ground.models()) == ["qwen3:1.7b", "claude-opus-5-5:latest"])
      #expect(try await ground.engine.models().map(\.digest) == digests)
    }
  }

  @Test("A stopped container's models go with its volume; those to be kept wait in the receipt")
  func stoppedContainer() async throws {
    try await withGround { ground in
      let before = ground.scripted.snapshot
      let stopped = [Fault(.status(503, "stopped"), on: "/api/")]
      try await ground.setUp()
      ground.server.setFaults(stopped)
      let kept = try await ground.uninstall(keepingModels: true)
      #expect(kept.values.contains { if case .failure = $0 { true } else { false } })
      #expect(try ground.store.read()?.entries.isEmpty == false)
      ground.server.setFaults([])
      try await ground.setUp()
      ground.server.setFaults(stopped)
      let outcomes = try await ground.uninstall()
      #expect(outcomes.values.allSatisfy { (try? $0.get()) != nil }, "\(outcomes)")
      #expect(ground.scripted.snapshot == before)
    }
  }

  @Test("A server that has gone does not keep anybody from other choices")
  func serverGone() async throws {
    try await withGround { ground in
      try await ground.setUp()
      var receipt = try #require(try ground.store.read())
      let index = try #require(
        receipt.entries.firstIndex {
          $0.subject == ground.subject(ofModel: "qwen3:1.7b-32k")
        })
      receipt.entries[index].undo = .deleteModel(
        server: "http://127.0.0.1:1", name: "qwen3:1.7b-32k", bytes: nil)
      try ground.store.write(receipt)
      let kept = Shared([String]())
      var choices = ground.choices
      choices.contextWindow = 40_960
      try await ground.apply(try await ground.plan(choices)) { event in
        if case .withdrew(let entry, .kept) = event { kept.update { $0.append(entry.subject) } }
      }
      #expect(
        kept.value == [Receipt.subject(ofModel: "qwen3:1.7b-32k", on: "http://127.0.0.1:1")])
      #expect(
        try ground.store.read()?[
          Receipt.subject(ofModel: "qwen3:1.7b-32k", on: "http://127.0.0.1:1")] != nil)
    }
  }
}
