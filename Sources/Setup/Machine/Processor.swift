import SystemPackage

public struct Processor: Sendable, Hashable, Codable {
  /// 0 where it could not be found out.
  public var cores: Int
  public var name: String

  public init(cores: Int, name: String) {
    self.cores = cores
    self.name = name
  }

  static let unknown = Processor(cores: 0, name: "unknown")
}

extension Processor {
  /// Reads `/proc/cpuinfo` (Linux) or asks `sysctl` (macOS).
  static func detect(in world: World, within limit: Duration) async -> Answer<Processor> {
    switch world.environment.platform {
    case .macOS:
      let result = try? await world.programs.run(
        Invocation("sysctl", ["hw.ncpu", "machdep.cpu.brand_string"]), within: limit)
      let values = result.map { keyedLines($0.output) } ?? [:]
      guard let cores = values["hw.ncpu"].flatMap({ Int($0) }) else {
        return Answer(.unknown, trouble: "`sysctl` did not tell the number of cores")
      }
      return Answer(
        Processor(cores: cores, name: values["machdep.cpu.brand_string"] ?? "unknown"))
    case .linux:
      guard let processor = world.files.text("/proc/cpuinfo").flatMap(Processor.init(cpuinfo:))
      else { return Answer(.unknown, trouble: "/proc/cpuinfo lists no processor") }
      return Answer(processor)
    }
  }

  /// `nil` when the text lists no processor. The name's key differs by architecture; arm64 has none.
  init?(cpuinfo text: String) {
    let lines = text.split(whereSeparator: \.isNewline)
    let cores = lines.count { $0.split(separator: ":").first?.trimmed == "processor" }
    guard cores > 0 else { return nil }
    let values = keyedLines(text)
    let named = ["model name", "Model", "Hardware", "cpu"].lazy.compactMap { values[$0] }.first
    self.init(cores: cores, name: named ?? "unknown")
  }

  func probe() -> Probe {
    guard cores > 0 else { return Probe(.processor, .warning, "unknown") }
    let words = name == "unknown" ? "" : printable(name) + ", "
    return Probe(.processor, .information, "\(words)\(cores) \(cores == 1 ? "core" : "cores")")
  }
}
