extension Facts {
  /// What the client was seen to do with a server, and whether the setup was made for a client that does so.
  var contractChecks: [Check] {
    let title = "What it does with a server"
    switch contract {
    case nil: return []
    case .failure(let failure):
      return [
        Check(
          .clientContract, .client, title, .warn, "\(failure.what): \(failure.why)",
          consequence: "Whether claude-local fits this version is not known.")
      ]
    case .success(let contract):
      if !contract.surprises.isEmpty {
        return [
          Check(
            .clientContract, .client, title, .fail,
            "\(contract.clientVersion): \(contract.surprises.joined(separator: "; "))",
            consequence: "claude-local is made for a client that does otherwise.",
            remedy: Remedy(
              "Use another version",
              [.say("Install an older Claude Code, or a newer ccl-setup that knows this one.")]))
        ]
      }
      if let change = changeOfContract(contract) {
        return [
          Check(
            .clientContractChanged, .client, title, .fail, change,
            consequence: "Until its settings follow, claude-local's requests go astray.",
            remedy: .fix)
        ]
      }
      return [Check(.clientContract, .client, title, .pass, contract.words)]
    }
  }

  /// What another client asks for than the one that the files were written for.
  private func changeOfContract(_ contract: ClientContract) -> String? {
    let (before, now) = (machine.claude.demands, ClientDemands(contract))
    guard before != now else { return nil }
    let old = machine.claude.contract.map { "\($0.clientVersion) posts to \(printable($0.path))" }
    return "\(old ?? "every version known posts to /v1/messages"), "
      + "\(contract.clientVersion) to \(printable(contract.path))"
      + (now.takesTools ? "" : "; it does not know --tools")
  }
}

extension ClientContract {
  /// On one line, for a person.
  var words: String {
    let unknown =
      unknownTiers.isEmpty ? "" : " (it does not know \(unknownTiers.joined(separator: ", ")))"
    func headers(_ way: CredentialWay) -> String {
      (credentials[way] ?? []).map(printable).joined(separator: " and ")
    }
    let isLoginSent = credentials[.login]?.isEmpty == false
    let alone = isLoginSent ? " (a login token alone would go as \(headers(.login)))" : ""
    var words =
      "\(clientVersion) posts to \(path), the token as \(headers(.token)) and no stored login\(alone), each tier's own model\(unknown), "
      + "\(ByteCount(full.system).inWords) of system prompt and \(ByteCount(full.tools).inWords) in \(full.toolCount) tools: about \(full.tokens) tokens"
    if let lean { words += ", \(lean.tokens) with the lean profile" }
    return words
  }
}
