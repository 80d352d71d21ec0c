import Assets
public import SystemPackage

/// Where everything of ours lies: the XDG folders, or their defaults below the home folder.
public struct Folders: Sendable, Hashable {
  public var home: FilePath
  public var configurationBase: FilePath
  public var stateBase: FilePath
  public var dataBase: FilePath

  public init(_ environment: Environment) {
    home = environment.home
    // The specification says to ignore relative paths.
    func base(_ variable: String, _ fallback: String) -> FilePath {
      let named = environment.nonEmpty(variable).map { FilePath($0) }
      return named.flatMap { $0.isAbsolute ? $0 : nil } ?? environment.home.appending(fallback)
    }
    configurationBase = base("XDG_CONFIG_HOME", ".config")
    stateBase = base("XDG_STATE_HOME", ".local/state")
    dataBase = base("XDG_DATA_HOME", ".local/share")
  }

  public var configuration: FilePath { configurationBase.appending("ccl-setup") }
  public var state: FilePath { stateBase.appending("ccl-setup") }
  public var engine: FilePath { configuration.appending("engine") }
  /// The Compose file that gives the container NVIDIA cards; there only while it has them.
  public var graphicsOverlay: FilePath { engine.appending("docker-compose.gpu.yml") }
  public var modelfiles: FilePath { configuration.appending("models") }
  public var clientSettings: FilePath { configuration.appending("claude-settings.json") }
  public var proof: FilePath { state.appending("proof") }
  public var probe: FilePath { state.appending("probe") }
  public var clientContract: FilePath { state.appending("client-contract.json") }
  /// The client's own folder, where that was chosen.
  public var client: FilePath { state.appending("claude") }
  public var speed: FilePath { state.appending("speed.json") }
  func prefix(_ mode: ClientMode) -> FilePath { state.appending("prefix-\(mode.rawValue).json") }
  public var receipt: FilePath { state.appending("receipt.json") }
  /// The same again, for when that one is damaged.
  public var receiptCopy: FilePath { state.appending("receipt.copy.json") }
  public var proxy: FilePath { state.appending("proxy") }
  /// The client's settings with the proxy's address in them.
  public var proxyDocument: FilePath { proxy.appending("claude-settings.json") }
  public var lock: FilePath { state.appending("lock") }
  public var history: FilePath { state.appending("history") }
  public var nativeLog: FilePath { state.appending("ollama.log") }

  /// There only while uninstall removes its own state, the very last thing to go.
  var partingNote: FilePath { home.appending(".ccl-setup-leaves") }

  /// What lies in the state folder beside receipt and lock: uninstall removes it.
  var ownFiles: [FilePath] {
    [history, nativeLog, clientContract, speed] + ClientMode.allCases.map(prefix)
  }
  var ownTrees: [FilePath] { [proxy, proof, probe, client] }

  /// Where `man` looks for a person's own pages: beside `~/.local/bin`, when that is on the `PATH`.
  public var manual: FilePath {
    dataBase.appending("man").appending("man1").appending("ccl-setup.1")
  }

  /// The files from which a shell learns what Tab offers, beyond the one with the function, and what belongs in them.
  func completions(for shell: Shell) -> [(path: FilePath, content: Asset)] {
    guard shell == .fish else { return [] }
    let folder = configurationBase.appending("fish").appending("completions")
    return [
      (folder.appending("ccl-setup.fish"), .fishCompletion),
      (folder.appending("claude-local.fish"), .fishFunctionCompletion),
    ]
  }

  /// The file that holds the `claude-local` function: sourced by the rc block, or autoloaded by fish.
  public func function(for shell: Shell) -> FilePath {
    switch shell {
    case .bash, .zsh: configuration.appending("claude-local.\(shell.rawValue)")
    case .fish:
      configurationBase.appending("fish").appending("functions")
        .appending("claude-local.fish")
    }
  }
}
