public import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The receipt's file: one JSON document, replaced whole, readable by its owner only.
public struct ReceiptStore: Sendable {
  public var path: FilePath
  let files: Files

  public init(in world: World) {
    path = Folders(world.environment).receipt
    files = world.files
  }

  /// The receipt, `nil` when nothing was ever set up. Throws a `Failure` when the file is there and unreadable.
  public func read() throws(Failure) -> Receipt? {
    let bytes: [UInt8]?
    do { bytes = try files.readIfPresent(path) } catch {
      throw Failure(
        "The receipt cannot be read", why: "\(path): \(error.reason)",
        tryNext: ["Make the file readable for you, then run the command again."])
    }
    guard let bytes else { return nil }
    do {
      let receipt = try JSONDecoder().decode(Receipt.self, from: Data(bytes))
      guard receipt.format == Receipt.currentFormat else {
        throw Failure(
          "The receipt was written by another version of ccl-setup",
          why: "\(path) has format \(receipt.format); this version reads \(Receipt.currentFormat)",
          tryNext: ["Use the ccl-setup \(printable(receipt.tool)) that wrote it."])
      }
      return receipt
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(
        "The receipt is damaged", why: "\(path): \(error)",
        tryNext: [
          "Put a backup of the file back, if there is one.",
          "Or move it away to start with a new receipt; what it recorded then stays until you remove it.",
        ])
    }
  }

  /// Replaces the receipt; throws before anything else happens when it cannot be written.
  public func write(_ receipt: Receipt) throws(Failure) {
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      let bytes = try encoder.encode(receipt)
      _ = try files.makeFolder(path.removingLastComponent())
      try files.write(path, Array(bytes) + [0x0a], 0o600)
    } catch let problem as FileProblem {
      throw Failure(
        "The receipt cannot be written, so nothing was changed",
        why: "\(problem.path): \(problem.reason)",
        tryNext: ["Make \(path.removingLastComponent()) writable, or free some disk space."])
    } catch {
      throw Failure("The receipt cannot be written, so nothing was changed", why: "\(error)")
    }
  }

  /// Makes the state folder, for what the wizard keeps before there is anything to undo (its history), with a receipt
  /// that remembers which folders had to be made.
  public func begin(tool: String) throws(Failure) {
    guard try read() == nil else { return }
    let made: [FilePath]
    do { made = try files.makeFolder(path.removingLastComponent()) } catch {
      throw Failure(
        "Nothing can be set up here", why: "\(error.path): \(error.reason)",
        tryNext: ["Make your home folder writable, or set XDG_STATE_HOME to a folder that is."])
    }
    try write(Receipt(tool: tool, stateFolders: made.map(\.string)))
  }

  /// Removes the receipt, the last act of an uninstall.
  public func remove() throws(FileProblem) { try files.remove(path) }
}
