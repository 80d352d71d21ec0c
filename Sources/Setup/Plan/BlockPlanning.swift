import SystemPackage

extension Plan {
  /// The start-up files that say where a shell's block belongs.
  static func startUpFiles(of shell: Shell, _ environment: Environment) -> [FilePath] {
    StartupFiles(environment).toRead(for: shell)
  }

  /// The start-up files that get a block, as far as those already read tell.
  static func blockFiles(for choices: Choices, _ environment: Environment, _ survey: Survey)
    -> [FilePath]
  {
    let startUp = StartupFiles(environment)
    return choices.shells.flatMap { shell in
      startUp.targets(for: shell, survey.contents(of: startUp.toRead(for: shell))).files
    }
  }
}

extension StartupFiles {
  init(_ environment: Environment) {
    self.init(
      home: environment.home,
      zdotdir: environment.nonEmpty("ZDOTDIR").map { FilePath($0) },
      configurationBase: Folders(environment).configurationBase)
  }
}

extension Planner {
  /// The marked blocks that make a shell know its function; what cannot be edited becomes a note with the line to add.
  func blockChanges(_ shell: Shell, _ notes: inout [Plan.Note]) throws(Failure) -> [Change] {
    let startUp = StartupFiles(environment)
    let block: RCBlock
    do {
      guard
        let found = try RCBlock(
          shell, function: folders.function(for: shell), home: environment.home)
      else { return [] }
      block = found
    } catch {
      throw Failure("The block for \(shell.rawValue) could not be written", why: "\(error)")
    }
    let targets = startUp.targets(for: shell, survey.contents(of: startUp.toRead(for: shell)))
    let contents = survey.contents(of: targets.files)
    if let unfollowed = targets.unfollowed {
      notes.append(.init(.warning, "\(printable(unfollowed))"))
    }
    return targets.files.compactMap { path -> Change? in
      let line = String(decoding: block.line, as: UTF8.self)
      func leave(_ reason: String) -> Change? {
        notes.append(
          .init(
            .warning,
            "\(path: path.string) stays as it is (\(reason)). Add this line yourself: \(command: line)"
          ))
        return nil
      }
      if case .unreadable(let reason)? = survey.files[path] { return leave(reason) }
      if survey.locked.contains(path) { return leave("it cannot be written") }
      do throws(RCProblem) {
        let edit = try block.installing(in: contents[path])
        return .writeFile(
          FileWrite(
            path: path, before: contents[path], after: edit.bytes,
            ownership: .block(shell: shell)))
      } catch {
        return leave(error.reason)
      }
    }
  }
}
