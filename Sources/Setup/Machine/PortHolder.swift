import SystemPackage

/// The program that listens on a port, as far as this user may see it: "nginx (process 812)"; `nil` when it cannot be
/// found out.
func holder(of port: Int, in world: World, within limit: Duration) async -> String? {
  switch world.environment.platform {
  case .macOS:
    let result = try? await world.programs.run(
      Invocation("lsof", ["-nP", "-iTCP:\(port)", "-sTCP:LISTEN", "-Fpc"]), within: limit)
    return result.flatMap { holder(lsof: $0.output) }
  case .linux: return linuxHolder(of: port, in: world.files)
  }
}

/// `lsof -F pc`: a line "p" with the process and a line "c" with the command.
func holder(lsof output: String) -> String? {
  let lines = output.split(separator: "\n")
  guard let process = lines.first(where: { $0.hasPrefix("p") })?.dropFirst(), Int(process) != nil
  else { return nil }
  let name = lines.first { $0.hasPrefix("c") }?.dropFirst() ?? "a program"
  return "\(name) (process \(process))"
}

/// The inodes of the sockets that listen on a port, from a table such as `/proc/net/tcp`.
func listeningInodes(table: String, port: Int) -> [Substring] {
  table.split(separator: "\n").dropFirst().compactMap { line in
    // sl, local address:port in hexadecimal, remote, state (0A is LISTEN), …, inode
    let fields = line.split(separator: " ")
    guard fields.count > 9, fields[3] == "0A",
      let local = fields[1].split(separator: ":").last, Int(local, radix: 16) == port
    else { return nil }
    return fields[9]
  }
}

private func linuxHolder(of port: Int, in files: Files) -> String? {
  let inodes = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap {
    listeningInodes(table: files.text(FilePath($0)) ?? "", port: port)
  }
  guard !inodes.isEmpty else { return nil }
  let targets = Set(inodes.map { FilePath("socket:[\($0)]") })
  for process in (try? files.list("/proc")) ?? [] where process.allSatisfy(\.isNumber) {
    let folder = FilePath("/proc").appending(process)
    // Other people's processes cannot be looked into.
    for name in (try? files.list(folder.appending("fd"))) ?? [] {
      if case .link(let target)? = (try? files.status(folder.appending("fd").appending(name)))?.kind,
        targets.contains(target)
      {
        let name = files.text(folder.appending("comm"))?.trimmed ?? "a program"
        return "\(name) (process \(process))"
      }
    }
  }
  return "a program of another user"
}
