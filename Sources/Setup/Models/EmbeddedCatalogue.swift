import Assets

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Catalogue {
  /// The catalogue that is part of the program.
  public static func embedded() throws(CatalogueError) -> Catalogue {
    try Catalogue(json: Data(Asset.catalogue.bytes), place: Asset.catalogue.rawValue)
  }
}
