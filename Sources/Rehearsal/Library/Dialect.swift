/// What differs between the Ollama versions that the stand-in can be.
///
/// 0.14.3 and 0.32.15 were measured. Where between them each thing changed was not, so versions
/// below 0.30 speak as 0.14.3 and the others as 0.32.15. Below 0.14.0 there is no `/v1/messages`.
struct Dialect: Sendable {
  let version: String
  /// The measured newer server (0.32.15), as against the older (0.14.3).
  let isNew: Bool
  let hasMessages: Bool

  init(version: String) {
    self.version = version
    let parts = version.split(separator: ".").map { Int($0.prefix(while: \.isNumber)) ?? 0 }
    let (major, minor) = (parts.first ?? 0, parts.count > 1 ? parts[1] : 0)
    isNew = major > 0 || minor >= 30
    hasMessages = major > 0 || minor >= 14
  }

  /// The context a model gets when neither the request, nor the model, nor the environment names one.
  func defaultContext(videoMemory: Int) -> Int {
    let gibibyte = 1 << 30
    guard isNew else { return 4096 }
    if videoMemory >= 47 * gibibyte { return 262_144 }
    return videoMemory >= 23 * gibibyte ? 32_768 : 4096
  }
}
