import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What was served, in order; each entry is also a line of the record file, if there is one.
final class Ledger: Sendable {
  private let entries = Mutex<[ServedRequest]>([])
  private let file: String?

  init(file: String?) { self.file = file }

  static func encode(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(value)
  }

  var requests: [ServedRequest] { entries.withLock { $0 } }

  /// - Throws: when the line cannot be written; the entry is kept in memory all the same.
  func append(_ entry: ServedRequest) throws {
    try entries.withLock {
      $0.append(entry)
      guard let file else { return }
      try AppendingFile(path: file).write(Ledger.encode(entry) + [0x0a])
    }
  }
}
