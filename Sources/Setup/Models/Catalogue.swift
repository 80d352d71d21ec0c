#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

/// The models that ccl-setup knows something about before they are here: `models/catalogue.json`.
///
/// It only proposes. The true size comes from the registry's manifest, the true geometry from `/api/show`.
public struct Catalogue: Sendable {
  public internal(set) var models: [CatalogueModel]
  /// Ollama's own list of models that "do not work well" with Claude Code.
  public let notForAgents: NotForAgents

  /// - Parameters:
  ///   - json: the file's bytes.
  ///   - place: the file's name, for the error.
  /// - Throws: `CatalogueError`, which names the place inside the file.
  public init(json: Data, place: String = "models/catalogue.json") throws(CatalogueError) {
    struct File: Decodable {
      var models: [CatalogueModel]
      var notForAgents: NotForAgents
    }
    do {
      let file = try JSONDecoder().decode(File.self, from: json)
      models = file.models
      notForAgents = file.notForAgents
    } catch let error as DecodingError {
      throw CatalogueError(place: place, error)
    } catch {
      throw CatalogueError(place: place, at: "", problem: "\(error)")
    }
    var names: Set<ModelName> = []
    for (index, model) in models.enumerated() {
      for name in [model.name] + model.aliases where !names.insert(name).inserted {
        throw CatalogueError(
          place: place, at: "models[\(index)]", problem: "“\(name)” stands there twice")
      }
    }
  }

  /// The entry for a name or one of its aliases; letter case and `:latest` make no difference.
  public func model(named name: ModelName) -> CatalogueModel? {
    let wanted = name.description.lowercased()
    return models.first { model in
      ([model.name] + model.aliases).contains { $0.description.lowercased() == wanted }
    }
  }
}

/// What the catalogue says of one model.
public struct CatalogueModel: Hashable, Sendable {
  public var name: ModelName
  /// Other names of the same download (`qwen3-coder` is `qwen3-coder:30b`).
  public var aliases: [ModelName] = []
  public var title: String
  /// Where its figures were published as a range, the upper end.
  public var downloadBytes: Int
  /// `nil`: not known before `/api/show` can be asked.
  public var geometry: Geometry?
  /// The longest context that the model was trained for.
  public var nativeContext: Int?
  /// Without tools every request of Claude Code is a 400.
  public var tools: Bool
  public var parameters: Int?
  /// Parameters at work for one token: what decides the speed on a CPU.
  public var activeParameters: Int?
  /// Only good for proving that the setup works.
  public var setupOnly: Bool = false
  /// The order in which models are recommended, highest first; `nil` is never recommended by itself.
  public var rank: Int?
  public var notes: [String] = []
  /// Where each figure comes from.
  public var marks: [Figure: Provenance] = [:]

  public enum Figure: String, Hashable, Sendable, CaseIterable {
    case download, geometry, nativeContext, tools, activeParameters
  }

  /// What it needs once loaded: weights, key-value cache, recurrent state and the server's own buffers.
  ///
  /// - Returns: bytes, or `nil` while the geometry is unknown.
  public func memoryNeed(
    context: Int, bytesPerElement: Double = CacheType.f16.bytesPerElement, parallel: Int = 1
  ) -> Int? {
    guard let geometry else { return nil }
    return leastMemory + geometry.recurrentStateBytes * parallel
      + geometry.kvBytes(context: context, bytesPerElement: bytesPerElement, parallel: parallel)
  }

  /// What it needs before the first token of context: weights and buffers.
  public var leastMemory: Int { downloadBytes + Self.overhead }

  /// The server's buffers, 0.5 to 1 GiB; 0.6 is what the published totals were computed with.
  static let overhead = Bytes.gibibytes(0.6)
}

/// Where a figure comes from.
public enum Provenance: String, Hashable, Sendable, CaseIterable, Decodable {
  /// Read in Ollama's source.
  case source = "src"
  /// Seen in a public issue.
  case issue = "iss"
  /// Computed from the published geometry.
  case computed = "calc"
  /// Published with the model.
  case published = "pub"
  /// Unverified: ask the machine before relying on it.
  case memory = "mem"
}

/// A list by family and by tag, as Ollama keeps it.
public struct NotForAgents: Hashable, Sendable, Decodable {
  public var source: String
  /// All tags of these families.
  public var families: Set<String>
  /// Only these tags.
  public var tags: [String: Set<String>]

  public func contains(_ name: ModelName) -> Bool {
    families.contains(name.family) || tags[name.family]?.contains(name.tag.lowercased()) == true
  }
}

/// The catalogue cannot be read: where, and what is wrong there.
public struct CatalogueError: Error, Equatable, Sendable, CustomStringConvertible {
  public var place: String
  /// The way inside, as `models[3].geometry.layers`; empty for the file as a whole.
  public var at: String
  public var problem: String

  public var description: String {
    at.isEmpty ? "\(place): \(problem)" : "\(place): \(at): \(problem)"
  }
}

extension CatalogueError {
  fileprivate init(place: String, _ error: DecodingError) {
    switch error {
    case .keyNotFound(let key, let context):
      self.init(place: place, at: path(context.codingPath + [key]), problem: "is missing")
    case .typeMismatch(let type, let context):
      self.init(place: place, at: path(context.codingPath), problem: "is not \(noun(type))")
    case .valueNotFound(let type, let context):
      self.init(place: place, at: path(context.codingPath), problem: "is empty, not \(noun(type))")
    case .dataCorrupted(let context):
      let problem = context.codingPath.isEmpty ? "is not JSON" : context.debugDescription
      self.init(place: place, at: path(context.codingPath), problem: problem)
    @unknown default:
      self.init(place: place, at: "", problem: "\(error)")
    }
  }
}

private func path(_ keys: [any CodingKey]) -> String {
  keys.reduce(into: "") { text, key in
    if let index = key.intValue {
      text += "[\(index)]"
    } else {
      text += text.isEmpty ? key.stringValue : ".\(key.stringValue)"
    }
  }
}

private func noun(_ type: Any.Type) -> String {
  switch type {
  case is String.Type: "a text"
  case is Int.Type, is Double.Type: "a number"
  case is Bool.Type: "true or false"
  case is any Collection.Type: "a list or table"
  default: "what should stand there"
  }
}

extension CatalogueModel: Decodable {
  private enum Key: String, CodingKey {
    case tag, aliases, title, download, geometry, nativeContext, tools, parameters, activeParameters
    case setupOnly, rank, notes, marks
  }

  public init(from decoder: any Decoder) throws {
    let box = try decoder.container(keyedBy: Key.self)
    func name(_ text: String, _ key: Key) throws -> ModelName {
      do { return try ModelName(text) } catch {
        throw DecodingError.dataCorruptedError(forKey: key, in: box, debugDescription: "\(error)")
      }
    }
    self.name = try name(box.decode(String.self, forKey: .tag), .tag)
    aliases = try (box.decodeIfPresent([String].self, forKey: .aliases) ?? [])
      .map { try name($0, .aliases) }
    title = try box.decode(String.self, forKey: .title)
    downloadBytes = try box.decodePositive(.download)
    geometry = try box.decodeIfPresent(Geometry.self, forKey: .geometry)
    nativeContext = try box.decodePositive(.nativeContext)
    tools = try box.decode(Bool.self, forKey: .tools)
    parameters = try box.decodeIfPresent(Int.self, forKey: .parameters)
    activeParameters = try box.decodeIfPresent(Int.self, forKey: .activeParameters)
    setupOnly = try box.decodeIfPresent(Bool.self, forKey: .setupOnly) ?? false
    rank = try box.decodeIfPresent(Int.self, forKey: .rank)
    notes = try box.decodeIfPresent([String].self, forKey: .notes) ?? []
    let written = try box.decode([String: Provenance].self, forKey: .marks)
    for (key, mark) in written {
      guard let figure = Figure(rawValue: key) else {
        throw DecodingError.dataCorruptedError(
          forKey: .marks, in: box, debugDescription: "“\(key)” is no figure")
      }
      marks[figure] = mark
    }
    let present: [Figure: Bool] = [
      .download: true, .geometry: geometry != nil, .nativeContext: true, .tools: true,
      .activeParameters: activeParameters != nil,
    ]
    for figure in Figure.allCases where present[figure] == true && marks[figure] == nil {
      throw DecodingError.dataCorruptedError(
        forKey: .marks, in: box,
        debugDescription: "does not say where “\(figure.rawValue)” comes from")
    }
  }
}
