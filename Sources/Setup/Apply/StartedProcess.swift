import SystemPackage

extension World {
  /// Whether the process with this number is still the program that we started as it: after a restart of the machine,
  /// or days later, the number may be another program's, which nobody asked us to end.
  func isRunning(_ program: String, as id: Int32) async -> Bool {
    guard programs.isRunning(id) else { return false }
    if environment.platform == .linux {
      let words = files.text(FilePath("/proc/\(id)/cmdline"))?.split(separator: "\0")
      return words?.contains(program[...]) ?? false
    }
    let list = try? await programs.run(
      Invocation("ps", ["-o", "command=", "-p", "\(id)"]), within: .seconds(5))
    return list?.output.contains(program) ?? false
  }
}
