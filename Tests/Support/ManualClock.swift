import Setup
import Synchronization

#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

/// A clock that stands still until the test moves it.
public final class ManualClock: Sendable {
  private struct State {
    var elapsed: Duration = .zero
    var sleepers: [Int: Sleeper] = [:]
    var nextID = 0
  }
  private struct Sleeper {
    var until: Duration
    var wake: CheckedContinuation<Void, any Error>
  }
  private let start: Date
  private let state = Mutex(State())

  /// Starts at 2026-01-01 00:00:00 UTC.
  public init(start: Date = Date(timeIntervalSince1970: 1_767_225_600)) { self.start = start }

  /// The time since the start.
  public var elapsed: Duration { state.withLock { $0.elapsed } }
  /// How many tasks sleep on this clock now.
  public var sleepers: Int { state.withLock { $0.sleepers.count } }

  /// Moves the time on and wakes whoever's time has come.
  public func advance(by duration: Duration) {
    let woken = state.withLock { state in
      state.elapsed += duration
      let due = state.sleepers.filter { $0.value.until <= state.elapsed }
      for id in due.keys { state.sleepers[id] = nil }
      return due.values.sorted { $0.until < $1.until }
    }
    for sleeper in woken { sleeper.wake.resume() }
  }

  /// Waits until at least `count` tasks sleep on this clock (in real time: the other tasks have to get there).
  public func waitForSleepers(_ count: Int) async {
    while sleepers < count, !Task.isCancelled {
      try? await ContinuousClock().sleep(for: .milliseconds(1))
    }
  }

  /// Waits until `count` tasks sleep for exactly this long from now on (in real time).
  public func waitForSleep(of duration: Duration, count: Int = 1) async {
    while !Task.isCancelled {
      let isThere = state.withLock { state in
        state.sleepers.values.count { $0.until == state.elapsed + duration } >= count
      }
      if isThere { return }
      try? await ContinuousClock().sleep(for: .milliseconds(2))
    }
  }

  func sleep(for duration: Duration) async throws {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { wake in
        let ends: Result<Void, any Error>? = state.withLock { state in
          if Task.isCancelled { return .failure(CancellationError()) }
          if duration <= .zero { return .success(()) }
          state.sleepers[id] = Sleeper(until: state.elapsed + duration, wake: wake)
          return nil
        }
        if let ends { wake.resume(with: ends) }
      }
    } onCancel: {
      let sleeper = state.withLock { $0.sleepers.removeValue(forKey: id) }
      sleeper?.wake.resume(throwing: CancellationError())
    }
  }

  var clock: Setup.Clock {
    Setup.Clock(
      now: { [self] in start.addingTimeInterval(elapsed / .seconds(1)) },
      sleep: { [self] in try await sleep(for: $0) })
  }
}
