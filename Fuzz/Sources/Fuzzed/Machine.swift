import SystemPackage

@testable import Setup

private let limit = Duration.seconds(1)

func checkOSRelease(_ bytes: [UInt8]) async throws(BrokenPromise) {
  let world = World.of(files: ["/etc/os-release": bytes, "/proc/version": bytes])
  let system = await OperatingSystem.detect(in: world, within: limit).value
  try check(system.probe())
  try check(
    Docker(state: .notInstalled, isVirtualMachine: false, isSnap: false, isRootless: false)
      .probe(on: system))
}

func checkNvidiaSMI(_ bytes: [UInt8]) async throws(BrokenPromise) {
  for code in [0, 9] as [Int32] {
    var world = World.of(files: ["/sys/bus/pci/devices/0000:01:00.0/vendor": Array("0x10de\n".utf8)]
    )
    world.programs = .printing(bytes, code: code)
    let graphics = await Graphics.detect(in: world, within: limit).value
    let docker = Docker(
      state: .working, isVirtualMachine: false, isSnap: false, isRootless: false)
    try check(graphics.probe(on: debian, docker: docker))
  }
}

func checkDockerInfo(_ bytes: [UInt8]) async throws(BrokenPromise) {
  for code in [0, 1] as [Int32] {
    var world = World.of(files: [:])
    world.programs = .printing(bytes, code: code)
    let report = await DockerReport.detect(in: world, within: limit).value
    try check(report.docker.probe(on: debian))
    var graphics = Graphics(
      driver: .working(version: "1"), toolkit: .notNeeded, appleSilicon: false, hasKFD: false)
    graphics.addToolkit(report, in: world)
    try check(graphics.probe(on: debian, docker: report.docker))
  }
}

private let debian = OperatingSystem(
  family: .debian, name: "Debian", architecture: "x86_64", isWSL: false)

private func check(_ probe: Probe) throws(BrokenPromise) {
  try promise(isPrintable(probe.finding.plain), "an escape sequence in \(probe.id.rawValue)")
  for remedy in probe.remedies {
    for step in remedy.steps {
      switch step {
      case .run(let line): try promise(isPrintable(line), "an escape sequence in a remedy")
      case .say(let words): try promise(isPrintable(words), "an escape sequence in a remedy")
      }
    }
  }
}
