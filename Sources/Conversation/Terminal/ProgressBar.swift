public import Setup

/// One honest progress line for a download: bytes, rate over the last seconds, time left.
public struct ProgressBar: Sendable {
  private var samples: [(at: Duration, bytes: UInt64)] = []
  private var lastGrowth: Duration?
  private var best: UInt64 = 0

  public init() {}

  /// The line for the state at a moment (time since the download began).
  public mutating func line(
    _ progress: PullProgress, at moment: Duration, width: Int
  ) -> String {
    if progress.completed > best || lastGrowth == nil {
      best = max(best, progress.completed)
      lastGrowth = moment
    }
    samples.append((moment, progress.completed))
    samples.removeAll { moment - $0.at > .seconds(8) }
    switch progress.phase {
    case .asking: return "  asking the registry …"
    case .verifying: return "  verifying what was downloaded …"
    case .finishing: return "  finishing …"
    case .done: return "  \(ByteCount(progress.total).inWords) downloaded"
    case .downloading: break
    }
    let share = progress.total == 0 ? 0 : Double(progress.completed) / Double(progress.total)
    var facts = ["\(padded("\(Int(share * 100))", to: 3, right: true)) %"]
    facts.append("\(ByteCount(progress.completed).inWords) of \(ByteCount(progress.total).inWords)")
    let silence = moment - (lastGrowth ?? moment)
    if silence > .seconds(5) {
      facts.append("nothing for \(silence.inWords)")
    } else if let rate = rate, rate > 0 {
      facts.append("\(ByteCount(UInt64(rate)).inWords)/s")
      let left = Double(progress.total - min(progress.completed, progress.total)) / rate
      facts.append("\(Duration.seconds(Int(left.rounded(.up))).inWords) left")
    }
    // From right to left, what does not fit is left out; the bar gets the rest.
    while facts.count > 1, columns(facts.joined(separator: "  ")) + 4 > width {
      facts.removeLast()
    }
    let text = facts.joined(separator: "  ")
    let room = min(width - columns(text) - 6, 40)
    guard room >= 8 else { return "  " + text }
    let filled = Int(Double(room) * share)
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: room - filled)
    return "  \(bar)  \(text)"
  }

  /// Bytes a second over the samples kept.
  private var rate: Double? {
    guard let first = samples.first, let last = samples.last, last.at > first.at,
      last.bytes >= first.bytes
    else { return nil }
    return Double(last.bytes - first.bytes) / (last.at - first.at).seconds
  }
}
