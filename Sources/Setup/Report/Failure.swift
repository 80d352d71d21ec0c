/// An error as a person needs it: what failed, why, and what to try next. One place prints it.
public struct Failure: Error, Sendable, Hashable {
  /// The thing that did not work, as a sentence without a full stop: "The model could not be pulled".
  public var what: String
  /// The cause with its evidence (a program's own words, a path, a status).
  public var why: String
  /// What to try, each a sentence or a command line in back quotes.
  public var tryNext: [String]
  public var code: ExitCode

  public init(_ what: String, why: String, tryNext: [String] = [], code: ExitCode = .failed) {
    self.what = what
    self.why = why
    self.tryNext = tryNext
    self.code = code
  }
}

/// The exit codes of every command.
public enum ExitCode: Int32, Sendable, Hashable, Codable {
  case done = 0
  case failed = 1
  /// `doctor` and `fix --dry-run` found problems.
  case problemsFound = 2
  /// Wrong usage, or a question that nobody is there to answer.
  case usage = 64
  case interrupted = 130
}

extension Remedy {
  /// The steps as a failure's `tryNext`: sentences, and command lines in back quotes.
  var lines: [String] {
    steps.map { step in
      switch step {
      case .run(let command): "`\(command)`"
      case .say(let sentence): sentence
      }
    }
  }
}
