import NIOCore
import NIOPosix
import Synchronization

/// Takes exchanges from the event loops and does everything with them that is not traffic, on a thread of its own.
///
/// An event loop only appends to a list. The thread empties the list every few milliseconds while there is traffic and is
/// woken by the first exchange after a pause. The list is bounded: when the disk cannot keep up, bodies are left out
/// (and the record says so) rather than traffic held back or memory filled.
final class Recorder: Sendable {
  private struct Queue {
    var parcels: [Parcel] = []
    var weight = 0
    /// The thread will look by itself.
    var isExpected = false
    /// Connections that wait until the thread has caught up.
    var waiting: [EventLoopPromise<Void>] = []
  }

  private let queue = Mutex(Queue())
  private let lastID: Atomic<Int>
  private let onTheirWay = Atomic<Int>(0)
  private let group: MultiThreadedEventLoopGroup
  private let keeper: NIOLoopBoundBox<Keeper>
  let keepsBodies: Bool
  private let watched = Atomic(false)
  /// Somebody wants to know of exchanges before they end.
  var isWatched: Bool { watched.load(ordering: .relaxed) }
  let loop: any EventLoop

  /// Bytes that wait for the thread before connections are held back for it.
  private static let comfort = 12 << 20
  /// Bytes that may wait for the thread at all.
  private static let limit = 64 << 20
  /// How long a connection waits for the thread at most.
  private static let patience = TimeAmount.milliseconds(250)
  private static let pause = TimeAmount.milliseconds(1)

  init(_ configuration: ProxyConfiguration, console: @escaping Console) throws {
    group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    loop = group.next()
    let file = try configuration.record.map {
      try RecordFile(path: $0, rotation: configuration.rotation)
    }
    lastID = Atomic(file?.lastID ?? 0)
    keepsBodies = true
    keeper = NIOLoopBoundBox.makeBoxSendingValue(
      Keeper(configuration, file: file, console: console), eventLoop: loop)
  }

  func nextID() -> Int { lastID.add(1, ordering: .relaxed).newValue }

  /// - Returns: how many other exchanges are on their way.
  func began() -> Int { onTheirWay.add(1, ordering: .relaxed).oldValue }

  /// - Returns: whether the thread is behind, so that the connection should wait for it.
  func accept(_ parcel: Parcel) -> Bool {
    if parcel.facts != nil { onTheirWay.subtract(1, ordering: .relaxed) }
    let (wakes, isBehind) = queue.withLock { queue in
      var parcel = parcel
      if queue.weight + parcel.weight > Self.limit, parcel.weight > 4096 {
        parcel.lostBytes =
          parcel.request.reduce(0) { $0 + $1.readableBytes }
          + parcel.response.reduce(0) { $0 + $1.readableBytes }
        parcel.request = []
        parcel.response = []
        parcel.weight = 4096
      }
      queue.weight += parcel.weight
      queue.parcels.append(parcel)
      defer { queue.isExpected = true }
      return (!queue.isExpected, queue.weight > Self.comfort)
    }
    if wakes { loop.execute { self.empty() } }
    return isBehind
  }

  /// Keeps `promise` when the thread has caught up, or when that takes too long.
  func tellWhenCaughtUp(_ promise: EventLoopPromise<Void>) {
    let isWaiting = queue.withLock { queue in
      if queue.weight > Self.comfort { queue.waiting.append(promise) }
      return queue.weight > Self.comfort
    }
    guard isWaiting else { return promise.succeed() }
    promise.futureResult.eventLoop.scheduleTask(in: Self.patience) { promise.succeed() }
  }

  /// Runs on the recorder's thread.
  private func empty() {
    let (parcels, weight) = queue.withLock { queue in
      let taken = (queue.parcels, queue.weight)
      queue.parcels = []
      if taken.0.isEmpty { queue.isExpected = false }
      return taken
    }
    let keeper = keeper.value
    guard !parcels.isEmpty else { return keeper.flush() }
    for parcel in parcels { keeper.take(parcel) }
    keeper.flush(all: false)
    let (waiting, isBusy) = queue.withLock { queue in
      queue.weight -= weight
      defer { queue.waiting = [] }
      return (queue.waiting, queue.weight > Self.comfort / 4)
    }
    for promise in waiting { promise.succeed() }
    loop.assumeIsolated().scheduleTask(in: isBusy ? .zero : Self.pause) { self.empty() }
  }

  /// Asks the thread for something that only it knows.
  func ask<Answer: Sendable>(
    _ question: @escaping @Sendable (Keeper) throws -> Answer
  ) -> EventLoopFuture<Answer> {
    loop.submit {
      self.empty()
      self.keeper.value.flush()
      return try question(self.keeper.value)
    }
  }

  /// Sends a channel every exchange that ends, as an event.
  /// - Parameter running: also how far those are that are on their way.
  func subscribe(_ channel: any Channel, running: Bool) -> EventLoopFuture<Void> {
    ask {
      $0.journal.subscribe(channel, running: running)
      self.watched.store($0.journal.isWatched, ordering: .relaxed)
    }
  }

  func unsubscribe(_ channel: any Channel) {
    _ = ask {
      $0.journal.unsubscribe(channel)
      self.watched.store($0.journal.isWatched, ordering: .relaxed)
    }
  }

  /// Writes what is left and ends the thread.
  func close() async throws {
    try await ask { $0.close() }.get()
    try await group.shutdownGracefully()
  }
}
