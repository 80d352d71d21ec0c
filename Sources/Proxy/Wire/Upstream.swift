/// Where the engine is.
public struct Upstream: Sendable, Equatable, CustomStringConvertible {
  public var isSecure: Bool
  /// Name or address, an IPv6 address without brackets.
  public var host: String
  public var port: Int
  /// What comes before the path of every request, without a final slash; usually empty.
  public var path: String

  /// - Parameter url: `http` or `https`; user names, queries and fragments are refused.
  public init?(_ url: String) {
    let rest: Substring
    if url.lowercased().hasPrefix("http://") {
      isSecure = false
      rest = url.dropFirst(7)
    } else if url.lowercased().hasPrefix("https://") {
      isSecure = true
      rest = url.dropFirst(8)
    } else {
      return nil
    }
    let authority = rest.prefix { $0 != "/" }
    guard let (host, port) = splitAuthority(authority), !host.isEmpty,
      rest.allSatisfy({ $0.isASCII && !"@?# \"<>\\".contains($0) })
    else { return nil }
    self.host = host
    self.port = port ?? (isSecure ? 443 : 80)
    path = String(rest.dropFirst(authority.count))
    while path.hasSuffix("/") { path.removeLast() }
    guard (1...65535).contains(self.port) else { return nil }
  }

  /// The same without a `/v1` at its end, which every path of the client begins with.
  public var withoutVersion: Upstream {
    var other = self
    if path.hasSuffix("/v1") { other.path = String(path.dropLast(3)) }
    return other
  }

  /// What a client that talks to the engine directly sends as Host.
  public var authority: String {
    let name = inBrackets(host)
    return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
  }

  public var description: String { (isSecure ? "https://" : "http://") + authority + path }
}

/// A host as it stands before a port: an IPv6 address in brackets.
func inBrackets(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }

/// `host:port`, `host`, `[::1]:port`: the host without brackets, and the port if there is one.
func splitAuthority(_ authority: some StringProtocol) -> (host: String, port: Int?)? {
  if authority.hasPrefix("[") {
    guard let end = authority.firstIndex(of: "]") else { return nil }
    let host = String(authority[authority.index(after: authority.startIndex)..<end])
    let rest = authority[authority.index(after: end)...]
    if rest.isEmpty { return (host, nil) }
    guard rest.hasPrefix(":"), let port = Int(rest.dropFirst()) else { return nil }
    return (host, port)
  }
  let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
  switch parts.count {
  case 1: return (String(parts[0]), nil)
  case 2: return Int(parts[1]).map { (String(parts[0]), $0) }
  default: return nil
  }
}
