public import Setup
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Turns this process into another program, which inherits the terminal, the signals and the exit code: for what a
/// person works in (a shell in the container) or watches (a log).
public func become(
  _ invocation: Invocation, in environment: Setup.Environment
) throws(ProgramProblem) -> Never {
  guard let path = Programs.live(in: environment).find(invocation.program) else {
    throw .notFound(invocation.program)
  }
  var variables = invocation.without == ["*"] ? [:] : environment.variables
  for name in invocation.without { variables[name] = nil }
  variables.merge(invocation.environment) { $1 }
  // Signals that this process ignores would stay ignored in the other program, and those that this thread blocks (a
  // thread of Dispatch blocks Ctrl-C) would stay blocked.
  for number in [SIGINT, SIGPIPE, SIGTERM] { signal(number, SIG_DFL) }
  var none = sigset_t()
  sigemptyset(&none)
  pthread_sigmask(SIG_SETMASK, &none, nil)
  let words = ([invocation.program] + invocation.arguments).map { strdup($0) } + [nil]
  let values = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
  execve(path.string, words, values)
  let reason = Errno(rawValue: errno)
  for pointer in words + values { free(pointer) }
  throw .failedToStart(invocation.program, reason: "\(reason)")
}
