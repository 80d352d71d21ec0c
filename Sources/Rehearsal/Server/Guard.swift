import HTTPTypes

/// Who may ask: what Ollama's CORS and host middleware let through.
struct Guard: Sendable {
  /// Whether the server is bound to a loopback address; only then is the Host header looked at.
  private let isLoopback: Bool

  init(boundTo host: String) {
    isLoopback = host.hasPrefix("127.") || host == "::1" || host == "localhost"
  }

  /// - Returns: the reply that ends the request, if it is not let through; else what is added to its reply.
  func admits(host: String, origin: String?, method: String) -> (
    reply: Reply?, headers: [(HTTPField.Name, String)]
  ) {
    var headers: [(HTTPField.Name, String)] = []
    if let origin, !origin.isEmpty, origin != "http://\(host)", origin != "https://\(host)" {
      guard allows(origin: origin) else { return (.empty(403), []) }
      headers = [
        (.accessControlAllowOrigin, origin), (.vary, "Origin"),
      ]
      if method == "OPTIONS" { return (.empty(204, headers: headers), []) }
    }
    guard isLoopback else { return (nil, headers) }
    let name = hostName(host)
    if isNearAddress(name) { return (nil, headers) }
    let lower = name.lowercased()
    let isLocalName =
      lower.isEmpty || lower == "localhost"
      || [".localhost", ".local", ".internal"].contains(where: lower.hasSuffix)
    guard isLocalName else { return (.empty(403), []) }
    return method == "OPTIONS" ? (.empty(204), []) : (nil, headers)
  }

  private func hostName(_ host: String) -> String {
    if host.hasPrefix("["), let end = host.firstIndex(of: "]") {
      return String(host[host.index(after: host.startIndex)..<end])
    }
    let parts = host.split(separator: ":", omittingEmptySubsequences: false)
    return parts.count == 2 ? String(parts[0]) : host
  }

  /// Loopback, private and unspecified addresses.
  private func isNearAddress(_ host: String) -> Bool {
    if host == "::1" || host == "::" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    guard parts.count == 4, let a = parts[0], let b = parts[1], parts[2] != nil, parts[3] != nil
    else {
      let lower = host.lowercased()
      return host.contains(":") && (lower.hasPrefix("fc") || lower.hasPrefix("fd"))
    }
    return a == 127 || a == 10 || (a == 172 && (16...31).contains(b)) || (a == 192 && b == 168)
      || (a == 0 && host == "0.0.0.0")
  }

  private func allows(origin: String) -> Bool {
    let schemes = [
      "app://", "file://", "tauri://", "vscode-webview://", "vscode-file://",
      "chrome-extension://", "safari-extension://", "moz-extension://", "ms-browser-extension://",
    ]
    if schemes.contains(where: origin.hasPrefix) { return true }
    for scheme in ["http://", "https://"] where origin.hasPrefix(scheme) {
      let rest = origin.dropFirst(scheme.count)
      for host in ["localhost", "127.0.0.1", "0.0.0.0"] {
        if rest == host || rest.hasPrefix(host + ":") { return true }
      }
    }
    return false
  }
}
