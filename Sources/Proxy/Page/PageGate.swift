import NIOCore

/// Headers of everything that the page's address answers: nothing from elsewhere, no frame, no guess, no copy kept.
func securityHeaders(nonce: String?) -> String {
  let own = nonce.map { "script-src 'nonce-\($0)'; style-src 'nonce-\($0)'; " } ?? ""
  return "Content-Security-Policy: default-src 'none'; \(own)connect-src 'self'; img-src data:; "
    + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
    + "X-Frame-Options: DENY\r\nX-Content-Type-Options: nosniff\r\n"
    + "Referrer-Policy: no-referrer\r\nCross-Origin-Opener-Policy: same-origin\r\n"
    + "Cross-Origin-Resource-Policy: same-origin\r\nCache-Control: no-store\r\n"
}

/// Why a request for the page is not answered; nil if it may be.
///
/// The data are whole prompts, so three things are asked: the connection comes from this machine, its Host is a loopback
/// name (a foreign name that resolves to 127.0.0.1 is DNS rebinding), and no other site has a hand in it.
func pageRefusal(
  _ head: HeadFields, peer: SocketAddress?, port: Int, audience: ProxyConfiguration.PageAudience,
  method: String
) -> (status: String, reason: String)? {
  guard method == "GET" || method == "HEAD" else {
    return ("405 Method Not Allowed", "The page is only read.")
  }
  let forbidden = "403 Forbidden"
  guard audience == .container || peer?.isLoopback ?? false else {
    return (forbidden, "The page answers only to this machine.")
  }
  let hosts = head.fields.filter { $0.name.lowercased() == "host" }.map(\.value)
  guard hosts.count == 1, let (host, hostPort) = splitAuthority(hosts[0]), isLoopbackName(host),
    audience == .container || (hostPort ?? 80) == port
  else { return (forbidden, "The page answers only to 127.0.0.1 and localhost.") }
  if let origin = head.first("origin") {
    guard origin.lowercased() == "http://" + hosts[0].lowercased() else {
      return (forbidden, "The page answers only to itself.")
    }
  }
  if let site = head.first("sec-fetch-site"), site != "same-origin", site != "none" {
    // A link on another site may lead here; it may not read anything.
    guard head.first("sec-fetch-mode") == "navigate", head.first("sec-fetch-dest") == "document"
    else { return (forbidden, "The page answers only to itself.") }
  }
  return nil
}

private func isLoopbackName(_ host: String) -> Bool {
  let host = host.lowercased()
  return host == "localhost" || host == "127.0.0.1" || host == "::1"
}

extension SocketAddress {
  var isLoopback: Bool {
    guard let address = ipAddress else { return false }
    return address.hasPrefix("127.") || address == "::1" || address.hasPrefix("::ffff:127.")
  }
}
