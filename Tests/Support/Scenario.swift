import Setup
public import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension ScriptedWorld {
  /// The machine that a folder describes:
  ///
  /// - `scenario.json`: `base` (another scenario's folder, read first), `platform`, `home`, `loginShell`, `variables`,
  ///   `executables` (paths), `links` (path → target), `folders`, `absent` (paths taken away again), `ports` (whether
  ///   each is free), `web` (`"GET http://…"` → `{status, headers, body}` or `"refused"`), `hangs` (command lines);
  /// - `files/`: its file system;
  /// - `calls/*.txt`: one call of a program each: `$ command line`, `exit N`, `--- stdout` and what it printed,
  ///   `--- stderr` and what it complained.
  public convenience init(
    scenario folder: FilePath, variables: [String: String] = [:]
  ) throws {
    let chain = try ScriptedWorld.chain(folder)
    func text(_ key: String) -> String? {
      chain.lazy.compactMap { $0.document[key]?.text }.last
    }
    var environment: [String: String] = [:]
    for (document, _) in chain {
      for member in document["variables"]?.members ?? [] {
        environment[member.key] = member.value.text
      }
    }
    let platform = text("platform").flatMap(Environment.Platform.init(rawValue:)) ?? .linux
    self.init(
      home: FilePath(text("home") ?? "/home/ada"),
      variables: environment.merging(variables) { $1 },
      loginShell: FilePath(text("loginShell") ?? "/bin/bash"), platform: platform)
    for (document, folder) in chain {
      addFiles(of: folder.appending("files"), to: "/")
      try addCalls(of: folder.appending("calls"))
      add(document)
    }
  }

  private static func chain(_ folder: FilePath) throws -> [(document: JSON, folder: FilePath)] {
    let path = folder.appending("scenario.json")
    let data = try #require(FileManager.default.contents(atPath: path.string), "\(path) is missing")
    let document = try JSON.parse(Array(data))
    guard let base = document["base"]?.text else { return [(document, folder)] }
    return try chain(folder.removingLastComponent().appending(base)) + [(document, folder)]
  }

  private func add(_ document: JSON) {
    func paths(_ key: String) -> [FilePath] {
      (document[key]?.elements ?? []).compactMap { $0.text.map { FilePath($0) } }
    }
    for path in paths("executables") { file(path, bytes: Array("\u{7f}ELF".utf8), mode: 0o755) }
    for path in paths("folders") { self.folder(path) }
    for path in paths("absent") { remove(path) }
    for member in document["links"]?.members ?? [] {
      link(FilePath(member.key), to: FilePath(member.value.text ?? ""))
    }
    for member in document["ports"]?.members ?? [] {
      if let number = Int(member.key) { port(number, isFree: member.value.bool ?? false) }
    }
    for line in document["hangs"]?.elements ?? [] { program(line.text ?? "", .hangs) }
    for member in document["web"]?.members ?? [] {
      guard member.value.text == nil else {
        web(member.key, .problem(.refused(member.key)))
        continue
      }
      web(
        member.key,
        .answers(
          WebResponse(
            status: member.value["status"]?.int ?? 200,
            headers: (member.value["headers"]?.members ?? []).map {
              WebHeader($0.key, $0.value.text ?? "")
            }, body: Array((member.value["body"]?.text ?? "").utf8))))
    }
  }

  private func addFiles(of folder: FilePath, to place: FilePath) {
    let manager = FileManager.default
    for name in (try? manager.contentsOfDirectory(atPath: folder.string)) ?? [] {
      let path = folder.appending(name)
      if let data = manager.contents(atPath: path.string) {
        file(place.appending(name), bytes: Array(data))
      } else {
        addFiles(of: path, to: place.appending(name))
      }
    }
  }

  private func addCalls(of folder: FilePath) throws {
    let manager = FileManager.default
    for name in ((try? manager.contentsOfDirectory(atPath: folder.string)) ?? []).sorted() {
      let path = folder.appending(name)
      let data = try #require(manager.contents(atPath: path.string))
      let (commandLine, result) = try #require(
        recordedCall(String(decoding: data, as: UTF8.self)), "\(path) is no recorded call")
      program(commandLine, .answers(result))
    }
  }
}

/// A recorded call as `calls/*.txt` keeps it.
private func recordedCall(_ text: String) -> (commandLine: String, result: ProgramResult)? {
  let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
  guard lines.count > 2, lines[0].hasPrefix("$ "), lines[1].hasPrefix("exit "),
    let code = Int32(lines[1].dropFirst(5))
  else { return nil }
  var streams: [Substring: [Substring]] = [:]
  var current: Substring?
  // The file's own last newline is not the program's.
  for line in lines.dropFirst(2).dropLast(text.hasSuffix("\n") ? 1 : 0) {
    if line == "--- stdout" || line == "--- stderr" {
      current = line
    } else if let current {
      streams[current, default: []].append(line)
    } else {
      return nil
    }
  }
  func stream(_ name: Substring) -> String {
    streams[name].map { $0.map { $0 + "\n" }.joined() } ?? ""
  }
  return (
    String(lines[0].dropFirst(2)),
    ProgramResult(code: code, output: stream("--- stdout"), error: stream("--- stderr"))
  )
}

/// The folder of recorded machines that lies beside a test file: `fixture("ubuntu-24.04")`.
public func fixture(_ name: String, beside file: StaticString = #filePath) -> FilePath {
  FilePath(file.description).removingLastComponent().removingLastComponent()
    .appending("Fixtures").appending(name)
}
