import Synchronization

/// A value shared between callbacks that may come from any thread.
package final class Shared<Value: Sendable>: Sendable {
  private let mutex: Mutex<Value>
  package init(_ value: Value) { mutex = Mutex(value) }
  package var value: Value { mutex.withLock { $0 } }
  package func update<Result: Sendable, Problem: Error>(
    _ change: (inout Value) throws(Problem) -> Result
  ) throws(Problem) -> Result {
    try mutex.withLock { value throws(Problem) in try change(&value) }
  }
}
