import SystemPackage

/// The proxy that runs in the background, as `doctor` finds it.
struct ProxyFindings: Sendable {
  /// Where it listens.
  var url: String
  /// Where it says that it goes.
  var upstream: String
  /// What the engine answered to a request through it, or why nothing came of that; `nil` where it goes elsewhere.
  var passage: Result<String, Failure>?

  /// Reads what the proxy has left word of, and sends one request through it.
  /// - Returns: `nil` where none runs.
  static func ask(_ choices: Choices, in world: World) async -> ProxyFindings? {
    var found = await noted(in: world)
    if found == nil, let url = await ProxyInDocker.url(beside: choices.engine, in: world) {
      found = ProxyFindings(url: url, upstream: choices.engine.url)
    }
    guard var findings = found else { return nil }
    let url = findings.url
    guard findings.goes(to: choices.engine) else { return findings }
    do throws(Failure) {
      let world = try await world.reaching(url, by: choices.access)
      findings.passage = .success(try await answer(of: choices.engine, at: url, in: world))
    } catch {
      findings.passage = .failure(error)
    }
    return findings
  }

  /// The one in the background: a note that a killed one left behind names a port at which nothing listens.
  private static func noted(in world: World) async -> ProxyFindings? {
    let place = Folders(world.environment).proxy.appending("running.json")
    guard let text = world.files.text(place), let note = try? JSON.parse(text),
      let url = note["url"]?.text, let upstream = note["upstream"]?.text
    else { return nil }
    do {
      _ = try await world.network.exchange(WebRequest("GET", url + "/"))
    } catch {
      if case .refused = error { return nil }
    }
    return ProxyFindings(url: url, upstream: upstream)
  }

  private static func answer(
    of engine: Engine, at url: String, in world: World
  ) async throws(Failure) -> String {
    if engine.isOllama {
      let version = try await OllamaServer(url: url, network: world.network).version()
      return "/api/version says \(printable(version))"
    }
    let findings = try await ServerFindings.ask(url, in: world)
    return "/v1/models names \(findings.models.count)"
  }

  /// As addresses: whether a port is written out makes no difference.
  func goes(to engine: Engine) -> Bool {
    func plain(_ url: String) -> String {
      let url = url.lowercased()
      let (scheme, port) = url.hasPrefix("https://") ? ("https://", ":443") : ("http://", ":80")
      let host = url.dropFirst(scheme.count).prefix { $0 != "/" }
      guard host.hasSuffix(port) else { return url }
      return "\(scheme)\(host.dropLast(port.count))\(url.dropFirst(scheme.count + host.count))"
    }
    return plain(upstream) == plain(engine.url)
  }
}

extension Facts {
  /// Whether `claude-local` goes through the proxy, and whether that leads to the engine.
  var proxyCheck: Check {
    let title = "The proxy"
    func check(
      _ kind: Check.Kind, _ outcome: Check.Outcome, _ evidence: String,
      _ consequence: String? = nil,
      _ remedy: Remedy? = nil
    ) -> Check {
      Check(kind, .server, title, outcome, evidence, consequence: consequence, remedy: remedy)
    }
    if choices.proxied, !isProgramOnPath {
      return check(
        .proxyProgramMissing, .fail, "ccl-setup is not on the PATH",
        "claude-local cannot go through the proxy, and does not start.",
        Remedy(
          "Go straight to the engine, or put ccl-setup on the PATH", run: "ccl-setup proxy off"))
    }
    guard let proxy else {
      if !choices.proxied {
        return check(
          .proxy, .pass,
          "not wired in: claude-local goes straight to the engine, `claude-local --proxy` through a proxy"
        )
      }
      return check(
        .proxyStopped, .warn, "wired in, and none runs: claude-local starts one",
        nil, Remedy("Start it now", run: "ccl-setup proxy --detach"))
    }
    let wired = choices.proxied ? "wired in: " : "not wired in, but it runs: "
    let address = "\(printable(proxy.url)) goes to \(printable(proxy.upstream))"
    // `claude-local --proxy` would meet the same.
    let bad: Check.Outcome = choices.proxied ? .fail : .warn
    let again = Remedy("End it; claude-local starts another", run: "ccl-setup proxy stop")
    switch proxy.passage {
    case nil:
      return check(
        .proxyElsewhere, bad, wired + address,
        "\(choices.proxied ? "claude-local" : "claude-local --proxy") does not start.", again)
    case .success(let words): return check(.proxy, .pass, "\(wired)\(address): \(words)")
    case .failure(let failure):
      // An engine that is down is a finding of its own.
      if server == nil, surveyed?.findings == nil {
        return check(.proxy, .warn, "\(wired)\(address), which does not answer")
      }
      return check(
        .proxyBlocked, bad, "\(wired)\(address), and nothing comes through: \(failure.why)",
        "Requests that go through it fail.", again)
    }
  }
}
