import Setup
import SystemPackage

/// A browser's own protocol (https://chromedevtools.github.io/devtools-protocol/) over two named pipes: no port that
/// another program could meet, and the browser ends when this process closes them.
actor DevTools {
  struct Event: Sendable {
    var method: String
    var parameters: JSON
    var session: String?
  }

  /// The browser did not do what it was asked.
  struct Refusal: Error, CustomStringConvertible {
    var description: String
  }

  private let commands: FileDescriptor
  private let replies: FileDescriptor
  private let program: RunningProgram
  private var unread: [UInt8] = []
  private var answers: [Int: JSON] = [:]
  private(set) var events: [Event] = []
  private var last = 0

  /// - Parameters:
  ///   - commands: a named pipe that the program reads as its descriptor 3.
  ///   - replies: a named pipe that it writes to as its descriptor 4.
  init(of program: RunningProgram, commands: FilePath, replies: FilePath) throws {
    self.program = program
    self.replies = try FileDescriptor.open(
      replies, .readOnly, options: [.nonBlocking, .closeOnExec])
    // Both ways, so that opening does not wait for the program.
    self.commands = try FileDescriptor.open(
      commands, .readWrite, options: [.nonBlocking, .closeOnExec])
  }

  deinit {
    try? commands.close()
    try? replies.close()
  }

  /// Asks for something and waits for the answer.
  ///
  /// - Throws: ``Refusal`` if the browser says no or has ended.
  func call(
    _ method: String, _ parameters: JSON = .object([]), session: String? = nil
  ) async throws -> JSON {
    last += 1
    let id = last
    var command: JSON = [
      "id": .number("\(id)"), "method": .string(method), "params": parameters,
    ]
    if let session { command["sessionId"] = .string(session) }
    var rest = Array(command.compact.utf8)[...]
    rest.append(0)
    while !rest.isEmpty {
      do {
        rest = rest.dropFirst(try rest.withUnsafeBytes { try commands.write($0) })
      } catch Errno.wouldBlock {
        try await breathe()
      }
    }
    let answer = try await eventually(within: .seconds(30)) {
      try receive()
      if let answer = answers.removeValue(forKey: id) { return answer }
      try await breathe()
      return nil
    }
    if let problem = answer["error"] {
      throw Refusal(description: "\(method): \(problem["message"]?.text ?? problem.compact)")
    }
    return answer["result"] ?? .null
  }

  /// The first event of that kind after `place` that the condition holds for, waiting for it if need be.
  func event(
    _ method: String, session: String?, after place: Int,
    where condition: @Sendable (JSON) -> Bool = { _ in true }
  ) async throws -> JSON {
    try await eventually(within: .seconds(30)) {
      try receive()
      return events.dropFirst(place).first {
        $0.method == method && $0.session == session && condition($0.parameters)
      }?.parameters
    }
  }

  /// Everything of these kinds so far.
  func events(_ methods: Set<String>, session: String?) throws -> [Event] {
    try receive()
    return events.filter { methods.contains($0.method) && $0.session == session }
  }

  private func breathe() async throws {
    if let code = program.exitCode {
      throw Refusal(description: "the browser has ended with \(code)")
    }
    try await Task.sleep(for: .milliseconds(1))
  }

  private func receive() throws {
    var buffer = [UInt8](repeating: 0, count: 256 * 1024)
    while true {
      let got: Int
      do {
        got = try buffer.withUnsafeMutableBytes { try replies.read(into: $0) }
      } catch Errno.wouldBlock {
        return
      }
      if got == 0 { return }
      unread += buffer[..<got]
      while let end = unread.firstIndex(of: 0) {
        let message = try JSON.parse(Array(unread[..<end]))
        unread.removeFirst(end + 1)
        if let id = message["id"]?.int {
          answers[id] = message
        } else if let method = message["method"]?.text {
          events.append(
            Event(
              method: method, parameters: message["params"] ?? .null,
              session: message["sessionId"]?.text))
        }
      }
    }
  }
}
