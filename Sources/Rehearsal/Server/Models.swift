import HTTPTypes
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension House {
  /// `GET /api/tags`.
  func tags() -> Reply {
    let models = library.withLock { library in
      library.newestFirst.map { name, manifest in
        let shown = JSON.string(name.shortest)
        var members: [(String, JSON)] = [
          ("name", shown), ("model", shown), ("modified_at", .string(manifest.modified.timestamp)),
          ("size", .int(manifest.size)), ("digest", .string(manifest.digest)),
          ("details", details(manifest, in: library, withGeometry: dialect.isNew)),
        ]
        if dialect.isNew {
          members.append(
            ("capabilities", .strings(model(manifest)?.capabilities ?? ["completion"])))
        }
        return JSON.object(members.map { JSON.Member($0.0, $0.1) })
      }
    }
    return .json(200, ["models": .array(models)])
  }

  /// `GET /api/ps`: only what is in memory.
  func running() async -> Reply {
    let models = await scheduler.loaded().map { load, expires in
      let name = JSON.string(load.name.shortest)
      return [
        "name": name, "model": name, "size": .int(load.size), "digest": .string(load.digest),
        "details": load.configuration, "expires_at": .string(expires.timestamp),
        "size_vram": .int(load.sizeVRAM),
        "context_length": .int(dialect.isNew ? load.context : load.asked),
      ] as JSON
    }
    return .json(200, ["models": .array(models)])
  }

  /// `POST /api/copy`: overwrites without a word.
  func copy(_ call: Call) throws -> Reply {
    let request = try call.json()
    let source = request["source"]?.text ?? ""
    let destination = request["destination"]?.text ?? ""
    guard let from = ModelName(source) else {
      throw Refusal(.error(400, "source \(quoted(source)) is invalid"))
    }
    guard let to = ModelName(destination) else {
      throw Refusal(.error(400, "destination \(quoted(destination)) is invalid"))
    }
    let found = try library.withLock { library -> Bool in
      guard var manifest = library.manifests[library.existing(from)] else { return false }
      manifest.modified = Date()
      try library.store(manifest, as: library.existing(to))
      return true
    }
    guard found else { throw Refusal(.error(404, "model \(quoted(source)) not found")) }
    return .empty(200)
  }

  /// `DELETE /api/delete`.
  func delete(_ call: Call) throws -> Reply {
    let request = try call.json()
    let asked = request["model"]?.text ?? ""
    let text = asked.isEmpty ? request["name"]?.text ?? "" : asked
    guard let name = ModelName(text) else {
      throw Refusal(.error(400, "name \(quoted(text)) is invalid"))
    }
    let found = try library.withLock { library -> Bool in
      let name = library.existing(name)
      guard library.manifests[name] != nil else { return false }
      try library.remove(name)
      return true
    }
    guard found else { throw Refusal(.error(404, "model '\(text)' not found")) }
    return .empty(200)
  }

  /// `POST /api/create` with `from`: the parameters are not looked at, a missing model is pulled.
  func create(_ call: Call) async throws -> Reply {
    let request = try call.json()
    let asked = request["model"]?.text ?? ""
    guard let name = ModelName(asked.isEmpty ? request["name"]?.text ?? "" : asked) else {
      throw Refusal(.error(400, "invalid model name"))
    }
    guard let from = request["from"]?.text, !from.isEmpty else {
      var reply = Reply.error(400, "neither 'from' or 'files' was specified")
      reply.headers = [(.contentType, "application/json")]
      throw Refusal(reply)
    }
    guard let base = ModelName(from) else {
      var reply = Reply.error(400, "invalid model name")
      reply.headers = [(.contentType, "application/json")]
      throw Refusal(reply)
    }
    return try await progress(stream: request["stream"]?.bool ?? true, faults: call.faults) {
      house, pipe in
      if house.library.withLock({ $0.manifests[$0.existing(base)] == nil }) {
        try await house.pull(base, insecure: false, faults: call.faults, to: &pipe)
        try await pipe.write(line: ["status": "success"])
      }
      let statuses = try house.derive(name, from: base, request)
      for status in statuses { try await pipe.write(line: ["status": .string(status)]) }
    }
  }

  /// Writes the new manifest.
  ///
  /// - Returns: the lines that tell of it.
  private func derive(_ name: ModelName, from base: ModelName, _ request: JSON) throws -> [String] {
    try library.withLock { library in
      guard let source = library.manifests[library.existing(base)] else {
        throw PullFailure(message: "pull model manifest: file does not exist")
      }
      var statuses: [String] = []
      var layers = source.layers
      var state: [String: String] = [:]
      for layer in layers { state[layer.digest] = "using existing layer \(layer.digest)" }

      func replace(_ type: String, with text: String) throws {
        let bytes = Array(text.utf8)
        let layer = Manifest.Layer(mediaType: type, contents: bytes)
        layers.removeAll { $0.mediaType == type }
        layers.append(layer)
        let known = library.blobs[layer.digest] != nil
        state[layer.digest] = "\(known ? "using existing" : "creating new") layer \(layer.digest)"
        try library.add(.contents(bytes), digest: layer.digest)
      }
      if let template = request["template"]?.text, !template.isEmpty {
        try replace(Manifest.Layer.template, with: template)
      }
      if let system = request["system"]?.text, !system.isEmpty {
        try replace(Manifest.Layer.system, with: system)
      }
      if let license = request["license"]?.text, !license.isEmpty {
        try replace(Manifest.Layer.license, with: license)
      }
      var parameters = request["parameters"]?.members ?? []
      for member in self.parameters(source, in: library)
      where !parameters.contains(where: { $0.key == member.key }) {
        parameters.append(member)
      }
      if !parameters.isEmpty {
        try replace(
          Manifest.Layer.parameters, with: JSON.object(parameters).sorted.description + "\n")
      }
      statuses = layers.compactMap { state[$0.digest] }
      let target = library.existing(name)
      let old = library.manifests[target]
      try library.store(Manifest(configuration: source.configuration, layers: layers), as: target)
      if let old { try library.prune((old.layers + [old.configuration]).map(\.digest)) }
      return statuses + ["writing manifest", "success"]
    }
  }

  /// What the catalogue knows of a model's weights.
  func model(_ manifest: Manifest) -> CatalogueModel? { registry.model(weights: manifest.weights) }

  /// A model's baked-in parameters.
  func parameters(_ manifest: Manifest, in library: borrowing Library) -> [JSON.Member] {
    let layer = manifest.layers.last { $0.mediaType == Manifest.Layer.parameters }
    guard let bytes = layer.flatMap({ library.contents($0.digest) }) else { return [] }
    return (try? JSON.parse(bytes))?.members ?? []
  }

  /// `details` of tags, show and ps.
  func details(_ manifest: Manifest, in library: borrowing Library, withGeometry: Bool) -> JSON {
    let configuration =
      library.contents(manifest.configuration.digest).flatMap { try? JSON.parse($0) } ?? .object([])
    func text(_ key: String) -> JSON { configuration[key] ?? "" }
    var members: [JSON.Member] = [
      .init("parent_model", ""), .init("format", text("model_format")),
      .init("family", text("model_family")),
      .init("families", configuration["model_families"] ?? .null),
      .init("parameter_size", text("model_type")), .init("quantization_level", text("file_type")),
    ]
    if withGeometry, let geometry = model(manifest)?.geometry {
      members.append(.init("context_length", .int(geometry.context)))
      members.append(.init("embedding_length", .int(geometry.embedding)))
    }
    return .object(members)
  }

  /// Go's `%q`.
  func quoted(_ text: String) -> String {
    "\""
      + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing(
        "\n", with: "\\n") + "\""
  }
}
