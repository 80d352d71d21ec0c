import Assets
import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What can be recognised as ours where the receipt and its copy are lost.
///
/// A marked block says of itself what it is. A file counts only when it is, byte for byte, what we would write: one that its
/// owner has edited since is not to be told from one of theirs, and stays. A downloaded model stays too, since nothing
/// says that it was not there before.
struct Traces: Sendable {
  /// As if it had been kept: uninstall takes it back.
  private(set) var receipt: Receipt
  /// What lies where ours would, and is not recognised; what stays for want of knowledge.
  private(set) var unknown: [String] = []

  private let world: World
  private let folders: Folders

  /// - Parameter hadState: whether the state folder was there before this run looked.
  static func find(in world: World, hadState: Bool) async -> Traces {
    var traces = Traces(in: world)
    if hadState {
      traces.receipt.stateFolders = traces.foldersLikeOurs(above: traces.folders.state)
    }
    traces.findEngineFiles()
    await traces.findEngine()
    let derived = traces.findModelfiles()
    let settings = traces.findSettings()
    await traces.findModels(derived, on: settings?.server)
    traces.findFunctions(settings?.candidates ?? [])
    await traces.findBlocks()
    return traces
  }

  private init(in world: World) {
    self.world = world
    folders = Folders(world.environment)
    receipt = Receipt(tool: "")
    receipt.home = world.environment.home.string
  }

  private mutating func add(_ subject: String, _ undo: Undo) {
    guard receipt[subject] == nil else { return }
    receipt.entries.append(
      Receipt.Entry(
        subject: subject, title: undo.title, state: .done, undo: undo, at: world.clock.now()))
  }

  /// A file where one of ours would be.
  private mutating func add(_ path: FilePath, isOurs: ([UInt8]) -> Bool) {
    guard let bytes = try? world.files.read(path) else { return }
    guard isOurs(bytes) else {
      unknown.append("\(path) is not, or no longer, as ccl-setup writes it")
      return
    }
    add(
      "file:\(path)",
      .removeFile(
        path: path.string, after: Digest(of: bytes),
        folders: foldersLikeOurs(above: path)))
  }

  /// Folders between the home folder and this place that have the mode of those that we make. They are removed only if
  /// nothing is in them.
  private func foldersLikeOurs(above path: FilePath) -> [String] {
    var found: [String] = []
    var folder = path.removingLastComponent()
    while folder.starts(with: world.environment.home), folder != world.environment.home {
      guard (try? world.files.status(folder))?.mode == 0o700 else { break }
      found.append(folder.string)
      folder.removeLastComponent()
    }
    return found.reversed()
  }

  // MARK: - Engine

  private mutating func findEngineFiles() {
    for (name, asset) in [
      ("docker-compose.yml", Asset.compose), ("docker-compose.gpu.yml", .composeGraphics),
    ] {
      add(folders.engine.appending(name)) { $0 == asset.bytes }
    }
    add(folders.engine.appending(".env")) { bytes in
      let values = OSRelease(String(decoding: bytes, as: UTF8.self)).values
      guard let port = values["OLLAMA_PORT"].flatMap({ Int($0) }) else { return false }
      return ComposeProject.containers.contains {
        ComposeProject.variables(port: port, container: $0) == bytes
      }
    }
  }

  private mutating func findEngine() async {
    if await hasDocker(["ps", "--all"]) {
      add(
        "engine:docker",
        .stopEngine(
          // Compose then goes by the labels; a file of the working folder, or of a variable, would be taken for ours.
          commands: [
            Invocation(
              "docker", ["compose", "--project-name", "ccl-setup", "down"],
              without: ComposeProject.exported(world.environment), folder: "/")
          ],
          storage: [ComposeProject.storageRemoval]))
    } else if await hasDocker(["volume", "ls"]) {
      add("engine:docker", .stopEngine(commands: [], storage: [ComposeProject.storageRemoval]))
    }
    // A server that we started writes to our log.
    guard world.files.exists(folders.nativeLog) else { return }
    for name in (try? world.files.list("/proc")) ?? [] {
      guard let id = Int32(name),
        case .link(folders.nativeLog)? = try? world.files.status(FilePath("/proc/\(id)/fd/1"))?.kind,
        let program = world.files.text(FilePath("/proc/\(id)/cmdline"))?.split(separator: "\0")
          .first
      else { continue }
      add("engine:native", .endProcess(id: id, program: String(program)))
    }
  }

  /// Whether Docker knows something of our Compose project.
  private func hasDocker(_ list: [String]) async -> Bool {
    guard world.programs.find("docker") != nil else { return false }
    let call = Invocation(
      "docker", list + ["--quiet", "--filter", "label=com.docker.compose.project=ccl-setup"])
    guard let result = try? await world.programs.run(call, within: .seconds(5)) else {
      return false
    }
    return result.succeeded && !result.output.isEmpty
  }

  // MARK: - Models

  /// The names of the models that our Modelfiles are about.
  private mutating func findModelfiles() -> [ContextVariant] {
    var found: [ContextVariant] = []
    for name in (try? world.files.list(folders.modelfiles)) ?? [] {
      add(folders.modelfiles.appending(name)) { bytes in
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard lines.count == 2, lines[0].hasPrefix("FROM "),
          let window = lines[1].split(separator: " ").last.flatMap({ Int($0) })
        else { return false }
        let variant = ContextVariant(model: String(lines[0].dropFirst(5)), contextWindow: window)
        guard (try? variant.modelfile()) == bytes else { return false }
        found.append(variant)
        return true
      }
    }
    return found
  }

  private mutating func findModels(_ variants: [ContextVariant], on server: String?) async {
    guard let url = server, !variants.isEmpty else { return }
    for base in Set(variants.map(\.model)).sorted() {
      unknown.append(
        "nothing says whether the model \(base) was there before, so it stays: `ollama rm \(base)`"
      )
    }
    guard
      let models = try? await OllamaServer(url: url, network: world.network).models()
    else {
      unknown.append("\(url) does not answer, so its models stay")
      return
    }
    let digests = Dictionary(
      models.compactMap { model in (try? ModelName(model.name)).map { ($0, model.digest) } },
      uniquingKeysWith: { first, _ in first })
    for variant in variants {
      guard let name = try? variant.name(), let digest = digests[name] else { continue }
      let names = [name] + Tier.allCases.flatMap(\.anthropicNames).compactMap { try? ModelName($0) }
      for name in names where digests[name] == digest {
        add(
          Receipt.subject(ofModel: name.description, on: url),
          .deleteModel(server: url, name: name.description, bytes: nil))
      }
    }
  }

  // MARK: - Client and shells

  /// The settings that our document of the client follows from; of what it does not tell, every possibility.
  private mutating func findSettings() -> (server: String, candidates: [ClientSettings])? {
    guard let bytes = try? world.files.read(folders.clientSettings),
      let variables = (try? JSON.parse(bytes))?["env"],
      let address = variables["ANTHROPIC_BASE_URL"]?.text,
      let model = variables["ANTHROPIC_MODEL"]?.text,
      let window = variables["CLAUDE_CODE_MAX_CONTEXT_TOKENS"]?.text.flatMap({ Int($0) }),
      // What becomes of absurd figures is not ours to find out.
      (1...(1 << 30)).contains(window)
    else {
      add(folders.clientSettings) { _ in false }
      return nil
    }
    let configuration = FilePath(
      world.environment.nonEmpty("CLAUDE_CONFIG_DIR")
        ?? world.environment.home.appending(".claude").string)
    let own = world.files.text(configuration.appending("settings.json"))
      .flatMap { try? JSON.parse($0) }
    // Where the token lies is in no document, only that it is not in it.
    let access = ServerAccess(
      token: variables["ANTHROPIC_AUTH_TOKEN"] == nil ? .file(path: "") : nil,
      authority: variables["NODE_EXTRA_CA_CERTS"]?.text)
    let possible = Profile.allCases.flatMap { profile in
      ClientSettings.LateSystemMessage.allCases.map { late in
        var input = ClientSettings.Input(
          baseURL: address, model: model, contextWindow: window, profile: profile,
          lateSystemMessage: late, access: access, document: own,
          configurationFolder: variables["CLAUDE_CONFIG_DIR"]?.text)
        input.fableModel = variables["ANTHROPIC_DEFAULT_FABLE_MODEL"]?.text ?? model
        return ClientSettings(input)
      }
    }
    let candidates = possible.filter { (try? $0.document()).map { Array($0.utf8) } == bytes }
    add(folders.clientSettings) { _ in !candidates.isEmpty }
    // A client may have wanted its base URL with the version.
    let server = address.hasSuffix("/v1") ? String(address.dropLast(3)) : address
    return (server, possible)
  }

  private mutating func findFunctions(_ candidates: [ClientSettings]) {
    add(folders.manual) { $0 == Asset.manual.bytes }
    for shell in Shell.allCases {
      for (path, content) in folders.completions(for: shell) { add(path) { $0 == content.bytes } }
      add(folders.function(for: shell)) { [folders] bytes in
        candidates.contains { settings in
          [false, true].contains { isProxied in
            var settings = settings
            settings.isProxied = isProxied
            return Self.isFunction(bytes, shell, settings, folders)
          }
        }
      }
    }
  }

  /// Whether a file is our function, wherever the client was when it was written.
  private static func isFunction(
    _ bytes: [UInt8], _ shell: Shell, _ settings: ClientSettings, _ folders: Folders
  ) -> Bool {
    func lines(_ client: FilePath?) -> [Substring] {
      let text = try? settings.function(
        for: shell, document: folders.clientSettings, proxyDocument: folders.proxyDocument,
        client: client, home: folders.home)
      return text?.split(separator: "\n", omittingEmptySubsequences: false) ?? []
    }
    let found = String(decoding: bytes, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false)
    if found == lines(nil) { return true }
    let mark = "/the-client"
    let wanted = lines(FilePath(mark))
    return found.count == wanted.count
      && zip(found, wanted).allSatisfy { line, pattern in
        let places = pattern.ranges(of: mark)
        guard let first = places.first, let last = places.last else { return line == pattern }
        let start = pattern[..<first.lowerBound].split(separator: "'").first ?? ""
        return line.hasPrefix(start) && line.hasSuffix(pattern[last.upperBound...])
      }
  }

  private mutating func findBlocks() async {
    let startUp = StartupFiles(world.environment, zshFolder: await ZshFolder.ask(in: world))
    for shell in Shell.allCases {
      let read = startUp.toRead(for: shell)
      var contents: [FilePath: [UInt8]] = [:]
      for path in read { contents[path] = try? world.files.read(path) }
      let home = world.environment.home
      let files = read + startUp.targets(for: shell, contents).files + [home.appending(".zshrc")]
      for path in files where path.starts(with: home) || !read.contains(path) {
        guard let bytes = try? world.files.read(path) else { continue }
        let stripped = RCBlock.stripped(shell, from: bytes)
        guard stripped == nil || stripped?.lines.isEmpty == false else { continue }
        let found = try? FoundBlock(shell, in: FileLines(bytes))
        add(
          "file:\(path)",
          .removeBlock(
            path: path.string, shell: shell,
            fileWasMissing: found?.notes.contains(.fileMade) == true, folders: []))
      }
    }
  }
}
