/// A server elsewhere: what it was found to be, its models, its token.
extension Facts {
  /// The one variable that `claude-local` cannot overcome when the token is the server's.
  var tokenChecks: [Check] {
    guard surveyed?.isTokenBeaten(for: choices) == true else { return [] }
    return [
      Check(
        .tokenBeaten, .settings, "The server's token", .fail,
        "env.ANTHROPIC_AUTH_TOKEN in your settings.json of Claude Code is sent instead",
        consequence: "The server refuses every request.",
        remedy: Remedy(
          "Take it out", [.say("Remove ANTHROPIC_AUTH_TOKEN from \"env\" in that file.")]))
    ]
  }

  var servedChecks: [Check] {
    guard let found = surveyed?.findings else {
      return [
        Check(
          .serverDown, .server, "The server", .fail,
          surveyed?.findingsProblem ?? "\(choices.engine.url) was not asked",
          consequence: "claude-local cannot reach a model.", remedy: repairOfEngine)
      ]
    }
    let lacks = [
      found.countsTokens ? nil : "count_tokens",
      found.record == nil ? "a record of its requests" : nil,
    ].compactMap { $0 }
    let without = lacks.isEmpty ? "" : ", without \(lacks.joined(separator: " and "))"
    return [
      Check(
        .server, .server, "The server", .pass,
        "\(found.url) is \(found.title), \(counted(found.models.count, "model"))\(without)")
    ]
  }

  var servedModelChecks: [Check] {
    let model = printable(choices.model)
    guard let found = surveyed?.findings else {
      return [Check(.model, .models, model, .warn, Facts.unknown)]
    }
    guard let served = found[choices.model] else {
      return [
        Check(
          .modelMissing, .models, model, .fail,
          "\(found.url) serves \(found.models.map { printable($0.name) }.joined(separator: ", "))",
          consequence: "Every request is answered with a 404.",
          remedy: Remedy("Choose one that it serves", run: "ccl-setup"))
      ]
    }
    guard let window = served.contextWindow else {
      return [
        Check(
          .context, .models, model, .pass,
          "it is served; its context is not told, \(choices.contextWindow) tokens were chosen")
      ]
    }
    guard window >= choices.contextWindow else {
      return [
        Check(
          .contextWrong, .models, model, .fail,
          "its context is \(window), the client counts on \(choices.contextWindow)",
          consequence: "Long conversations fail instead of being made shorter.",
          remedy: Remedy("Say so to the client", run: "ccl-setup --yes --context \(window)"))
      ]
    }
    return [Check(.context, .models, model, .pass, "served with a context of \(window) tokens")]
  }
}
