internal import CProxyPage
import NIOCore

/// The page as it is served: its script and style run by a number used once, so that nothing else can.
func pageBytes(nonce: String) -> ByteBuffer {
  var page = ByteBuffer()
  embeddedPage { page.writeReplacing($0, "NONCE", by: nonce) }
  return page
}

/// The page as one file that holds its data: what comes before the recorded lines and what after.
func reportFrame() -> (before: ByteBuffer, after: ByteBuffer) {
  let policy = """
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; \
    style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
    """
  var before = ByteBuffer()
  var after = ByteBuffer()
  embeddedPage { page in
    let mark: StaticString = "<!-- DATA -->"
    let place = page.position(of: mark, in: 0..<page.count) ?? page.count
    before.writeBytes(UnsafeRawBufferPointer(rebasing: page[..<place]))
    before.writeString("\(policy)\n<script type=\"application/x-ndjson\" id=\"recorded\">\n")
    after.writeString("</script>\n")
    after.writeBytes(
      UnsafeRawBufferPointer(
        rebasing: page[min(page.count, place + mark.utf8CodeUnitCount)...]))
  }
  return (before, after)
}

/// A recorded line that may stand inside a script element: no `<` that could end it.
func scriptSafe(_ line: [UInt8]) -> ByteBuffer {
  var safe = ByteBufferAllocator().buffer(capacity: line.count + line.count / 16)
  for part in line.split(separator: UInt8(ascii: "<"), omittingEmptySubsequences: false) {
    if part.startIndex > 0 { safe.writeStaticString("\\u003c") }
    safe.writeBytes(part)
  }
  return safe
}

private func embeddedPage(_ use: (UnsafeRawBufferPointer) -> Void) {
  var size = 0
  let start = ccl_proxy_page(&size)
  use(UnsafeRawBufferPointer(start: start, count: size))
}

extension ByteBuffer {
  fileprivate mutating func writeReplacing(
    _ bytes: UnsafeRawBufferPointer, _ mark: StaticString, by text: String
  ) {
    var rest = bytes
    while let place = rest.position(of: mark, in: 0..<rest.count) {
      writeBytes(UnsafeRawBufferPointer(rebasing: rest[..<place]))
      writeString(text)
      rest = UnsafeRawBufferPointer(rebasing: rest[(place + mark.utf8CodeUnitCount)...])
    }
    writeBytes(rest)
  }
}
