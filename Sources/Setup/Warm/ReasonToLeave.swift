import SystemPackage

extension WarmUp {
  /// Why a model is not to be warmed up now unless somebody asks for just that: the battery, other work.
  var reasonToLeave: String? {
    get async {
      async let isDischarging = isOnBattery
      async let busy = busyness
      return await isDischarging ? "the machine runs on its battery" : await busy
    }
  }

  private var isOnBattery: Bool {
    get async {
      switch world.environment.platform {
      case .linux: return isDischarging
      case .macOS:
        // "Now drawing from 'Battery Power'"
        let told = try? await world.programs.run(
          Invocation("pmset", ["-g", "batt"]), within: .seconds(2))
        return told?.output.contains("'Battery Power'") ?? false
      }
    }
  }

  /// A battery that is being emptied, or an adapter that is there and without power.
  private var isDischarging: Bool {
    let folder = FilePath("/sys/class/power_supply")
    let supplies = ((try? world.files.list(folder)) ?? []).map { folder.appending($0) }
    func word(_ supply: FilePath, _ name: String) -> String? {
      world.files.text(supply.appending(name))?.trimmed
    }
    let mains = supplies.filter { word($0, "type") == "Mains" }
    if mains.contains(where: { word($0, "online") == "1" }) { return false }
    // A mouse has a battery too.
    let batteries = supplies.filter {
      word($0, "type") == "Battery" && word($0, "scope") != "Device"
    }
    return batteries.contains { word($0, "status") == "Discharging" }
      || !mains.isEmpty && !batteries.isEmpty
  }

  /// As many programs as cores want to compute, on average over the last minute.
  private var busyness: String? {
    get async {
      let (load, cores): (Double?, Int?)
      switch world.environment.platform {
      case .linux:
        load = world.files.text("/proc/loadavg")?.split(separator: " ").first.flatMap { Double($0) }
        cores = world.files.text("/proc/cpuinfo").flatMap(Processor.init(cpuinfo:))?.cores
      case .macOS:
        // "{ 2.15 2.01 1.94 }", and a number on a line of its own.
        let told = try? await world.programs.run(
          Invocation("sysctl", ["-n", "vm.loadavg", "hw.logicalcpu"]), within: .seconds(2))
        let words = told?.output.split { $0 == " " || $0 == "\n" } ?? []
        load = words.dropFirst().first.flatMap { Double($0) }
        cores = words.last.flatMap { Int($0) }
      }
      guard let load, let cores, load >= Double(cores) else { return nil }
      return "the machine is busy (load \(load) on \(cores) cores)"
    }
  }
}
