import Dispatch

/// A thread for one actor: what waits for a person must not hold a thread of the shared pool.
final class EditorThread: SerialExecutor {
  private let queue = DispatchQueue(label: "LineEditor")

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let executor = asUnownedSerialExecutor()
    queue.async { job.runSynchronously(on: executor) }
  }
}
