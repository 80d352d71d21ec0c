import Setup
import Support
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Somebody with a home of their own, on a machine without a way out, who types `ccl-setup`.
///
/// `HOME` and the home of the account are the same throw-away folder; nothing of whoever runs the tests is in reach.
struct Person: Sendable {
  let network: Namespace
  let home: TemporaryHome
  /// Programs of this person alone, the first folder of the `PATH`: the product, the client, Ollama.
  private let programs: FilePath
  private let users: FilePath
  /// What the stand-in for Ollama has served, where the person's own one runs.
  let record: FilePath
  var environment: [String: String]
  /// Shell commands that change what this person sees of the file system, such as `mount -o remount,ro …`.
  var mounts = ":"

  enum Program: Sendable, Hashable {
    case client(ClaudeVersion)
    case ollama
  }

  /// Files as people have them: one without a final newline, comments, a function of their own.
  static let files: [String: TemporaryHome.Entry] = [
    ".bashrc": "# mine\nalias ll='ls -l'\nHISTSIZE=10",
    ".profile": "[ -n \"$BASH_VERSION\" ] && [ -f ~/.bashrc ] && . ~/.bashrc\n",
    ".zshrc": "setopt autocd\n\n",
    ".config/fish/config.fish": "set -g fish_greeting\n",
    ".local/state/other/log": "not ours\n",
    "work/notes.txt": "grüße\n",
  ]

  init(
    _ programs: Set<Program>, in network: Namespace, files: [String: TemporaryHome.Entry] = files,
    docker: DockerDaemon? = nil
  ) throws {
    self.network = network
    home = try TemporaryHome(files)
    let folder = try TemporaryFolder.make("person")
    self.programs = folder.appending("bin")
    users = folder.appending("passwd")
    record = folder.appending("record")
    try FileManager.default.createDirectory(
      atPath: self.programs.string, withIntermediateDirectories: false)
    try write(
      "root:x:0:0:Somebody:\(home.path):/bin/bash\nnobody:x:65534:65534::/:/bin/false\n".utf8,
      to: users)
    environment = home.environment
    environment["PATH"] = "\(self.programs):/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
    environment["DOCKER_HOST"] = "unix://\(folder.appending("no-docker"))"
    environment["CCL_REHEARSAL_RECORD"] = record.string
    if let docker { environment.merge(docker.environment) { $1 } }
    try link("ccl-setup", to: Part.product)
    for program in programs {
      switch program {
      case .client(let version): try link("claude", to: version.path)
      case .ollama: try link("ollama", to: Part.product)
      }
    }
  }

  private func link(_ name: String, to path: FilePath) throws {
    try FileManager.default.createSymbolicLink(
      atPath: programs.appending(name).string, withDestinationPath: path.string)
  }

  /// Gives this person another client.
  func install(client version: ClaudeVersion) throws { try link("claude", to: version.path) }

  /// Gives this person a script for a client.
  func install(client script: String) throws { try install(program: "claude", script) }

  /// Gives this person a script for a program.
  func install(program: String, _ script: String) throws {
    let path = programs.appending(program)
    try write(script.utf8, to: path)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path.string)
  }

  /// Takes a program away from this person.
  func forget(_ name: String) throws {
    try FileManager.default.removeItem(atPath: programs.appending(name).string)
  }

  /// Gives home and programs paths that are the same in each run, for what is compared with a recording.
  mutating func settle() {
    let (old, new) = (home.path, "/srv/ada")
    mounts = """
      mount -t tmpfs tmpfs /srv && mkdir \(new) /srv/bin && mount --bind \(old) \(new) \
        && mount --bind \(programs) /srv/bin
      """
    environment["HOME"] = new
    environment["PATH"] = "/srv/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
  }

  /// A person in a network of their own; what still runs in it afterwards is ended.
  static func alone(
    _ programs: Set<Program>, files: [String: TemporaryHome.Entry] = files,
    watchingAttempts: Bool = false, _ live: (inout Person) async throws -> Void
  ) async throws {
    let network = try await Namespace(watchingAttempts: watchingAttempts)
    var person = try Person(programs, in: network, files: files)
    do { try await live(&person) } catch {
      await person.sweep()
      throw error
    }
    await person.sweep()
  }

  /// Ends the servers in this person's network, as a restart of the machine does.
  func endServers() async throws {
    try await endProcesses { $0 + " && grep -q '^serve$' <(tr '\\0' '\\n' <\"$process/cmdline\")" }
  }

  /// Ends every process in this person's network: servers that the product has left running.
  private func sweep() async {
    // What has ended meanwhile is ended.
    try? await endProcesses { $0 }
    await network.end()
  }

  private func endProcesses(_ condition: (String) -> String) async throws {
    let script = """
      me=$(readlink /proc/self/ns/net)
      for process in /proc/[0-9]*; do
        if \(condition(#"[ "$(readlink "$process/ns/net" 2>/dev/null)" = "$me" ] && [ "${process#/proc/}" != $$ ]"#))
        then kill -9 "${process#/proc/}" || :; fi
      done
      """
    try await network.inside(.clean("bash", ["-c", script])).succeed()
  }

  // MARK: - Running

  /// A call as this person makes it.
  func call(
    _ program: String, _ arguments: [String] = [], _ variables: [String: String] = [:]
  ) -> Invocation {
    let script = "mount --bind \"$0\" /etc/passwd && { \(mounts) ; } && exec \"$@\""
    return network.inside(
      .clean(
        "unshare", ["--mount", "sh", "-c", script, users.string, program] + arguments,
        environment: environment.merging(variables) { $1 }, folder: home.path))
  }

  /// Runs `ccl-setup` without a terminal.
  func setup(
    _ arguments: String..., with variables: [String: String] = [:],
    within limit: Duration = .seconds(120)
  ) async throws -> ProgramResult {
    try await call("ccl-setup", arguments, variables).run(within: limit)
  }

  /// Starts `ccl-setup` on a terminal.
  func wizard(
    _ arguments: String..., with variables: [String: String] = [:], columns: UInt16 = 100
  ) async throws -> PseudoTerminal {
    try await PseudoTerminal(
      call("ccl-setup", arguments, variables), columns: columns, rows: 50)
  }

  func run(_ program: String, _ arguments: String...) async throws -> ProgramResult {
    try await call(program, arguments).run()
  }

  /// A server of this person's own at 127.0.0.1:`port`: the stand-in for Ollama.
  func serve(
    port: Int = 11434, with variables: [String: String] = [:]
  ) async throws -> RunningProgram {
    var variables = variables
    variables["OLLAMA_HOST"] = "127.0.0.1:\(port)"
    let server = try RunningProgram(
      network.inside(
        .clean(
          "bash", ["-c", "exec -a ollama \"$0\" serve", Part.product.string],
          environment: environment.merging(variables) { $1 })),
      output: try TemporaryFolder.make("server").appending("log"))
    try await eventually(within: .seconds(20)) {
      try? await web("/", port: port)
    }
    return server
  }

  // MARK: - Looking

  /// The body of a page of a server in this person's network; throws when it is not a 200.
  func web(
    _ path: String, port: Int = 11434, post body: String? = nil
  ) async throws -> String {
    let post = body.map { ["--post-data", $0] } ?? []
    return try await network.inside(
      .clean(
        Part.busyboxPath.string,
        ["wget", "-q", "-O", "-"] + post + ["http://127.0.0.1:\(port)\(path)"])
    ).succeed()
  }

  /// The home, without what the client and fish keep for themselves.
  func tree() throws -> Tree {
    var tree = try home.snapshot()
    let data = ".local/share"
    // They make this folder too; an empty one is a trace of ours.
    let isDataUsed = tree.nodes.keys.contains { $0.hasPrefix(data + "/") }
    tree.nodes = tree.nodes.filter { name, _ in
      !Self.isForeign(name) && !(name == data && isDataUsed)
    }
    return tree
  }

  private static func isForeign(_ name: String) -> Bool {
    let others = [
      ".claude", ".cache", ".local/share/claude", ".local/share/fish",
      ".config/fish/fish_variables",
    ]
    return others.contains { name.hasPrefix($0) }
  }

  /// The home is as it was, but for what others keep in it.
  func expectTree(_ before: Tree, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let differences = before.differences(to: try tree())
    #expect(differences == [], sourceLocation: sourceLocation)
  }

  /// The home is as it was, to the last byte.
  func expectHome(_ before: Tree, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let differences = before.differences(to: try home.snapshot())
    #expect(differences == [], sourceLocation: sourceLocation)
  }

  func text(_ name: String) throws -> String { try Support.text(of: home[name]) }

  /// What the stand-in's own record says of requests to the model.
  func served() throws -> [Served] {
    try Support.text(of: record).split(separator: "\n").map { line in
      try JSONDecoder().decode(Served.self, from: Data(line.utf8))
    }
  }
}

/// One request as the stand-in recorded it.
struct Served: Decodable, Sendable, Equatable {
  var method: String
  var path: String
  var status: Int
  var model: String?
  var evaluated: Int?
  var cached: Int?
  var contextLength: Int?
  var toolsOffered: Int?
  var truncated: Bool?

  /// Whether this is what the real client sends for a prompt: with its tools, and so a long one.
  var isOfTheClient: Bool {
    path == "/v1/messages" && status == 200 && (toolsOffered ?? 0) > 3
      && (evaluated ?? 0) + (cached ?? 0) > 1000
  }
}

/// The models of `/api/tags`, by name.
func models(_ tags: String) throws -> [String: String] {
  struct Tags: Decodable {
    struct Model: Decodable {
      var name: String
      var digest: String
    }
    var models: [Model]
  }
  let found = try JSONDecoder().decode(Tags.self, from: Data(tags.utf8)).models
  return Dictionary(uniqueKeysWithValues: found.map { ($0.name, $0.digest) })
}
