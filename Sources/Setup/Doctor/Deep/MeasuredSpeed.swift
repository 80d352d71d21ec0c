import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// How fast a model was seen to be on this machine, and how long the client's first prompts are: what a wait is
/// predicted from. Kept by `doctor --deep`.
public struct MeasuredSpeed: Sendable, Hashable, Codable {
  /// The name that the client asks for, and where.
  public var model: String
  public var url: String
  public var clientVersion: String
  /// Tokens a second.
  public var promptRate: Double
  public var answerRate: Double?
  /// Tokens of a first prompt, by profile.
  public var firstPrompts: [String: Int]

  public init(
    model: String, url: String, clientVersion: String, promptRate: Double,
    answerRate: Double? = nil, firstPrompts: [String: Int]
  ) {
    self.model = model
    self.url = url
    self.clientVersion = clientVersion
    self.promptRate = promptRate
    self.answerRate = answerRate
    self.firstPrompts = firstPrompts
  }

  /// Seconds until the first word of a first answer; `nil` where this profile was not measured.
  public func wait(_ profile: Profile) -> Double? {
    firstPrompts[profile.rawValue].map { Double($0) / promptRate }
  }

  /// Past this the lean profile is offered.
  public static let patience = 20.0

  /// What was measured of this very setup; `nil` when nothing was.
  public static func read(for choices: Choices, in world: World) -> MeasuredSpeed? {
    guard let bytes = try? world.files.read(Folders(world.environment).speed),
      let speed = try? JSONDecoder().decode(MeasuredSpeed.self, from: Data(bytes)),
      speed.url == choices.engine.url, speed.model == (try? choices.clientModel())
    else { return nil }
    return speed
  }

  /// Only where the state folder is there already; not being able to keep it costs a prediction.
  func keep(in world: World) {
    let file = Folders(world.environment).speed
    guard world.files.exists(file.removingLastComponent()),
      let bytes = try? JSONEncoder().encode(self)
    else { return }
    try? world.files.write(file, Array(bytes), 0o600)
  }
}
