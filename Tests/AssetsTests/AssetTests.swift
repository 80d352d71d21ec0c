import Assets
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct AssetTests {
  @Test(arguments: Asset.allCases) func isTheFileOfTheTopFolder(asset: Asset) throws {
    let top = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let file = try Data(contentsOf: top.appending(path: asset.rawValue))
    #expect(asset.bytes == [UInt8](file))
    #expect(asset.text.utf8.elementsEqual(asset.bytes))
  }
}
