import CSupport
import Setup
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What a child has in place of its standard streams.
enum ChildStreams {
  case descriptors(input: FileDescriptor, output: FileDescriptor, errors: FileDescriptor)
  case terminal(FilePath)
}

/// Starts the program as the leader of a new process group, or of a new session on a terminal.
func spawn(_ invocation: Invocation, _ streams: ChildStreams) throws -> pid_t {
  let arguments = ([invocation.program] + invocation.arguments).map { strdup($0) } + [nil]
  let variables =
    invocation.variables.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
  let program = strdup(invocation.program)
  let folder = invocation.folder.flatMap { strdup($0) }
  defer { for pointer in arguments + variables + [program, folder] { free(pointer) } }
  var child = support_child()
  child.program = UnsafePointer(program)
  child.folder = UnsafePointer(folder)
  var pid: pid_t = 0
  let error = arguments.withUnsafeBufferPointer { arguments in
    variables.withUnsafeBufferPointer { variables in
      child.arguments = arguments.baseAddress
      child.variables = variables.baseAddress
      switch streams {
      case .descriptors(let input, let output, let errors):
        child.input = input.rawValue
        child.output = output.rawValue
        child.errors = errors.rawValue
        return support_spawn(&pid, &child)
      case .terminal(let path):
        return path.withPlatformString { name in
          child.terminal = name
          return support_spawn(&pid, &child)
        }
      }
    }
  }
  switch error {
  case 0: return pid
  case ENOENT: throw ProgramProblem.notFound(invocation.program)
  default:
    throw ProgramProblem.failedToStart(
      invocation.program, reason: Errno(rawValue: error).description)
  }
}
