public import Assets
public import SystemPackage

extension ClientSettings {
  /// The `env` of the document: what the process gets, repeated where a settings file could say otherwise.
  public var documentEnvironment: [(name: String, value: String)] {
    variables.compactMap { variable in
      switch variable.action {
      case .set(let value): (variable.name, value)
      case .unset: (variable.name, "")
      case .preset, .read: nil
      case .append(_, let value): value.map { (variable.name, $0) }
      }
    }
  }

  /// The `--settings` document (JSON).
  public func document() throws(TemplateError) -> String {
    let models = settings.flatMap { setting in
      if case .list(let models) = setting.content { models } else { [String]() }
    }
    return try render(
      .claudeSettings,
      [
        "available": .flag(!models.isEmpty),
        "models": .list(models.map { ["model": .text($0)] }),
        "env": .list(
          documentEnvironment.map { ["name": .text($0.name), "value": .text($0.value)] }),
      ])
  }

  /// The file with the function `claude-local` for one shell.
  ///
  /// - Parameters:
  ///   - document: where the `--settings` document lies. Below `home` it is written with `$HOME`, so that the file
  ///     works on every machine that shares it.
  ///   - proxyDocument: where the one lies that names the proxy, made by `ccl-setup proxy wire`.
  ///   - client: where the client was found, for the case that it is not on the `PATH` (an alias of the person's may
  ///     be what starts it).
  public func function(
    for shell: Shell, document: FilePath, proxyDocument: FilePath, client: FilePath?,
    home: FilePath
  ) throws(TemplateError) -> String {
    var lists: [String: [[String: Value]]] = [
      "set": [], "unset": [], "preset": [], "direct": [], "readFile": [], "readKeychain": [],
    ]
    for variable in variables {
      let name = Value.word(variable.name)
      switch variable.action {
      case .set(let value): lists["set"]?.append(["name": name, "value": .text(value)])
      case .unset: lists["unset"]?.append(["name": name])
      case .preset(let value): lists["preset"]?.append(["name": name, "value": .text(value)])
      case .read(.file(let path)):
        lists["readFile"]?.append(["name": name, "path": .path(FilePath(path), home: home)])
      case .read(.keychain(let service)):
        lists["readKeychain"]?.append(["name": name, "service": .text(service)])
      case .append(let hosts, _): lists["direct"] = hosts.map { ["host": .text($0)] }
      }
    }
    var values = lists.mapValues { Value.list($0) }
    values["folder"] = .list(state(home: home).map { [["state": .text($0)]] } ?? [])
    values["settings"] = .path(document, home: home)
    values["proxySettings"] = .path(proxyDocument, home: home)
    values["proxied"] = .flag(isProxied)
    values["arguments"] = .list(arguments.map { ["argument": .text($0.text)] })
    values["client"] = .list(client.map { [["path": .path($0, home: home)]] } ?? [])
    return try render(shell.functionTemplate, values) + (shell.completion?.text ?? "")
  }
}

extension ClientSettings {
  /// What a client that was never started finds in a folder of its own.
  private func state(home: FilePath) -> String? {
    guard variables.contains(where: { $0.name == "CLAUDE_CONFIG_DIR" }) else { return nil }
    return ClientState.answered(nil, home: home).compact
  }
}

extension Shell {
  fileprivate var functionTemplate: Asset {
    switch self {
    case .bash: .bashFunction
    case .zsh: .zshFunction
    case .fish: .fishFunction
    }
  }

  /// What follows the function in its file; fish looks for it in files of its own.
  fileprivate var completion: Asset? {
    switch self {
    case .bash: .bashCompletion
    case .zsh: .zshCompletion
    case .fish: nil
    }
  }
}

extension Value {
  /// A path as a shell file should name it: relative to `$HOME` where it lies below the home folder.
  static func path(_ path: FilePath, home: FilePath) -> Value {
    var relative = path
    return relative.removePrefix(home) && !relative.isEmpty
      ? .homePath(relative.string) : .text(path.string)
  }
}
