import SystemPackage

extension Plan {
  static func startUpFiles(of shell: Shell, machine: Machine, _ environment: Environment)
    -> [FilePath]
  {
    []
  }
}

extension Planner {
  func blockChanges(_ shell: Shell, _ notes: inout [Plan.Note]) throws(Failure) -> [Change] { [] }
}
