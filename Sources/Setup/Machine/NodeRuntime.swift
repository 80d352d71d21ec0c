/// Node and npm: information only, the client is a native program.
public struct NodeRuntime: Sendable, Hashable, Codable {
  public var node: String?
  public var npm: String?

  public init(node: String? = nil, npm: String? = nil) {
    self.node = node
    self.npm = npm
  }
}

extension NodeRuntime {
  static func detect(in world: World, within limit: Duration) async -> Answer<NodeRuntime> {
    async let node = version(of: "node", in: world, within: limit)
    async let npm = version(of: "npm", in: world, within: limit)
    return Answer(NodeRuntime(node: await node, npm: await npm))
  }

  private static func version(
    of program: String, in world: World, within limit: Duration
  ) async -> String? {
    guard world.programs.find(program) != nil else { return nil }
    let result = try? await world.programs.run(Invocation(program, ["--version"]), within: limit)
    return result.flatMap { Version($0.output)?.description }
  }

  func probe() -> Probe {
    guard let node else {
      return Probe(
        .node, .information, "not found, and not needed: Claude Code is a native program")
    }
    let words = "node \(node)" + (npm.map { ", npm \($0)" } ?? "")
    return Probe(.node, .information, "\(words) (not needed)")
  }
}
