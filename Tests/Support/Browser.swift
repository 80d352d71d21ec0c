public import Setup
public import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A headless Chromium in a network of its own, with a profile that is thrown away.
public final class Browser: Sendable {
  /// Where what is downloaded goes.
  public let downloads: FilePath
  private let tools: DevTools
  private let program: RunningProgram

  public init(in network: Namespace) async throws {
    let folder = try TemporaryFolder.make("browser")
    downloads = try TemporaryFolder.make("downloads")
    let (commands, replies) = (folder.appending("commands"), folder.appending("replies"))
    var arguments = [
      "--headless", "--remote-debugging-pipe", "--user-data-dir=\(folder.appending("profile"))",
      "--no-first-run", "--no-default-browser-check", "--disable-gpu", "--disable-dev-shm-usage",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
      "--disable-extensions", "--force-color-profile=srgb", "--hide-scrollbars",
    ]
    // Its sandbox wants another user; what it opens is our own page, without a network.
    if Part.superuser.problem == nil { arguments.append("--no-sandbox") }
    let call = network.inside(
      .clean(
        "sh",
        ["-c", #"exec 3<"$1" 4>"$2" && shift 2 && exec "$@""#, "sh", commands.string]
          + [replies.string, "chromium"] + arguments + ["about:blank"],
        environment: ["HOME": folder.string, "LANG": "C.UTF-8"]))
    let log = folder.appending("log")
    for path in [commands, replies] {
      guard mkfifo(path.string, 0o600) == 0 else { throw Errno(rawValue: errno) }
    }
    program = try RunningProgram(call, output: log)
    do {
      tools = try DevTools(of: program, commands: commands, replies: replies)
      _ = try await tools.call(
        "Browser.setDownloadBehavior",
        ["behavior": "allow", "downloadPath": .string(downloads.string)])
    } catch {
      await program.end()
      throw DevTools.Refusal(description: "\(error)\n\(try text(of: log))")
    }
  }

  public func end() async { await program.end() }

  deinit { program.signal(9) }

  /// A new window of this size in pixels.
  public func window(
    width: Int = 1400, height: Int = 900, scheme: Window.Scheme = .light
  ) async throws -> Window {
    let target = try await tools.call("Target.createTarget", ["url": "about:blank"])
    let id = target["targetId"]?.text ?? ""
    let attached = try await tools.call(
      "Target.attachToTarget", ["targetId": .string(id), "flatten": true])
    let window = Window(tools, target: id, session: attached["sessionId"]?.text ?? "")
    for domain in ["Page", "Runtime", "Network", "Log"] {
      try await window.call("\(domain).enable")
    }
    try await window.resize(width: width, height: height)
    try await window.prefer(scheme)
    return window
  }
}

/// One page in a browser, seen and used as a person would.
public struct Window: Sendable {
  public enum Scheme: String, Sendable, CaseIterable { case light, dark }

  private let tools: DevTools
  private let target: String
  private let session: String

  init(_ tools: DevTools, target: String, session: String) {
    self.tools = tools
    self.target = target
    self.session = session
  }

  @discardableResult
  func call(_ method: String, _ parameters: JSON = .object([])) async throws -> JSON {
    try await tools.call(method, parameters, session: session)
  }

  public func close() async throws {
    _ = try await tools.call("Target.closeTarget", ["targetId": .string(target)])
  }

  public func resize(width: Int, height: Int) async throws {
    try await call(
      "Emulation.setDeviceMetricsOverride",
      [
        "width": .number("\(width)"), "height": .number("\(height)"), "deviceScaleFactor": 1,
        "mobile": false,
      ])
  }

  /// What the person has told their system.
  public func prefer(_ scheme: Scheme) async throws {
    try await call(
      "Emulation.setEmulatedMedia",
      ["features": [["name": "prefers-color-scheme", "value": .string(scheme.rawValue)]]])
  }

  /// Opens an address and waits until it has been read.
  public func open(_ url: String) async throws {
    let place = await tools.events.count
    let answer = try await call("Page.navigate", ["url": .string(url)])
    if let problem = answer["errorText"]?.text {
      throw DevTools.Refusal(description: "\(url): \(problem)")
    }
    _ = try await tools.event("Page.loadEventFired", session: session, after: place)
  }

  /// The value of an expression; a promise is waited for.
  @discardableResult
  public func evaluate(_ expression: String) async throws -> JSON {
    let answer = try await call(
      "Runtime.evaluate",
      ["expression": .string(expression), "awaitPromise": true, "returnByValue": true])
    if let problem = answer["exceptionDetails"] {
      let text = problem["exception"]?["description"]?.text ?? problem["text"]?.text
      throw DevTools.Refusal(description: "\(expression): \(text ?? problem.compact)")
    }
    return answer["result"]?["value"] ?? .null
  }

  /// Waits until the expression is true.
  public func wait(
    _ expression: String, within limit: Duration = .seconds(20)
  ) async throws {
    do {
      try await eventually(within: limit) {
        try await evaluate("Boolean(\(expression))").bool == true ? true : nil
      }
    } catch is TookTooLong {
      let text = try await evaluate("document.body.innerText").text ?? ""
      throw TookTooLong(description: "not so within \(limit): \(expression)\n\(text)")
    }
  }

  /// What a person reads in the first element that the selector names; empty if there is none.
  public func text(_ selector: String = "body") async throws -> String {
    try await evaluate("document.querySelector(\(quoted(selector)))?.innerText ?? ''").text ?? ""
  }

  /// A picture of what the window shows, as PNG.
  public func picture() async throws -> [UInt8] {
    let answer = try await call("Page.captureScreenshot", ["format": "png"])
    guard let data = Data(base64Encoded: answer["data"]?.text ?? "") else {
      throw DevTools.Refusal(description: "the picture is not base64")
    }
    return Array(data)
  }

  // MARK: - Hands

  /// Presses a key by its name in `KeyboardEvent.key`: `ArrowDown`, `Enter`, `j`…
  public func press(_ keys: String...) async throws {
    for key in keys {
      var parameters: JSON = ["type": "keyDown", "key": .string(key), "code": .string(key)]
      if let code = codes[key] { parameters["windowsVirtualKeyCode"] = .number("\(code)") }
      if key.count == 1 { parameters["text"] = .string(key) }
      if key == "Enter" { parameters["text"] = "\r" }
      try await call("Input.dispatchKeyEvent", parameters)
      parameters["type"] = "keyUp"
      parameters["text"] = nil
      try await call("Input.dispatchKeyEvent", parameters)
    }
  }

  /// Writes into what has the focus.
  public func type(_ text: String) async throws {
    try await call("Input.insertText", ["text": .string(text)])
  }

  /// Clicks the middle of the first element that the selector names.
  public func click(_ selector: String) async throws {
    let place = try await evaluate(
      """
      (() => { const e = document.querySelector(\(quoted(selector)));
        if (!e) throw Error('nothing to click'); e.scrollIntoView({ block: 'nearest' });
        const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()
      """)
    guard let point = place.elements, point.count == 2 else { return }
    for kind in ["mousePressed", "mouseReleased"] {
      try await call(
        "Input.dispatchMouseEvent",
        [
          "type": .string(kind), "x": point[0], "y": point[1], "button": "left", "clickCount": 1,
        ])
    }
  }

  // MARK: - What went on

  /// Every address that the page asked for, in order; data and blob addresses, which reach nobody, are left out.
  public func requests() async throws -> [String] {
    try await tools.events(["Network.requestWillBeSent"], session: session)
      .compactMap { $0.parameters["request"]?["url"]?.text }
      .filter { !$0.hasPrefix("data:") && !$0.hasPrefix("blob:") }
  }

  /// The addresses whose answers were an error or were refused by the browser.
  public func failures() async throws -> [String] {
    let events = try await tools.events(
      ["Network.requestWillBeSent", "Network.loadingFailed", "Network.responseReceived"],
      session: session
    ).map(\.parameters)
    return events.compactMap { event in
      if event["errorText"] != nil {
        let id = event["requestId"]
        return events.first { $0["requestId"] == id }?["request"]?["url"]?.text
      }
      guard let response = event["response"], response["status"]?.int ?? 0 >= 400 else {
        return nil
      }
      return response["url"]?.text
    }
  }

  /// What the browser complained about: errors of the script, what its policy forbade, what was not found.
  public func complaints() async throws -> [String] {
    try await tools.events(
      ["Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"], session: session
    ).compactMap { event in
      switch event.method {
      case "Runtime.exceptionThrown": event.parameters["exceptionDetails"]?.compact
      case "Log.entryAdded": event.parameters["entry"]?.compact
      default:
        ["error", "warning"].contains(event.parameters["type"]?.text)
          ? event.parameters["args"]?.compact : nil
      }
    }
  }

  /// What axe-core finds wrong with the page as it is now, an element each.
  /// - Parameter selector: looks only at the elements that it names.
  public func accessibilityErrors(in selector: String = "html") async throws -> [String] {
    if try await evaluate("typeof axe").text == "undefined" {
      try await evaluate(try Support.text(of: Part.axePath) + "; 0")
    }
    let found = try await evaluate(
      """
      axe.run(\(quoted(selector)), { resultTypes: ['violations'] }).then(result => result.violations.flatMap(v =>
        v.nodes.map(n => `${v.id} (${v.impact}): ${n.html.slice(0, 160)}: ${n.failureSummary}`)))
      """)
    return found.elements?.compactMap(\.text) ?? ["axe said nothing"]
  }
}

private func quoted(_ text: String) -> String { JSON.string(text).compact }

/// Windows' numbers of keys, by which a browser knows what a key without a character does.
private let codes = [
  "Enter": 13, "Escape": 27, "Tab": 9, "ArrowUp": 38, "ArrowDown": 40, "ArrowLeft": 37,
  "ArrowRight": 39, "Home": 36, "End": 35, "PageUp": 33, "PageDown": 34,
]
