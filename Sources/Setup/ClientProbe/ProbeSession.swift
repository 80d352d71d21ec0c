import SystemPackage

extension ClientProbe {
  /// The clients of one probe, from their start to the end of the last.
  final class Session: Sendable {
    private let world: World
    private let client: String
    private let url: String
    private let folder: FilePath
    /// The words of ours that each run was seen to send.
    private let said = Shared([Run: Set<String>]())
    private let tasks = Shared([Run: Task<String, Never>]())

    init(world: World, client: String, url: String, folder: FilePath) {
      self.world = world
      self.client = client
      self.url = url
      self.folder = folder
    }

    /// Ends a client that has said what it was started for.
    func notice(_ prompt: Prompt) {
      guard let label = prompt.label else { return }
      said.update { _ = $0[prompt.run, default: []].insert(label) }
      if isComplete(prompt.run) { tasks.value[prompt.run]?.cancel() }
    }

    private func isComplete(_ run: Run) -> Bool {
      let said = said.value[run] ?? []
      return switch run {
      case .token, .login: !said.isEmpty
      case .tiers: said.isSuperset(of: tiers)
      case .both: said.isSuperset(of: subagents)
      }
    }

    /// Answers the options that the client took, and what it said where it failed.
    func run() async -> (options: [ClientContract.Option], words: String) {
      async let token = outcome(of: .token)
      async let both = outcome(of: .both)
      // One that wants more than a login token ends without a prompt, which is an answer too.
      async let login = outcome(of: .login)
      var options = ClientContract.Option.allCases
      var words = await outcome(of: .tiers, options)
      // A client that does not know an option says so and ends.
      while let unknown = options.first(where: { words.contains("unknown option '\($0.rawValue)") })
      {
        options.removeAll { $0 == unknown }
        words = await outcome(of: .tiers, options)
      }
      let all = [await token, words, await both]
      _ = await login
      await askForMissingTiers(options)
      return (options, all.first { !$0.isEmpty } ?? "")
    }

    /// A client that holds no conversation on its standard input is started once for each tier.
    private func askForMissingTiers(_ options: [ClientContract.Option]) async {
      let found = said.value[.tiers] ?? []
      await withTaskGroup(of: Void.self) { group in
        for tier in tiers where !found.contains(tier) {
          group.addTask {
            var call = self.call(.tiers, options, place: tier)
            call.arguments =
              (tier == "none" ? [] : ["--model", tier]) + ["-p", words(for: tier)]
              + self.arguments(options)
            // What it says where it fails was said by the run before.
            _ = await self.finish(call, .tiers, isConversation: false)
          }
        }
      }
    }

    private func outcome(
      of run: Run, _ options: [ClientContract.Option] = []
    ) async -> String {
      let task = Task {
        await self.finish(
          call(run, options, place: run.rawValue), run, isConversation: run == .tiers)
      }
      tasks.update { $0[run] = task }
      if isComplete(run) { task.cancel() }
      return await withTaskCancellationHandler {
        await task.value
      } onCancel: {
        task.cancel()
      }
    }

    /// Runs one client; answers what it said where it failed.
    private func finish(_ call: Invocation, _ run: Run, isConversation: Bool) async -> String {
      do {
        try prepare(FilePath(call.folder ?? ""), for: run)
        let result =
          isConversation
          ? try await converse(call)
          : try await prompt(call, within: run == .login ? .seconds(15) : .seconds(60))
        return result.succeeded ? "" : result.output + result.error
      } catch let problem as ProgramProblem {
        if case .cancelled = problem { return "" }
        return programFailure(problem).why
      } catch let problem as FileProblem {
        return "\(problem.path): \(problem.reason)"
      } catch {
        return "\(error)"
      }
    }

    private func prompt(
      _ call: Invocation, within limit: Duration
    ) async throws -> ProgramResult {
      let (input, pieces) = AsyncStream.makeStream(of: [UInt8].self)
      pieces.finish()
      return try await world.programs.converse(call, limit, input) { _ in }
    }

    /// One turn for each tier: the next begins when the client has told the result of the one before.
    private func converse(_ call: Invocation) async throws -> ProgramResult {
      let (input, pieces) = AsyncStream.makeStream(of: [UInt8].self)
      let rest = Shared(tiers[...])
      @Sendable func next() {
        guard let tier = rest.update({ $0.popFirst() }) else { return pieces.finish() }
        let choice: JSON = [
          "type": "control_request", "request_id": .string(tier),
          "request": ["subtype": "set_model", "model": .string(tier)],
        ]
        let prompt: JSON = [
          "type": "user", "session_id": "", "parent_tool_use_id": nil,
          "message": ["role": "user", "content": .string(words(for: tier))],
        ]
        let lines = (tier == "none" ? [] : [choice]) + [prompt]
        pieces.yield(lines.flatMap { Array(($0.compact + "\n").utf8) })
      }
      next()
      return try await world.programs.converse(call, .seconds(60), input) { line in
        if (try? JSON.parse(line.text))?["type"]?.text == "result" { next() }
      }
    }

    /// A home with a stored login that no server may see; for the tiers with settings that name another base URL.
    private func prepare(_ home: FilePath, for run: Run) throws(FileProblem) {
      _ = try world.files.makeFolder(home)
      guard run != .login else { return }
      let stored: JSON = [
        "claudeAiOauth": [
          "accessToken": .string(login + "-stored"), "refreshToken": "probe",
          "expiresAt": 9_999_999_999_999, "scopes": ["user:inference"], "subscriptionType": "max",
        ]
      ]
      try world.files.write(home.appending(".credentials.json"), Array(stored.compact.utf8), 0o600)
      guard run == .tiers else { return }
      let settings = document(address(run, .user))
      try world.files.write(home.appending("settings.json"), Array(settings.compact.utf8), 0o600)
    }

    private func address(_ run: Run, _ layer: Layer) -> String {
      "\(url)/\(run.rawValue).\(layer.rawValue)"
    }

    private func document(_ address: String) -> JSON {
      ["env": ["ANTHROPIC_BASE_URL": .string(address)]]
    }

    private func arguments(_ options: [ClientContract.Option]) -> [String] {
      options.flatMap { option in
        switch option {
        case .settings: [option.rawValue, document(address(.tiers, .settings)).compact]
        case .tools: [ClientSettings.leanTools.text]
        case .permissionMode: [option.rawValue, "default"]
        }
      }
    }

    /// A client that knows nothing of the person: an empty environment, a folder of its own, no retries.
    private func call(
      _ run: Run, _ options: [ClientContract.Option], place: String
    ) -> Invocation {
      let home = folder.appending(place)
      var variables = [
        "HOME": home.string, "CLAUDE_CONFIG_DIR": home.string,
        // It leaves files there: a copy of settings that came as text, and its shells' own.
        "TMPDIR": home.string, "CLAUDE_CODE_TMPDIR": home.string,
        // An npm installation is a script for the node beside it.
        "PATH":
          "\(FilePath(client).removingLastComponent()):\(world.environment.variables["PATH"] ?? "")",
        "ANTHROPIC_BASE_URL": address(run, .process), "ANTHROPIC_MODEL": model("none"),
        "CLAUDE_CODE_MAX_RETRIES": "0", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_ATTRIBUTION_HEADER": "0", "DISABLE_AUTOUPDATER": "1",
      ]
      for tier in Tier.allCases { variables[tier.variable] = model(tier.rawValue) }
      if run == .token || run == .both { variables["ANTHROPIC_AUTH_TOKEN"] = token }
      if run == .tiers || run == .both { variables["ANTHROPIC_API_KEY"] = key }
      if run == .token || run == .login {
        variables["CLAUDE_CODE_OAUTH_TOKEN"] = login + "-variable"
      }
      if run == .login {
        // 2.1.1 shows a login token to its maker first: that way out ends at our listener, which refuses.
        for name in ["HTTP_PROXY", "HTTPS_PROXY"] { variables[name] = url }
        variables["NO_PROXY"] = "127.0.0.1"
      }
      let arguments: [String]
      switch run {
      case .token: arguments = ["-p", words(for: "none")]
      case .login: arguments = ["-p", words(for: "none"), "--tools="]
      case .tiers:
        arguments =
          ["-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose"]
          + self.arguments(options)
      case .both: arguments = ["-p", spawning, "--tools=Task,Agent"]
      }
      return Invocation(
        client, arguments, environment: variables, without: ["*"], folder: home)
    }
  }
}
