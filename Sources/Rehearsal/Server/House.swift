import NIOCore
import Synchronization

/// Everything that the handlers share.
final class House: Sendable {
  let configuration: RehearsalConfiguration
  let dialect: Dialect
  let registry: Registry
  let library: Mutex<Library>
  let scheduler: Scheduler
  let downloads: Downloads
  let ledger: Ledger
  let faults: Mutex<[Fault]>

  /// - Throws: when the folder of models cannot be made or read.
  init(_ configuration: RehearsalConfiguration) throws {
    self.configuration = configuration
    dialect = Dialect(version: configuration.version)
    registry = Registry(configuration.catalogue)
    library = Mutex(try Library(folder: configuration.models))
    scheduler = Scheduler(dialect: dialect, configuration: configuration)
    downloads = Downloads()
    ledger = Ledger(file: configuration.record)
    faults = Mutex(configuration.faults)
  }

  /// What a request brings: its body is read, nothing of it is understood yet.
  struct Call: Sendable {
    var method: String
    var path: String
    var query: String?
    var body: [UInt8]
    var faults: [Fault.Kind]
    var closed: EventLoopFuture<Void>?

    /// Does something when the connection is gone.
    func whenClosed(_ work: @escaping @Sendable () async -> Void) {
      closed?.whenComplete { _ in Task { await work() } }
    }

    /// The body of an `/api/…` route.
    ///
    /// - Throws: ``Refusal`` with the 400 that Ollama gives.
    func json() throws(Refusal) -> JSON {
      do throws(JSONError) {
        let json = try JSON.parse(body)
        guard json.members != nil || json == .null else {
          let kind =
            switch json {
            case .string: "string"
            case .number: "number"
            case .bool: "bool"
            default: "array"
            }
          throw JSONError(
            message: "json: cannot unmarshal \(kind) into Go value of type api.Request")
        }
        return json
      } catch {
        throw Refusal(.error(400, error == .end ? "missing request body" : error.message))
      }
    }
  }
}

/// An answer that ends a handler early.
struct Refusal: Error {
  var reply: Reply
  init(_ reply: Reply) { self.reply = reply }
}
