/// What the proxy has to know of a request's head to pass it on.
struct RequestHead {
  var method: String
  var target: String
  var framing: Framing
  /// The client wants the connection to end with the answer.
  var closes: Bool
  /// HTTP/1.0, where a connection stays only if both sides say so.
  var isOld: Bool
  var host: String?
  var head: MessageHead

  /// Path without the query.
  var path: Substring { target.prefix { $0 != "?" } }
}

/// What the proxy has to know of an answer's head to pass it on.
struct ResponseHead {
  var status: Int
  var framing: Framing
  var closes: Bool
  var head: MessageHead

  /// 100 to 199: another head follows.
  var isInterim: Bool { status < 200 && status != 101 }
}

struct MalformedHead: Error { var reason: String }

extension RequestHead {
  init(_ head: MessageHead, in bytes: UnsafeRawBufferPointer) throws(MalformedHead) {
    let line = head.startLine
    guard let first = bytes.position(of: .space, from: line.lowerBound, to: line.upperBound),
      let second = bytes.position(of: .space, from: first + 1, to: line.upperBound),
      first > line.lowerBound, second > first + 1, line.upperBound - second == 9,
      bytes.starts(at: second + 1, with: "HTTP/1.")
    else { throw MalformedHead(reason: "this is not an HTTP/1 request line") }
    let connection = try Connection(head, in: bytes)
    method = bytes.text(line.lowerBound..<first)
    target = bytes.text(first + 1..<second)
    isOld = bytes[line.upperBound - 1] == UInt8(ascii: "0")
    closes = connection.close || (isOld && !connection.keepAlive)
    host = head.fields.first { bytes.matches($0.name, "host") }.map { bytes.text($0.value) }
    framing = connection.chunked ? .chunked : connection.length.map(Framing.length) ?? .none
    self.head = head
  }
}

extension ResponseHead {
  /// - Parameter method: of the request it answers: the answer to HEAD has no body.
  init(_ head: MessageHead, in bytes: UnsafeRawBufferPointer, to method: String)
    throws(MalformedHead)
  {
    let line = head.startLine
    // `HTTP/1.1 200`, and perhaps a space and a reason.
    guard line.count >= 12, bytes.starts(at: line.lowerBound, with: "HTTP/1."),
      bytes[line.lowerBound + 8] == .space,
      line.count == 12 || bytes[line.lowerBound + 12] == .space,
      let status = Int(bytes.text(line.lowerBound + 9..<line.lowerBound + 12)), status >= 100
    else { throw MalformedHead(reason: "the engine's answer is not HTTP/1") }
    let connection = try Connection(head, in: bytes)
    self.status = status
    self.head = head
    if status == 101 || (method == "CONNECT" && status / 100 == 2) {
      framing = .untilClose
    } else if method == "HEAD" || status / 100 == 1 || status == 204 || status == 304 {
      framing = .none
    } else {
      framing =
        connection.chunked ? .chunked : connection.length.map(Framing.length) ?? .untilClose
    }
    closes =
      connection.close || framing == .untilClose
      || (bytes[line.lowerBound + 7] == UInt8(ascii: "0") && !connection.keepAlive)
  }
}

/// The fields that say where a message and its connection end.
private struct Connection {
  var close = false
  var keepAlive = false
  var chunked = false
  var length: Int?

  init(_ head: MessageHead, in bytes: UnsafeRawBufferPointer) throws(MalformedHead) {
    for field in head.fields {
      switch field.name.count {
      case 10 where bytes.matches(field.name, "connection"):
        if bytes.matches(field.value, "keep-alive") {
          keepAlive = true
          continue
        }
        if bytes.matches(field.value, "close") {
          close = true
          continue
        }
        let words = bytes.words(field.value)
        close = close || words.contains("close")
        keepAlive = keepAlive || words.contains("keep-alive")
      case 14 where bytes.matches(field.name, "content-length"):
        let value = bytes[field.value]
        guard !value.isEmpty, value.count < 19, value.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
        else { throw MalformedHead(reason: "Content-Length is not a number") }
        let number = value.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        guard length == nil || length == number else {
          throw MalformedHead(reason: "there are two different Content-Lengths")
        }
        length = number
      case 17 where bytes.matches(field.name, "transfer-encoding"):
        chunked = chunked || bytes.words(field.value).last == "chunked"
      default: break
      }
    }
  }
}
