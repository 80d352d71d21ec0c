import Support
import SystemPackage
import Testing

@testable import Setup

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite("Receipt: what was done")
struct ReceiptTests {
  private static let date = Date(timeIntervalSince1970: 1_767_225_600)
  private static let digest = Digest(of: Array("abc".utf8))
  static let undos: [Undo] = [
    .removeFile(path: "/a b/ü", after: digest, folders: ["/a b"]),
    .restoreFile(path: "/x", before: Data([0, 255, 10]), mode: 0o640, after: digest),
    .removeBlock(path: "/x", shell: .zsh, fileWasMissing: true, folders: []),
    .stopEngine(
      commands: [Invocation("docker", ["compose", "down"], without: ["OLLAMA_PORT"])],
      storage: [Invocation("docker", ["volume", "rm", "v"], input: [1, 2])]),
    .endProcess(id: 4711, program: "/usr/bin/ollama"),
    .deleteModel(server: "http://127.0.0.1:11434", name: "qwen3:1.7b", bytes: 1 << 40),
    .deleteModel(server: "http://127.0.0.1:11434", name: "x", bytes: nil),
  ]

  @Test("The digest is that of sha256sum")
  func sha256() {
    #expect(
      Self.digest.hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      Digest(of: []).hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }

  @Test("Every undo survives the file", arguments: undos)
  func roundTrip(undo: Undo) throws {
    let store = ReceiptStore(in: ScriptedWorld().world)
    #expect(try store.read() == nil)
    var receipt = Receipt(
      tool: "1.2.3", choices: .example { $0.engine = .rehearsal(url: "http://127.0.0.1:1") },
      entries: [
        .init(subject: "s", title: "t", state: .pending, undo: undo, at: Self.date)
      ], stateFolders: ["/home/ada/.local"])
    try store.write(receipt)
    #expect(try store.read() == receipt)
    receipt.entries[0].earlier = Self.digest
    try store.write(receipt)
    #expect(try store.read() == receipt)
  }

  @Test("It is readable by its owner only")
  func mode() throws {
    let scripted = ScriptedWorld()
    let store = ReceiptStore(in: scripted.world)
    try store.write(Receipt(tool: "t"))
    #expect(try scripted.world.files.status(store.path)?.mode == 0o600)
  }

  @Test(
    "A receipt that cannot be understood is said to be, with what to do",
    arguments: [
      ("", "The receipt is damaged"), ("{", "The receipt is damaged"),
      (#"{"format":1,"tool":"x"}"#, "The receipt is damaged"),
      (
        #"{"format":2,"tool":"9.0","entries":[],"stateFolders":[]}"#,
        "The receipt was written by another version of ccl-setup"
      ),
    ])
  func damaged(text: String, what: String) throws {
    let scripted = ScriptedWorld()
    let store = ReceiptStore(in: scripted.world)
    scripted.file(store.path, text)
    let failure = #expect(throws: Failure.self) { try store.read() }
    #expect(failure?.what == what)
    #expect(failure?.why.contains(store.path.string) == true)
    #expect(failure?.tryNext.isEmpty == false)
    #expect(scripted.text(store.path) == text)
  }

  @Test("An unreadable receipt is no missing one")
  func unreadable() throws {
    let scripted = ScriptedWorld()
    let store = ReceiptStore(in: scripted.world)
    scripted.file(store.path, "{}", mode: 0)
    let failure = #expect(throws: Failure.self) { try store.read() }
    #expect(failure?.what == "The receipt cannot be read")
  }

  @Test("An engine is stopped after the models on it are deleted, whenever it was started")
  func order() {
    func entry(_ undo: Undo, _ subject: String) -> Receipt.Entry {
      .init(subject: subject, title: "", state: .done, undo: undo, at: Self.date)
    }
    let model = Undo.deleteModel(server: "u", name: "m", bytes: nil)
    let file = Undo.removeFile(path: "/x", after: Self.digest, folders: [])
    let engine = Undo.stopEngine(commands: [], storage: [])
    let entries = [
      entry(model, "old"), entry(file, "compose"), entry(engine, "engine:docker"),
      entry(model, "new"),
      entry(file, "rc"),
    ]
    #expect(entries.inUndoOrder.map(\.subject) == ["rc", "new", "old", "engine:docker", "compose"])
    #expect(entries.dropLast(3).reversed() == Array(entries.dropLast(3)).inUndoOrder)
  }

  @Test("The first undo wins, and only what identifies our work follows the newest")
  func first() {
    let newer = Digest(of: Array("newer".utf8))
    func noted(_ first: Undo, _ second: Undo, _ state: Receipt.Entry.State) -> Receipt.Entry? {
      var receipt = Receipt(tool: "t")
      receipt.note(.init(subject: "s", title: "1", state: .done, undo: first, at: Self.date))
      receipt.note(.init(subject: "s", title: "2", state: state, undo: second, at: Self.date))
      #expect(receipt.entries.count == 1)
      return receipt["s"]
    }
    let restore = Undo.restoreFile(path: "/x", before: Data([1]), mode: 0o600, after: Self.digest)
    let pending = noted(
      restore, .restoreFile(path: "/x", before: Data([2]), mode: 0o644, after: newer), .pending)
    #expect(
      pending?.undo == .restoreFile(path: "/x", before: Data([1]), mode: 0o600, after: newer))
    #expect(pending?.title == "2")
    #expect(pending?.earlier == Self.digest)
    #expect(noted(restore, restore, .done)?.earlier == nil)
    let removal = Undo.removeFile(path: "/x", after: Self.digest, folders: ["/a"])
    #expect(
      noted(removal, .restoreFile(path: "/x", before: Data(), mode: 0o600, after: newer), .done)?
        .undo == .removeFile(path: "/x", after: newer, folders: ["/a"]))
    #expect(
      noted(.endProcess(id: 1, program: "o"), .endProcess(id: 2, program: "o"), .done)?.undo
        == .endProcess(id: 2, program: "o"))
    let model = Undo.deleteModel(server: "u", name: "m", bytes: 7)
    #expect(
      noted(model, .deleteModel(server: "u", name: "m", bytes: nil), .done)?.undo == model)
  }
}
