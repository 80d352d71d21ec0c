/// How many tools, and in which shells?
extension Questionnaire {
  func profileQuestion(_ answers: Answers) -> Question {
    let onCPU = machine.memoryBudget(for: answers.engine).onCPU
    let isShort =
      machine.claude.contract != nil
      && (answers.contextWindow ?? .max) < machine.claude.smallestContext(.full)
    let recommended = previous?.profile ?? (onCPU || isShort ? .lean : .full)
    let (full, lean) = (promptWords(.full), promptWords(.lean))
    return Question(
      id: .profile, title: "How many tools shall Claude Code offer the model?",
      options: [
        Question.Option(
          value: Profile.full.rawValue, title: "all of them",
          reason: full ?? "a first prompt of 10,800 to 24,000 tokens, by the client's version",
          isRecommended: recommended == .full),
        Question.Option(
          value: Profile.lean.rawValue, title: "six: Bash, Edit, Read, Write, Glob, Grep",
          reason: lean
            ?? (onCPU
              ? "less than half of the prompt; on a CPU that is minutes less to the first answer"
              : "less than half of the prompt, and less for a small model to get wrong"),
          isRecommended: recommended == .lean),
      ], recommended: recommended.rawValue,
      help: [
        "Every request carries the description of every tool. A local model reads them all before its first word; later turns reuse what it has read.",
        "It can be changed at any time: run \(command: "ccl-setup") again.",
      ], isOpen: false)
  }

  /// What the installed client was seen to send, and what that means; `nil` where it was not asked.
  private func promptWords(_ profile: Profile) -> Text? {
    guard let prompt = machine.claude.contract?.prompt(profile) else { return nil }
    let wait = Duration.seconds(prompt.tokens / 100)
    return
      "your Claude Code's first prompt: about \(prompt.tokens) tokens in \(prompt.toolCount) tools; where the model reads 100 a second, \(wait.inWords) to the first answer"
  }

  /// Sharing is right for almost everybody.
  func clientFolderQuestion() -> Question {
    let recommended = previous?.clientFolder ?? .yours
    return Question(
      id: .clientFolder, title: "Where shall claude-local keep the client's settings and history?",
      options: [
        Question.Option(
          value: ClientFolder.yours.rawValue, title: "where plain claude keeps them",
          reason: "shared settings and history; a first start asks about theme and trust",
          isRecommended: recommended == .yours),
        Question.Option(
          value: ClientFolder.own.rawValue, title: "in a folder of its own",
          reason:
            "straight to the prompt: folders below your home count as trusted; uninstall removes it",
          isRecommended: recommended == .own),
      ], recommended: recommended.rawValue,
      help: [
        "In a folder of its own nothing of a login or of settings for Anthropic's servers is in reach."
      ], isOpen: false)
  }

  /// Answered by a flag or an answers file only: straight to the engine is right for almost everybody.
  func proxyQuestion() -> Question {
    let isProxied = previous?.proxied ?? false
    return Question(
      id: .proxy, title: "Shall claude-local go through the proxy?",
      options: [
        Question.Option(
          value: "off", title: "straight to the engine",
          reason: "\("claude-local --proxy", .command) goes through it once",
          isRecommended: !isProxied),
        Question.Option(
          value: "on", title: "through the proxy, always",
          reason: "every request is shown, and recorded on this machine",
          isRecommended: isProxied),
      ], recommended: isProxied ? "on" : "off",
      help: [
        "The proxy changes nothing and shows everything; it is started where none runs. \(command: "ccl-setup proxy off") takes it out again."
      ], isOpen: false)
  }

  func shellsQuestion() -> Question {
    let found = Shell.allCases.compactMap { shell in
      machine.shells.first { $0.shell == shell }
    }
    let recommended = previous?.shells ?? found.filter(\.isUsed).map(\.shell)
    let options = found.map { findings in
      let shell = findings.shell
      return Question.Option(
        value: shell.rawValue,
        title: Text(
          findings.isLoginShell
            ? "\(shell.rawValue), your login shell"
            : findings.isUsed ? shell.rawValue : "\(shell.rawValue), not used so far"),
        reason: shell == .fish
          ? "an autoloaded function; no file of yours is touched"
          : "a function file, and one marked block in your start-up file",
        isRecommended: recommended.contains(shell))
    }
    return Question(
      id: .shells, title: "In which shells shall claude-local work?", options: options,
      recommended: recommended.isEmpty
        ? "none" : recommended.map(\.rawValue).joined(separator: ","),
      help: [
        "\("claude-local", .command) is a shell function that starts Claude Code with the settings for the local model. Plain \("claude", .command) stays as it is.",
        "Several are separated by commas; \("all", .command) and \("none", .command) work too.",
      ], isOpen: false)
  }

  func readShells(_ text: String, _ question: Question) throws(Failure) -> [Shell] {
    switch text.lowercased() {
    case "all": return question.options.compactMap { Shell(rawValue: $0.value) }
    case "none": return []
    default: break
    }
    var shells: [Shell] = []
    for word in text.split(whereSeparator: { $0 == "," || $0 == " " }) {
      let meant = question.row(word)?.value ?? word.lowercased()
      guard let shell = Shell(rawValue: meant) else {
        throw Failure(
          "“\(printable(String(word)))” is not a shell that ccl-setup knows",
          why: "it writes functions for \(Shell.allCases.map(\.rawValue).joined(separator: ", "))",
          code: .usage)
      }
      if !shells.contains(shell) { shells.append(shell) }
    }
    return Shell.allCases.filter { shells.contains($0) }
  }
}
