#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One named model as Ollama stores it: a list of blobs and who they are.
struct Manifest: Sendable {
  struct Layer: Sendable, Hashable {
    var mediaType: String
    var digest: String
    var size: Int

    static let weights = "application/vnd.ollama.image.model"
    static let template = "application/vnd.ollama.image.template"
    static let parameters = "application/vnd.ollama.image.params"
    static let system = "application/vnd.ollama.image.system"
    static let license = "application/vnd.ollama.image.license"
    static let configuration = "application/vnd.docker.container.image.v1+json"

    var json: JSON {
      ["mediaType": .string(mediaType), "digest": .string(digest), "size": .int(size)]
    }

    init(mediaType: String, digest: String, size: Int) {
      self.mediaType = mediaType
      self.digest = digest
      self.size = size
    }

    init(mediaType: String, contents: [UInt8]) {
      self.init(
        mediaType: mediaType, digest: "sha256:" + sha256(contents), size: contents.count)
    }

    init?(_ json: JSON?) {
      guard let type = json?["mediaType"]?.text, let digest = json?["digest"]?.text,
        let size = json?["size"]?.int
      else { return nil }
      self.init(mediaType: type, digest: digest, size: size)
    }
  }

  var configuration: Layer
  var layers: [Layer]
  /// The file's bytes: a copy keeps them, and so the digest.
  var bytes: [UInt8]
  var modified: Date

  init(configuration: Layer, layers: [Layer], modified: Date = Date()) {
    self.configuration = configuration
    self.layers = layers
    self.modified = modified
    bytes =
      JSON.object([
        .init("schemaVersion", 2),
        .init("mediaType", "application/vnd.docker.distribution.manifest.v2+json"),
        .init("config", configuration.json), .init("layers", .array(layers.map(\.json))),
      ]).line
  }

  /// nil where the bytes are not a manifest.
  init?(bytes: [UInt8], modified: Date) {
    guard let json = try? JSON.parse(bytes), let configuration = Layer(json["config"]),
      let layers = json["layers"]?.elements
    else { return nil }
    self.configuration = configuration
    self.layers = layers.compactMap(Layer.init)
    self.bytes = bytes
    self.modified = modified
  }

  var digest: String { sha256(bytes) }
  /// The sum that `/api/tags` shows as size.
  var size: Int { layers.reduce(configuration.size) { $0 + $1.size } }
  var weights: String? { layers.first { $0.mediaType == Layer.weights }?.digest }
}

/// Bytes of a blob, or for weights only how many there would be.
enum Blob: Sendable {
  case contents([UInt8])
  case weights(size: Int)

  var size: Int {
    switch self {
    case .contents(let bytes): bytes.count
    case .weights(let size): size
    }
  }
}
