/// What the proxy is asked to do.
public struct ProxyConfiguration: Sendable {
  /// Whom the page and its data answer.
  public enum PageAudience: Sendable {
    /// Connections from this machine that name it by a loopback name.
    case loopback
    /// Also those that reach a container through a port that Docker published on the host's loopback address: their
    /// source is Docker's gateway. Host and Origin still have to be loopback names.
    case container
  }

  public var host: String
  /// 0 takes any free port, which `onReady` is told.
  public var port: Int
  public var upstream: Upstream
  /// A file with certificates (PEM) of authorities that an `https` engine may be signed by, besides the system's own.
  public var authorities: String?
  /// JSON Lines, 0600; nil records nothing.
  public var record: String?
  /// Wrong paths pass as they are.
  public var strict: Bool
  public var output: Output
  /// Bytes of a body that are recorded; the rest is counted.
  public var bodyLimit: Int
  public var rotation: Rotation
  public var audience: PageAudience
  /// Event loops; every connection and its engine connection stay on one.
  public var threads: Int

  /// Where to listen, from `HOST:PORT` or `[IPv6]:PORT`; nil if it is neither.
  public static func address(_ text: String) -> (host: String, port: Int)? {
    guard let (host, port) = splitAuthority(text), let port, !host.isEmpty,
      (0...65535).contains(port)
    else { return nil }
    return (host, port)
  }

  /// Whether only programs of this machine can connect.
  public var isLocal: Bool {
    host == "localhost" || host == "::1" || host.hasPrefix("127.")
  }

  public enum Output: Sendable { case quiet, lines, conversation }

  public struct Rotation: Sendable {
    /// Bytes after which a new record file is begun.
    public var bytes: Int
    /// Seconds after which a new record file is begun.
    public var age: Int64
    /// Earlier files that are kept.
    public var kept: Int

    public init(bytes: Int = 256 << 20, age: Int64 = 7 * 86_400, kept: Int = 4) {
      self.bytes = bytes
      self.age = age
      self.kept = kept
    }
  }

  public init(
    host: String = "127.0.0.1", port: Int = 4000, upstream: Upstream, authorities: String? = nil,
    record: String? = nil, strict: Bool = false, output: Output = .lines, bodyLimit: Int = 32 << 20,
    rotation: Rotation = Rotation(), audience: PageAudience = .loopback,
    threads: Int = 1
  ) {
    self.host = host
    self.port = port
    self.upstream = upstream
    self.authorities = authorities
    self.record = record
    self.strict = strict
    self.output = output
    self.bodyLimit = bodyLimit
    self.rotation = rotation
    self.audience = audience
    self.threads = threads
  }
}
