import NIOCore

/// Answers that are not the engine's: what is wrong with a request, and the page.
extension Relay {
  func refuse(_ reason: String) {
    reply(
      status: "400 Bad Request", type: "invalid_request_error",
      message: "ccl-setup proxy: \(reason)")
    closeClient(lingering: true)
  }

  func reply(status: String, type: String, message: String) {
    guard response == nil, let client else { return }
    tellOfAnswer(status: Int(status.prefix(3)))
    var body = JSONText()
    body.object {
      $0.field("type", "error")
      $0.object("error") {
        $0.field("type", type)
        $0.field("message", message)
      }
    }
    var buffer = ByteBuffer(
      string: """
        HTTP/1.1 \(status)\r\nContent-Type: application/json\r\n\
        Content-Length: \(body.bytes.count)\r\nConnection: close\r\n\r\n
        """)
    buffer.writeBytes(body.bytes)
    client.write(NIOAny(buffer), promise: nil)
  }

  func answerFromPage(_ request: RequestHead, head: ByteBuffer, rest: ByteBuffer) {
    guard let client else { return }
    guard request.framing == .none else {
      refuse("the page takes no request with a body")
      return
    }
    let conversation = PageConversation(channel: client.channel, closes: request.closes)
    page = conversation
    input = rest.readableBytes > 0 ? rest : nil
    shared.page.answer(request, head: head, conversation).assumeIsolated().whenComplete { _ in
      guard self.page === conversation else { return }
      self.page = nil
      if conversation.closes || self.clientInputClosed { return self.closeClient() }
      if let next = self.input {
        self.input = nil
        self.passRequests(next)
        self.clientReadComplete()
      }
      self.resumeClient()
    }
  }
}
