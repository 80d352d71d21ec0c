import ArgumentParser
import Rehearsal

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Starts the command that the arguments name, and ends the process with its exit code.
///
/// Called by the name `ollama`, the program is the stand-in for it: that is how it plays the image `ollama/ollama`.
public func start() async {
  let name = CommandLine.arguments.first?.split(separator: "/").last
  if name == "ollama" {
    // The first process of a container gets no signal that it has no action for: `docker stop` would wait 10 s.
    for number in [SIGINT, SIGTERM] { signal(number) { _ in _exit(0) } }
    exit(
      await Rehearsal.commandLine(
        arguments: Array(CommandLine.arguments.dropFirst()),
        environment: ProcessInfo.processInfo.environment))
  }
  if let mistyped = MistypedWord(in: Array(CommandLine.arguments.dropFirst())) {
    mistyped.command.exit(withError: mistyped.error)
  }
  await CCLSetup.main()
}
