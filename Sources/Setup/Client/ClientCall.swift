import SystemPackage

/// The client as `claude-local` calls it, without a shell between: for what is measured through a listener of ours.
struct ClientCall: Sendable {
  let client: FilePath
  let settings: ClientSettings
  /// Its configuration, and where it works.
  let folder: FilePath
  let environment: Environment

  private var document: FilePath { folder.appending("claude-local.json") }

  /// Writes the settings document into the folder, which is there already.
  init(
    _ client: FilePath, _ settings: ClientSettings, in folder: FilePath, _ world: World
  ) throws(Failure) {
    self.client = client
    self.settings = settings
    self.folder = folder
    environment = world.environment
    do {
      try world.files.write(document, Array(try settings.document().utf8), 0o600)
    } catch {
      throw Failure("The client could not be prepared", why: "\(error)")
    }
  }

  /// One run with these arguments behind those of `claude-local`.
  func callAsFunction(_ arguments: [String]) -> Invocation {
    var variables = [
      "CLAUDE_CONFIG_DIR": folder.string, "CLAUDE_CODE_MAX_RETRIES": "0",
      "DISABLE_AUTOUPDATER": "1", "TMPDIR": folder.string, "CLAUDE_CODE_TMPDIR": folder.string,
      // An npm installation is a script for the node beside it.
      "PATH": "\(client.removingLastComponent()):\(environment.variables["PATH"] ?? "")",
    ]
    var without: [String] = []
    for variable in settings.variables {
      switch variable.action {
      case .set(let value): variables[variable.name] = value
      case .unset: without.append(variable.name)
      case .preset(let value):
        if environment.nonEmpty(variable.name) == nil, variables[variable.name] == nil {
          variables[variable.name] = value
        }
      case .append(let hosts, _):
        variables[variable.name] =
          ([environment.nonEmpty(variable.name)].compactMap { $0 } + hosts).joined(separator: ",")
      // A listener of ours knows the server's token itself.
      case .read: break
      }
    }
    return Invocation(
      client.string,
      ["--settings", document.string] + settings.arguments.map(\.text) + arguments,
      environment: variables, without: without, folder: folder)
  }
}

extension ClientSettings {
  /// What `claude-local` tells the client for these choices.
  ///
  /// - Parameters:
  ///   - listener: the base URL of a listener of ours between client and server, which needs no token.
  ///   - demands: what this client wants.
  ///   - folder: its own configuration folder, where it gets one.
  ///   - document: the person's own settings file, whose lists can beat ours.
  init(
    _ choices: Choices, through listener: String? = nil, profile: Profile? = nil,
    demands: ClientDemands, folder: FilePath? = nil, document: JSON?
  ) throws(Failure) {
    // What another server's template takes is not known; without the late message all of them work.
    let derived = choices.engine.isOllama ? try Plan.derivedName(choices) : nil
    var input = Input(
      baseURL: (listener ?? choices.engine.url) + demands.baseURLEnding,
      model: try choices.clientModel(), contextWindow: choices.contextWindow,
      profile: profile ?? choices.profile,
      lateSystemMessage: derived?.dropsLateSystemMessages ?? true ? .avoid : .keep,
      access: listener == nil ? choices.access : nil, document: document)
    input.fableModel = derived?.otherSpelling ?? input.model
    input.takesTools = demands.takesTools
    input.configurationFolder = folder?.string
    self.init(input)
    isProxied = choices.proxied
  }
}

extension ProbeListener {
  /// Runs the client until it has sent a prompt with tools, and ends it and the listener then; `nil` when it sent none.
  func firstPrompt(of run: Invocation, in world: World, within limit: Duration) async -> JSON? {
    let prompt = await withTaskGroup(of: JSON?.self) { group in
      group.addTask {
        for await request in requests {
          if let prompt = PromptRelay.Exchange(request: request).prompt,
            prompt["tools"]?.elements?.isEmpty == false
          {
            return prompt
          }
        }
        return nil
      }
      group.addTask {
        // However it ends: what counts is what it sent.
        _ = try? await world.programs.run(run, within: limit)
        await stop()
        return nil
      }
      defer { group.cancelAll() }
      for await prompt in group { if let prompt { return prompt as JSON? } }
      return nil
    }
    await stop()
    return prompt
  }
}
