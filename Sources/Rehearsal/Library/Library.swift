#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The models that are here: manifests by name and blobs by digest, mirrored into a folder if there is one.
///
/// The folder is laid out as Ollama's (`manifests/HOST/NAMESPACE/MODEL/TAG`, `blobs/sha256-…`), but a
/// blob of weights is one line that says how large the real one is.
struct Library: Sendable {
  private(set) var manifests: [ModelName: Manifest] = [:]
  private(set) var blobs: [String: Blob] = [:]
  /// What is there of downloads that were cut, in bytes.
  private var partial: [String: Int] = [:]
  let folder: String?

  private static let weightsMark = "rehearsal weights, bytes: "

  /// Reads what the folder holds. A file that is not understood is left alone.
  ///
  /// - Throws: when the folder cannot be made.
  init(folder: String?) throws {
    self.folder = folder
    guard let folder else { return }
    let files = FileManager.default
    for part in ["manifests", "blobs"] {
      try files.createDirectory(atPath: "\(folder)/\(part)", withIntermediateDirectories: true)
    }
    for file in try files.contentsOfDirectory(atPath: "\(folder)/blobs") {
      let bytes = try [UInt8](Data(contentsOf: URL(filePath: "\(folder)/blobs/\(file)")))
      let text = String(decoding: bytes.prefix(80), as: UTF8.self)
      let digest = "sha256:" + file.dropFirst("sha256-".count)
      if file.hasSuffix("-partial") {
        partial[String(digest.dropLast("-partial".count))] = Int(text.trimmed)
      } else if text.hasPrefix(Library.weightsMark),
        let size = Int(String(text.dropFirst(Library.weightsMark.count)).trimmed)
      {
        blobs[digest] = .weights(size: size)
      } else {
        blobs[digest] = .contents(bytes)
      }
    }
    let root = "\(folder)/manifests"
    for file in try files.subpathsOfDirectory(atPath: root) {
      let parts = file.split(separator: "/")
      guard parts.count == 4,
        let name = ModelName("\(parts[0])/\(parts[1])/\(parts[2]):\(parts[3])"),
        let data = try? Data(contentsOf: URL(filePath: "\(root)/\(file)"))
      else { continue }
      let modified =
        try files.attributesOfItem(atPath: "\(root)/\(file)")[.modificationDate] as? Date
      manifests[name] = Manifest(bytes: [UInt8](data), modified: modified ?? Date())
    }
  }

  /// The name as it is stored, where one differs only in case; each part is looked for by itself.
  func existing(_ name: ModelName) -> ModelName {
    if manifests[name] != nil { return name }
    return manifests.keys.first { $0.matchesIgnoringCase(name) } ?? name
  }

  func contents(_ digest: String) -> [UInt8]? {
    if case .contents(let bytes) = blobs[digest] { bytes } else { nil }
  }

  /// Newest first, as `/api/tags` lists them.
  var newestFirst: [(name: ModelName, manifest: Manifest)] {
    manifests.map { ($0.key, $0.value) }
      .sorted { ($0.1.modified, $1.0.full) > ($1.1.modified, $0.0.full) }
  }

  mutating func add(_ blob: Blob, digest: String) throws {
    blobs[digest] = blob
    guard let path = path(of: digest) else { return }
    switch blob {
    case .contents(let bytes): try write(bytes, to: path)
    case .weights(let size): try write(Array("\(Library.weightsMark)\(size)\n".utf8), to: path)
    }
  }

  mutating func store(_ manifest: Manifest, as name: ModelName) throws {
    manifests[name] = manifest
    guard let folder else { return }
    try write(manifest.bytes, to: "\(folder)/manifests/\(name.path)")
  }

  /// Takes the name away, and every blob that no other name has.
  mutating func remove(_ name: ModelName) throws {
    guard let manifest = manifests.removeValue(forKey: name) else { return }
    if let folder {
      let path = "\(folder)/manifests/\(name.path)"
      try FileManager.default.removeItem(atPath: path)
      let parent = String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
      if try FileManager.default.contentsOfDirectory(atPath: parent).isEmpty {
        try FileManager.default.removeItem(atPath: parent)
      }
    }
    try prune((manifest.layers + [manifest.configuration]).map(\.digest))
  }

  /// Removes those of the blobs that no name has.
  ///
  /// - Returns: whether there was one.
  @discardableResult
  mutating func prune(_ digests: [String]) throws -> Bool {
    let used = Set(manifests.values.flatMap { $0.layers + [$0.configuration] }.map(\.digest))
    let unused = Set(digests).subtracting(used).filter { blobs[$0] != nil }
    for digest in unused {
      blobs[digest] = nil
      if let path = path(of: digest) { try FileManager.default.removeItem(atPath: path) }
    }
    return !unused.isEmpty
  }

  func received(_ digest: String) -> Int { partial[digest] ?? 0 }

  /// Remembers how much of a blob came before its download was cut; 0 forgets it.
  mutating func keep(_ digest: String, received: Int) throws {
    partial[digest] = received > 0 ? received : nil
    guard let path = path(of: digest).map({ $0 + "-partial" }) else { return }
    if received > 0 {
      try write(Array("\(received)\n".utf8), to: path)
    } else if FileManager.default.fileExists(atPath: path) {
      try FileManager.default.removeItem(atPath: path)
    }
  }

  /// The path that a Modelfile's FROM line shows.
  func shownPath(of digest: String) -> String {
    path(of: digest) ?? "/root/.ollama/models/blobs/\(digest.replacing(":", with: "-"))"
  }

  private func path(of digest: String) -> String? {
    folder.map { "\($0)/blobs/\(digest.replacing(":", with: "-"))" }
  }

  private func write(_ bytes: [UInt8], to path: String) throws {
    let parent = path[..<(path.lastIndex(of: "/") ?? path.endIndex)]
    try FileManager.default.createDirectory(
      atPath: String(parent), withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(filePath: path), options: .atomic)
  }
}
