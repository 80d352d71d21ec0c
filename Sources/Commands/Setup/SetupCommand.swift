import ArgumentParser
import Live
import Setup
import SystemPackage

/// `ccl-setup` without a subcommand: the wizard, or with flags the same without a person.
struct SetupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "setup",
    abstract: "Set everything up: the wizard, or with flags without a person.",
    discussion: """
      Without flags it asks; Return takes the recommended answer. --yes takes all of them, --answers FILE reads them \
      from a JSON object with the keys engine, model, context, profile, client-folder, shells and proxy.
      """)

  @OptionGroup var options: SetupOptions

  func run() async throws { try await options.run(in: .live) }
}

/// The flags of the setup; one for every question.
struct SetupOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where the model runs: docker, native, or the URL of a server: an Ollama elsewhere, vLLM, llama.cpp, LM Studio.",
      valueName: "docker|native|URL"))
  var engine: String?
  @Option(
    help: ArgumentHelp(
      "Send the server's token from this file, which only you may read.", valueName: "file"))
  var tokenFile: String?
  @Option(
    help: ArgumentHelp("Send the server's token from the macOS keychain.", valueName: "service"))
  var tokenKeychain: String?
  @Option(
    help: ArgumentHelp(
      "Trust the authority that signed the server's certificate: a PEM file.", valueName: "file"))
  var ca: String?
  @Option(help: "The model, as the Ollama library or the server names it.") var model: String?
  @Option(help: "The context window: 64k, 65536.") var context: String?
  @Option(
    help: ArgumentHelp("How many tools Claude Code offers the model.", valueName: "full|lean"))
  var profile: String?
  @Option(
    help: ArgumentHelp(
      "Share the client's settings and history, or keep claude-local's in a folder of its own, without the first start's questions.",
      valueName: "yours|own"))
  var clientFolder: String?
  @Option(help: "The shells that get claude-local: bash,zsh,fish, all or none.") var shells: String?
  @Option(
    help: ArgumentHelp(
      "Let claude-local always go through `ccl-setup proxy`, or not any more.", valueName: "on|off")
  )
  var proxy: String?
  @Option(help: ArgumentHelp("Read answers from a JSON file.", valueName: "file")) var answers:
    String?
  @Flag(
    name: [.customShort("y"), .long], help: "Take the recommended answer to every open question.")
  var yes = false
  @Flag(help: "Show the plan and change nothing.") var dryRun = false
  @Flag(help: "Print documents on stdout and prose on stderr.") var json = false
  @Flag(help: "Neither ask the real client what it sends nor prove the setup through it.")
  var noVerify = false
  @Flag(help: "Do not have the model read Claude Code's own prompt beforehand.") var noWarm = false

  func validate() throws {
    if tokenFile != nil, tokenKeychain != nil {
      throw ValidationError("A token has one place: --token-file or --token-keychain.")
    }
  }

  /// How the server is reached, as far as flags say; `nil` where none does.
  private func access(_ environment: Setup.Environment) -> ServerAccess? {
    func absolute(_ path: String) -> String {
      path.hasPrefix("/") ? path : environment.workingFolder.appending(path).string
    }
    let access = ServerAccess(
      token: tokenFile.map { .file(path: absolute($0)) }
        ?? tokenKeychain.map { .keychain(service: $0) },
      authority: ca.map(absolute))
    return access.isEmpty ? nil : access
  }

  func run(in world: World, rehearsal: String? = nil) async throws {
    let console = Console(
      isJSON: json, variables: world.environment.variables,
      mark: rehearsal == nil ? nil : "REHEARSAL: a stand-in, no real model")
    try await report(on: console) {
      let isAsking = !yes && answers == nil && !json && !dryRun
      guard !isAsking || Console.isInteractive else {
        throw Failure(
          "There is nobody to ask", why: "the wizard needs a terminal on stdin and stdout",
          tryNext: [
            "`ccl-setup --yes` takes the recommended answers.",
            "`ccl-setup --dry-run` shows what they would do.",
          ], code: .usage)
      }
      let session = SetupSession(
        in: world, console: console, access: access(world.environment), isAsking: isAsking,
        isDryRun: dryRun, isVerifying: !noVerify, isWarming: !noWarm, rehearsalURL: rehearsal)
      return try await session.run(given: try given(in: world))
    }
  }

  /// The answers that flags and the answers file give, as texts; flags win.
  private func given(in world: World) throws(Failure) -> [Question.ID: String] {
    var texts =
      try answers.map { path throws(Failure) in
        try AnswersFile.read(path, in: world)
      } ?? [:]
    let flags: [(Question.ID, String?)] = [
      (.engine, engine), (.model, model), (.context, context), (.profile, profile),
      (.clientFolder, clientFolder), (.shells, shells), (.proxy, proxy),
    ]
    for (id, text) in flags { if let text { texts[id] = text } }
    return texts
  }
}
