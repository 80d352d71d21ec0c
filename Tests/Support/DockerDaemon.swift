public import Setup
public import SystemPackage

/// A dockerd of its own in a network of its own: it knows no container, image or socket of the machine.
///
/// It starts in about a second, so each test that needs Docker takes its own. Everything in it (daemon, containers,
/// mounts) lives in one process namespace, which the kernel clears whole when the test process ends, however it ends.
public final class DockerDaemon: Sendable {
  public let namespace: Namespace
  public let socket: FilePath
  public let log: FilePath
  private let guardian: RunningProgram

  /// Starts a daemon inside this network and waits until it answers.
  ///
  /// - Parameter hasGraphics: whether it believes in NVIDIA's container toolkit: a hook that does nothing stands in for
  ///   the real one, so that containers can ask for cards on a machine without any.
  public init(in namespace: Namespace, hasGraphics: Bool = false) async throws {
    self.namespace = namespace
    let folder = try TemporaryFolder.make("docker")
    socket = folder.appending("socket")
    log = folder.appending("log")
    // The first process of the namespace: told to end, or left alone, it lets dockerd stop its containers, and then
    // the kernel ends what is left.
    let hook = folder.appending("nvidia-container-runtime-hook")
    if hasGraphics { try write("#!/bin/sh\n".utf8, to: hook, mode: 0o755) }
    let script = """
      PATH=$1:$PATH; runc=$(command -v runc); shopt -s nullglob
      for hook in "$1"/nvidia-*; do set -- "$1" --add-runtime "nvidia=$runc"; done
      dockerd "${@:2}" --data-root "$1/data" --exec-root "$1/exec" --pidfile "$1/pid" --host "unix://$1/socket" \
        --shutdown-timeout 1 & daemon=$!
      trap : TERM
      read -r _
      kill $daemon && wait $daemon
      """
    guardian = try RunningProgram(
      namespace.inside(
        .clean(
          "unshare",
          [
            "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
            "bash", "-c", script, "dockerd", folder.string,
          ])),
      input: .lifeline, output: log)
    TemporaryFolder.atEnd { [guardian] in
      guardian.hangUp()
      _ = guardian.waitBlocking()
    }
    do {
      try await eventually(within: .seconds(60)) {
        if let code = guardian.exitCode {
          throw TookTooLong(description: "dockerd ended with \(code):\n\(try text(of: log))")
        }
        return try await docker(["version", "--format", "{{.Server.Version}}"]).succeeded
          ? true : nil
      }
    } catch {
      await stop()
      throw error
    }
  }

  /// The variables with which Docker's client finds this daemon and the Compose plugin.
  public var environment: [String: String] {
    ["DOCKER_HOST": "unix://\(socket)", "DOCKER_CONFIG": Part.dockerConfiguration.string]
  }

  /// Runs Docker's client against this daemon.
  public func docker(
    _ arguments: [String], folder: FilePath? = nil, within limit: Duration = .seconds(60)
  ) async throws -> ProgramResult {
    let home = folder ?? "/"
    return try await namespace.run(
      "docker", arguments, environment: environment, folder: home, within: limit)
  }

  /// As `docker`, for a call that has to succeed; answers its trimmed standard output.
  @discardableResult
  public func succeed(
    _ arguments: [String], folder: FilePath? = nil, within limit: Duration = .seconds(60)
  ) async throws -> String {
    let result = try await docker(arguments, folder: folder, within: limit)
    guard result.succeeded else {
      throw Unsuccessful(call: "docker " + arguments.joined(separator: " "), result: result)
    }
    return result.output
  }

  /// Stops the containers and the daemon.
  public func stop() async {
    guardian.hangUp()
    _ = try? await guardian.exit(within: .seconds(20))
  }
}
