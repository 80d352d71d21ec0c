#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

/// What a registry says of a model before anything is downloaded.
public struct RegistryManifest: Sendable {
  /// What the request must accept to get this form of manifest.
  public static let mediaType = "application/vnd.docker.distribution.manifest.v2+json"

  /// The whole download: all layers and the configuration. `/api/tags` shows the same number afterwards.
  public let bytes: Int
  /// The digests of what is downloaded, to tell which parts are already here.
  public let digests: [String]

  /// - Throws: `RegistryManifestError` when the answer is no manifest, or its sizes make no sense.
  public init(json: Data) throws(RegistryManifestError) {
    struct Blob: Decodable {
      var size: Int
      var digest: String
    }
    struct Manifest: Decodable {
      var config: Blob
      var layers: [Blob]
    }
    struct Refusal: Decodable {
      struct Reason: Decodable { var message: String? }
      var errors: [Reason]
    }
    let manifest: Manifest
    do {
      manifest = try JSONDecoder().decode(Manifest.self, from: json)
    } catch {
      if let refusal = try? JSONDecoder().decode(Refusal.self, from: json) {
        throw .refused(refusal.errors.compactMap(\.message).joined(separator: "; "))
      }
      throw .unreadable("\(error)")
    }
    var total = 0
    let blobs = [manifest.config] + manifest.layers
    for blob in blobs {
      let (sum, overflow) = total.addingReportingOverflow(blob.size)
      guard blob.size >= 0, !overflow else { throw .badSize(digest: blob.digest, size: blob.size) }
      total = sum
    }
    guard total > 0 else { throw .badSize(digest: manifest.config.digest, size: 0) }
    bytes = total
    digests = blobs.map(\.digest)
  }
}

/// Why a registry's answer tells no size.
public enum RegistryManifestError: Error, Equatable, Sendable, CustomStringConvertible {
  case unreadable(String)
  case refused(String)
  case badSize(digest: String, size: Int)

  public var description: String {
    switch self {
    case .unreadable(let why): "The registry's answer is no manifest: \(why)"
    case .refused(let why): "The registry refused: \(why.escapedForDisplay)"
    case .badSize(let digest, let size):
      "The registry's manifest has the impossible size \(size) for \(digest.escapedForDisplay)."
    }
  }
}
