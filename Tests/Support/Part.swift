public import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// One of the real things that a test runs against; `scripts/parts` installs them.
public enum Part: Sendable, Hashable {
  /// A program on the `PATH` (the folders for administrators included).
  case program(String)
  case claude(ClaudeVersion)
  /// dockerd, the client, Compose v2 and what it takes to run them: root and a network namespace.
  case docker
  /// A statically linked busybox.
  case busybox
  /// llama-server in a root folder of its own.
  case engine
  /// A headless Chromium.
  case browser
  /// What finds errors of accessibility in a page.
  case axe
  /// A network namespace that this user may make.
  case namespace
  case superuser
}

/// The four versions of Claude Code that `scripts/parts claude` installs, from new to old.
public enum ClaudeVersion: String, Sendable, Hashable, CaseIterable {
  case a = "A"
  case b = "B"
  case c = "C"
  case d = "D"

  /// What `claude --version` begins with.
  public var number: String {
    switch self {
    case .a: "2.1.330"
    case .b: "2.1.142"
    case .c: "2.1.81"
    case .d: "2.1.1"
    }
  }

  public var path: FilePath { Part.folder.appending("claude/\(rawValue)/claude") }
}

extension Part {
  /// The top folder of this package, found from this file.
  public static let packageRoot: FilePath = FilePath(#filePath)
    .removingLastComponent().removingLastComponent().removingLastComponent()

  /// Where `scripts/parts` installs: `CCL_SETUP_PARTS`, by default `.cache/parts` of this package.
  public static let folder: FilePath =
    variable("CCL_SETUP_PARTS").map { FilePath($0) } ?? packageRoot.appending(".cache/parts")

  /// The folder for `DOCKER_CONFIG` in which Docker finds the Compose plugin, and nothing of the person's.
  public static let dockerConfiguration: FilePath = folder.appending("docker-config")
  public static let busyboxPath: FilePath = folder.appending("busybox")
  public static let enginePath: FilePath = folder.appending("engine")
  public static let axePath: FilePath = folder.appending("axe.min.js")

  /// The `ccl-setup` of this build, or the one that `CCL_SETUP_BINARY` names.
  public static let product: FilePath = {
    if let named = variable("CCL_SETUP_BINARY") { return FilePath(named) }
    // Beside the test bundle. On macOS a helper runs the bundle, which it is given as an argument.
    let bundle = CommandLine.arguments.first { $0.contains("PackageTests.xctest") }
    let own = FilePath(bundle ?? CommandLine.arguments[0])
    let parents = sequence(first: own) { $0.components.isEmpty ? nil : $0.removingLastComponent() }
    return parents.map { $0.appending("ccl-setup") }.first { isExecutable($0) }
      ?? packageRoot.appending(".build/debug/ccl-setup")
  }()

  /// The path of a program on the `PATH` or in a folder for administrators, `nil` when there is none.
  public static func find(_ program: String) -> FilePath? {
    let folders = (variable("PATH") ?? "/usr/bin:/bin") + ":/usr/local/sbin:/usr/sbin:/sbin"
    return folders.split(separator: ":").map { FilePath(String($0)).appending(program) }
      .first { isExecutable($0) }
  }

  /// Why a test cannot have this part, `nil` when it can.
  public var problem: String? {
    switch self {
    case .program(let name):
      Part.find(name) == nil ? "no program '\(name)': run scripts/parts tests" : nil
    case .claude(let version):
      Part.isExecutable(version.path)
        ? nil : "no Claude Code \(version.number): run scripts/parts claude-\(version.rawValue)"
    case .docker:
      [.superuser, .namespace, .program("dockerd"), .program("docker")]
        .lazy.compactMap(\Part.problem).first
        ?? (Part.isExecutable(Part.dockerConfiguration.appending("cli-plugins/docker-compose"))
          ? nil : "no Docker Compose v2: run scripts/parts compose")
    case .busybox:
      Part.isExecutable(Part.busyboxPath) ? nil : "no static busybox: run scripts/parts busybox"
    case .engine:
      Part.isExecutable(Part.enginePath.appending("usr/bin/llama-server"))
        ? nil : "no llama-server: run scripts/parts engine"
    case .browser:
      Part.find("chromium") == nil ? "no Chromium: run scripts/parts tests" : nil
    case .axe:
      access(Part.axePath.string, R_OK) == 0 ? nil : "no axe-core: run scripts/parts axe"
    case .namespace:
      Part.canMakeNamespaces ? nil : "this user cannot make a network namespace (Linux only)"
    case .superuser:
      geteuid() == 0 ? nil : "only root may do this"
    }
  }

  private static let canMakeNamespaces: Bool = {
    guard let unshare = find("unshare"), find("nsenter") != nil, find("ip") != nil else {
      return false
    }
    let options = geteuid() == 0 ? ["-n"] : ["-r", "-n"]
    guard
      let probe = try? RunningProgram(
        .clean(unshare.string, options + ["true"]), output: FilePath("/dev/null"))
    else { return false }
    return probe.waitBlocking() == 0
  }()

  static func isExecutable(_ path: FilePath) -> Bool { access(path.string, X_OK) == 0 }

  /// A variable of this process, `nil` when it is unset or empty.
  public static func variable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }
}
