/// The service `proxy` of our Compose project, which passes on to the container beside it.
public enum ProxyInDocker {
  /// Where it listens on this machine.
  /// - Returns: `nil` where none runs, or the engine is not that container.
  public static func url(beside engine: Engine, in world: World) async -> String? {
    guard case .docker = engine else { return nil }
    let command = ComposeProject.list("proxy", all: false, format: "{{.Ports}}")
    // A Docker that does not answer has no proxy to offer; what that means for the engine is told elsewhere.
    guard let result = try? await world.programs.run(command, within: .seconds(5)),
      result.succeeded
    else { return nil }
    // 127.0.0.1:4000->4000/tcp
    let place = result.output.prefix { $0 != "-" && !$0.isNewline }
    return place.hasPrefix("127.0.0.1:") ? "http://\(place)" : nil
  }
}
