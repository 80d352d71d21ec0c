#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// Lets this process have as many connections as the system allows it, up to 64k.
///
/// A stream takes two files, and a shell gives its programs 1,024 (Linux) or 256 (macOS) unless they ask for more.
func raiseOpenFileLimit() {
  #if canImport(Glibc)
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
  #else
    let resource = RLIMIT_NOFILE
  #endif
  #if canImport(Darwin)
    let most = rlim_t(OPEN_MAX)
  #else
    let most: rlim_t = 65_536
  #endif
  var limit = rlimit()
  guard getrlimit(resource, &limit) == 0, limit.rlim_cur < min(limit.rlim_max, most) else { return }
  limit.rlim_cur = min(limit.rlim_max, most)
  setrlimit(resource, &limit)
}
