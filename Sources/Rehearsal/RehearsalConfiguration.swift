/// What the stand-in is, where it listens, and how fast and how well it works.
public struct RehearsalConfiguration: Sendable {
  /// A host to bind to and a port; port 0 lets the system choose a free one.
  public struct Listen: Sendable, Equatable {
    public var host: String
    public var port: Int

    public init(host: String = "127.0.0.1", port: Int = 11434) {
      self.host = host
      self.port = port
    }
  }

  /// The Ollama version it is: `0.32.15` or `0.14.3` (others speak as the nearer of the two).
  public var version: String
  public var listen: Listen
  /// The folder that keeps models over a restart; nil keeps them in memory only.
  public var models: String?
  /// The file to which each served request is appended, as one line of JSON; nil writes none.
  public var record: String?
  public var pace: Pace
  public var faults: [Fault]
  /// Models of the registry that say of themselves that they call tools, and talk instead, as small ones often do.
  public var talkers: Set<String> = []
  /// The models its registry has.
  public var catalogue: [CatalogueModel]
  /// `OLLAMA_CONTEXT_LENGTH`, in tokens; nil is unset.
  public var contextLength: Int?
  /// `OLLAMA_KEEP_ALIVE`; a negative duration is for ever.
  public var keepAlive: Duration
  /// `OLLAMA_MAX_LOADED_MODELS`.
  public var maxLoadedModels: Int
  /// Video memory in bytes. 0.32.15 chooses its default context by it; 0 is a machine without a GPU.
  public var videoMemory: Int
  /// Memory in bytes for one model; a model that needs more is refused. nil refuses none.
  public var memory: Int?
  /// `OLLAMA_NO_CLOUD`.
  public var noCloud: Bool
  /// Whether 0.32.15's host prompt cache is on (`LLAMA_ARG_CACHE_RAM=0` switches it off).
  public var hostCache: Bool
  /// Whether `/rehearsal/…` on loopback reads the record and sets faults.
  public var control: Bool

  public init(
    version: String = "0.32.15",
    listen: Listen = Listen(),
    models: String? = nil,
    record: String? = nil,
    pace: Pace = Pace(),
    faults: [Fault] = [],
    catalogue: [CatalogueModel] = CatalogueModel.library,
    contextLength: Int? = nil,
    keepAlive: Duration = .seconds(300),
    maxLoadedModels: Int = 3,
    videoMemory: Int = 0,
    memory: Int? = nil,
    noCloud: Bool = true,
    hostCache: Bool = true,
    control: Bool = true
  ) {
    self.version = version
    self.listen = listen
    self.models = models
    self.record = record
    self.pace = pace
    self.faults = faults
    self.catalogue = catalogue
    self.contextLength = contextLength
    self.keepAlive = keepAlive
    self.maxLoadedModels = maxLoadedModels
    self.videoMemory = videoMemory
    self.memory = memory
    self.noCloud = noCloud
    self.hostCache = hostCache
    self.control = control
  }
}

/// How long the stand-in takes for what takes a real server its time.
///
/// Sizes are true, the clock is not: a pull reports the true bytes of each blob, at a rate by which
/// the whole model arrives in ``pull``.
public struct Pace: Sendable, Equatable {
  /// A whole model's download.
  public var pull: Duration
  /// A model's way into memory.
  public var load: Duration
  /// Prompt evaluation, in tokens a second; 0 takes no time.
  public var promptRate: Double
  /// Answering, in tokens a second; 0 takes no time.
  public var answerRate: Double

  public init(
    pull: Duration = .milliseconds(1500), load: Duration = .milliseconds(50),
    promptRate: Double = 100_000, answerRate: Double = 200
  ) {
    self.pull = pull
    self.load = load
    self.promptRate = promptRate
    self.answerRate = answerRate
  }

  /// No waiting at all, but for the 60 ms between two lines of a pull.
  public static let instant = Pace(
    pull: .milliseconds(150), load: .zero, promptRate: 0, answerRate: 0)
}

extension RehearsalConfiguration {
  /// The configuration that Ollama's environment variables describe, as `ollama serve` reads them:
  /// `OLLAMA_HOST`, `OLLAMA_CONTEXT_LENGTH`, `OLLAMA_KEEP_ALIVE`, `OLLAMA_MODELS`,
  /// `OLLAMA_MAX_LOADED_MODELS`, `OLLAMA_NO_CLOUD`, `LLAMA_ARG_CACHE_RAM`; and the stand-in's own
  /// `CCL_REHEARSAL_VERSION`, `CCL_REHEARSAL_RECORD`, `CCL_REHEARSAL_FAULTS`, `CCL_REHEARSAL_VRAM` (bytes),
  /// `CCL_REHEARSAL_TALKERS` (models, with commas between).
  ///
  /// What cannot be read is passed over, as Ollama does.
  public init(environment: [String: String]) {
    self.init()
    func value(_ name: String) -> String? {
      let text = environment[name]?.trimmed ?? ""
      return text.isEmpty ? nil : text
    }
    func flag(_ name: String) -> Bool {
      value(name).map { !["0", "false", "f"].contains($0) } ?? false
    }
    version = value("CCL_REHEARSAL_VERSION") ?? version
    record = value("CCL_REHEARSAL_RECORD")
    listen = Listen(ollamaHost: value("OLLAMA_HOST") ?? "")
    models = value("OLLAMA_MODELS")
    contextLength = value("OLLAMA_CONTEXT_LENGTH").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
    keepAlive = value("OLLAMA_KEEP_ALIVE").flatMap(Duration.init(keepAlive:)) ?? keepAlive
    maxLoadedModels =
      value("OLLAMA_MAX_LOADED_MODELS").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
      ?? maxLoadedModels
    videoMemory = value("CCL_REHEARSAL_VRAM").flatMap { Int($0) } ?? 0
    noCloud = flag("OLLAMA_NO_CLOUD")
    hostCache = value("LLAMA_ARG_CACHE_RAM") != "0"
    faults = value("CCL_REHEARSAL_FAULTS").map(Fault.parse) ?? []
    talkers = Set(value("CCL_REHEARSAL_TALKERS")?.split(separator: ",").map(String.init) ?? [])
  }
}

extension RehearsalConfiguration.Listen {
  /// `OLLAMA_HOST`: `host`, `host:port`, `:port` or a URL; the port 11434 is left out.
  public init(ollamaHost text: String) {
    var rest = Substring(text)
    var port = 11434
    if let scheme = rest.firstRange(of: "://") {
      if rest[..<scheme.lowerBound] == "http" { port = 80 }
      if rest[..<scheme.lowerBound] == "https" { port = 443 }
      rest = rest[scheme.upperBound...]
    }
    rest = rest.prefix { $0 != "/" }
    if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("]"),
      rest.hasPrefix("[") || rest.firstIndex(of: ":") == colon
    {
      port = Int(rest[rest.index(after: colon)...]) ?? port
      rest = rest[..<colon]
    }
    if rest.hasPrefix("["), rest.hasSuffix("]") { rest = rest.dropFirst().dropLast() }
    self.init(host: rest.isEmpty ? "127.0.0.1" : String(rest), port: port)
  }
}

extension Duration {
  /// `keep_alive` as Ollama reads it: seconds as a number, or Go's `5m0s`; negative is for ever.
  ///
  /// nil where it is neither.
  public init?(keepAlive text: String) {
    if let seconds = Double(text) {
      self = .seconds(seconds)
      return
    }
    var rest = Substring(text)
    let negative = rest.hasPrefix("-")
    if negative || rest.hasPrefix("+") { rest = rest.dropFirst() }
    guard !rest.isEmpty else { return nil }
    let units = ["h": 3600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9]
    var seconds = 0.0
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isNumber || $0 == "." }
      let unit = rest[digits.endIndex...].prefix { !$0.isNumber && $0 != "." }
      guard let number = Double(digits), let scale = units[String(unit)] else { return nil }
      seconds += number * scale
      rest = rest[unit.endIndex...]
    }
    self = .seconds(negative ? -seconds : seconds)
  }

  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

extension String {
  var trimmed: String {
    String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
