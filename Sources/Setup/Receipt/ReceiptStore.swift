public import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The receipt's file: one JSON document, replaced whole, readable by its owner only; and a second copy of it, for the
/// day on which the first is damaged or lost.
public struct ReceiptStore: Sendable {
  public var path: FilePath
  public var copy: FilePath
  let files: Files
  let home: FilePath

  public init(in world: World) {
    let folders = Folders(world.environment)
    path = folders.receipt
    copy = folders.receiptCopy
    files = world.files
    home = world.environment.home
  }

  /// The receipt, `nil` when nothing was ever set up. Throws a `Failure` when the file is there and unreadable, and so
  /// is its copy.
  public func read() throws(Failure) -> Receipt? {
    do throws(Failure) {
      if let receipt = try read(path) { return receipt }
    } catch {
      // One of another version is no damage: its copy is as new.
      guard error.what != Self.foreign, let receipt = try? read(copy) else { throw error }
      return receipt
    }
    // A copy that cannot be read is no worse than none.
    return try? read(copy)
  }

  static let damaged = "The receipt is damaged"
  private static let foreign = "The receipt was written by another version of ccl-setup"

  private func read(_ path: FilePath) throws(Failure) -> Receipt? {
    let bytes: [UInt8]?
    do { bytes = try files.readIfPresent(path) } catch {
      throw Failure(
        "The receipt cannot be read", why: "\(path): \(error.reason)",
        tryNext: ["Make the file readable for you, then run the command again."])
    }
    guard let bytes else { return nil }
    do {
      var receipt = try JSONDecoder().decode(Receipt.self, from: Data(bytes))
      guard receipt.format == Receipt.currentFormat else {
        throw Failure(
          Self.foreign,
          why: "\(path) has format \(receipt.format); this version reads \(Receipt.currentFormat)",
          tryNext: ["Use the ccl-setup \(printable(receipt.tool)) that wrote it."])
      }
      receipt.nameServers()
      // A folder for our state outside of the home folder has not moved with that.
      if path.starts(with: home) { receipt.move(to: home) }
      return receipt
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(
        Self.damaged, why: "\(path): \(printable("\(error)"))",
        tryNext: [
          "`ccl-setup uninstall`",
          "It takes back what it recognises as its own. Then set it up anew:",
          "`ccl-setup`",
          "Or put a backup of the file back, if there is one.",
        ])
    }
  }

  /// Replaces the receipt; throws before anything else happens when it cannot be written.
  public func write(_ receipt: Receipt) throws(Failure) {
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      let bytes = Array(try encoder.encode(receipt)) + [0x0a]
      _ = try files.makeFolder(path.removingLastComponent())
      try files.write(path, bytes, 0o600)
      try files.write(copy, bytes, 0o600)
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
    var receipt = Receipt(tool: tool, stateFolders: made.map(\.string))
    receipt.home = home.string
    try write(receipt)
  }

  /// Removes the receipt, the last act of an uninstall.
  func remove() throws(FileProblem) {
    try files.remove(copy)
    try files.remove(path)
  }
}
