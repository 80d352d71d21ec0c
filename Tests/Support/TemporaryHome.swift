public import SystemPackage

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

/// A throw-away HOME with the given files.
public struct TemporaryHome: Sendable {
  public let path: FilePath

  /// What to put at a path of the home.
  public enum Entry: Sendable, ExpressibleByStringLiteral {
    case file([UInt8], mode: UInt16 = 0o644)
    case link(to: String)
    case folder(mode: UInt16 = 0o755)

    public init(stringLiteral text: String) { self = .file(Array(text.utf8)) }
    public static func file(_ text: String, mode: UInt16 = 0o644) -> Entry {
      .file(Array(text.utf8), mode: mode)
    }
  }

  /// Keys are paths relative to the home; missing folders on the way are made with mode 0755.
  public init(_ entries: [String: Entry] = [:]) throws {
    path = try TemporaryFolder.make("home")
    // Folders last: one that may not be written to would refuse its own files.
    let isFolder: (Entry) -> Bool = { if case .folder = $0 { true } else { false } }
    for (name, entry) in entries where !isFolder(entry) { try put(entry, at: name) }
    for (name, entry) in entries.sorted(by: { $0.key > $1.key }) where isFolder(entry) {
      try put(entry, at: name)
    }
  }

  public func put(_ entry: Entry, at name: String) throws {
    let target = self[name]
    let folder = if case .folder = entry { target } else { target.removingLastComponent() }
    try FileManager.default.createDirectory(
      atPath: folder.string, withIntermediateDirectories: true)
    switch entry {
    case .file(let bytes, let mode): try write(bytes, to: target, mode: mode)
    case .link(let destination):
      guard symlink(destination, target.string) == 0 else { throw Errno(rawValue: errno) }
    case .folder(let mode):
      guard chmod(target.string, mode_t(mode)) == 0 else { throw Errno(rawValue: errno) }
    }
  }

  /// The path of a file of this home.
  public subscript(_ name: String) -> FilePath { path.appending(name) }

  /// The variables of a person who has just logged in with this home.
  public var environment: [String: String] {
    [
      "HOME": path.string, "USER": "someone", "LOGNAME": "someone", "LANG": "C.UTF-8",
      "TERM": "xterm-256color",
      "PATH": "\(path)/.local/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
    ]
  }

  /// Everything in this home: see `Tree`.
  public func snapshot() throws -> Tree { try Tree(of: path) }

  /// One value for everything in this home: paths, kinds, modes, link targets and bytes.
  public func hash() throws -> Int { try snapshot().hashValue }
}

/// A folder's whole content as a value: two trees are equal when every path, kind, mode, link and byte is.
public struct Tree: Sendable, Hashable, CustomStringConvertible {
  public struct Node: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
      case file([UInt8])
      case folder
      case link(to: String)
      case other
    }
    public var kind: Kind
    /// Permission bits; 0 for a link, whose own mode means nothing.
    public var mode: UInt16
  }

  /// By path relative to the folder; the folder itself is `.`.
  public var nodes: [String: Node]

  public init(of folder: FilePath) throws {
    nodes = [".": try Node(at: folder)]
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder.string) {
      nodes[name] = try Node(at: folder.appending(name))
    }
  }

  /// One line for each path, as `ls -l` would.
  public var description: String {
    nodes.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: "\n")
  }

  /// What is different in `later`, one line each: `+` came, `-` went, `~` changed.
  public func differences(to later: Tree) -> [String] {
    Set(nodes.keys).union(later.nodes.keys).sorted().compactMap { name in
      switch (nodes[name], later.nodes[name]) {
      case (nil, let new?): "+ \(name) (\(new))"
      case (let old?, nil): "- \(name) (\(old))"
      case (let old?, let new?) where old != new: "~ \(name) (\(old) -> \(new))"
      default: nil
      }
    }
  }
}

extension Tree.Node: CustomStringConvertible {
  init(at path: FilePath) throws {
    var status = stat()
    guard lstat(path.string, &status) == 0 else { throw Errno(rawValue: errno) }
    mode = UInt16(status.st_mode & 0o7777)
    switch status.st_mode & S_IFMT {
    case S_IFREG: kind = .file(try bytes(of: path))
    case S_IFDIR: kind = .folder
    case S_IFLNK:
      kind = .link(to: try FileManager.default.destinationOfSymbolicLink(atPath: path.string))
      mode = 0
    default: kind = .other
    }
  }

  public var description: String {
    let octal = String(mode, radix: 8)
    return switch kind {
    case .file(let bytes): "\(octal) file of \(bytes.count) bytes"
    case .folder: "\(octal) folder"
    case .link(let destination): "link to \(destination)"
    case .other: "\(octal) special file"
    }
  }
}
