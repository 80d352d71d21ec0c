import SystemPackage

extension Plan {
  /// The start-up files that say where a shell's block belongs.
  static func startUpFiles(of shell: Shell, _ environment: Environment) -> [FilePath] {
    StartupFiles(environment, nil).toRead(for: shell)
  }

  /// The start-up files that get a block, as far as those already read tell.
  static func blockFiles(for choices: Choices, _ environment: Environment, _ survey: Survey)
    -> [FilePath]
  {
    let startUp = StartupFiles(environment, survey)
    return choices.shells.flatMap { shell in
      startUp.targets(for: shell, survey.contents(of: startUp.toRead(for: shell))).files
    }
  }
}

extension StartupFiles {
  /// - Parameter survey: where zsh was asked for its folder; `nil` where only the files to read are wanted.
  init(_ environment: Environment, _ survey: Survey?) {
    self.init(environment, zshFolder: survey?.zshFolder)
  }

  /// - Parameter zshFolder: what zsh itself said (`ZshFolder`).
  init(_ environment: Environment, zshFolder: FilePath?) {
    self.init(
      home: environment.home,
      zdotdir: zshFolder ?? environment.nonEmpty("ZDOTDIR").map { FilePath($0) },
      configurationBase: Folders(environment).configurationBase)
  }
}

extension Planner {
  /// The marked blocks that make a shell know its function; what cannot be edited becomes a note with the line to add.
  ///
  /// - Parameter edited: what earlier blocks of this plan make of a file, by the place where it really lies.
  func blockChanges(
    _ shell: Shell, _ notes: inout [Plan.Note], _ edited: inout [FilePath: [UInt8]]
  ) throws(Failure) -> [Change] {
    let startUp = StartupFiles(environment, survey)
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
    var changes: [Change] = []
    for path in targets.files {
      let place = survey.places[path] ?? path
      do throws(Unwritable) {
        if case .unreadable(let reason)? = survey.files[path] { throw Unwritable(reason: reason) }
        let before = edited[place] ?? contents[path]
        let edit: RCEdit
        let position = before.flatMap { survey.commandPositions.position(for: shell, in: $0) }
        do throws(RCProblem) { edit = try block.installing(in: before, at: position) } catch {
          throw Unwritable(reason: error.reason)
        }
        if edit.bytes != before, let reason = survey.reasonToLeave(path) {
          throw Unwritable(reason: reason)
        }
        edited[place] = edit.bytes
        changes.append(
          .writeFile(
            FileWrite(
              path: path, before: before, after: edit.bytes, ownership: .block(shell: shell))))
      } catch {
        notes.append(
          .init(
            .warning,
            "\(path: path.string) stays as it is (\(error.reason)). Add this line yourself: \(command: String(decoding: block.line, as: UTF8.self))"
          ))
      }
    }
    return changes
  }

  /// Blocks of an earlier setup that their owner moved: this plan has put one into its place again.
  func movedBlocks(besides subjects: Set<String>) -> [Receipt.Entry] {
    guard let last = survey.receipt?.entries.last else { return [] }
    let startUp = StartupFiles(environment, survey)
    let targets = Plan.blockFiles(for: choices, environment, survey)
    return startUp.movedBlocks(
      of: choices.shells, besides: Set(targets.map { survey.places[$0] ?? $0 }),
      at: last.at,
      place: { survey.places[$0] }, read: { survey.contents(of: [$0])[$0] }
    ).filter { entry in
      guard case .removeMovedBlock(let path, _) = entry.undo else { return false }
      return !subjects.contains(entry.subject) && survey.reasonToLeave(FilePath(path)) == nil
    }
  }
}

extension Survey {
  /// Why nothing is to be changed in a file; `nil` where it can be.
  func reasonToLeave(_ path: FilePath) -> String? {
    if hardLinked.contains(path) {
      return "it has a second name, a hard link, which would keep the old text"
    }
    return locked.contains(path) ? "it cannot be written" : nil
  }
}

/// Why a start-up file is left to its owner.
private struct Unwritable: Error {
  var reason: String
}
