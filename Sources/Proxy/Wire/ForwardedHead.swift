import NIOCore

/// What of a head is not passed on as it came.
struct HeadChanges {
  /// Replaces the whole first line, without its line end.
  var startLine: String?
  /// Replaces the value of Host.
  var host: String?
  /// The proxy's own Connection header for the next hop, if one is needed.
  var connection: StaticString?
}

/// Writes `head` as the next hop gets it: every line as it came, without the hop-by-hop ones.
///
/// Hop-by-hop are the fields of RFC 9110, 7.6.1 and those that Connection names. Transfer-Encoding stays
/// although it is one of them, because the chunks themselves pass as they are.
func writeForwarded(
  _ head: MessageHead, _ bytes: UnsafeRawBufferPointer, _ changes: HeadChanges,
  into buffer: inout ByteBuffer
) {
  let named = connectionNames(head, bytes)
  if let line = changes.startLine {
    buffer.writeString(line)
    buffer.writeStaticString("\r\n")
  } else {
    buffer.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[head.startLine]))
    buffer.writeStaticString("\r\n")
  }
  // Lines that stay are copied in runs, since nearly all of them stay.
  var run: Range<Int>?
  func finishRun(_ buffer: inout ByteBuffer) {
    if let run { buffer.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[run])) }
    run = nil
  }
  for field in head.fields {
    if isHopByHop(field.name, bytes)
      || (!named.isEmpty && named.contains(bytes.text(field.name).lowercased()))
    {
      finishRun(&buffer)
    } else if let host = changes.host, bytes.matches(field.name, "host") {
      finishRun(&buffer)
      buffer.writeBytes(
        UnsafeRawBufferPointer(rebasing: bytes[field.name.lowerBound..<field.value.lowerBound]))
      buffer.writeString(host)
      buffer.writeStaticString("\r\n")
    } else {
      run = (run?.lowerBound ?? field.line.lowerBound)..<field.line.upperBound
    }
  }
  finishRun(&buffer)
  if let connection = changes.connection {
    buffer.writeStaticString("Connection: ")
    buffer.writeStaticString(connection)
    buffer.writeStaticString("\r\n")
  }
  buffer.writeStaticString("\r\n")
}

private func isHopByHop(_ name: Range<Int>, _ bytes: UnsafeRawBufferPointer) -> Bool {
  switch name.count {
  case 2: bytes.matches(name, "te")
  case 7: bytes.matches(name, "upgrade")
  case 10: bytes.matches(name, "connection") || bytes.matches(name, "keep-alive")
  case 16: bytes.matches(name, "proxy-connection")
  case 18: bytes.matches(name, "proxy-authenticate")
  case 19: bytes.matches(name, "proxy-authorization")
  default: false
  }
}

/// The further fields that Connection declares to be of this hop only.
private func connectionNames(_ head: MessageHead, _ bytes: UnsafeRawBufferPointer) -> Set<String> {
  var names: Set<String> = []
  for field in head.fields where bytes.matches(field.name, "connection") {
    if bytes.matches(field.value, "keep-alive") || bytes.matches(field.value, "close") { continue }
    names.formUnion(bytes.words(field.value))
  }
  // The fields that frame a message or address it cannot be declared away.
  return names.subtracting(["content-length", "transfer-encoding", "host"])
}
