import CustomDump
import SystemPackage
public import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Compares text with the recorded file `Tests/Transcripts/NAME`.
///
/// With `CCL_SETUP_RECORD=1` a text that differs is recorded, and the test fails once, so that nobody takes a fresh
/// recording for a check: read the difference in git, then run again.
public func expectGolden(
  _ actual: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation
) {
  do {
    let complaint = try Golden(folder: Part.packageRoot.appending("Tests/Transcripts")).complaint(
      of: actual, name, isRecording: Part.variable("CCL_SETUP_RECORD") == "1")
    if let complaint { Issue.record(Comment(rawValue: complaint), sourceLocation: sourceLocation) }
  } catch {
    Issue.record(error, sourceLocation: sourceLocation)
  }
}

/// Recorded texts in a folder.
struct Golden {
  var folder: FilePath

  /// What is wrong with this text, `nil` when it is as recorded.
  func complaint(of actual: String, _ name: String, isRecording: Bool) throws -> String? {
    let file = folder.appending(name)
    let recorded =
      FileManager.default.fileExists(atPath: file.string) ? try text(of: file) : nil
    if recorded == actual { return nil }
    if isRecording {
      try FileManager.default.createDirectory(
        atPath: file.removingLastComponent().string, withIntermediateDirectories: true)
      try write(actual.utf8, to: file)
      return "recorded \(name): read it, then run again"
    }
    let hint = "If it is right, record it with CCL_SETUP_RECORD=1."
    guard let recorded else { return "\(name) is not recorded.\n\(hint)" }
    return "\(name) is not as recorded:\n\(diff(recorded, actual) ?? "")\n\(hint)"
  }
}
