extension Receipt {
  /// Follows an engine of ours to its new port: its models went with it, and at the old port another program listens,
  /// whose models of the same names are none of ours.
  mutating func follow(to engine: Engine) {
    guard let old = choices?.engine, old.url != engine.url, old.moved(to: 0) == engine.moved(to: 0),
      old.localPort != nil
    else { return }
    for index in entries.indices {
      switch entries[index].undo {
      case .deleteModel(old.url, let name, let bytes):
        entries[index].undo = .deleteModel(server: engine.url, name: name, bytes: bytes)
        entries[index].subject = Self.subject(ofModel: name, on: engine.url)
      case .restoreModel(old.url, let name, let keptAs):
        entries[index].undo = .restoreModel(server: engine.url, name: name, keptAs: keptAs)
        entries[index].subject = Self.subject(ofModel: name, on: engine.url)
      default: continue
      }
    }
  }
}
