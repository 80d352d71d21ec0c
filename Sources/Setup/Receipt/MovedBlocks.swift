import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension StartupFiles {
  /// Whole blocks of ours in files where people keep such lines, beside the files that we put one into, as entries that
  /// take them back.
  ///
  /// - Parameters:
  ///   - known: where a block is known of, as the files really lie.
  ///   - place: where a file really lies; `nil` where there is none.
  func movedBlocks(
    of shells: some Sequence<Shell>, besides known: Set<FilePath>, at date: Date,
    place: (FilePath) -> FilePath?, read: (FilePath) -> [UInt8]?
  ) -> [Receipt.Entry] {
    var known = known
    return shells.flatMap { shell in
      wherePeopleKeepLines(of: shell).compactMap { path in
        guard let place = place(path), !known.contains(place), let bytes = read(path),
          let edit = try? RCBlock.removing(shell, from: bytes), edit.change != .none
        else { return nil }
        known.insert(place)
        let undo = Undo.removeMovedBlock(path: path.string, shell: shell)
        return Receipt.Entry(
          subject: "file:\(path)", title: undo.title, state: .done, undo: undo, at: date)
      }
    }
  }
}
