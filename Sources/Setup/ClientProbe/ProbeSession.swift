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
      for (client, runs) in Self.conversations where runs.allSatisfy(isComplete) {
        tasks.value[client]?.cancel()
      }
      if isComplete(prompt.run), Self.conversations[prompt.run] == nil {
        tasks.value[prompt.run]?.cancel()
      }
    }

    /// What the two clients of one conversation each are asked one after the other, by the run that they begin with.
    private static let conversations: [Run: [Run]] = [
      .token: [.token, .both], .tiers: [.tiers, .login],
    ]

    /// What the model is changed to. Which one is asked for without a word says the other conversation.
    private static let asked = Tier.allCases.map(\.rawValue)

    private func isComplete(_ run: Run) -> Bool {
      let said = said.value[run] ?? []
      return switch run {
      case .token, .login: !said.isEmpty
      case .tiers: said.isSuperset(of: Self.asked)
      case .both: said.isSuperset(of: subagents)
      }
    }

    /// Answers the options that the client took, and what it said where it failed.
    func run() async -> (options: [ClientContract.Option], words: String) {
      async let full = outcome(of: .token)
      var options = ClientContract.Option.allCases
      var words = await outcome(of: .tiers, options)
      // A client that does not know an option says so and ends.
      while let unknown = options.first(where: { words.contains("unknown option '\($0.rawValue)") })
      {
        options.removeAll { $0 == unknown }
        words = await outcome(of: .tiers, options)
      }
      let all = [await full, words] + (await askForTheRest(options))
      return (options, all.first { !$0.isEmpty } ?? "")
    }

    /// A client that holds no conversation on its standard input, or takes no other settings in it, is started once for
    /// each thing that it was not seen to do.
    private func askForTheRest(_ options: [ClientContract.Option]) async -> [String] {
      await withTaskGroup(of: String.self) { group in
        // One that wants more than a login token ends without a prompt, which is an answer too.
        for run in [Run.token, .both, .login] where !isComplete(run) {
          group.addTask {
            var words = await self.outcome(of: run, isConversation: false)
            if run == .both, self.said.value[run] == nil {
              words = await self.outcome(of: run, isConversation: false, again: true)
            }
            return run == .login ? "" : words
          }
        }
        let found = said.value[.tiers] ?? []
        for tier in Self.asked where !found.contains(tier) {
          group.addTask {
            var call = self.call(.tiers, options, place: tier, isConversation: false)
            call.arguments = ["--model", tier, "-p", words(for: tier)] + self.arguments(options)
            // What it says where it fails was said by the run before.
            _ = await self.finish(call, .tiers, isConversation: false)
            return ""
          }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
    }

    private func outcome(
      of run: Run, _ options: [ClientContract.Option] = [], isConversation: Bool = true,
      again: Bool = false
    ) async -> String {
      var call = call(
        run, options, place: run.rawValue + (isConversation ? "" : "-alone"),
        isConversation: isConversation)
      if run == .both {
        if again {
          call.arguments[1] = spawningAgain
        } else {
          call.environment.merge(noWindow) { $1 }
        }
      }
      let task = Task { [call] in
        await self.finish(call, run, isConversation: isConversation)
      }
      tasks.update { $0[run] = task }
      let runs = isConversation ? Self.conversations[run] ?? [run] : [run]
      if runs.allSatisfy(isComplete) { task.cancel() }
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
          ? try await converse(call, turns(of: run))
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

    /// What is said in one conversation, turn by turn: its own prompts, and those of the run that follows in it, which
    /// has another base URL and other credentials.
    private func turns(of run: Run) -> [[JSON]] {
      let credentials = [
        "ANTHROPIC_AUTH_TOKEN": token(.both), "ANTHROPIC_API_KEY": key(.both),
      ]
      return switch run {
      case .token:
        [
          [spoken(words(for: "none"))],
          [settings(.both, credentials.merging(noWindow) { $1 }), spoken(spawning)],
          // Not reached by a client that has sent the prompt: it is ended when its subagents have asked.
          [
            settings(.both, credentials.merging(noWindow.mapValues { _ in "" }) { $1 }),
            spoken(spawningAgain),
          ],
        ]
      case .tiers:
        Self.asked.map { tier in
          [
            request(["subtype": "set_model", "model": .string(tier)]), spoken(words(for: tier)),
          ]
        } + [
          [
            settings(
              .login,
              [
                "ANTHROPIC_AUTH_TOKEN": "", "ANTHROPIC_API_KEY": "",
                "CLAUDE_CODE_OAUTH_TOKEN": login + "-variable",
              ]), spoken(words(for: "none")),
          ]
        ]
      case .both, .login: []
      }
    }

    private func spoken(_ words: String) -> JSON {
      [
        "type": "user", "session_id": "", "parent_tool_use_id": nil,
        "message": ["role": "user", "content": .string(words)],
      ]
    }

    private func request(_ request: JSON) -> JSON {
      ["type": "control_request", "request_id": "probe", "request": request]
    }

    /// Variables that hold from the next prompt on; an empty one is as good as none. 2.1.81 to 2.1.330 take them.
    private func settings(_ run: Run, _ variables: [String: String]) -> JSON {
      var all = variables.mapValues { JSON.string($0) }
      all["ANTHROPIC_BASE_URL"] = .string(address(run, .settings))
      return request([
        "subtype": "apply_flag_settings",
        "settings": [
          "env": .object(all.sorted { $0.key < $1.key }.map { JSON.Member($0.key, $0.value) })
        ],
      ])
    }

    /// The next turn begins when the client has told the result of the one before.
    private func converse(_ call: Invocation, _ turns: [[JSON]]) async throws -> ProgramResult {
      let (input, pieces) = AsyncStream.makeStream(of: [UInt8].self)
      let rest = Shared(turns[...])
      @Sendable func next() {
        guard let turn = rest.update({ $0.popFirst() }) else { return pieces.finish() }
        pieces.yield(turn.flatMap { Array(($0.compact + "\n").utf8) })
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

    /// Nothing that a program of one second gains from: two at once take a fifth less processor time without. One that
    /// does not start that way is asked like one that holds no conversation.
    private static let shortLived = ["BUN_JSC_useGC": "0", "BUN_JSC_useDFGJIT": "0"]

    /// A client that knows nothing of the person: an empty environment, a folder of its own, no retries. What it wants
    /// from anywhere else ends at our listener, which refuses (2.1.1 shows a login token to its maker first).
    private func call(
      _ run: Run, _ options: [ClientContract.Option], place: String, isConversation: Bool = true
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
        "HTTP_PROXY": url, "HTTPS_PROXY": url, "NO_PROXY": "127.0.0.1",
      ]
      for tier in Tier.allCases { variables[tier.variable] = model(tier.rawValue) }
      if run == .token || run == .both { variables["ANTHROPIC_AUTH_TOKEN"] = token(run) }
      if run == .tiers || run == .both { variables["ANTHROPIC_API_KEY"] = key(run) }
      if run == .token || run == .login {
        variables["CLAUDE_CODE_OAUTH_TOKEN"] = login + "-variable"
      }
      if isConversation { variables.merge(Self.shortLived) { $1 } }
      let conversation = [
        "-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose",
      ]
      let arguments: [String] =
        switch run {
        case .token: isConversation ? conversation : ["-p", words(for: "none")]
        case .login: ["-p", words(for: "none"), "--tools="]
        case .tiers: conversation + self.arguments(options)
        case .both: ["-p", spawning, "--tools=Task,Agent"]
        }
      return Invocation(
        client, arguments, environment: variables, without: ["*"], folder: home)
    }
  }
}
