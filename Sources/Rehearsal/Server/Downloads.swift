/// Downloads under way: two clients that pull the same blob share one.
///
/// Nothing is downloaded. How much has come is worked out from the clock when somebody asks.
actor Downloads {
  private struct Download {
    var total: Int
    var base: Int
    var began: ContinuousClock.Instant
    /// Bytes a second.
    var rate: Double
    var clients: Int

    func completed(at now: ContinuousClock.Instant) -> Int {
      let elapsed = (now - began - Downloads.latency).seconds
      return min(total, base + Int(max(elapsed, 0) * rate))
    }
  }

  /// From the request to the first byte: so the first line of a large blob has nothing completed.
  static let latency = Duration.milliseconds(65)

  private var active: [String: Download] = [:]

  /// Joins the download of a blob, or begins it with what there already is.
  /// - Returns: the moment of joining.
  func join(_ digest: String, total: Int, received: Int, rate: Double) -> ContinuousClock.Instant {
    let now = ContinuousClock.now
    if active[digest] != nil {
      active[digest]?.clients += 1
    } else {
      active[digest] = Download(total: total, base: received, began: now, rate: rate, clients: 1)
    }
    return now
  }

  /// Bytes that had come at that moment.
  func completed(_ digest: String, at moment: ContinuousClock.Instant) -> Int {
    active[digest]?.completed(at: moment) ?? 0
  }

  /// When the whole blob will be there.
  func end(_ digest: String) -> ContinuousClock.Instant {
    guard let download = active[digest] else { return .now }
    let rest = Double(download.total - download.base) / download.rate
    return download.began + Downloads.latency + .seconds(rest) + .milliseconds(1)
  }

  /// - Returns: what has come, where this client was the last; the others go on.
  func leave(_ digest: String) -> Int? {
    guard let download = active[digest] else { return nil }
    guard download.clients == 1 else {
      active[digest]?.clients -= 1
      return nil
    }
    active[digest] = nil
    return download.completed(at: .now)
  }
}
