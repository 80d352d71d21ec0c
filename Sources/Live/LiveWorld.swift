public import Setup
import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension World {
  /// The real machine.
  public static var live: World {
    let environment = Environment.live
    return World(
      environment: environment, files: .live, programs: .live(in: environment),
      network: .live(in: environment), clock: .live)
  }
}

extension Clock {
  public static let live = Clock(
    now: { Date() }, sleep: { try await ContinuousClock().sleep(for: $0) })
}

extension Environment {
  /// What this process was started with.
  static var live: Environment {
    let variables = ProcessInfo.processInfo.environment
    let account = Account.live
    let home = variables["HOME"].flatMap { $0.isEmpty ? nil : FilePath($0) } ?? account.home
    #if os(macOS)
      let platform = Platform.macOS
    #else
      let platform = Platform.linux
    #endif
    return Environment(
      variables: variables, home: home,
      workingFolder: FilePath(FileManager.default.currentDirectoryPath), account: account,
      platform: platform)
  }
}

extension Environment.Account {
  /// The entry of the effective user in the system's user database.
  static var live: Environment.Account {
    let userID = geteuid()
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16384)
    guard getpwuid_r(userID, &entry, &buffer, buffer.count, &found) == 0, found != nil else {
      return Environment.Account(name: "\(userID)", userID: userID, home: "/", loginShell: nil)
    }
    let shell = entry.pw_shell.map { String(cString: $0) } ?? ""
    return Environment.Account(
      name: String(cString: entry.pw_name), userID: userID, groupID: entry.pw_gid,
      home: FilePath(String(cString: entry.pw_dir)),
      loginShell: shell.isEmpty ? nil : FilePath(shell))
  }
}
