import SystemPackage

extension Facts {
  /// Whether a shell knows our function: its file, its block, and what a fresh shell itself says.
  func functionChecks(_ shell: Shell) -> [Check] {
    let broken = fileChecks(shell)
    return broken.isEmpty ? [freshShellCheck(shell)] : broken
  }

  /// What the files leave to repair.
  private func fileChecks(_ shell: Shell) -> [Check] {
    let writes = shellWrites(shell)
    var checks: [Check] = []
    if let write = writes.first(where: { $0.ownership == .ours }) {
      checks.append(
        write.before == nil
          ? broken(shell, .functionMissing, "\(write.path) is missing", .fix)
          : broken(
            shell, .functionOutdated,
            "\(write.path) is not what this version writes for these choices", .fix))
    }
    let blocks = blocks.filter { $0.shell == shell }
    checks += blocks.map { block in
      switch block.reason {
      case .damaged(let words):
        broken(shell, .blockDamaged, "\(block.path): \(words)", repair(of: block.path))
      case .notReached:
        broken(
          shell, .blockNotReached, "\(block.path): \(seen(shell)) although the block is there",
          .fix)
      }
    }
    if blocks.isEmpty {
      checks += writes.filter { $0.ownership != .ours }.map {
        broken(shell, .blockMissing, "\($0.path) does not source the function", .fix)
      }
    }
    return checks
  }

  private func repair(of path: FilePath) -> Remedy {
    guard let reason = surveyed?.reasonToLeave(path) else { return .fix }
    return Remedy(
      "Make it a file that can be edited",
      [.say("\(path) is left alone: \(reason)."), .run("ccl-setup fix")])
  }

  private func broken(
    _ shell: Shell, _ kind: Check.Kind, _ evidence: String, _ remedy: Remedy?
  ) -> Check {
    Check(
      kind, of: shell.rawValue, .shells, shell.rawValue, .fail, evidence,
      consequence:
        "claude-local in a new \(shell.rawValue) is missing, or not that of this setup.",
      remedy: remedy)
  }

  private func freshShellCheck(_ shell: Shell) -> Check {
    let name = shell.rawValue
    switch functions[shell] {
    case .function(let file) where isOurs(file, shell):
      return Check(
        .function, of: name, .shells, name, .pass,
        "a fresh \(name) takes it from \(file.isEmpty ? "our file" : file)")
    case .unanswered(let reason):
      return Check(
        .function, of: name, .shells, name, .warn,
        "\(name) could not be asked: \(printable(reason))",
        consequence: "Its files are as they should be.",
        remedy: Remedy(
          "See what your start-up files do",
          [.say("Start \(name) by hand: something in its start-up files ends it, or waits.")]))
    default:
      let shadows = machine.conflicts.filter {
        $0.variable == "claude-local" && $0.isRead(by: shell)
      }
      let places = shadows.map { "\($0.placeWords) (\($0.shown))" }.joined(separator: "; ")
      return broken(
        shell, .functionHidden, "\(seen(shell))\(places.isEmpty ? "" : ": \(places)")",
        shadows.first?.remedy
          ?? Remedy(
            "See what your start-up files do",
            [.say("Something after our block takes the function away again.")]))
    }
  }

  private func seen(_ shell: Shell) -> String {
    switch functions[shell] {
    case .alias: "a fresh \(shell.rawValue) takes claude-local for an alias"
    case .function(let file): "a fresh \(shell.rawValue) takes claude-local from \(file)"
    case .unknown, .unanswered, nil: "a fresh \(shell.rawValue) does not know claude-local"
    }
  }

  private func shellWrites(_ shell: Shell) -> [FileWrite] {
    guard case .success(let plan) = plan else { return [] }
    return plan.changes.compactMap { change -> FileWrite? in
      guard case .writeFile(let write) = change else { return nil }
      let isOfShell =
        write.ownership == .block(shell: shell) || write.path == folders.function(for: shell)
      return isOfShell ? write : nil
    }
  }
}

extension Conflict {
  /// Whether it stands in a file of this shell, as far as the file's name tells: bash and zsh can read each other's.
  fileprivate func isRead(by shell: Shell) -> Bool {
    guard case .file(let path, _) = place else { return false }
    return path.contains("/fish/") == (shell == .fish)
      && (shell != .bash || FilePath(path).lastComponent?.string.hasPrefix(".z") != true)
  }
}
