import Setup
public import SystemPackage

/// A model without weights that a real engine can serve; see `scripts/toy-model`.
public struct ToyModel: Sendable, Hashable {
  /// What it answers, whatever it is asked.
  public var reply: String
  /// The tool it asks for first, with its arguments as JSON; the result then gets the reply.
  public var call: Call?
  /// Whether its chat template refuses a system message that is not the first one.
  public var isStrict: Bool

  public struct Call: Sendable, Hashable {
    public var tool: String
    public var arguments: String
    public init(_ tool: String, _ arguments: String) {
      self.tool = tool
      self.arguments = arguments
    }
  }

  public init(
    reply: String = "The toy model always gives this one answer.", call: Call? = nil,
    isStrict: Bool = false
  ) {
    self.reply = reply
    self.call = call
    self.isStrict = isStrict
  }

  /// Writes the model as `model.gguf` of that folder.
  func write(to folder: FilePath) async throws {
    var arguments = [
      Part.packageRoot.appending("scripts/toy-model").string,
      folder.appending("model.gguf").string, "--reply", reply,
      "--tokenizer", Part.folder.appending("tokenizer.json").string,
    ]
    if let call { arguments += ["--call", call.tool, call.arguments] }
    if isStrict { arguments.append("--strict") }
    let python = Part.folder.appending("python/bin/python3")
    try await Invocation.clean(python.string, arguments).succeed(within: .seconds(120))
  }
}

/// A real engine with the Anthropic Messages API: llama.cpp's server, in a root folder of its own.
public final class LlamaServer: Sendable {
  /// For `ANTHROPIC_BASE_URL`.
  public let url: String
  public let log: FilePath
  private let server: RunningProgram

  /// Serves the model on a port of this network, with one slot of `context` tokens, and waits until it answers.
  public init(
    in network: Namespace, _ model: ToyModel = ToyModel(), port: UInt16 = 8080,
    context: Int = 32_768, arguments: [String] = []
  ) async throws {
    let folder = try TemporaryFolder.make("engine")
    try await model.write(to: folder)
    url = "http://127.0.0.1:\(port)"
    log = folder.appending("log")
    // A mount namespace of its own: the root folder is shared by all, the model in it is this server's.
    let script = """
      mount --bind "$1" "$2/mnt" && mount -t proc proc "$2/proc" && root=$2 && shift 2 &&
      exec chroot "$root" /usr/bin/llama-server --model /mnt/model.gguf "$@"
      """
    let options =
      ["--host", "127.0.0.1", "--port", "\(port)", "--jinja"]
      + ["--parallel", "1", "--ctx-size", "\(context)", "--threads", "2"] + arguments
    server = try network.start(
      "unshare",
      ["--mount", "sh", "-c", script, "llama-server", folder.string, Part.enginePath.string]
        + options, log: log)
    do {
      try await eventually(within: .seconds(60)) { () -> Bool? in
        if let code = server.exitCode {
          throw TookTooLong(description: "llama-server ended with \(code):\n\(try text(of: log))")
        }
        let health = try await network.run(
          Part.busyboxPath.string, ["wget", "-qO", "/dev/null", "\(url)/health"])
        return health.succeeded ? true : nil
      }
    } catch {
      await server.end()
      throw error
    }
    TemporaryFolder.atEnd { [server] in server.signal(9) }
  }

  /// Ends the server.
  public func stop() async { await server.end() }
}
