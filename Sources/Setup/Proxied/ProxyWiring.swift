extension Choices {
  /// Writes the client's settings once more, with the proxy's address in the place of the engine's: what `claude-local`
  /// passes on when it goes through the proxy.
  ///
  /// A second `--settings` would replace the first, and a text in its place leaves a file in `/tmp` each time
  /// (docs/measurements/claude-code.md §5c), so it is one file in the state folder, which uninstall removes.
  ///
  /// - Parameter proxy: its base URL, without a trailing slash.
  /// - Returns: the base URL for the client, with what it wants after it.
  public func wire(through proxy: String, in world: World) throws(Failure) -> String {
    let folders = Folders(world.environment)
    let place = folders.clientSettings
    let bytes: [UInt8]
    do { bytes = try world.files.read(place) } catch {
      throw Failure(
        "claude-local's settings cannot be read", why: "\(place): \(error.reason)",
        tryNext: ["`ccl-setup fix` brings them back."])
    }
    guard var document = try? JSON.parse(String(decoding: bytes, as: UTF8.self)),
      var variables = document["env"], let base = variables["ANTHROPIC_BASE_URL"]?.text,
      base == engine.url || base.hasPrefix(engine.url + "/")
    else {
      throw Failure(
        "claude-local's settings do not name the engine",
        why: "\(place) has no ANTHROPIC_BASE_URL of \(printable(engine.url))",
        tryNext: ["`ccl-setup fix` writes them anew."])
    }
    let url = proxy + base.dropFirst(engine.url.count)
    variables["ANTHROPIC_BASE_URL"] = .string(url)
    document["env"] = variables
    let wanted = Array((document.pretty + "\n").utf8)
    do {
      // Sessions that run read the file again when it changes.
      if try world.files.readIfPresent(folders.proxyDocument) != wanted {
        try world.files.write(folders.proxyDocument, wanted, 0o600)
      }
    } catch {
      throw Failure(
        "The settings that name the proxy cannot be written",
        why: "\(error.path): \(error.reason)")
    }
    return url
  }
}
