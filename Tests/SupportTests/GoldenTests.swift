import SystemPackage
import Testing

@testable import Support

struct GoldenTests {
  @Test func recordsOnceAndComplainsThen() throws {
    let golden = Golden(folder: try TemporaryFolder.make("golden"))
    let complaint = { (actual: String, isRecording: Bool) in
      try golden.complaint(of: actual, "wizard/plain.txt", isRecording: isRecording)
    }
    #expect(try complaint("one\n", false)?.hasPrefix("wizard/plain.txt is not recorded") == true)
    #expect(try complaint("one\n", true) == "recorded wizard/plain.txt: read it, then run again")
    #expect(try complaint("one\n", false) == nil)
    #expect(try complaint("one\n", true) == nil)
    #expect(try complaint("two\n", false)?.contains("+ two") == true)
    #expect(try text(of: golden.folder.appending("wizard/plain.txt")) == "one\n")
  }
}
