internal import CProxyPage
import NIOCore

/// The page as it is served: its script and style run by a number used once, so that nothing else can.
func pageBytes(nonce: String) -> ByteBuffer {
  var page = ByteBuffer()
  embeddedPage { page.writeReplacing($0, "NONCE", by: ByteBuffer(string: nonce)) }
  return page
}

/// The page as one file that holds its data: what comes before the recorded lines and what after.
func reportFrame() -> (before: ByteBuffer, after: ByteBuffer) {
  let nonce = randomName()
  let policy = """
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'nonce-\(nonce)'; \
    style-src 'nonce-\(nonce)'; img-src data:; base-uri 'none'; form-action 'none'">
    """
  var before = ByteBuffer()
  var after = ByteBuffer()
  pageBytes(nonce: nonce).withUnsafeReadableBytes { page in
    let mark: StaticString = "<!-- DATA -->"
    let place = page.position(of: mark, in: 0..<page.count) ?? page.count
    before.writeBytes(UnsafeRawBufferPointer(rebasing: page[..<place]))
    before.writeString("\(policy)\n<meta name=\"report\">\n")
    after.writeBytes(
      UnsafeRawBufferPointer(
        rebasing: page[min(page.count, place + mark.utf8CodeUnitCount)...]))
  }
  return (before, after)
}

/// A recorded line as an element of the page: a text of its own, since a browser has a longest text. No `<` is left in
/// it that could end the element.
func reportElement(_ line: [UInt8]) -> ByteBuffer {
  var element = ByteBufferAllocator().buffer(capacity: line.count + line.count / 16 + 64)
  element.writeStaticString("<script type=\"application/json\" class=\"recorded\">")
  for part in line.split(separator: UInt8(ascii: "<"), omittingEmptySubsequences: false) {
    if part.startIndex > 0 { element.writeStaticString("\\u003c") }
    element.writeBytes(part)
  }
  element.writeStaticString("</script>\n")
  return element
}

/// The page with its style and script in it: one text, put together once.
private let wholePage: ByteBuffer = {
  let parts = ccl_proxy_page()
  var page = ByteBuffer()
  page.writeReplacing(
    bytes(of: parts.page), "/* STYLE */", by: ByteBuffer(bytes: bytes(of: parts.style)))
  var whole = ByteBuffer()
  page.withUnsafeReadableBytes {
    whole.writeReplacing($0, "/* SCRIPT */", by: ByteBuffer(bytes: bytes(of: parts.script)))
  }
  return whole
}()

private func embeddedPage(_ use: (UnsafeRawBufferPointer) -> Void) {
  wholePage.withUnsafeReadableBytes(use)
}

private func bytes(of text: ccl_proxy_text) -> UnsafeRawBufferPointer {
  UnsafeRawBufferPointer(start: text.bytes, count: text.count)
}

extension ByteBuffer {
  fileprivate mutating func writeReplacing(
    _ bytes: UnsafeRawBufferPointer, _ mark: StaticString, by text: ByteBuffer
  ) {
    var rest = bytes
    while let place = rest.position(of: mark, in: 0..<rest.count) {
      writeBytes(UnsafeRawBufferPointer(rebasing: rest[..<place]))
      writeImmutableBuffer(text)
      rest = UnsafeRawBufferPointer(rebasing: rest[(place + mark.utf8CodeUnitCount)...])
    }
    writeBytes(rest)
  }
}
