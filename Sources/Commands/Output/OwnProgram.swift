import Setup
import SystemPackage

extension World {
  /// The file of this program, for starting it once more: its name may have been found on PATH.
  var ownProgram: String {
    #if os(Linux)
      let link = FilePath("/proc/self/exe")
      let path = try? files.resolve(link)
      // One that was replaced meanwhile still runs, but has no name any more.
      return (path.flatMap { files.isExecutable($0) ? $0 : nil } ?? link).string
    #else
      CommandLine.arguments[0]
    #endif
  }
}
