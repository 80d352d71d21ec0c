/// What parses bytes that others wrote, each with what has to hold whatever the bytes are.
///
/// `make fuzz` feeds them with libFuzzer's bytes, `make test` with its seeds and former findings (`Fuzz/Seeds`).
public enum FuzzedParser: String, Sendable, CaseIterable {
  /// Start-up files of shells, and our block in them.
  case startUpFile = "start-up-file"
  /// Claude Code's settings files, and our own receipt.
  case settings
  /// The lines of a pull.
  case pull
  /// The events of an answer.
  case answer
  /// The documents of `/api/version`, `/api/tags`, `/api/ps`, `/api/show`, and the registry's manifest.
  case engine
  case osRelease = "os-release"
  case nvidiaSMI = "nvidia-smi"
  case dockerInfo = "docker-info"

  /// Throws what does not hold; a crash is a finding too.
  public func check(_ bytes: [UInt8]) async throws(BrokenPromise) {
    switch self {
    case .startUpFile: try checkStartUpFile(bytes)
    case .settings: try checkSettings(bytes)
    case .pull: try await checkPull(bytes)
    case .answer: try await checkAnswer(bytes)
    case .engine: try await checkEngine(bytes)
    case .osRelease: try await checkOSRelease(bytes)
    case .nvidiaSMI: try await checkNvidiaSMI(bytes)
    case .dockerInfo: try await checkDockerInfo(bytes)
    }
  }
}

/// Something that was promised of every input, and does not hold for one.
public struct BrokenPromise: Error, CustomStringConvertible {
  public var words: String
  public var description: String { words }

  init(_ words: String) { self.words = words }
}

func promise(_ holds: Bool, _ words: @autoclosure () -> String) throws(BrokenPromise) {
  if !holds { throw BrokenPromise(words()) }
}
