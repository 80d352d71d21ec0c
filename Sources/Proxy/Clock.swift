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

/// `2026-11-23T05:00:00.123456Z`.
func timestamp(_ nanoseconds: Int64) -> String {
  var seconds = time_t(nanoseconds / 1_000_000_000)
  var parts = tm()
  gmtime_r(&seconds, &parts)
  func padded(_ number: some BinaryInteger, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
  return padded(parts.tm_year + 1900, 4) + "-" + padded(parts.tm_mon + 1, 2) + "-"
    + padded(parts.tm_mday, 2) + "T" + padded(parts.tm_hour, 2) + ":" + padded(parts.tm_min, 2)
    + ":" + padded(parts.tm_sec, 2) + "."
    + padded(nanoseconds % 1_000_000_000 / 1000, 6) + "Z"
}
