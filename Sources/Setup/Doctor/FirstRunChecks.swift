import SystemPackage

extension Facts {
  /// Whether the client comes to its prompt when `claude-local` starts it.
  var onboardingChecks: [Check] {
    guard let state = surveyed?.clientState, !machine.claude.installations.isEmpty else {
      return []
    }
    let title = "First run"
    let isOwn = choices.clientFolder == .own
    if let problem = state.problem {
      return [
        Check(
          .onboarding, .client, title, .fail,
          "\(state.file) cannot be read: \(printable(problem))",
          consequence: isOwn
            ? "The client that claude-local starts ends with an error."
            : "The client ends with an error, plain claude too.",
          remedy: isOwn
            ? .fix
            : Remedy(
              "Move it aside: the client makes a new one",
              [.run("mv \(shellQuoted(state.file.string)) \(shellQuoted("\(state.file).broken"))")])
        )
      ]
    }
    if state.isOnboarded { return [] }
    // A file that is not there yet is written by the function.
    if isOwn, state.document != nil {
      return [
        Check(
          .onboarding, .client, title, .warn,
          "\(state.file) does not hold the answers to the questions of a first start",
          consequence: "The client asks about its theme and about trust before it starts.",
          remedy: .fix)
      ]
    }
    return isOwn
      ? []
      : [
        Check(
          .onboarding, .client, title, .pass,
          "not yet: the client's first interactive start asks about its theme and about trust; "
            + "with ccl-setup --client-folder own, that of claude-local does not")
      ]
  }
}
