import SystemPackage

extension OllamaAddress {
  /// Where this machine's Ollama is to be asked: what `OLLAMA_HOST` names; without it Ollama's own port, or the one that
  /// its systemd unit names where only that is in use (`systemctl edit ollama` is how people move it).
  static func here(in world: World) -> OllamaAddress {
    if let named = world.environment.nonEmpty("OLLAMA_HOST") { return OllamaAddress(named) }
    let standard = OllamaAddress("")
    guard world.network.isPortFree(standard.host, standard.port),
      let unit = hostOfUnit(in: world).map(OllamaAddress.init), unit.isLoopback,
      !world.network.isPortFree(unit.host, unit.port)
    else { return standard }
    return unit
  }

  /// The last `OLLAMA_HOST` of the unit and of what was added to it, as systemd reads them.
  private static func hostOfUnit(in world: World) -> String? {
    let unit: FilePath = "/etc/systemd/system/ollama.service"
    let folder: FilePath = "/etc/systemd/system/ollama.service.d"
    let added = ((try? world.files.list(folder)) ?? []).filter { $0.hasSuffix(".conf") }
    let texts = ([unit] + added.map { folder.appending($0) }).compactMap { world.files.text($0) }
    let lines = texts.flatMap { $0.split(whereSeparator: \.isNewline) }
    let name = "OLLAMA_HOST="
    return lines.compactMap { line -> String? in
      guard line.trimmed.hasPrefix("Environment="), let found = line.firstRange(of: name) else {
        return nil
      }
      return String(line[found.upperBound...].prefix { !"\"' ".contains($0) })
    }.last
  }
}
