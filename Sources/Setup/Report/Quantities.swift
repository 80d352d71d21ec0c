/// Bytes, written as disks and registries do: decimal, one digit after the point from a kilobyte on.
public struct ByteCount: Sendable, Hashable {
  public var bytes: UInt64

  public init(_ bytes: some BinaryInteger) { self.bytes = UInt64(clamping: bytes) }

  /// "0 B", "999 B", "1.4 GB", "23.0 MB", "100 MB".
  public var inWords: String {
    var value = Double(bytes)
    var unit = 0
    let units = ["B", "kB", "MB", "GB", "TB"]
    while value >= 999.5, unit < units.count - 1 {
      value /= 1000
      unit += 1
    }
    if unit == 0 || value >= 99.5 { return "\(Int(value.rounded())) \(units[unit])" }
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) \(units[unit])"
  }

  /// Memory, which is counted in powers of two: "24.3 GiB".
  public var inMemoryWords: String {
    let tenths = Int((Double(bytes) / 1_073_741_824 * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) GiB"
  }
}

extension Duration {
  /// "0.2 s", "12 s", "3 min 5 s", "2 h 10 min".
  public var inWords: String {
    let seconds = Double(components.seconds) + Double(components.attoseconds) / 1e18
    if seconds < 9.95 {
      let tenths = Int((seconds * 10).rounded())
      return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
    }
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 {
      return whole % 60 == 0 ? "\(whole / 60) min" : "\(whole / 60) min \(whole % 60) s"
    }
    return "\(whole / 3600) h \(whole % 3600 / 60) min"
  }

  /// The whole time in seconds.
  public var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

/// A context window as people write it: "64k" for 65,536 tokens, the digits for anything uneven.
public func contextInWords(_ tokens: Int) -> String {
  tokens % 1024 == 0 ? "\(tokens / 1024)k" : "\(tokens)"
}

/// `1 model`, `2 models`.
func counted(_ count: Int, _ thing: String) -> String {
  "\(count) \(thing)\(count == 1 ? "" : "s")"
}
