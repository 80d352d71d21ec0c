import Setup
public import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension DockerDaemon {
  /// Makes `ollama/ollama:TAG` from our own binary, which plays Ollama when it is called `ollama`.
  ///
  /// As in the real image `ollama` is the entry point and `serve` the default command, it listens on 0.0.0.0:11434, and
  /// there is a shell (busybox). A dynamically linked binary brings the libraries that `ldd` names.
  /// - Parameter variables: what the image's environment says besides.
  public func importImage(
    tag: String, binary: FilePath = Part.product, variables: [String: String] = [:]
  ) async throws {
    let archive = try await StandInImage.archive(of: binary)
    let more = variables.sorted { $0.key < $1.key }.flatMap {
      ["--change", "ENV \($0.key)=\($0.value)"]
    }
    try await succeed(
      ["import"] + more + [
        "--change", #"ENTRYPOINT ["/bin/ollama"]"#,
        "--change", #"CMD ["serve"]"#,
        "--change", "ENV PATH=/bin",
        "--change", "ENV OLLAMA_HOST=0.0.0.0:11434",
        "--change", "ENV HOME=/root",
        // Where the real one keeps its models without being told: in the volume.
        "--change", "ENV OLLAMA_MODELS=/root/.ollama/models",
        "--change", "EXPOSE 11434",
        archive.string, "ollama/ollama:\(tag)",
      ])
  }
}

/// The root folder of the image as a tar file, made once for each binary of a test run.
actor StandInImage {
  private static let shared = StandInImage()
  private var archives: [FilePath: Task<FilePath, any Error>] = [:]

  static func archive(of binary: FilePath) async throws -> FilePath {
    try await shared.archive(of: binary)
  }

  private func archive(of binary: FilePath) async throws -> FilePath {
    if let made = archives[binary] { return try await made.value }
    let task = Task { try await StandInImage.make(of: binary) }
    archives[binary] = task
    return try await task.value
  }

  private static func make(of binary: FilePath) async throws -> FilePath {
    let folder = try TemporaryFolder.make("image")
    let root = folder.appending("root")
    for name in ["bin", "etc", "root", "tmp"] { try makeFolder(root.appending(name)) }
    let ollama = root.appending("bin/ollama")
    // Without its symbols: a debug build is several times as large with them.
    try await Invocation.clean("strip", ["-o", ollama.string, binary.string]).succeed()
    for library in try await libraries(of: binary) {
      let target = root.pushing(library.relative())
      try makeFolder(target.removingLastComponent())
      try await Invocation.clean("cp", ["-L", library.string, target.string]).succeed()
    }
    let busybox = root.appending("bin/busybox")
    try await Invocation.clean("cp", [Part.busyboxPath.string, busybox.string]).succeed()
    let applets = try await Invocation.clean(busybox.string, ["--list"]).succeed()
    for applet in applets.split(separator: "\n") where applet != "busybox" {
      try FileManager.default.createSymbolicLink(
        atPath: root.appending("bin/\(applet)").string, withDestinationPath: "busybox")
    }
    try write("#!/bin/sh\nexec sh \"$@\"\n".utf8, to: root.appending("bin/bash"), mode: 0o755)
    try write("root:x:0:0:root:/root:/bin/sh\n".utf8, to: root.appending("etc/passwd"))
    try write("root:x:0:\n".utf8, to: root.appending("etc/group"))
    let archive = folder.appending("image.tar")
    try await Invocation.clean("tar", ["-C", root.string, "-cf", archive.string, "."]).succeed()
    return archive
  }

  /// What the dynamic loader would load, the loader included; nothing for a static binary.
  private static func libraries(of binary: FilePath) async throws -> [FilePath] {
    let result = try await Invocation.clean("ldd", [binary.string]).run()
    guard result.succeeded else { return [] }
    let named = result.output.split(separator: "\n").compactMap { line -> FilePath? in
      let words = line.split { $0 == " " || $0 == "\t" }
      return words.first { $0.hasPrefix("/") }.map { FilePath(String($0)) }
    }
    // The C library loads this one by itself when a thread ends; `ldd` does not name it for a program that is linked
    // statically with the rest.
    guard let library = named.first(where: { $0.lastComponent == "libc.so.6" }) else {
      return named
    }
    let unwinder = library.removingLastComponent().appending("libgcc_s.so.1")
    return named.contains(unwinder) ? named : named + [unwinder]
  }

  private static func makeFolder(_ path: FilePath) throws {
    try FileManager.default.createDirectory(
      atPath: path.string, withIntermediateDirectories: true)
  }
}

extension FilePath {
  fileprivate func relative() -> FilePath {
    FilePath(root: nil, self.components)
  }
}
