import Setup
import Support
import SystemPackage

/// A home in which `claude` is a script that keeps its arguments and its environment, and `claude-local` is installed.
struct RecorderHome {
  let home: TemporaryHome
  /// `HOME` of the shells: below the temporary one where its name is part of the test.
  let folder: FilePath
  let settings: ClientSettings

  static let document = ".config/ccl-setup/claude-settings.json"
  static let proxyDocument = ".local/state/ccl-setup/proxy/claude-settings.json"

  init(
    _ settings: ClientSettings, named name: String? = nil, client: String? = ".local/bin/claude",
    recordedClient: String? = nil
  ) throws {
    self.settings = settings
    let home = try TemporaryHome()
    let folder = name.map { home[$0] } ?? home.path
    self.home = home
    self.folder = folder
    let prefix = name.map { $0 + "/" } ?? ""
    if let client {
      let script = """
        #!/bin/sh
        # RECORD is the test's; $0 tells which program ran.
        { printf '%s\\0' "$0" "$@"; } > "$RECORD.arguments"
        env -0 > "$RECORD.environment"
        printf 'pong\\n'
        exit "${FAKE_EXIT:-0}"
        """
      try home.put(.file(script, mode: 0o755), at: prefix + client)
    }
    try home.put(.file(settings.document()), at: prefix + Self.document)
    for shell in Shell.allCases {
      let text = try settings.function(
        for: shell, document: folder.appending(Self.document),
        proxyDocument: folder.appending(Self.proxyDocument),
        client: recordedClient.map { folder.appending($0) }, home: folder)
      try home.put(.file(text), at: prefix + Self.functionFile(shell))
    }
  }

  static func functionFile(_ shell: Shell) -> String {
    switch shell {
    case .bash, .zsh: ".config/ccl-setup/claude-local.\(shell.rawValue)"
    case .fish: ".config/fish/functions/claude-local.fish"
    }
  }

  /// What `claude` was given.
  struct Call {
    var program: String
    var arguments: [String]
    var environment: [String: String]
  }

  /// Runs lines of a shell in which the function is there; answers how it ended and the call of `claude`, if any.
  func run(
    _ shell: Shell, _ lines: String, options: [String] = [], environment: [String: String] = [:],
    preamble: String = ""
  ) async throws -> (result: ProgramResult, call: Call?) {
    let record = try TemporaryFolder.make("record").appending("call")
    var variables = home.environment
    variables["HOME"] = folder.string
    variables["PATH"] = "\(folder)/.local/bin:/usr/local/bin:/usr/bin:/bin"
    variables["RECORD"] = record.string
    variables.merge(environment) { $1 }
    // fish finds its function by itself.
    let source = shell == .fish ? "" : ". \"$HOME/\(Self.functionFile(shell))\"\n"
    let result = try await Invocation.clean(
      shell.rawValue, options + ["-c", preamble + source + lines], environment: variables,
      folder: folder
    ).run()
    guard let environmentBytes = try? bytes(of: FilePath("\(record).environment")) else {
      return (result, nil)
    }
    let words = words(try bytes(of: FilePath("\(record).arguments")))
    var found: [String: String] = [:]
    for entry in self.words(environmentBytes) {
      let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      found[String(parts[0])] = parts.count == 2 ? String(parts[1]) : ""
    }
    return (
      result, Call(program: words[0], arguments: Array(words.dropFirst()), environment: found)
    )
  }

  private func words(_ bytes: [UInt8]) -> [String] {
    bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast()
      .map { String(decoding: $0, as: UTF8.self) }
  }
}
