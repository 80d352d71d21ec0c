import NIOCore

/// Turns recorded lines into an HTTP Archive 1.2 (http://www.softwareishard.com/blog/har-12-spec/).
///
/// Bodies are JSON strings in both, so their text is copied as it stands.
struct HARWriter {
  private var text = JSONText(capacity: 64 * 1024)
  private var isFirst = true
  private let base: String

  /// - Parameter base: what comes before a request's target, such as `http://127.0.0.1:4000`.
  init(base: String) {
    self.base = base
    text.raw(
      """
      {"log":{"version":"1.2","creator":{"name":"ccl-setup proxy","version":"1"},"entries":[
      """)
  }

  mutating func add(line: [UInt8]) {
    line.withUnsafeBytes { add($0) }
  }

  /// What is written so far, which the writer forgets.
  mutating func take() -> ByteBuffer {
    defer { text.clear() }
    return text.buffer
  }

  mutating func finish() -> ByteBuffer {
    text.raw("\n]}}\n")
    return text.buffer
  }

  private mutating func add(_ bytes: UnsafeRawBufferPointer) {
    let json = JSONCursor(bytes)
    var fields: [String: Range<Int>] = [:]
    json.members(at: 0) { name, value in
      fields[bytes.text(name)] = value
      return true
    }
    guard let at = json.string(fields["at"]), let target = json.string(fields["target"]) else {
      return
    }
    func milliseconds(_ name: String) -> Double? {
      json.integer(fields[name]).map { Double($0) / 1000 }
    }
    let end = milliseconds("end") ?? 0
    let sent = milliseconds("requestDone") ?? 0
    let first = milliseconds("firstByte") ?? end
    text.raw(isFirst ? "\n" : ",\n")
    isFirst = false
    let message = Message(json, fields["sent"])
    let answer = Message(json, fields["received"])
    var entry = JSONText(capacity: 4096)
    entry.object {
      $0.field("startedDateTime", at)
      $0.decimal("time", end)
      $0.object("request") { request in
        request.field("method", json.string(fields["method"]) ?? "")
        request.field("url", base + target)
        request.field("httpVersion", "HTTP/1.1")
        message.writeHeaders(to: &request)
        request.array("queryString") { query in
          for (name, value) in parameters(of: target) {
            query.object {
              $0.field("name", name)
              $0.field("value", value)
            }
          }
        }
        request.field("headersSize", -1)
        request.field("bodySize", json.integer(fields["requestSize"]) ?? 0)
        if message.body != nil || message.leftOut != nil {
          request.object("postData") {
            $0.field("mimeType", message.type)
            if let body = message.body { $0.copied("text", body) } else { $0.field("text", "") }
            // Only an answer's content may name its encoding (HAR 1.2).
            $0.field("comment", message.comment(isBase64: message.isBinary))
          }
        }
      }
      $0.object("response") { response in
        response.field("status", json.integer(fields["status"]) ?? 0)
        response.field("statusText", "")
        response.field("httpVersion", "HTTP/1.1")
        answer.writeHeaders(to: &response)
        response.object("content") {
          $0.field("size", json.integer(fields["responseSize"]) ?? 0)
          $0.field("mimeType", answer.type)
          if let body = answer.body { $0.copied("text", body) }
          if answer.isBinary { $0.field("encoding", "base64") }
          $0.field("comment", answer.comment(isBase64: false))
        }
        response.field("redirectURL", "")
        response.field("headersSize", -1)
        response.field("bodySize", json.integer(fields["responseSize"]) ?? 0)
      }
      $0.object("cache") { _ in }
      $0.object("timings") {
        $0.decimal("send", min(sent, first))
        $0.decimal("wait", max(0, first - min(sent, first)))
        $0.decimal("receive", max(0, end - first))
      }
    }
    text.raw(entry.buffer)
  }

  private struct Message {
    var headers: [(UnsafeRawBufferPointer, UnsafeRawBufferPointer)] = []
    var body: UnsafeRawBufferPointer?
    var isBinary = false
    var isCut = false
    /// How a body is compressed that was not recorded for it.
    var leftOut: String?
    var type = "application/octet-stream"

    init(_ json: JSONCursor, _ object: Range<Int>?) {
      guard let object else { return }
      func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: json.bytes[range])
      }
      json.members(at: object.lowerBound) { name, value in
        switch json.bytes.text(name) {
        case "headers":
          json.elements(at: value.lowerBound) { pair in
            var parts: [Range<Int>] = []
            json.elements(at: pair.lowerBound) {
              parts.append($0)
              return true
            }
            guard parts.count == 2 else { return true }
            headers.append((slice(parts[0]), slice(parts[1])))
            if json.string(parts[0])?.lowercased() == "content-type" {
              type = json.string(parts[1]) ?? type
            }
            return true
          }
        case "body": body = slice(value)
        case "base64":
          body = slice(value)
          isBinary = true
        case "truncated": isCut = true
        case "leftOut": leftOut = json.string(value)
        default: break
        }
        return true
      }
    }

    /// What a reader could not tell from the body.
    func comment(isBase64: Bool) -> String? {
      if let leftOut { return "The body was not recorded, since it is compressed: \(leftOut)." }
      let parts = [isBase64 ? "This is Base64." : nil, isCut ? "The rest was not recorded." : nil]
      let comment = parts.compactMap { $0 }.joined(separator: " ")
      return comment.isEmpty ? nil : comment
    }

    func writeHeaders(to text: inout JSONText) {
      text.array("cookies") { _ in }
      text.array("headers") { list in
        for (name, value) in headers {
          list.object {
            $0.copied("name", name)
            $0.copied("value", value)
          }
        }
      }
    }
  }

  private func parameters(of target: String) -> [(String, String)] {
    guard let mark = target.firstIndex(of: "?") else { return [] }
    return target[target.index(after: mark)...].split(separator: "&").map { parameter in
      let parts = parameter.split(separator: "=", maxSplits: 1)
      return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
    }
  }
}
