#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The state of a download as one number for the whole model, built from Ollama's lines, which count each blob alone.
///
/// Traps (measured): `completed` is left out when 0; a blob's last line often stays below its total; a blob that
/// takes under 60 ms gives no line; the big blob is not necessarily first.
public struct PullProgress: Sendable, Hashable {
  public enum Phase: Sendable, Hashable {
    case asking, downloading, verifying, finishing, done
  }
  public private(set) var phase = Phase.asking
  /// The size of all blobs as the registry gave it beforehand; else what the lines named so far.
  public var expected: UInt64?
  private var blobs: [String: Blob] = [:]
  private var current: String?

  private struct Blob: Hashable {
    var total: UInt64
    var completed: UInt64
  }

  public init(expected: UInt64?) { self.expected = expected }

  /// Bytes that are here, of `total`.
  public var completed: UInt64 {
    if phase == .done { return total }
    return min(blobs.values.reduce(0) { $0 + $1.completed }, total)
  }
  public var total: UInt64 { max(expected ?? 0, blobs.values.reduce(0) { $0 + $1.total }) }

  /// The same download, asked for anew after a cut: the server keeps what had come.
  var resumed: PullProgress {
    var resumed = self
    resumed.phase = .asking
    resumed.current = nil
    return resumed
  }

  /// No blob is larger (1 PB), so that a sum of absurd figures cannot overflow.
  private static let largestBlob: UInt64 = 1 << 50
  private static let mostBlobs = 4096

  /// Takes in one line of the stream; throws the error that a line carries.
  mutating func receive(_ line: [UInt8]) throws(Failure) {
    struct Line: Decodable {
      var status: String?
      var digest: String?
      var total: UInt64?
      var completed: UInt64?
      var error: String?
    }
    let said: Line
    do { said = try JSONDecoder().decode(Line.self, from: Data(line)) } catch {
      throw Failure(
        "The download's progress could not be understood",
        why:
          "the server sent “\(printable(String(String(decoding: line, as: UTF8.self).prefix(80))))”",
        tryNext: [
          "Is a captive portal or another program answering? Open the server's address in a browser."
        ])
    }
    if let error = said.error {
      throw Failure("The model could not be pulled", why: reason(printable(error)))
    }
    // After its last word a stream has nothing to say.
    guard phase != .done else { return }
    let status = said.status ?? ""
    if let digest = said.digest, blobs[digest] != nil || blobs.count < Self.mostBlobs {
      phase = .downloading
      if let current, current != digest { finish(current) }
      current = digest
      var blob = blobs[digest] ?? Blob(total: 0, completed: 0)
      blob.total = max(blob.total, min(said.total ?? 0, Self.largestBlob))
      blob.completed = max(blob.completed, min(said.completed ?? 0, blob.total))
      blobs[digest] = blob
    } else if status.hasPrefix("verifying") {
      finishAll()
      phase = .verifying
    } else if status == "success" {
      finishAll()
      phase = .done
    } else if status.hasPrefix("writing") || status.hasPrefix("removing") {
      phase = .finishing
    }
  }

  private mutating func finish(_ digest: String) {
    if let blob = blobs[digest] { blobs[digest]?.completed = blob.total }
  }

  private mutating func finishAll() {
    for digest in blobs.keys { finish(digest) }
  }
}

extension OllamaServer {
  /// Longest silence in a pull before it counts as stalled and is taken up again (Ollama resumes by itself).
  static let stall = Duration.seconds(45)
  static let attempts = 5

  /// Downloads a model, going on after cuts and stalls; `report` gets each state and each interruption.
  public func pull(
    _ model: String, expected: UInt64?, clock: Clock,
    report: @escaping @Sendable (PullEvent) -> Void
  ) async throws(Failure) {
    var last = Failure("The model could not be pulled", why: "no attempt was made")
    var best: UInt64 = 0
    var attempt = 0
    var state = PullProgress(expected: expected)
    while attempt < Self.attempts {
      attempt += 1
      let progress = Shared(state.resumed)
      do {
        try await pullOnce(model, progress, report)
        if progress.value.phase == .done { return }
        // A stream that ends without its last word was cut.
        last = failure(.cut(url))
      } catch {
        guard error.isPassing else { throw pullFailure(error.failure, model) }
        last = error.failure
      }
      state = progress.value
      let reached = state.completed
      // Progress since the last cut earns fresh attempts: a bad line must not end a long download.
      if reached > best {
        best = reached
        attempt = 1
      }
      if attempt < Self.attempts {
        report(.interrupted(last, again: attempt))
        do { try await clock.sleep(.seconds(min(1 << attempt, 8))) } catch {
          throw pullFailure(Self.interruption, model)
        }
      }
    }
    throw pullFailure(last, model)
  }

  private func pullOnce(
    _ model: String, _ progress: Shared<PullProgress>,
    _ report: @escaping @Sendable (PullEvent) -> Void
  ) async throws(Interruption) {
    let lines = Shared(LineSplitter())
    do {
      let request = request("POST", "/api/pull", ["model": .string(model)], limit: Self.stall)
      let status = Shared(0)
      try await network.stream(request) { head in
        status.update { $0 = head.status }
      } _: { bytes in
        let whole = lines.update { $0.split(bytes) }
        for line in whole {
          if status.value != 200 { throw refusal(status.value, line) }
          try progress.update { progress throws(Failure) in try progress.receive(line) }
        }
        report(.progress(progress.value))
      }
      if let rest = lines.value.rest {
        if status.value != 200 { throw refusal(status.value, rest) }
        try progress.update { progress throws(Failure) in try progress.receive(rest) }
        report(.progress(progress.value))
      }
    } catch let failure as Failure {
      throw Interruption(failure: failure, isPassing: false)
    } catch let problem as NetworkProblem {
      let isPassing =
        switch problem {
        case .cut, .tookTooLong: true
        default: progress.value.completed > 0
        }
      throw Interruption(failure: failure(problem), isPassing: isPassing)
    } catch is CancellationError {
      throw Interruption(failure: Self.interruption, isPassing: false)
    } catch {
      throw Interruption(
        failure: Failure("The pull was interrupted", why: "\(error)"), isPassing: false)
    }
  }

  private static let interruption = Failure(
    "The pull was interrupted", why: "you asked for it",
    tryNext: ["Run the same command again: it goes on from what is here already."],
    code: .interrupted)

  private struct Interruption: Error {
    var failure: Failure
    var isPassing: Bool
  }

  private func refusal(_ status: Int, _ body: [UInt8]) -> Failure {
    struct Refusal: Decodable { var error: String }
    let words = try? JSONDecoder().decode(Refusal.self, from: Data(body)).error
    return Failure(
      "The model could not be pulled",
      why:
        "\(url) answered \(status): \(printable(words ?? String(decoding: body.prefix(200), as: UTF8.self)))"
    )
  }

  /// The server's words, with what to do about them.
  private func pullFailure(_ failure: Failure, _ model: String) -> Failure {
    var told = failure
    told.what = "The model \(printable(model)) could not be pulled"
    let words = failure.why
    if words.contains("file does not exist") {
      told.tryNext = [
        "The registry has no such model: check the name, with its tag, at https://ollama.com/library"
      ]
    } else if words.contains("digest mismatch") {
      told.tryNext = [
        "The download was damaged on its way: run the same command again, it fetches that part anew."
      ]
    } else if words.contains("no such host") || words.contains("lookup ")
      || words.contains("connection refused") || words.contains("i/o timeout")
    {
      told.tryNext = [
        "The server cannot reach the registry: check its network and proxy, then run the same command again; what is here already is kept.",
        "`ccl-setup rehearse` shows the whole way without a network.",
      ]
    } else if words.contains("no space left") {
      told.tryNext = ["Free disk space where the models lie, then run the same command again."]
    } else if told.tryNext.isEmpty {
      told.tryNext = [
        "Run the same command again: what is here already is kept.", "`ccl-setup logs`",
      ]
    }
    return told
  }
}

/// What a pull tells while it runs.
public enum PullEvent: Sendable {
  case progress(PullProgress)
  /// It was cut or stalled, and is taken up again.
  case interrupted(Failure, again: Int)
}

/// A server's words, or that it had none.
private func reason(_ words: String) -> String {
  words.isEmpty ? "the server gave no reason" : words
}

/// Cuts a byte stream into its lines.
struct LineSplitter: Sendable {
  private var buffer: [UInt8] = []

  /// The lines that these bytes complete, without their line ends, empty ones left out.
  mutating func split(_ bytes: [UInt8]) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    for byte in bytes {
      if byte == 0x0a {
        if !buffer.isEmpty { lines.append(buffer) }
        buffer.removeAll(keepingCapacity: true)
      } else if buffer.count < 1 << 20 {
        buffer.append(byte)
      }
    }
    return lines
  }

  /// What came after the last line end.
  var rest: [UInt8]? { buffer.isEmpty ? nil : buffer }
}
