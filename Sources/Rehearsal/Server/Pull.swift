import HTTPTypes
import Synchronization

extension House {
  /// `POST /api/pull`: always a 200 stream of lines, the failure its last one; `stream: false` waits.
  func pull(_ call: Call) async throws -> Reply {
    let request = try call.json()
    let asked = request["model"]?.text ?? ""
    let text = asked.isEmpty ? request["name"]?.text ?? "" : asked
    guard let name = ModelName(pullName(text)) else {
      throw Refusal(.error(400, "invalid model name"))
    }
    let insecure = request["insecure"]?.bool ?? false
    return try await progress(stream: request["stream"]?.bool ?? true, faults: call.faults) {
      house, pipe in
      try await house.pull(name, insecure: insecure, faults: call.faults, to: &pipe)
      try await pipe.write(line: ["status": "success"])
    }
  }

  /// The frame that pull and create share: lines, or with `stream: false` the last of them.
  func progress(
    stream: Bool, faults: [Fault.Kind],
    _ work: @escaping @Sendable (House, inout Pipe) async throws -> Void
  ) async throws -> Reply {
    let body: @Sendable (inout Pipe) async throws -> Void = { [self] pipe in
      do {
        try await work(self, &pipe)
      } catch let failure as PullFailure {
        // A failure before the first line has its own status; behind it, it is just a line.
        try await pipe.write(line: ["error": .string(failure.message)])
      }
    }
    guard !stream else { return .lines(body) }
    var pipe = Pipe(faults: faults)
    try await body(&pipe)
    let last = pipe.last ?? ["status": ""]
    var reply = Reply.json(last["error"] == nil ? 200 : 500, last)
    reply.headers = [(.contentType, "application/json")]
    return reply
  }

  /// A sentence that becomes the last line of a stream.
  struct PullFailure: Error {
    var message: String
  }

  /// Brings a model from the registry: blob by blob, with Ollama's lines.
  ///
  /// - Throws: ``PullFailure``; an error of the connection when the client went away.
  func pull(_ name: ModelName, insecure: Bool, faults: [Fault.Kind], to pipe: inout Pipe)
    async throws
  {
    var sent = 0
    func line(_ json: JSON, _ pipe: inout Pipe) async throws {
      for fault in faults {
        if case .error(let message, let after) = fault, sent >= after {
          throw PullFailure(message: message)
        }
      }
      sent += 1
      try await pipe.write(line: json)
    }
    try await line(["status": "pulling manifest"], &pipe)
    let entry = try manifest(of: name, insecure: insecure)
    let layers = entry.manifest.layers + [entry.manifest.configuration]
    let rate = Double(entry.manifest.size) / max(configuration.pace.pull.seconds, 0.01)
    let stored = library.withLock { $0.existing(name) }
    let old = library.withLock { $0.manifests[stored] }

    for layer in layers {
      if library.withLock({ $0.blobs[layer.digest] != nil }) {
        try await line(Self.progress(layer, completed: layer.size), &pipe)
        continue
      }
      // Small blobs come within the 60 ms between two lines, and so without a line.
      guard layer.size > 1 << 20 else {
        try await Task.sleep(for: .milliseconds(15))
        continue
      }
      let received = library.withLock { $0.received(layer.digest) }
      // Lines tell of the moment they were due, so that a slow machine sends the same ones.
      var tick = await downloads.join(
        layer.digest, total: layer.size, received: received, rate: rate)
      do {
        while true {
          tick += .milliseconds(60)
          let end = await downloads.end(layer.digest)
          try await Task.sleep(until: min(tick, end), clock: .continuous)
          // The end is not announced: the last line of a blob stays below its total.
          if end <= tick { break }
          let completed = await downloads.completed(layer.digest, at: tick)
          try await line(Self.progress(layer, completed: completed), &pipe)
        }
      } catch {
        if let received = await downloads.leave(layer.digest) {
          try library.withLock { try $0.keep(layer.digest, received: received) }
        }
        throw error
      }
      _ = await downloads.leave(layer.digest)
      try library.withLock { library in
        try library.keep(layer.digest, received: 0)
        if let blob = entry.blobs[layer.digest] { try library.add(blob, digest: layer.digest) }
      }
    }
    try await line(["status": "verifying sha256 digest"], &pipe)
    try await Task.sleep(for: .milliseconds(20))
    if faults.contains(.digestMismatch), let weights = entry.manifest.weights {
      try library.withLock { _ = try $0.prune([weights]) }
      let found = "sha256:" + sha256(Array("spoiled \(weights)".utf8))
      throw PullFailure(
        message: "digest mismatch, file must be downloaded again: want \(weights), got \(found)")
    }
    try library.withLock { library in
      for layer in layers where library.blobs[layer.digest] == nil {
        if let blob = entry.blobs[layer.digest] { try library.add(blob, digest: layer.digest) }
      }
    }
    try await line(["status": "writing manifest"], &pipe)
    try library.withLock { library in
      try library.store(
        Manifest(configuration: entry.manifest.configuration, layers: entry.manifest.layers),
        as: stored)
    }
    if let old {
      let before = (old.layers + [old.configuration]).map(\.digest)
      if Set(before) != Set(layers.map(\.digest)) {
        try await line(["status": "removing unused layers"], &pipe)
        try library.withLock { _ = try $0.prune(before) }
      }
    }
  }

  private func manifest(of name: ModelName, insecure: Bool) throws -> Registry.Entry {
    guard name.host == "registry.ollama.ai" || registry[name] != nil else {
      // Other registries are not there: the sentence is that of a name that does not resolve.
      let host = name.host.split(separator: ":").first.map(String.init) ?? name.host
      throw PullFailure(
        message: "pull model manifest: Get \"\(insecure ? "http" : "https")://\(name.host)/v2/"
          + "\(name.namespace)/\(name.model)/manifests/\(name.tag)\": dial tcp: lookup \(host): no such host"
      )
    }
    guard let entry = registry[name] else {
      throw PullFailure(message: "pull model manifest: file does not exist")
    }
    return entry
  }

  /// 0.32.15 turns `name:tag:cloud` into `name:tag-cloud` before it pulls.
  private func pullName(_ text: String) -> String {
    let text = text.trimmed
    guard dialect.isNew else { return text }
    let (base, source) = ModelSource.split(text)
    switch source {
    case .cloud:
      return base.split(separator: "/").last?.contains(":") == true
        ? base + "-cloud" : base + ":cloud"
    case .local: return base
    case .unspecified: return text
    }
  }

  private static func progress(_ layer: Manifest.Layer, completed: Int) -> JSON {
    .omittingEmpty([
      ("status", .string("pulling " + layer.digest.dropFirst(7).prefix(12))),
      ("digest", .string(layer.digest)), ("total", .int(layer.size)),
      ("completed", .int(completed)),
    ])
  }
}
