#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
/// The part of the `ollama` command that walk-throughs use: `serve`, `list`, `ps`, `pull`, `cp`, `create`,
/// `show`, `run`, `stop`, `rm` and `--version`.
///
/// `serve` is the stand-in itself; the others ask the server of `OLLAMA_HOST`. One thing is kinder than
/// the real command: `create NAME` without `-f` takes the Modelfile from standard input, where there is no
/// file `Modelfile` (the real one wants `-f /dev/stdin`).
///
/// - Parameter arguments: those behind the command's name.
/// - Returns: the exit code.
public func commandLine(
  arguments: [String], environment: [String: String],
  streams: CommandStreams = .standard
) async -> Int32 {
  do {
    try await OllamaCommand(
      environment: environment, client: OllamaClient(environment: environment), streams: streams
    ).run(arguments)
    return 0
  } catch let failure as OllamaClient.Failure {
    streams.errors("Error: \(failure.message)\n")
  } catch let failure as Modelfile.Failure {
    streams.errors("Error: \(failure.message)\n")
  } catch {
    streams.errors("Error: \(error)\n")
  }
  return 1
}

private struct OllamaCommand: Sendable {
  var environment: [String: String]
  var client: OllamaClient
  var streams: CommandStreams

  func run(_ arguments: [String]) async throws {
    let options = arguments.dropFirst().filter { $0.hasPrefix("-") && $0 != "-" }
    var names = arguments.dropFirst().filter { !$0.hasPrefix("-") || $0 == "-" }
    func first(_ what: String = "arg(s)") throws -> String {
      guard let name = names.first else {
        throw OllamaClient.Failure(message: "accepts 1 \(what), received 0")
      }
      return name
    }
    switch arguments.first {
    case "serve", "start":
      try await RehearsalServer(RehearsalConfiguration(environment: environment)).run()
    case "list", "ls": try await list(prefix: names.first ?? "")
    case "ps": try await running()
    case "pull": try await follow("/api/pull", ["model": .string(try first())])
    case "cp":
      guard names.count == 2 else {
        throw OllamaClient.Failure(message: "accepts 2 arg(s), received \(names.count)")
      }
      let (from, to) = (names[0], names[1])
      _ = try await client.ask(
        "POST", "/api/copy", ["source": .string(from), "destination": .string(to)])
      streams.output("copied '\(from)' to '\(to)'\n")
    case "create":
      // `-f FILE` and `--file FILE` take the word behind them.
      var file: String?
      if let at = arguments.firstIndex(where: { $0 == "-f" || $0 == "--file" }),
        arguments.indices.contains(at + 1)
      {
        file = arguments[at + 1]
        if let extra = names.firstIndex(of: arguments[at + 1]) { names.remove(at: extra) }
      }
      let modelfile = try Modelfile(try text(of: file))
      try await follow("/api/create", modelfile.request(for: try first()))
    case "show": try await show(try first(), options)
    case "run": try await talk(try first(), prompt: names.dropFirst().joined(separator: " "))
    case "stop":
      _ = try await client.ask(
        "POST", "/api/generate", ["model": .string(try first()), "keep_alive": 0])
    case "rm", "delete":
      _ = try first()
      for name in names {
        _ = try await client.ask("DELETE", "/api/delete", ["model": .string(name)])
        streams.output("deleted '\(name)'\n")
      }
    case "--version", "-v":
      let version = try await client.ask("GET", "/api/version")["version"]?.text ?? ""
      streams.output("ollama version is \(version)\n")
    case nil, "help", "--help", "-h":
      streams.output(
        "Usage:\n  ollama serve | list | ps | pull | cp | create | show | run | stop | rm | --version\n\n"
          + "This is the rehearsal stand-in for Ollama: there are no models behind it.\n")
    case let command?:
      throw OllamaClient.Failure(message: "unknown command \"\(command)\" for \"ollama\"")
    }
  }

  private func text(of file: String?) throws -> String {
    let isInput = file == "-" || file == "/dev/stdin"
    let bytes =
      isInput
      ? streams.input() : streams.file(file ?? "Modelfile") ?? (file == nil ? streams.input() : nil)
    guard let bytes, !bytes.isEmpty else {
      throw OllamaClient.Failure(message: "specified Modelfile wasn't found")
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Shows the lines of a pull or a create: each status once, a blob with its share.
  private func follow(_ path: String, _ body: JSON) async throws {
    var shown = ""
    try await client.lines("POST", path, body) { line in
      var status = line["status"]?.text ?? ""
      if let total = line["total"]?.int, total > 0 {
        status += ": \((line["completed"]?.int ?? 0) * 100 / total)% of \(Text.bytes(total))"
      }
      if status != shown { streams.errors(status + "\n") }
      shown = status
    }
  }

  private func list(prefix: String) async throws {
    let models = try await client.ask("GET", "/api/tags")["models"]?.elements ?? []
    let rows = models.filter {
      ($0["name"]?.text ?? "").lowercased().hasPrefix(prefix.lowercased())
    }.map { model in
      [
        model["name"]?.text ?? "", String((model["digest"]?.text ?? "").prefix(12)),
        Text.bytes(model["size"]?.int ?? 0), Text.time(model["modified_at"]?.text ?? ""),
      ]
    }
    streams.output(Text.table([["NAME", "ID", "SIZE", "MODIFIED"]] + rows))
  }

  private func running() async throws {
    let models = try await client.ask("GET", "/api/ps")["models"]?.elements ?? []
    let rows = models.map { model -> [String] in
      let size = model["size"]?.int ?? 0
      let video = model["size_vram"]?.int ?? 0
      let processor =
        video == 0
        ? "100% CPU"
        : video == size
          ? "100% GPU"
          : "\((size - video) * 100 / max(size, 1))%/\(video * 100 / max(size, 1))% CPU/GPU"
      return [
        model["name"]?.text ?? "", String((model["digest"]?.text ?? "").prefix(12)),
        Text.bytes(size), processor, String(model["context_length"]?.int ?? 0),
        Text.time(model["expires_at"]?.text ?? ""),
      ]
    }
    streams.output(
      Text.table([["NAME", "ID", "SIZE", "PROCESSOR", "CONTEXT", "UNTIL"]] + rows))
  }

  private func show(_ name: String, _ options: [String]) async throws {
    let model = try await client.ask("POST", "/api/show", ["model": .string(name)])
    for part in ["modelfile", "parameters", "template", "system", "license"]
    where options.contains("--\(part)") {
      streams.output((model[part]?.text ?? "") + "\n")
      return
    }
    let information = model["model_info"]
    let architecture = information?["general.architecture"]?.text ?? ""
    func number(_ key: String) -> String {
      information?["\(architecture).\(key)"]?.int.map(String.init) ?? ""
    }
    func section(_ header: String, _ rows: [[String]]) {
      guard !rows.isEmpty else { return }
      streams.output("  \(header)\n" + Text.table(rows.map { [""] + $0 }) + "\n")
    }
    section(
      "Model",
      [
        ["architecture", architecture],
        ["parameters", model["details"]?["parameter_size"]?.text ?? ""],
        ["context length", number("context_length")],
        ["embedding length", number("embedding_length")],
        ["quantization", model["details"]?["quantization_level"]?.text ?? ""],
      ])
    section("Capabilities", (model["capabilities"]?.elements ?? []).compactMap(\.text).map { [$0] })
    section(
      "Parameters",
      (model["parameters"]?.text ?? "").split(separator: "\n").map { line in
        line.split(whereSeparator: \.isWhitespace).map(String.init)
      })
    for part in ["system", "license"] {
      let lines = (model[part]?.text ?? "").split(separator: "\n").map { [String($0)] }
      section(part.prefix(1).uppercased() + part.dropFirst(), Array(lines.prefix(2)))
    }
  }

  private func talk(_ name: String, prompt: String) async throws {
    do {
      _ = try await client.ask("POST", "/api/show", ["model": .string(name)])
    } catch let failure as OllamaClient.Failure where failure.message.hasSuffix("not found") {
      try await follow("/api/pull", ["model": .string(name)])
    }
    var prompt = prompt
    if prompt.isEmpty { prompt = String(decoding: streams.input() ?? [], as: UTF8.self).trimmed }
    try await client.lines(
      "POST", "/api/generate", ["model": .string(name), "prompt": .string(prompt)]
    ) { line in
      streams.output(line["response"]?.text ?? "")
    }
    if !prompt.isEmpty { streams.output("\n\n") }
  }
}

/// How `ollama` writes tables, sizes and times.
enum Text {
  static func table(_ rows: [[String]]) -> String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      zip(row, widths).map { $0.padded(to: $1) + "    " }.joined() + "\n"
    }.joined()
  }

  /// `HumanBytes` of Ollama: thousands, one decimal below ten.
  static func bytes(_ count: Int) -> String {
    let units = [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "KB")]
    guard let (scale, unit) = units.first(where: { count >= $0.0 }) else { return "\(count) B" }
    if count / scale >= 10 || count % scale == 0 { return "\(count / scale) \(unit)" }
    let tenths = (Double(count) / Double(scale) * 10).rounded(.toNearestOrEven)
    return "\(Int(tenths) / 10).\(Int(tenths) % 10) \(unit)"
  }

  /// `HumanTime` of Ollama, from an RFC 3339 time in UTC.
  static func time(_ text: String, now: Date = Date()) -> String {
    guard let date = try? Date(text.prefix(19) + "Z", strategy: .iso8601) else { return "Never" }
    let delta = date.timeIntervalSince(now)
    if delta > 20 * 365 * 86_400 { return "Forever" }
    return words(abs(delta)) + (delta > 0 ? " from now" : " ago")
  }

  private static func words(_ seconds: Double) -> String {
    let minutes = Int(seconds / 60)
    let hours = Int((seconds / 3600).rounded())
    switch Int(seconds) {
    case ..<1: return "Less than a second"
    case 1: return "1 second"
    case ..<60: return "\(Int(seconds)) seconds"
    default: break
    }
    if minutes == 1 { return "About a minute" }
    if minutes < 60 { return "\(minutes) minutes" }
    if hours == 1 { return "About an hour" }
    if hours < 48 { return "\(hours) hours" }
    if hours < 24 * 14 { return "\(hours / 24) days" }
    if hours < 24 * 60 { return "\(hours / 24 / 7) weeks" }
    if hours < 24 * 365 * 2 { return "\(hours / 24 / 30) months" }
    return "\(Int(seconds / 3600) / 24 / 365) years"
  }
}
