import SystemPackage

/// The operating system, as far as remedies differ by it.
public struct OperatingSystem: Sendable, Hashable, Codable {
  public enum Family: String, Sendable, Hashable, Codable {
    /// Debian, Ubuntu and what says it is like them.
    case debian
    /// Fedora, RHEL and what says it is like them.
    case fedora
    case otherLinux
    case macOS
  }
  public var family: Family
  /// As the system calls itself: "Ubuntu 24.04.1 LTS", "macOS 15.1".
  public var name: String
  /// `x86_64` or `arm64` (also where the kernel says `aarch64`).
  public var architecture: String
  public var isWSL: Bool
  /// The container technology we run inside of: "docker", "podman", "lxc", "kubernetes"; `nil` on a plain machine.
  public var container: String?
  /// The distribution's short name (`ID` of os-release): "ubuntu", "debian", "fedora", "rhel"; "macos".
  public var distribution: String
  /// The release (`VERSION_ID`): "24.04", "12", "42"; empty where there is none.
  public var release: String

  public init(
    family: Family, name: String, architecture: String, isWSL: Bool, container: String? = nil,
    distribution: String = "", release: String = ""
  ) {
    self.family = family
    self.name = name
    self.architecture = architecture
    self.isWSL = isWSL
    self.container = container
    self.distribution = distribution
    self.release = release
  }
}

extension OperatingSystem {
  /// Reads os-release and the kernel's version (Linux) or asks `sw_vers` (macOS), and the architecture.
  static func detect(in world: World, within limit: Duration) async -> Answer<OperatingSystem> {
    async let architecture = machineArchitecture(in: world, within: limit)
    switch world.environment.platform {
    case .macOS:
      let result = try? await world.programs.run(Invocation("sw_vers", []), within: limit)
      let values = result.map { keyedLines($0.output) } ?? [:]
      let version = values["ProductVersion"]
      let system = OperatingSystem(
        family: .macOS, name: version.map { "macOS \($0)" } ?? "macOS",
        architecture: await architecture, isWSL: false, distribution: "macos",
        release: version ?? "")
      return Answer(system, trouble: version == nil ? "`sw_vers` gave no version" : nil)
    case .linux:
      let text = ["/etc/os-release", "/usr/lib/os-release"].lazy
        .compactMap { world.files.text($0) }.first
      let release = OSRelease(text ?? "")
      let kernel = world.files.text("/proc/version") ?? ""
      let system = OperatingSystem(
        family: release.family, name: release.name, architecture: await architecture,
        isWSL: kernel.lowercased().contains("microsoft"), container: container(of: world),
        distribution: release.values["ID"] ?? "", release: release.values["VERSION_ID"] ?? "")
      return Answer(system, trouble: text == nil ? "there is no /etc/os-release" : nil)
    }
  }

  private static func machineArchitecture(in world: World, within limit: Duration) async -> String {
    if let kernel = world.files.text("/proc/sys/kernel/arch")?.trimmed, !kernel.isEmpty {
      return kernel == "aarch64" ? "arm64" : kernel
    }
    if world.environment.platform == .macOS,
      // Under Rosetta `uname` answers as an Intel Mac would.
      let silicon = try? await world.programs.run(
        Invocation("sysctl", ["-n", "hw.optional.arm64"]), within: limit), silicon.output == "1"
    {
      return "arm64"
    }
    guard let result = try? await world.programs.run(Invocation("uname", ["-m"]), within: limit),
      result.succeeded, !result.output.isEmpty
    else { return "unknown" }
    return result.output == "aarch64" ? "arm64" : result.output
  }

  private static func container(of world: World) -> String? {
    if world.environment.nonEmpty("KUBERNETES_SERVICE_HOST") != nil { return "kubernetes" }
    if world.files.exists("/run/.containerenv") { return "podman" }
    if world.files.exists("/.dockerenv") { return "docker" }
    // systemd notes there what it was started in: https://systemd.io/CONTAINER_INTERFACE/
    let noted = world.files.text("/run/systemd/container")?.trimmed
    return noted.flatMap { $0.isEmpty || $0 == "wsl" ? nil : $0 }
      ?? world.environment.nonEmpty("container")
  }

  func probe() -> Probe {
    var words = "\(name), \(architecture)"
    if isWSL { words += ", under WSL" }
    if let container { words += ", inside a container (\(container))" }
    return Probe(.system, .information, Text(printable(words)))
  }
}

/// `/etc/os-release` (https://www.freedesktop.org/software/systemd/man/os-release.html).
public struct OSRelease: Sendable, Hashable {
  public var values: [String: String]

  public init(_ text: String) {
    var values: [String: String] = [:]
    for line in text.split(whereSeparator: \.isNewline) {
      let line = line.trimmed
      guard !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else { continue }
      values[line[..<equals].trimmed] = OSRelease.unquoted(line[line.index(after: equals)...])
    }
    self.values = values
  }

  private static func unquoted(_ text: Substring) -> String {
    guard let quote = text.first, quote == "\"" || quote == "'", text.count > 1,
      text.last == quote
    else { return text.trimmed }
    var out = ""
    var isEscaped = false
    for character in text.dropFirst().dropLast() {
      if character == "\\", quote == "\"", !isEscaped {
        isEscaped = true
      } else {
        out.append(character)
        isEscaped = false
      }
    }
    return out
  }

  public var name: String { values["PRETTY_NAME"] ?? values["NAME"] ?? "Linux" }

  public var family: OperatingSystem.Family {
    let names =
      [values["ID"] ?? ""] + (values["ID_LIKE"] ?? "").split(separator: " ").map(String.init)
    if names.contains(where: ["debian", "ubuntu"].contains) { return .debian }
    if names.contains(where: ["fedora", "rhel", "centos"].contains) { return .fedora }
    return .otherLinux
  }
}

/// Lines of the form `key: value`, as `sw_vers`, `sysctl` and `/proc` files print them.
func keyedLines(_ text: String) -> [String: String] {
  var values: [String: String] = [:]
  for line in text.split(whereSeparator: \.isNewline) {
    guard let colon = line.firstIndex(of: ":") else { continue }
    let key = line[..<colon].trimmed
    if values[key] == nil { values[key] = line[line.index(after: colon)...].trimmed }
  }
  return values
}
