import SystemPackage

@testable import Setup

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension World {
  /// A machine on which there is nothing but these files, and nothing can be changed.
  static func of(files: [FilePath: [UInt8]]) -> World {
    World(
      environment: Environment(
        variables: [:], home: "/home/ada", workingFolder: "/home/ada/work",
        account: .init(name: "ada", userID: 1000, home: "/home/ada", loginShell: "/bin/bash"),
        platform: .linux),
      files: .of(files), programs: .printing([], code: 127), network: .answering([]),
      clock: Clock(now: { Date(timeIntervalSince1970: 0) }, sleep: { _ in }))
  }
}

extension Files {
  static func of(_ files: [FilePath: [UInt8]]) -> Files {
    @Sendable func refused(_ path: FilePath) -> FileProblem { .readOnly(path) }
    return Files(
      read: { path throws(FileProblem) in
        guard let bytes = files[path] else { throw .missing(path) }
        return bytes
      },
      status: { path throws(FileProblem) in
        files[path].map {
          FileStatus(kind: .file, mode: 0o644, owner: 1000, group: 1000, size: UInt64($0.count))
        }
      },
      list: { path throws(FileProblem) in
        let names = files.keys.compactMap { file -> String? in
          guard file.starts(with: path) else { return nil }
          return file.components.dropFirst(path.components.count).first?.string
        }
        guard !names.isEmpty else { throw .missing(path) }
        return Set(names).sorted()
      },
      resolve: { $0 }, isWritable: { _ in false }, isExecutable: { _ in false },
      write: { path, _, _ throws(FileProblem) in throw refused(path) },
      makeFolder: { path throws(FileProblem) in throw refused(path) },
      remove: { path throws(FileProblem) in throw refused(path) },
      removeEmptyFolder: { path throws(FileProblem) in throw refused(path) },
      removeTree: { path throws(FileProblem) in throw refused(path) }, freeBytes: { _ in 1 << 40 },
      lock: { path throws(FileProblem) in throw refused(path) })
  }
}

extension Programs {
  /// Every program is there and prints these bytes, on both streams.
  static func printing(_ bytes: [UInt8], code: Int32) -> Programs {
    Programs(
      find: { FilePath("/usr/bin").appending($0) },
      run: { _, _, _ in ProgramResult(code: code, standardOutput: bytes, standardError: bytes) },
      converse: { _, _, _, _ in
        ProgramResult(code: code, standardOutput: bytes, standardError: bytes)
      },
      startDetached: { call, _ throws(ProgramProblem) in throw .notFound(call.program) },
      isRunning: { _ in false }, end: { _ in })
  }
}

extension Network {
  /// Every server answers with these bytes. A stream brings them in pieces whose size the first byte chooses.
  static func answering(_ bytes: [UInt8]) -> Network {
    Network(
      exchange: { _ in WebResponse(status: 200, body: bytes) },
      stream: { _, head, receive in
        try await head(WebResponse(status: 200))
        let size = 1 + Int(bytes.first ?? 0) * 7
        var rest = bytes[...]
        while !rest.isEmpty {
          try await receive(Array(rest.prefix(size)))
          rest = rest.dropFirst(size)
        }
      },
      isPortFree: { _, _ in true })
  }
}
