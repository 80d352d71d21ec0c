import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The prompt with which the client begins every conversation, as it was captured in a folder of ours: without a
/// credential, and without anything of the person's.
struct ClientPrefix: Sendable, Hashable, Codable {
  /// What it depends on: the program, the model's name, the profile.
  var key: String
  /// Where it was captured: the client's own folder and its working folder in one.
  var folder: String
  /// The body of the request (JSON).
  var body: String

  /// The same prompt as it is sent from another folder, with an answer of one token.
  ///
  /// - Parameters:
  ///   - configuration: the client's configuration folder there.
  ///   - isRepository: whether that folder is in a git repository, which the prompt says.
  func filled(
    for workingFolder: FilePath, configuration: FilePath, isRepository: Bool
  ) throws(Failure) -> JSON {
    func inside(_ text: String) -> String {
      String(JSON.string(text).compact.dropFirst().dropLast())
    }
    var text = body
    // The client's name for a project's folder: everything but letters and digits becomes a dash.
    text.replace(inside(Self.project(folder)), with: inside(Self.project(workingFolder.string)))
    text.replace(inside("\(folder)/projects/"), with: inside("\(configuration)/projects/"))
    text.replace(inside(folder), with: inside(workingFolder.string))
    if isRepository {
      text.replace("Is a git repository: false", with: "Is a git repository: true")
    }
    guard var prompt = try? JSON.parse(Array(text.utf8)) else {
      throw Failure("The captured prompt cannot be read", why: "it is not JSON")
    }
    prompt["max_tokens"] = 1
    prompt["stream"] = true
    return prompt
  }

  private static func project(_ folder: String) -> String {
    String(folder.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
  }
}

/// How the client is run: its prompts differ from the first sentence on.
public enum ClientMode: String, Sendable, Hashable, Codable, CaseIterable {
  case interactive, print
}

/// Captures and keeps the prefix of one client.
struct PrefixCapture: Sendable {
  let world: World
  let choices: Choices
  let client: FilePath

  private func file(_ mode: ClientMode) -> FilePath { Folders(world.environment).prefix(mode) }

  /// The program itself, by place and size: another version is another prefix.
  private var key: String {
    let real = (try? world.files.resolve(client)) ?? client
    let size = (try? world.files.status(real))?.size ?? 0
    let model = (try? choices.clientModel()) ?? choices.model
    return "\(real):\(size) \(model) \(choices.contextWindow) \(choices.profile.rawValue)"
  }

  /// Whether a prefix was kept of a client as it was before: another version, model or profile.
  func isOutdated(_ mode: ClientMode) -> Bool {
    world.files.exists(file(mode)) && stored(mode) == nil
  }

  /// What was captured of this very client; one that cannot be read is none.
  func stored(_ mode: ClientMode) -> ClientPrefix? {
    guard let bytes = try? world.files.read(file(mode)),
      let prefix = try? JSONDecoder().decode(ClientPrefix.self, from: Data(bytes)),
      prefix.key == key
    else { return nil }
    return prefix
  }

  /// Lets the client talk to a listener of ours once, and keeps what it sent, for this user alone to read.
  ///
  /// - Parameter isBehind: whether somebody works with another client meanwhile, who gets the processor first.
  func capture(
    _ mode: ClientMode, isBehind: Bool,
    _ listen: @Sendable () async throws(Failure) -> ProbeListener
  ) async throws(Failure) -> ClientPrefix {
    // An uninstall finds all of it, or comes before it.
    let lock = try SetupLock.take(in: world)
    defer { lock.release() }
    let folder = Folders(world.environment).probe.appending(mode.rawValue)
    // Should it stay behind, the next one and uninstall remove it.
    defer { try? world.files.removeTree(folder) }
    do {
      _ = try world.files.makeFolder(folder)
      // No question about a theme or about trust; a parent's trust counts for all below it.
      try world.files.write(
        folder.appending(".claude.json"),
        Array(
          #"{"hasCompletedOnboarding":true,"projects":{"/":{"hasTrustDialogAccepted":true}}}"#.utf8),
        0o600)
    } catch {
      throw Failure(
        "The client's prompt could not be captured", why: "\(error.path): \(error.reason)")
    }
    let listener = try await listen()
    let call = try ClientCall(
      client,
      ClientSettings(choices, through: listener.url, demands: ClientDemands(nil), document: nil),
      in: folder, world)
    var run = mode == .print ? call(["-p", "hi"]) : onATerminal(call(["hi"]), folder)
    // At a terminal the client registers itself with the desktop (`mimeapps.list`): not in the person's home.
    run.environment["HOME"] = folder.string
    run.without += ["CONFIG", "DATA", "STATE", "CACHE"].map { "XDG_\($0)_HOME" }
    // Enough to stay out of the other one's way, and not so much that a busy machine never comes to it.
    if isBehind {
      run.arguments = ["-n", "5", run.program] + run.arguments
      run.program = "nice"
    }
    let sent = await listener.firstPrompt(
      of: run, in: world, within: .seconds(isBehind ? 90 : 30))
    if mode == .interactive { await clientEnds(folder) }
    guard var prompt = sent else {
      throw Failure(
        "The client's prompt could not be captured",
        why: "Claude Code sent none in time", tryNext: ["`ccl-setup doctor`"])
    }
    // An identity of the device and the session.
    prompt["metadata"] = nil
    let prefix = ClientPrefix(key: key, folder: folder.string, body: prompt.compact)
    do {
      try world.files.write(file(mode), Array(try JSONEncoder().encode(prefix)), 0o600)
    } catch {
      throw Failure("The client's prompt could not be kept", why: "\(file(mode)): \(error)")
    }
    return prefix
  }

  /// Interactively the client wants a terminal: the system's own `script` makes one.
  private func onATerminal(_ call: Invocation, _ folder: FilePath) -> Invocation {
    var run = call
    run.program = "script"
    let words = ([call.program] + call.arguments).map(shellQuoted).joined(separator: " ")
    let note = shellQuoted(processNote(folder).string)
    let command = "echo $$ >\(note); stty cols 100 rows 40; exec \(words)"
    run.arguments =
      switch world.environment.platform {
      case .linux: ["-qec", command, "/dev/null"]
      case .macOS: ["-q", "/dev/null", "/bin/sh", "-c", command]
      }
    if world.environment.nonEmpty("TERM") == nil { run.environment["TERM"] = "xterm-256color" }
    return run
  }

  private func processNote(_ folder: FilePath) -> FilePath { folder.appending("process") }

  /// Waits until the client has ended too: on its new terminal it is no child of ours, and on its way out it writes
  /// down its conversation, which would stay behind in a folder that was removed meanwhile.
  private func clientEnds(_ folder: FilePath) async {
    guard let note = world.files.text(processNote(folder)),
      let process = Int32(note.filter(\.isNumber)), process > 1
    else { return }
    world.programs.end(process)
    // Not cut short where the whole is called off: what it leaves is to be removed then as well.
    await Task {
      for _ in 0..<500 where world.programs.isRunning(process) {
        try? await world.clock.sleep(.milliseconds(20))
      }
    }.value
  }
}
