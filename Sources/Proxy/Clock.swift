#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// Nanoseconds since 1970.
func wallClock() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_REALTIME, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// Nanoseconds since 1970 of what ``timestamp(_:)`` wrote, to the second.
func nanoseconds(_ timestamp: String) -> Int64? {
  let numbers = timestamp.prefix(19).split { !$0.isNumber }.compactMap { Int32($0) }
  guard numbers.count == 6 else { return nil }
  var parts = tm()
  parts.tm_year = numbers[0] - 1900
  parts.tm_mon = numbers[1] - 1
  parts.tm_mday = numbers[2]
  parts.tm_hour = numbers[3]
  parts.tm_min = numbers[4]
  parts.tm_sec = numbers[5]
  return Int64(timegm(&parts)) * 1_000_000_000
}

/// The time of day, `05:00:00`, in the zone of this machine.
public func localClock(secondsSince1970: Int64) -> String {
  var seconds = time_t(secondsSince1970)
  var parts = tm()
  localtime_r(&seconds, &parts)
  return [parts.tm_hour, parts.tm_min, parts.tm_sec]
    .map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
}

/// `2026-11-23T05:00:00.123456Z`.
func timestamp(_ nanoseconds: Int64) -> String {
  var seconds = time_t(nanoseconds / 1_000_000_000)
  var parts = tm()
  gmtime_r(&seconds, &parts)
  let fields =
    [
      (Int(parts.tm_year) + 1900, 4, "-"), (Int(parts.tm_mon) + 1, 2, "-"),
      (Int(parts.tm_mday), 2, "T"), (Int(parts.tm_hour), 2, ":"), (Int(parts.tm_min), 2, ":"),
      (Int(parts.tm_sec), 2, "."), (Int(nanoseconds % 1_000_000_000 / 1000), 6, "Z"),
    ] as [(number: Int, width: Int, mark: Unicode.Scalar)]
  return String(unsafeUninitializedCapacity: 32) { text in
    var end = 0
    for field in fields {
      var number = field.number
      for place in stride(from: end + field.width - 1, through: end, by: -1) {
        text[place] = UInt8(ascii: "0") + UInt8(number % 10)
        number /= 10
      }
      text[end + field.width] = UInt8(ascii: field.mark)
      end += field.width + 1
    }
    return end
  }
}
