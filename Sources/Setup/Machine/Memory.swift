import SystemPackage

/// Memory in bytes.
public struct Memory: Sendable, Hashable, Codable {
  /// 0 where it could not be found out.
  public var total: UInt64
  /// `MemAvailable` on Linux; free + inactive + purgeable pages on macOS.
  public var available: UInt64
  /// The tightest limit of a cgroup (v1 or v2) above this process, with what is in use under it.
  public var cgroupLimit: UInt64?
  public var cgroupUsed: UInt64?

  public init(
    total: UInt64, available: UInt64, cgroupLimit: UInt64? = nil, cgroupUsed: UInt64? = nil
  ) {
    self.total = total
    self.available = available
    self.cgroupLimit = cgroupLimit
    self.cgroupUsed = cgroupUsed
  }

  static let unknown = Memory(total: 0, available: 0)
}

extension Memory {
  /// Reads `/proc/meminfo` and the cgroups (Linux), or asks `sysctl` and `vm_stat` (macOS).
  static func detect(in world: World, within limit: Duration) async -> Answer<Memory> {
    switch world.environment.platform {
    case .macOS:
      async let size = world.programs.run(
        Invocation("sysctl", ["-n", "hw.memsize"]), within: limit)
      async let pages = world.programs.run(Invocation("vm_stat", []), within: limit)
      guard let total = (try? await size).flatMap({ UInt64($0.output) }) else {
        return Answer(.unknown, trouble: "`sysctl hw.memsize` gave no number")
      }
      guard let free = (try? await pages).flatMap({ availableBytes(vmStat: $0.output) }) else {
        return Answer(Memory(total: total, available: 0), trouble: "`vm_stat` gave no numbers")
      }
      return Answer(Memory(total: total, available: min(free, total)))
    case .linux:
      let lines = keyedLines(world.files.text("/proc/meminfo") ?? "")
      guard let total = lines["MemTotal"].flatMap(kibibytes) else {
        return Answer(.unknown, trouble: "/proc/meminfo has no MemTotal")
      }
      // Kernels before 3.14 have no MemAvailable.
      let available =
        lines["MemAvailable"].flatMap(kibibytes) ?? lines["MemFree"].flatMap(kibibytes)
      var memory = Memory(total: total, available: available ?? 0)
      if let bound = ControlGroups(of: world.files).tightestBound(below: total) {
        memory.cgroupLimit = bound.limit
        memory.cgroupUsed = bound.used
      }
      return Answer(memory)
    }
  }

  /// "24684092 kB" in bytes.
  private static func kibibytes(_ words: String) -> UInt64? {
    words.split(separator: " ").first.flatMap { UInt64($0) }.map { $0 * 1024 }
  }

  /// What `vm_stat` counts as free, inactive, speculative or purgeable, in bytes.
  static func availableBytes(vmStat text: String) -> UInt64? {
    let values = keyedLines(text)
    // "Mach Virtual Memory Statistics: (page size of 16384 bytes)"
    let pageSize = (values["Mach Virtual Memory Statistics"] ?? "")
      .split { !$0.isNumber }.first.flatMap { UInt64($0) }
    guard let pageSize, values["Pages free"] != nil else { return nil }
    return ["Pages free", "Pages inactive", "Pages speculative", "Pages purgeable"]
      .compactMap { values[$0]?.split(separator: ".").first.flatMap { UInt64($0) } }
      .reduce(0, +) * pageSize
  }

  func probe() -> Probe {
    guard total > 0 else { return Probe(.memory, .warning, "unknown") }
    var words = "\(ByteCount(total).inMemoryWords), \(ByteCount(available).inMemoryWords) available"
    if let cgroupLimit {
      words += "; a control group allows \(ByteCount(cgroupLimit).inMemoryWords)"
      if let cgroupUsed { words += " (\(ByteCount(cgroupUsed).inMemoryWords) in use)" }
      return Probe(.memory, .warning, Text(words))
    }
    return Probe(.memory, .information, Text(words))
  }
}
