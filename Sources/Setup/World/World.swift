public import SystemPackage

#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

/// What we *can do*: every effect of the program goes through one of these.
///
/// Each member is a struct of closures. `World.live` (module `Live`) fills them with the real thing; a test starts
/// from a world that fails when touched and fills in what the case needs.
public struct World: Sendable {
  public var environment: Environment
  public var files: Files
  public var programs: Programs
  public var network: Network
  public var clock: Clock

  public init(
    environment: Environment, files: Files, programs: Programs, network: Network, clock: Clock
  ) {
    self.environment = environment
    self.files = files
    self.programs = programs
    self.network = network
    self.clock = clock
  }
}

/// Who runs us and with which variables: read once at the start, a plain value from then on.
public struct Environment: Sendable, Hashable {
  public var variables: [String: String]
  /// The folder that `HOME` names, or the user database's when it is unset.
  public var home: FilePath
  public var workingFolder: FilePath
  public var account: Account
  /// `linux` or `macOS`: decided at compile time, so a test can play the other one.
  public var platform: Platform

  public init(
    variables: [String: String], home: FilePath, workingFolder: FilePath, account: Account,
    platform: Platform
  ) {
    self.variables = variables
    self.home = home
    self.workingFolder = workingFolder
    self.account = account
    self.platform = platform
  }

  /// A variable's value, `nil` when it is unset or empty (the XDG and most other conventions treat both alike).
  public func nonEmpty(_ name: String) -> String? {
    variables[name].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The login of the person in the system's user database.
  public struct Account: Sendable, Hashable {
    public var name: String
    public var userID: UInt32
    /// The group that is the person's own, as far as the system says.
    public var groupID: UInt32
    /// The database's home folder: differs from `HOME` under sudo and in rehearsals.
    public var home: FilePath
    public var loginShell: FilePath?

    public init(
      name: String, userID: UInt32, groupID: UInt32? = nil, home: FilePath, loginShell: FilePath?
    ) {
      self.name = name
      self.userID = userID
      self.groupID = groupID ?? userID
      self.home = home
      self.loginShell = loginShell
    }
  }

  public enum Platform: String, Sendable, Hashable, Codable, CaseIterable { case linux, macOS }
}

/// The clock of the machine.
public struct Clock: Sendable {
  public var now: @Sendable () -> Date
  /// Ends early by throwing `CancellationError`.
  public var sleep: @Sendable (Duration) async throws -> Void

  public init(
    now: @escaping @Sendable () -> Date, sleep: @escaping @Sendable (Duration) async throws -> Void
  ) {
    self.now = now
    self.sleep = sleep
  }
}
