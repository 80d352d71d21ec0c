/// Something that goes wrong on purpose, on the paths it names.
///
/// Faults are set in the configuration, by ``RehearsalServer/setFaults(_:)``, by the environment
/// (`CCL_REHEARSAL_FAULTS`, see ``parse(_:)``), or by `POST /rehearsal/faults` from loopback.
public struct Fault: Sendable, Equatable {
  public enum Kind: Sendable, Equatable {
    /// The connection is cut after that many lines or events of a stream.
    case cut(after: Int)
    /// The stream stands still after that many lines or events.
    case stall(after: Int)
    /// A pull's last line is this error, after that many lines of a 200 stream.
    case error(String, after: Int)
    /// A pull ends as when the bytes were wrong.
    case digestMismatch
    /// The runner dies after that many events: the stream just ends, cleanly, with status 200.
    case runnerDies(after: Int)
    /// The request is read, and nothing is ever answered.
    case silence
    /// Status and JSON error, at once.
    case status(Int, String)
    /// A captive portal's page, status 200.
    case html
    /// So long until the first byte.
    case delay(Duration)
    /// A body of that many bytes.
    case hugeBody(Int)
  }

  /// Requests whose path begins so; empty is every request.
  public var path: String
  public var kind: Kind
  /// How many requests it spoils before it is used up; nil is all of them.
  public var times: Int?

  public init(_ kind: Kind, on path: String = "", times: Int? = nil) {
    self.kind = kind
    self.path = path
    self.times = times
  }

  /// Reads `PATH:KIND[=VALUE][*TIMES]` between commas, such as `/api/pull:cut=3*1,/v1/messages:die=2`.
  ///
  /// Kinds: `cut=N`, `stall=N`, `error=N`, `mismatch`, `die=N`, `silence`, `status=CODE`, `html`,
  /// `delay=MILLISECONDS`, `huge=BYTES`. What cannot be read is left out.
  public static func parse(_ text: String) -> [Fault] {
    text.split(separator: ",").compactMap { entry in
      guard let colon = entry.lastIndex(of: ":") else { return nil }
      var rest = entry[entry.index(after: colon)...]
      var times: Int?
      if let star = rest.lastIndex(of: "*") {
        times = Int(rest[rest.index(after: star)...])
        rest = rest[..<star]
      }
      let parts = rest.split(separator: "=", maxSplits: 1)
      let number = parts.count > 1 ? Int(parts[1]) : nil
      let kind: Kind? =
        switch (parts.first, number) {
        case ("cut", let number?): .cut(after: number)
        case ("stall", let number?): .stall(after: number)
        case ("error", let number?): .error("a fault that was asked for", after: number)
        case ("mismatch", _): .digestMismatch
        case ("die", let number?): .runnerDies(after: number)
        case ("silence", _): .silence
        case ("status", let number?): .status(number, "a fault that was asked for")
        case ("html", _): .html
        case ("delay", let number?): .delay(.milliseconds(number))
        case ("huge", let number?): .hugeBody(number)
        default: nil
        }
      return kind.map { Fault($0, on: String(entry[..<colon]), times: times) }
    }
  }
}

extension [Fault] {
  /// Takes out of the list what spoils this request, and counts down.
  mutating func take(path: String) -> [Fault.Kind] {
    var taken: [Fault.Kind] = []
    for index in indices where path.hasPrefix(self[index].path) {
      taken.append(self[index].kind)
      if let times = self[index].times { self[index].times = times - 1 }
    }
    removeAll { $0.times.map { $0 <= 0 } ?? false }
    return taken
  }
}
