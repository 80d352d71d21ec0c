import SystemPackage

/// Claude Code, wherever it is installed.
public struct ClaudeCode: Sendable, Hashable, Codable {
  public struct Installation: Sendable, Hashable, Codable {
    public var path: String
    public var version: String?
    /// "on the PATH", "npm global", "native installer", "Homebrew", …
    public var origin: String

    public init(path: String, version: String? = nil, origin: String) {
      self.path = path
      self.version = version
      self.origin = origin
    }
  }
  /// The one that `claude` starts first, then the others.
  public var installations: [Installation]
  /// `~/.claude` or `CLAUDE_CONFIG_DIR`.
  public var configurationFolder: String
  public var hasCompletedOnboarding: Bool
  /// A stored claude.ai login (its existence, never its content).
  public var hasStoredLogin: Bool
  /// What the first of them was seen to do with a server, at the time when it was asked; `nil` when it never was.
  public var contract: ClientContract?

  public init(
    installations: [Installation] = [], configurationFolder: String, hasCompletedOnboarding: Bool,
    hasStoredLogin: Bool, contract: ClientContract? = nil
  ) {
    self.installations = installations
    self.configurationFolder = configurationFolder
    self.hasCompletedOnboarding = hasCompletedOnboarding
    self.hasStoredLogin = hasStoredLogin
    self.contract = contract
  }
}

extension ClaudeCode {
  /// Looks on the `PATH` and where installers put it, and asks each program for its version (measured: that writes
  /// nothing into HOME). Functions and aliases of the person's shell are not run.
  static func detect(in world: World, within limit: Duration) async -> Answer<ClaudeCode> {
    let candidates = installations(in: world)
    let versions = await withTaskGroup(of: (Int, String?).self) { group in
      for (index, candidate) in candidates.enumerated() {
        group.addTask { (index, await version(of: candidate.path, in: world, within: limit)) }
      }
      return await group.reduce(into: [Int: String]()) { $0[$1.0] = $1.1 }
    }
    var claude = storedState(in: world)
    claude.installations = candidates.enumerated().map { index, candidate in
      Installation(path: candidate.path.string, version: versions[index], origin: candidate.origin)
    }
    return Answer(claude)
  }

  /// The program that is found first; no program is run for it.
  static func firstProgram(in world: World) -> FilePath? { installations(in: world).first?.path }

  /// Where the client keeps the person's settings and sessions.
  static func configurationFolder(in world: World) -> FilePath {
    world.environment.nonEmpty("CLAUDE_CONFIG_DIR").map { FilePath($0) }
      ?? world.environment.home.appending(".claude")
  }

  /// Everything but the installations.
  private static func storedState(in world: World) -> ClaudeCode {
    let environment = world.environment
    let named = environment.nonEmpty("CLAUDE_CONFIG_DIR").map { FilePath($0) }
    let folder = configurationFolder(in: world)
    let state = ClientState(folder: named, in: world)
    return ClaudeCode(
      configurationFolder: folder.string,
      hasCompletedOnboarding: state.isOnboarded,
      hasStoredLogin: world.files.exists(folder.appending(".credentials.json"))
        || state.hasAccount,
      contract: ClientContract.stored(in: world))
  }

  private static func version(
    of program: FilePath, in world: World, within limit: Duration
  ) async -> String? {
    // An npm installation is a script for the node beside it.
    let path = [program.removingLastComponent().string, world.environment.variables["PATH"] ?? ""]
    let invocation = Invocation(
      program.string, ["--version"],
      environment: ["DISABLE_AUTOUPDATER": "1", "PATH": path.joined(separator: ":")])
    let result = try? await world.programs.run(invocation, within: limit)
    return result.flatMap { $0.succeeded ? Version($0.output)?.description : nil }
  }

  private static func installations(in world: World) -> [(path: FilePath, origin: String)] {
    var found: [(path: FilePath, origin: String)] = []
    var seen: Set<FilePath> = []
    for (path, origin) in places(in: world) where world.files.isExecutable(path) {
      let real = (try? world.files.resolve(path)) ?? path
      if seen.insert(real).inserted { found.append((path, origin)) }
    }
    return found
  }

  private static func places(in world: World) -> [(FilePath, String)] {
    let home = world.environment.home
    var places: [(FilePath, String)] = []
    for folder in (world.environment.variables["PATH"] ?? "").split(separator: ":") {
      places.append((FilePath(String(folder)).appending("claude"), "on the PATH"))
    }
    places += [
      (home.appending(".local/bin/claude"), "native installer"),
      (home.appending(".claude/local/claude"), "local npm installation"),
      (home.appending(".claude/bin/claude"), "native installer"),
      ("/usr/local/bin/claude", "npm global"),
      ("/usr/bin/claude", "npm global"),
      ("/opt/homebrew/bin/claude", "Homebrew"),
      ("/home/linuxbrew/.linuxbrew/bin/claude", "Homebrew"),
    ]
    var prefixes = [".npm-global", ".npm-packages", ".volta", ".bun", ".local/share/pnpm", ".yarn"]
      .map { home.appending($0) }
    if let prefix = world.environment.nonEmpty("NPM_CONFIG_PREFIX") ?? npmPrefix(in: world) {
      prefixes.insert(FilePath(prefix), at: 0)
    }
    places += prefixes.map { ($0.appending("bin/claude"), "npm global") }
    places.append((home.appending(".local/share/pnpm/claude"), "pnpm global"))
    // Each Node of a version manager has global packages of its own.
    let managers: [(FilePath, tail: String, origin: String)] = [
      (
        FilePath(world.environment.nonEmpty("NVM_DIR") ?? home.appending(".nvm").string)
          .appending("versions/node"), "bin/claude", "npm global of nvm"
      ),
      (
        home.appending(".local/share/fnm/node-versions"), "installation/bin/claude",
        "npm global of fnm"
      ),
      (home.appending(".local/share/mise/installs/node"), "bin/claude", "npm global of mise"),
      (home.appending(".asdf/installs/nodejs"), "bin/claude", "npm global of asdf"),
    ]
    for (folder, tail, origin) in managers {
      for version in ((try? world.files.list(folder)) ?? []).reversed() {
        places.append((folder.appending(version).pushing(FilePath(tail)), origin))
      }
    }
    return places
  }

  /// The `prefix` of `~/.npmrc`.
  private static func npmPrefix(in world: World) -> String? {
    let home = world.environment.home.string
    for line in (world.files.text(world.environment.home.appending(".npmrc")) ?? "").split(
      separator: "\n")
    {
      let parts = line.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, parts[0].trimmed == "prefix" else { continue }
      let value = parts[1].trimmed
      if value.hasPrefix("~/") { return home + value.dropFirst() }
      if value.hasPrefix("${HOME}") { return home + value.dropFirst("${HOME}".count) }
      return value
    }
    return nil
  }

  func probe(on system: OperatingSystem) -> Probe {
    guard let first = installations.first else {
      return Probe(.claude, .bad, "not found", remedies: ClaudeCode.installation(on: system))
    }
    var words: Text = "\(first.version ?? "of unknown version") at \(path: printable(first.path))"
    if installations.count > 1 {
      let others = installations.dropFirst().map { $0.version ?? "unknown" }
      words = words + " (others: \(printable(others.joined(separator: ", "))))"
    }
    guard first.version != nil else {
      return Probe(
        .claude, .bad, words + ", and it does not run",
        remedies: ClaudeCode.installation(on: system))
    }
    return Probe(.claude, .good, words)
  }

  /// https://code.claude.com/docs/en/setup
  public static func installation(on system: OperatingSystem) -> [Remedy] {
    var ways = [
      Remedy("Install Claude Code", run: "curl -fsSL https://claude.ai/install.sh | bash")
    ]
    if system.family == .macOS {
      ways.append(Remedy("Install it with Homebrew", run: "brew install --cask claude-code"))
    }
    ways.append(Remedy("Install it with npm", run: "npm install -g @anthropic-ai/claude-code"))
    return ways
  }
}
