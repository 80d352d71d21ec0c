import SystemPackage

extension RCBlock {
  /// The file without any marker of this shell and without our own line, for a block that is damaged, doubled or in a
  /// place that is not reached; what else stands between the markers is its owner's and stays.
  ///
  /// `nil` bytes: the file was made for the block, and nothing else is in it. Answers `nil` where taking the lines out
  /// would leave an `if` or a loop of the person's empty, which is a syntax error.
  static func stripped(_ shell: Shell, from bytes: [UInt8]) -> (bytes: [UInt8]?, lines: [Int])? {
    let lines = FileLines(bytes)
    let own = lines.indices.filter { FoundBlock.isMarkerOrLine(lines[$0], shell) }
    guard let last = own.last else { return (bytes, []) }
    var start = own[0]
    for (index, line) in own.enumerated() {
      let isEnd = index == own.count - 1 || own[index + 1] != line + 1
      guard isEnd else { continue }
      if lines.isOnlyBodyOfCompound(start..<line + 1, shell, without: own) { return nil }
      if index < own.count - 1 { start = own[index + 1] }
    }
    var rest = lines.indices.filter { !own.contains($0) }.flatMap { Array(lines[$0]) }
    let notes = own.flatMap { FoundBlock.notes(lines[$0], shell) }
    if last == lines.indices.last, notes.contains(.lineEndAdded), rest.last == newline {
      rest.removeLast()
    }
    let numbers = own.map { $0 + 1 }
    return rest.isEmpty && notes.contains(.fileMade) ? (nil, numbers) : (rest, numbers)
  }
}

extension FoundBlock {
  /// Whether a line is one of our markers, or the line between them. Its form alone is not enough: people write
  /// `if [ -n "$BASH_VERSION" ] …` too.
  fileprivate static func isMarkerOrLine(_ line: ArraySlice<UInt8>, _ shell: Shell) -> Bool {
    let text = FileLines.trimmed(line)
    if [">>>", "<<<"].contains(where: { text.starts(with: marker(shell, $0)) }) { return true }
    return isOurs(line, shell) && line.contains(sequence: Array("claude-local.".utf8))
  }

  /// What a line remembers of the file, if it is an opening marker.
  fileprivate static func notes(_ line: ArraySlice<UInt8>, _ shell: Shell) -> [Note] {
    guard FileLines.trimmed(line).starts(with: marker(shell, ">>>")) else { return [] }
    let text = String(decoding: line, as: UTF8.self)
    return Note.allCases.filter { text.contains($0.rawValue) }
  }
}

/// A start-up file whose block has to be put in anew.
struct BlockRepair: Sendable, Hashable {
  enum Reason: Sendable, Hashable {
    /// Half of it is missing, it is there twice, or somebody wrote into it.
    case damaged(String)
    /// It is whole, and a fresh shell does not come to it, or something below it takes the name again.
    case notReached
  }
  var path: FilePath
  var shell: Shell
  var reason: Reason
  /// What is in the file.
  var before: [UInt8]
  /// The file without the block, `nil` where nothing is left of a file made for it.
  var stripped: [UInt8]?

  /// Every block of these choices that is damaged, or whose shell does not know the function although it is whole.
  ///
  /// - Parameter isHidden: whether a fresh shell takes the name for something else, or does not know it.
  static func all(
    for choices: Choices, _ survey: Survey, _ environment: Environment,
    isHidden: (Shell) -> Bool
  ) -> [BlockRepair] {
    let startUp = StartupFiles(environment, survey)
    return choices.shells.flatMap { shell -> [BlockRepair] in
      let files = startUp.targets(for: shell, survey.contents(of: startUp.toRead(for: shell))).files
      return files.compactMap { path in
        guard case .present(let bytes)? = survey.files[path],
          let stripped = RCBlock.stripped(shell, from: bytes), !stripped.lines.isEmpty,
          let block = try? RCBlock(
            shell, function: Folders(environment).function(for: shell), home: environment.home)
        else { return nil }
        let repair = BlockRepair(
          path: path, shell: shell, reason: .notReached, before: bytes, stripped: stripped.bytes)
        do throws(RCProblem) {
          guard try block.installing(in: bytes).change == .none, isHidden(shell) else { return nil }
          let position = stripped.bytes.flatMap {
            survey.commandPositions.position(for: shell, in: $0)
          }
          let better = try? block.installing(in: stripped.bytes, at: position)
          return better == nil || better?.bytes == bytes ? nil : repair
        } catch {
          var damaged = repair
          damaged.reason = .damaged(error.reason)
          return damaged
        }
      }
    }
  }
}

extension Survey {
  /// The same, as if the blocks to be repaired were not there: planning then puts them in anew.
  func without(_ repairs: [BlockRepair]) -> Survey {
    var survey = self
    for repair in repairs {
      survey.files[repair.path] = repair.stripped.map { .present($0) } ?? .missing
    }
    return survey
  }
}

extension Plan {
  /// The same plan, its writes of repaired files starting from what is really in them.
  mutating func start(from repairs: [BlockRepair]) {
    for step in steps.indices {
      for index in steps[step].changes.indices {
        guard case .writeFile(var write) = steps[step].changes[index],
          let repair = repairs.first(where: { $0.path == write.path }),
          write.before == repair.stripped
        else { continue }
        write.before = repair.before
        steps[step].changes[index] = .writeFile(write)
      }
    }
  }
}
