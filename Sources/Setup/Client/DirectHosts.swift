extension ClientSettings {
  /// The hosts that are reached without a proxy: always this machine, and the engine's host if it is in the person's
  /// own network.
  ///
  /// An engine with a private address or a local name is not what a company's proxy is for, and prompts (source code
  /// among them) should not travel through one more machine. An engine with a public name may be reachable through the
  /// proxy only, so there the person's own `NO_PROXY` decides.
  public static func directHosts(baseURL: String) -> [String] {
    let always = ["127.0.0.1", "localhost"]
    guard let host = host(of: baseURL), !always.contains(host), isLocal(host) else { return always }
    return always + [host]
  }

  private static func host(of url: String) -> String? {
    let afterScheme =
      url.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false).last ?? ""
    guard let authority = afterScheme.split(separator: "/", maxSplits: 1).first else { return nil }
    let address = authority.split(separator: "@").last ?? ""
    if address.first == "[" {
      return address.dropFirst().split(separator: "]").first.map { $0.lowercased() }
    }
    return address.split(separator: ":").first.map { $0.lowercased() }
  }

  private static func isLocal(_ host: String) -> Bool {
    let bytes = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    if bytes.count == 4, let first = bytes[0], let second = bytes[1], bytes[2] != nil,
      bytes[3] != nil
    {
      // RFC 1918 private, RFC 3927 link-local, RFC 1122 loopback, RFC 6598 shared (Tailscale's range).
      switch (first, second) {
      case (10, _), (127, _), (192, 168), (169, 254), (172, 16...31), (100, 64...127): return true
      default: return false
      }
    }
    if host.contains(":") {
      // IPv6 loopback, link-local (fe80::/10) and unique local (fc00::/7) addresses.
      return host == "::1"
        || ["fe8", "fe9", "fea", "feb", "fc", "fd"].contains { host.hasPrefix($0) }
    }
    // Names without a dot, and the endings that no public name has.
    return !host.contains(".")
      || [".local", ".localhost", ".lan", ".internal", ".home.arpa"].contains { host.hasSuffix($0) }
  }
}
