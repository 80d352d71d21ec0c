import HTTPTypes

extension House {
  private enum Route: CaseIterable {
    case root, version, status, tags, show, copy, create, delete, running, pull, generate, chat
    case messages

    var path: String {
      switch self {
      case .root: "/"
      case .version: "/api/version"
      case .status: "/api/status"
      case .tags: "/api/tags"
      case .show: "/api/show"
      case .copy: "/api/copy"
      case .create: "/api/create"
      case .delete: "/api/delete"
      case .running: "/api/ps"
      case .pull: "/api/pull"
      case .generate: "/api/generate"
      case .chat: "/api/chat"
      case .messages: "/v1/messages"
      }
    }

    /// In the order in which gin lists them.
    var methods: [String] {
      switch self {
      case .root, .version, .tags: ["HEAD", "GET"]
      case .status, .running: ["GET"]
      case .delete: ["DELETE"]
      default: ["POST"]
      }
    }
  }

  /// The handler of a request, or the way gin refuses it: 404, 405, or a redirect.
  func serve(_ call: Call, record: inout ServedRequest) async throws -> Reply {
    let clean = cleaned(call.path)
    let query = call.query.map { "?\($0)" } ?? ""
    guard clean == call.path else { return redirect(to: clean + query, status: 307, call.method) }

    let routes = Route.allCases.filter { route in
      switch route {
      case .status: dialect.isNew
      case .messages: dialect.hasMessages
      default: true
      }
    }
    if let route = routes.first(where: { $0.path == call.path }) {
      guard route.methods.contains(call.method) else {
        return .plain(
          405, "405 method not allowed", headers: [(.allow, route.methods.joined(separator: ", "))])
      }
      return try await handle(route, call, record: &record)
    }
    if let reply = registryManifest(call) { return reply }
    let other = call.path.hasSuffix("/") ? String(call.path.dropLast()) : call.path + "/"
    if let route = routes.first(where: { $0.path == other }), route.methods.contains(call.method) {
      return redirect(to: other + query, status: call.method == "GET" ? 301 : 307, call.method)
    }
    return .notFound
  }

  private func handle(_ route: Route, _ call: Call, record: inout ServedRequest) async throws
    -> Reply
  {
    switch route {
    case .root:
      Reply(
        headers: [(.contentType, "text/plain; charset=utf-8")],
        body: .bytes(Array("Ollama is running".utf8)))
    case .version: .json(200, ["version": .string(dialect.version)])
    case .status:
      .json(
        200,
        [
          "cloud": [
            "disabled": .bool(configuration.noCloud),
            "source": configuration.noCloud ? "env" : "none",
          ]
        ])
    case .tags: tags()
    case .show: try show(call)
    case .copy: try copy(call)
    case .create: try await create(call)
    case .delete: try delete(call)
    case .running: await running()
    case .pull: try await pull(call)
    case .generate: try await generate(call, record: &record)
    case .chat: try await chat(call, record: &record)
    case .messages: try await messages(call, record: &record)
    }
  }

  /// The registry's own route, so that a model's true size can be asked before it is pulled.
  private func registryManifest(_ call: Call) -> Reply? {
    let parts = call.path.split(separator: "/", omittingEmptySubsequences: true)
    guard ["GET", "HEAD"].contains(call.method), parts.count == 5, parts[0] == "v2",
      parts[3] == "manifests"
    else { return nil }
    guard let name = ModelName("\(parts[1])/\(parts[2]):\(parts[4])"), let entry = registry[name]
    else {
      return .json(
        404, ["errors": [["code": "MANIFEST_UNKNOWN", "message": "manifest unknown"]]])
    }
    return Reply(
      headers: [(.contentType, "application/vnd.docker.distribution.manifest.v2+json")],
      body: .bytes(entry.manifest.bytes))
  }

  /// Go's redirect: GET and HEAD get a line of HTML with it.
  private func redirect(to location: String, status: Int, _ method: String) -> Reply {
    guard method == "GET" || method == "HEAD" else {
      return .empty(status, headers: [(.location, location)])
    }
    let text = status == 301 ? "Moved Permanently" : "Temporary Redirect"
    return Reply(
      status: status,
      headers: [(.contentType, "text/html; charset=utf-8"), (.location, location)],
      body: .bytes(method == "GET" ? Array("<a href=\"\(location)\">\(text)</a>.\n\n".utf8) : []))
  }

  /// The path as Go's `ServeMux` wants it: no empty, `.` or `..` parts; a slash at the end stays.
  private func cleaned(_ path: String) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    let clean = "/" + parts.joined(separator: "/")
    return path.hasSuffix("/") && clean != "/" ? clean + "/" : clean
  }
}
