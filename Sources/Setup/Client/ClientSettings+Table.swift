extension ClientSettings {
  /// The table for one setup. Pure; the order is the order in which it is shown.
  public init(_ input: Input) {
    variables = Self.destination(input) + Self.models(input) + Self.limits(input)
    variables += Self.cacheAndTraffic + Self.late(input) + Self.foreign + Self.proxies(input)
    settings = Self.settings(input)
    arguments = input.profile == .lean && input.takesTools ? [Self.leanTools] : []
  }

  private static func destination(_ input: Input) -> [Variable] {
    var variables = [
      set(
        "ANTHROPIC_BASE_URL", input.baseURL,
        "The engine; with what the installed client was seen to want after it: every measured version appends /v1/messages.",
        "claude-code.md §1; asked by ClientProbe"),
      token(input.access),
      set(
        "ANTHROPIC_API_KEY", "",
        "A key beside the token would be sent too, and interactively warned about.",
        "claude-code.md §2 and §6"),
    ]
    if let authority = input.access?.authority {
      variables.append(
        set(
          "NODE_EXTRA_CA_CERTS", authority,
          "The server's certificate is signed by an authority of your own.", "claude-code.md §5a"))
    }
    if let folder = input.configurationFolder {
      variables.append(
        set(
          "CLAUDE_CONFIG_DIR", folder,
          "An own configuration folder: the person's settings, history and login stay out of it.",
          "claude-code.md §5b and §6"))
    }
    return variables
  }

  private static func token(_ access: ServerAccess?) -> Variable {
    guard let token = access?.token else {
      return set(
        "ANTHROPIC_AUTH_TOKEN", "ollama",
        "A dummy: no question about a key, no connectivity check, and a stored login is never sent.",
        "claude-code.md §2 and §6")
    }
    return Variable(
      name: "ANTHROPIC_AUTH_TOKEN", action: .read(token),
      reason: "The server's token, sent as `Authorization: Bearer`.", source: "claude-code.md §2")
  }

  private static func models(_ input: Input) -> [Variable] {
    let tiers = ["OPUS", "SONNET", "HAIKU"].map { tier in
      set(
        "ANTHROPIC_DEFAULT_\(tier)_MODEL", input.model,
        "`--model \(tier.lowercased())`, subagents and background requests of this tier use the one loaded model: no "
          + "404, no second load.", "claude-code.md §3, together.md §3")
    }
    return [
      set(
        "ANTHROPIC_MODEL", input.model,
        "The model where `--model` names none; the engine's own name, since for claude-* names the newest client sends "
          + "19,800 instead of 10,500 tokens.", "claude-code.md §3, together.md §1")
    ] + tiers + [
      set(
        "ANTHROPIC_DEFAULT_FABLE_MODEL", input.fableModel,
        "The same model for `--model fable`, by another spelling where the engine knows one: told of the very name that it "
          + "uses, 2.1.330 writes 580 bytes about “Claude Fable 5” into every prompt.",
        "claude-code.md §3 and §7; RealClientTests"),
      unset(
        "ANTHROPIC_DEFAULT_MODEL", "Would be the default in the place of ours.",
        "claude-code.md §3"),
      unset(
        "ANTHROPIC_SMALL_FAST_MODEL", "Would send background requests to another model.",
        "claude-code.md §3"),
      unset(
        "CLAUDE_CODE_SUBAGENT_MODEL",
        "Would send subagents to another model; without it they follow `--model`, so that one model stays loaded.",
        "claude-code.md §3, together.md §3"),
      unset(
        "CLAUDE_CODE_AUTO_MODE_MODEL", "Would send the auto mode's check to another model.",
        "claude-code.md §3"),
    ]
  }

  private static func limits(_ input: Input) -> [Variable] {
    [
      set(
        "CLAUDE_CODE_MAX_CONTEXT_TOKENS", String(input.contextWindow),
        "The model's real context: otherwise the client assumes 1M tokens and never compacts while the server silently "
          + "cuts the history.", "claude-code.md §7, together.md §2"),
      set(
        "CLAUDE_CODE_MAX_OUTPUT_TOKENS", String(input.maxOutputTokens),
        "The client keeps min(this, 20,000) + 3,000 tokens of the context free and refuses prompts that do not fit; its "
          + "own 32,000 would leave 9,768 of 32,768. 2.1.330 makes a conversation shorter 13,000 tokens before that.",
        "claude-code.md §7 and §7a"),
      set(
        "CLAUDE_CODE_BLOCKING_LIMIT_OVERRIDE",
        String(blockingLimit(inContextOf: input.contextWindow)),
        "Clients before 2.1.330 do not keep to the context above, and the server cuts what is too long without a word: "
          + "with this 2.1.142 makes the conversation shorter, 2.1.81 and 2.1.1 say that it is too long.",
        "claude-code.md §7a, LongConversationTests"),
      set(
        "API_TIMEOUT_MS", "3600000",
        "A long first prompt on a CPU takes minutes; the limit is for the whole answer, and the client's own is 10 minutes.",
        "claude-code.md §7, TakenAwayLimitTests"),
      set(
        "CLAUDE_STREAM_IDLE_TIMEOUT_MS", "3600000",
        "2.1.330 drops a server that is silent for 357 s, or 300 s in mid-answer, and Ollama sends nothing before the first "
          + "token. (2.1.142 waits anyway; 2.1.81 and 2.1.1 leave after 300 s whatever they are told.)",
        "claude-code.md §7, ollama.md §2; no client takes less than 300 s, so no test waits for it"),
      Variable(
        name: "CLAUDE_CODE_MAX_RETRIES", action: .preset("3"),
        reason: "A server that is down is reported after 5 s instead of 187 s of silence.",
        source: "claude-code.md §9; 4.9 s measured with 3 retries, TakenAwayLimitTests"),
    ]
  }

  private static let cacheAndTraffic = [
    set(
      "CLAUDE_CODE_ATTRIBUTION_HEADER", "0",
      "The header at the start of the prompt changes: with it clients 2.1.142 and 2.1.81 evaluate 23,900 and 19,525 "
        + "tokens again every turn, 2.1.330 with every conversation.", "together.md §1"),
    set(
      "CLAUDE_CODE_DISABLE_TERMINAL_TITLE", "1",
      "Title requests cost one request a turn and wipe the prompt cache of servers before llama-server's host cache.",
      "together.md §1, TakenAwayOnATerminalTests"),
    set(
      "CLAUDE_CODE_ENABLE_PROMPT_SUGGESTION", "false",
      "Prompt suggestions are a second request with the full context every turn (2.1.81).",
      "together.md §1, TakenAwayOnATerminalTests"),
    set(
      "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1",
      "Nothing else leaves the machine: no DNS name is asked for; also 0.3 s faster to start. (2.1.81 alone asks raw.githubusercontent.com for its list of withdrawn plugins all the same, which no setting stops.)",
      "claude-code.md §4 and §7"),
    set(
      "CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL", "1",
      "At a terminal the first start fetches Anthropic's list of plugins from downloads.claude.ai and github.com all the same; plugins of yours stay. (2.1.1 does not know it.)",
      "TakenAwayTests: the names that each client asks for"),
    set(
      "CLAUDE_CODE_ENABLE_TELEMETRY", "0",
      "With OpenTelemetry switched on in a settings file every measured version reports the session to its collector, the prompts too where it is told so.",
      "TakenAwayTests: what the collector gets; 0 and empty both stop 2.1.330, 2.1.142, 2.1.81 and 2.1.1"
    ),
  ]

  private static func late(_ input: Input) -> [Variable] {
    switch input.lateSystemMessage {
    case .keep: []
    case .avoid:
      [
        set(
          "CLAUDE_CODE_MODEL_CAPABILITIES", "-mid_conv_system",
          "This model's template refuses a late system message with a 400, or drops it; so the text goes into the first "
            + "user message.", "together.md §4")
      ]
    }
  }

  private static let foreign =
    [
      "BEDROCK", "VERTEX", "FOUNDRY", "MANTLE", "ANTHROPIC_AWS", "ANTHROPIC_GOOGLE_CLOUD",
      "GATEWAY",
    ].map {
      unset(
        "CLAUDE_CODE_USE_\($0)", "Would send every request to another provider.",
        "claude-code.md §5a; emptied in the document: §5b")
    } + [
      unset(
        "ANTHROPIC_UNIX_SOCKET",
        "Would send every request to a socket. (Set in the user's settings file, clients 2.1.142 and 2.1.81 cannot be "
          + "talked out of it.)", "claude-code.md §5a; RealClientTests"),
      unset(
        "ANTHROPIC_CUSTOM_HEADERS",
        "Would add headers, an Authorization in the place of ours among them.",
        "claude-code.md §2 and §5a"),
      unset(
        "ANTHROPIC_BETAS", "Would ask for what the engine does not know.", "claude-code.md §5a"),
      unset(
        "CLAUDE_CODE_OAUTH_TOKEN",
        "A login token has no business at this server: as the only credential every measured version sends it there.",
        "claude-code.md §2; asked by ClientProbe"),
    ]
    + [
      "ENABLE_TOOL_SEARCH", "CLAUDE_CODE_DISABLE_EXPERIMENTAL_BETAS",
      "CLAUDE_CODE_SIMPLE_SYSTEM_PROMPT",
    ].map {
      unset(
        $0, "Would let the first prompt grow from 48 kB to 77 kB and more.",
        "claude-code.md §4; empty is as good as unset: 48,779 bytes (2.1.330), 102,840 (2.1.142)")
    }
    + ["BEDROCK", "VERTEX", "FOUNDRY", "AWS"].map {
      unset(
        "ANTHROPIC_\($0)_BASE_URL", "The address of a provider that is not used here.",
        "claude-code.md §5a: no effect was seen; taken away so that none can come")
    }
    + [
      unset(
        "ANTHROPIC_FOUNDRY_API_KEY", "The key of a provider that is not used here.",
        "claude-code.md §5a: taken away so that it cannot be sent")
    ]

  private static func proxies(_ input: Input) -> [Variable] {
    let hosts = directHosts(baseURL: input.baseURL)
    return ["NO_PROXY", "no_proxy"].map {
      Variable(
        name: $0,
        action: .append(
          hosts,
          document: input.settingsNoProxy.map { ([$0] + hosts).joined(separator: ",") }),
        reason: "With any proxy variable set, even requests to 127.0.0.1 go to the proxy.",
        source: "claude-code.md §5a")
    }
  }

  private static func settings(_ input: Input) -> [Setting] {
    var settings = [
      Setting(
        key: "apiKeyHelper", content: .text(""),
        reason: "A helper's key would be sent as a second credential.", source: "claude-code.md §5c"
      ),
      Setting(
        key: "permissions.disableAutoMode", content: .text("disable"),
        reason:
          "Auto mode asks a classifier with 144 kB a time and then refuses; any other mode of the person's stays.",
        source: "claude-code.md §6, TakenAwayOnATerminalTests"),
    ]
    if let available = input.availableModels {
      let ours = input.fableModel == input.model ? [input.model] : [input.model, input.fableModel]
      settings.append(
        Setting(
          key: "availableModels",
          content: .list(ours + available.filter { !ours.contains($0) }),
          reason:
            "A list in a settings file leaves ours out: the newest client complains, and takes the tiers' model where "
            + "`--model` names another one.",
          source: "claude-code.md §5c, RealClientTests; an empty list does not lift it"))
    }
    return settings
  }

  static let leanTools = Argument(
    text: "--tools=Bash,Edit,Read,Write,Glob,Grep",
    reason:
      "Six tools halve the first prompt (10,811 to 4,846 tokens); with `=`, since the option swallows a prompt.",
    source: "together.md §1")

  private static func set(_ name: String, _ value: String, _ reason: String, _ source: String)
    -> Variable
  {
    Variable(name: name, action: .set(value), reason: reason, source: source)
  }

  private static func unset(_ name: String, _ reason: String, _ source: String) -> Variable {
    Variable(name: name, action: .unset, reason: reason, source: source)
  }
}
