#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The models in memory: one runner for each blob of weights, each with one slot and its prompt cache.
actor Scheduler {
  struct Load: Sendable {
    var blob: String
    /// What the runner is started with; another value for the same blob starts it anew.
    var options: [JSON.Member]
    /// The context asked for, and the one that it really gets.
    var asked: Int
    var context: Int
    var name: ModelName
    var digest: String
    var configuration: JSON
    var size: Int
    var sizeVRAM: Int
    var keepAlive: Duration
  }

  struct Lease: Sendable {
    var runner: Int
    /// Which hold on the slot it is: giving back the same hold twice does nothing.
    var hold: Int
    var loads: Int
  }

  struct Evaluation: Sendable {
    var evaluated: Int
    var cached: Int
  }

  private struct Runner {
    var id: Int
    var load: Load
    var slot: [Tokenizer.Token] = []
    /// Who has the slot; nil is nobody.
    var hold: Int?
    var expires: Date
    var lastUse: Date
  }

  private let dialect: Dialect
  private let pace: Pace
  private let limit: Int
  private let hasHostCache: Bool
  private var runners: [Runner] = []
  private var hostCache: [String: [[Tokenizer.Token]]] = [:]
  private var nextID = 0
  /// Who waits, and for which blob.
  private var queue: [(ticket: Int, blob: String)] = []

  init(dialect: Dialect, configuration: RehearsalConfiguration) {
    self.dialect = dialect
    pace = configuration.pace
    limit = max(configuration.maxLoadedModels, 1)
    hasHostCache = dialect.isNew && configuration.hostCache
  }

  /// Waits for the runner of that blob, (re)loading it where needed, and takes its slot.
  ///
  /// - Throws: `CancellationError` when the client went away first.
  func acquire(_ load: Load) async throws -> Lease {
    nextID += 1
    let ticket = nextID
    queue.append((ticket, load.blob))
    defer { queue.removeAll { $0.ticket == ticket } }
    while true {
      purge()
      // Requests for one blob are served in the order in which they came.
      if queue.first(where: { $0.blob == load.blob })?.ticket == ticket {
        if let index = runners.firstIndex(where: { $0.load.blob == load.blob }) {
          if runners[index].hold == nil {
            if runners[index].load.options == load.options,
              runners[index].load.context == load.context
            {
              runners[index].hold = ticket
              runners[index].load.keepAlive = load.keepAlive
              runners[index].lastUse = Date()
              return Lease(runner: runners[index].id, hold: ticket, loads: 0)
            }
            runners.remove(at: index)
            hostCache[load.blob] = nil
            continue
          }
        } else if runners.count < limit || evict() {
          return try await start(load)
        }
      }
      try await Task.sleep(for: .milliseconds(4))
    }
  }

  /// Counts what of the prompt must be evaluated, beyond what the slot and the host cache still hold.
  func evaluate(_ prompt: [Tokenizer.Token], on lease: Lease) -> Evaluation {
    guard let index = runners.firstIndex(where: { $0.id == lease.runner }) else {
      return Evaluation(evaluated: prompt.count, cached: 0)
    }
    if hasHostCache { exchange(index, for: prompt) }
    // The last token is always evaluated: without it there is nothing to answer to.
    let cached = min(common(runners[index].slot, prompt), prompt.count - 1)
    runners[index].slot = prompt
    return Evaluation(evaluated: prompt.count - cached, cached: cached)
  }

  /// Gives the slot back. What was generated stays in it behind the prompt.
  func release(_ lease: Lease, generated: [Tokenizer.Token]) {
    guard
      let index = runners.firstIndex(where: { $0.id == lease.runner && $0.hold == lease.hold })
    else { return }
    runners[index].slot += generated
    runners[index].hold = nil
    runners[index].lastUse = Date()
    runners[index].expires = Date().addingTimeInterval(seconds(runners[index].load.keepAlive))
    purge()
  }

  /// The runner is gone, as after a crash; the next request loads it again.
  func kill(_ lease: Lease) {
    if let index = runners.firstIndex(where: { $0.id == lease.runner && $0.hold == lease.hold }) {
      hostCache[runners[index].load.blob] = nil
      runners.remove(at: index)
    }
  }

  /// `keep_alive: 0` without a prompt.
  func unload(blob: String) {
    runners.removeAll { $0.load.blob == blob && $0.hold == nil }
  }

  /// What `/api/ps` lists, the one that stays longest first.
  func loaded() -> [(load: Load, expires: Date)] {
    purge()
    return runners.sorted { $0.expires > $1.expires }.map { ($0.load, $0.expires) }
  }

  private func start(_ load: Load) async throws -> Lease {
    nextID += 1
    let expires = Date().addingTimeInterval(seconds(load.keepAlive))
    runners.append(
      Runner(id: nextID, load: load, hold: nextID, expires: expires, lastUse: Date()))
    let lease = Lease(runner: nextID, hold: nextID, loads: 1)
    do {
      try await Task.sleep(for: pace.load)
    } catch {
      release(lease, generated: [])
      throw error
    }
    return lease
  }

  private func evict() -> Bool {
    let idle = runners.filter { $0.hold == nil }.min { $0.lastUse < $1.lastUse }
    guard let idle else { return false }
    runners.removeAll { $0.id == idle.id }
    hostCache[idle.load.blob] = nil
    return true
  }

  private func purge() {
    let now = Date()
    for runner in runners where runner.hold == nil && runner.expires <= now {
      hostCache[runner.load.blob] = nil
    }
    runners.removeAll { $0.hold == nil && $0.expires <= now }
  }

  /// llama-server's host prompt cache: a slot that a new prompt would mostly throw away is put by,
  /// and one put by earlier is taken back where it fits better.
  private func exchange(_ index: Int, for prompt: [Tokenizer.Token]) {
    let blob = runners[index].load.blob
    let slot = runners[index].slot
    guard !slot.isEmpty else { return }
    let shared = common(slot, prompt)
    var bestKept = Double(shared) / Double(slot.count)
    guard bestKept < 0.5 else { return }
    var cache = hostCache[blob] ?? []
    cache.removeAll { common($0, slot) == $0.count }
    cache.append(slot)
    var bestShared = shared
    var best: Int?
    for (position, state) in cache.enumerated() {
      let shared = common(state, prompt)
      let kept = Double(shared) / Double(state.count)
      if kept >= 0.25, kept > bestKept, shared > bestShared {
        (bestKept, bestShared, best) = (kept, shared, position)
      }
    }
    if let best { runners[index].slot = cache.remove(at: best) }
    hostCache[blob] = Array(cache.suffix(16))
  }

  private func common(_ a: [Tokenizer.Token], _ b: [Tokenizer.Token]) -> Int {
    let limit = min(a.count, b.count)
    return a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        var count = 0
        while count < limit, a[count] == b[count] { count += 1 }
        return count
      }
    }
  }

  /// For ever is 292 years, the longest that Go's durations reach.
  private func seconds(_ keepAlive: Duration) -> Double {
    keepAlive < .zero ? 9_223_372_036 : keepAlive.seconds
  }
}
