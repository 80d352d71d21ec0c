/// Takes away the container and the models, and leaves the rest of the setup: what `ccl-setup clean` does.
public struct CleanUp: Sendable, Hashable {
  /// The server whose models go.
  public let url: String
  /// The entries of the receipt that go, newest first.
  public let entries: [Receipt.Entry]
  /// The container's own entry: all models go with its volume.
  public let container: Receipt.Entry?
  /// Bytes on the disk, as far as they are known.
  public let bytes: UInt64
  /// Models that go and that ccl-setup did not make, with what `ccl-setup` downloaded itself left out.
  public let foreign: [String]

  /// - Parameter models: what the server holds; `nil` when it does not answer.
  public init(_ receipt: Receipt, url: String, models: [OllamaServer.Model]?) {
    self.url = url
    let container = receipt["engine:docker"]
    self.container = container
    entries = receipt.entries.reversed().filter {
      $0.undo.server == url || $0.subject == container?.subject
    }
    // Foreign figures: their sum must not overflow.
    func sum(_ a: UInt64, _ b: UInt64) -> UInt64 {
      let (sum, overflow) = a.addingReportingOverflow(b)
      return overflow ? .max : sum
    }
    let recorded = entries.reduce(UInt64(0)) { total, entry in
      if case .deleteModel(_, _, let bytes?) = entry.undo { return sum(total, bytes) }
      return total
    }
    guard let models, container != nil else {
      bytes = recorded
      foreign = []
      return
    }
    let ours = Set(entries.map(\.subject))
    func name(_ model: OllamaServer.Model) -> String {
      (try? ModelName(model.name))?.description ?? model.name
    }
    let others = models.filter { !ours.contains(Receipt.subject(ofModel: name($0), on: url)) }
    foreign = others.map(name).sorted()
    // A model made from another one lies in the same bytes, and so do two names for one digest.
    var seen: Set<String> = []
    bytes = others.reduce(recorded) { seen.insert($1.digest).inserted ? sum($0, $1.size) : $0 }
  }

  public var isEmpty: Bool { entries.isEmpty }
}

extension CleanUp {
  /// Asks the server what there is.
  public static func take(
    of engine: EngineAtHand, in world: World
  ) async throws(Failure) -> CleanUp {
    _ = try engine.chosen(for: "clean")
    let models = try? await engine.server(in: world).models()
    return CleanUp(engine.receipt ?? Receipt(tool: ""), url: engine.url, models: models)
  }

  /// Does it; `report` gets each thing as it goes.
  public func callAsFunction(
    in world: World, report: @Sendable (Receipt.Entry, Reversion) -> Void
  ) async throws(Failure) {
    let lock = try SetupLock.take(in: world)
    defer { lock.release() }
    let store = ReceiptStore(in: world)
    guard var receipt = try store.read() else { return }
    receipt.additions = Additions()
    if let container {
      let reversion = try await Revert(in: world).revert(container, keepingModels: false)
      let gone = Set(entries.map(\.subject))
      receipt.entries.removeAll { gone.contains($0.subject) }
      try store.write(receipt)
      report(container, reversion)
      return
    }
    for entry in entries {
      let reversion = try await Revert(in: world).revert(entry, keepingModels: false)
      receipt.entries.removeAll { $0.subject == entry.subject }
      try store.write(receipt)
      report(entry, reversion)
    }
  }
}
