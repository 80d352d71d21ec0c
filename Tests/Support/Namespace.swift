import CSupport
public import Setup
public import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A network with nothing but loopback, in which servers, Docker and the real client live together.
///
/// Nothing that runs in it can reach another machine or meet the ports of this one; port 11434 is free in each.
/// Linux only; as root, or where users may make namespaces.
public final class Namespace: Sendable {
  private let holder: RunningProgram
  /// What names this network to `nsenter`.
  private let path: FilePath

  /// Makes the network with loopback up; it ends with the test process at the latest.
  ///
  /// With `watchingAttempts` there seems to be a way out: what is sent to another machine is refused at once, as by a
  /// firewall, and its address kept for `attempts`. Without, such a program is told that the network is unreachable.
  public init(watchingAttempts: Bool = false) async throws {
    let log = try TemporaryFolder.make("network").appending("log")
    let options = geteuid() == 0 ? ["-n"] : ["-r", "-n"]
    holder = try RunningProgram(
      .clean("unshare", options + ["sh", "-c", watchingAttempts ? watched : unwatched]),
      input: .lifeline, output: log)
    path = FilePath("/proc/\(holder.pid)/ns/net")
    do {
      try await eventually(within: .seconds(10)) { [holder] in
        if try text(of: log) == "up\n" { return true }
        return holder.exitCode == nil ? nil : false
      }.orThrow(TookTooLong(description: "no network namespace: \(try text(of: log))"))
    } catch {
      await holder.end()
      throw error
    }
  }

  /// The same call, made inside this network.
  public func inside(_ invocation: Invocation) -> Invocation {
    var entered = invocation
    entered.program = "nsenter"
    let options = geteuid() == 0 ? [] : ["-t", "\(holder.pid)", "-U", "--preserve-credentials"]
    entered.arguments =
      options + ["--net=\(path)", "--", invocation.program] + invocation.arguments
    return entered
  }

  /// Runs a program with exactly these variables (and a `PATH`) inside this network.
  public func run(
    _ program: String, _ arguments: [String] = [], environment: [String: String] = [:],
    folder: FilePath? = nil, input: [UInt8]? = nil, within limit: Duration = .seconds(60)
  ) async throws -> ProgramResult {
    try await inside(
      .clean(program, arguments, environment: environment, folder: folder, input: input)
    ).run(within: limit)
  }

  /// Starts a program with exactly these variables (and a `PATH`) inside this network, for a server.
  public func start(
    _ program: String, _ arguments: [String] = [], environment: [String: String] = [:],
    log: FilePath
  ) throws -> RunningProgram {
    try RunningProgram(
      inside(.clean(program, arguments, environment: environment)), output: log)
  }

  /// The addresses of other machines that anything in this network tried to reach (its name server, for a name that it
  /// looked up), for a network that watches attempts.
  public func attempts() async throws -> Set<String> {
    let list = try await inside(.clean("cat", ["/proc/net/xt_recent/attempts"])).succeed()
    // Lines as `src=192.0.2.1 ttl: 64 last_seen: …`.
    return Set(
      list.split(separator: "\n").compactMap { line in
        line.split(separator: " ").first?.split(separator: "=").last.map(String.init)
      })
  }

  /// Forgets the attempts so far, for what is tried from now on.
  public func forgetAttempts() async throws {
    try await inside(.clean("sh", ["-c", "echo / >/proc/net/xt_recent/attempts"])).succeed()
  }

  /// A socket of this test process that listens on 127.0.0.1 inside this network, for a server in the test itself
  /// (`ServerBootstrap.withBoundSocket`). Port 0 takes a free one. Needs root.
  public func listeningSocket(port: UInt16 = 0) throws -> (descriptor: Int32, port: UInt16) {
    var port = port
    let descriptor = support_listen_in_network(path.string, &port)
    guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    return (descriptor, port)
  }

  /// Ends the network once nothing runs in it any more.
  public func end() async { await holder.end() }

  deinit { holder.hangUp() }
}

private let unwatched = "ip link set lo up && echo up && read -r _"

/// A pair of cables plugged into each other is the way out; 192.0.2.0/24 is reserved for documentation.
private let watched = """
  ip link set lo up &&
  ip link add outside type veth peer name nowhere && ip link set nowhere up &&
  ip address add 192.0.2.1/24 dev outside && ip link set outside up &&
  ip route add default via 192.0.2.2 &&
  iptables -A OUTPUT -o outside -m recent --name attempts --set --rdest &&
  iptables -A OUTPUT -o outside -p tcp -j REJECT --reject-with tcp-reset &&
  iptables -A OUTPUT -o outside -j REJECT &&
  echo up && read -r _
  """

extension Bool {
  fileprivate func orThrow(_ error: @autoclosure () throws -> any Error) throws {
    guard self else { throw try error() }
  }
}
