import SystemPackage

/// The control groups above this process, version 1 and 2, from `/proc/self/cgroup` and `/proc/self/mountinfo`
/// (cgroups(7), proc_pid_mountinfo(5)).
struct ControlGroups {
  struct Bound: Hashable {
    var limit: UInt64
    var used: UInt64
  }
  private struct Version {
    var folders: [FilePath]
    var limit: String
    var used: String
    /// The line of `memory.stat` that counts pages which can be dropped at once.
    var droppable: String
  }
  private let files: Files
  private var versions: [Version] = []

  init(of files: Files) {
    self.files = files
    let mounts = (files.text("/proc/self/mountinfo") ?? "").split(separator: "\n")
      .compactMap { Mount(String($0)) }
    for line in (files.text("/proc/self/cgroup") ?? "").split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let path = String(parts[2])
      if parts[0] == "0", parts[1].isEmpty {
        guard let mount = mounts.first(where: { $0.kind == "cgroup2" }) else { continue }
        versions.append(
          Version(
            folders: mount.folders(downTo: path), limit: "memory.max", used: "memory.current",
            droppable: "inactive_file"))
      } else if parts[1].split(separator: ",").contains("memory") {
        let mount = mounts.first { $0.kind == "cgroup" && $0.options.contains("memory") }
        guard let mount else { continue }
        versions.append(
          Version(
            folders: mount.folders(downTo: path), limit: "memory.limit_in_bytes",
            used: "memory.usage_in_bytes", droppable: "total_inactive_file"))
      }
    }
  }

  /// The limit that leaves the least room, `nil` when none is below `total`.
  func tightestBound(below total: UInt64) -> Bound? {
    var tightest: Bound?
    for version in versions {
      for folder in version.folders {
        // No limit reads "max" (version 2) or a number beyond all memory (version 1).
        guard let limit = number(folder.appending(version.limit)), limit < total else { continue }
        let used = number(folder.appending(version.used)) ?? 0
        let bound = Bound(limit: limit, used: used - min(used, droppable(folder, version)))
        if tightest.map({ room(bound) < room($0) }) ?? true { tightest = bound }
      }
    }
    return tightest
  }

  private func room(_ bound: Bound) -> UInt64 { bound.limit - min(bound.limit, bound.used) }

  private func number(_ path: FilePath) -> UInt64? {
    files.text(path).flatMap { UInt64($0.trimmed) }
  }

  private func droppable(_ folder: FilePath, _ version: Version) -> UInt64 {
    for line in (files.text(folder.appending("memory.stat")) ?? "").split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count == 2, words[0] == version.droppable { return UInt64(words[1]) ?? 0 }
    }
    return 0
  }

  private struct Mount {
    var root: String
    var point: String
    var kind: String
    var options: [Substring]

    /// "31 23 0:28 /root /point rw,relatime - cgroup cgroup rw,memory"
    init?(_ line: String) {
      let halves = line.split(separator: " - ", maxSplits: 1)
      guard halves.count == 2 else { return nil }
      let before = halves[0].split(separator: " ")
      let after = halves[1].split(separator: " ")
      guard before.count >= 5, after.count >= 3 else { return nil }
      root = String(before[3])
      point = String(before[4])
      kind = String(after[0])
      options = after[2].split(separator: ",")
    }

    /// The group's folder and those above it, up to the mount point.
    func folders(downTo path: String) -> [FilePath] {
      var relative = path[...]
      if root != "/", relative.hasPrefix(root) { relative = relative.dropFirst(root.count) }
      var folders: [FilePath] = [FilePath(point)]
      // Paths outside of our view of the hierarchy begin with "/..".
      for component in FilePath(String(relative)).components where component.kind == .regular {
        folders.append(folders[folders.count - 1].appending(component))
      }
      return folders
    }
  }
}
